// Package natslog lets the nodes of a service share one hub.Log: a stream of NATS JetStream, which orders what is
// published, stores it and tells every node.
//
//	nc, err := natslog.Connect("nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://10.0.0.3:4222")
//	if err != nil {
//		return err
//	}
//	log := &natslog.Log{Conn: nc, Name: "chat", Manage: true}
//	rooms := &hub.Hub{Log: log, Registry: log.Registry()}
//
// It needs nats-server 2.11.2 or later, with JetStream. A message of the topic room/go is stored in the subject
// wsecho.<name>.log.room.go, its Data as the payload, so that any NATS client can publish and read.
//
// # While NATS is away
//
// Sessions stay open; joins and returns are served from each node's memory. Publish fails at once with
// hub.ErrUnavailable, and Hub.Lag grows. Once NATS is back every node compares its last entry with the stream's and
// reads what it has missed. A stream that was lost, restored, or lost its end has another entry in that place, which
// its time shows: then all sessions of the node are told to read the state anew.
//
// With three replicas the loss of one server loses nothing. A server writes to its disk every two minutes by default, so
// that a power failure of a majority may take what was acknowledged since: who cannot have that sets sync_interval
// to always in the server's configuration.
//
// # Rights
//
// Give the service an account of its own, and the nodes' user these rights, with <name> being Log.Name:
//
//	publish    wsecho.<name>.log.>
//	           wsecho.<name>.here.>
//	           wsecho.<name>.node.*
//	           $JS.API.DIRECT.GET.WSECHO_<name>, $JS.API.STREAM.INFO.WSECHO_<name>
//	           $JS.API.DIRECT.GET.WSECHO_<name>_HERE, $JS.API.STREAM.INFO.WSECHO_<name>_HERE
//	           $JS.API.STREAM.PURGE.WSECHO_<name>_HERE
//	           $JS.API.STREAM.CREATE.WSECHO_<name> and the three like it, with UPDATE and _HERE (Log.Manage)
//	subscribe  wsecho.<name>.live.>, _INBOX.>
//
// Nobody needs the right to publish wsecho.<name>.live.>, which is the server's own: whoever has it can show the nodes
// messages that were never stored. One with a number that is not next moves no node; one with the next number
// is delivered, until within a second the stream is found to have another there, and all sessions are reset.
package natslog
