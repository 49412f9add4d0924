package natslog

import (
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect connects to the servers at urls, a list with commas, and keeps connecting for as long as it takes: it
// returns a nats.Conn even if none answers yet, which Log knows how to live with. opts come after its own options
// and win over them; they are the place for credentials, TLS and an ErrorHandler. The caller closes the nats.Conn,
// after the Hub.
func Connect(urls string, opts ...nats.Option) (*nats.Conn, error) {
	return nats.Connect(urls, append([]nats.Option{
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),                     // the default gives up for good after 60
		nats.ReconnectWait(100 * time.Millisecond), // 2 s is a long silence for a room
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.PingInterval(2 * time.Second), // the default finds a dead server after minutes
		nats.MaxPingsOutstanding(2),
		nats.Timeout(time.Second),
		nats.ReconnectBufSize(-1), // what waited there would be stored after Append has said that it is not
	}, opts...)...)
}

// warnOfOptions logs what o has otherwise than Connect, where that breaks a promise of the Hub or delays all its
// sessions.
func warnOfOptions(logger *slog.Logger, o nats.Options) {
	warn := func(option, consequence string) {
		logger.Warn("wsecho: natslog: the connection was not made by Connect", "option", option, "consequence", consequence)
	}
	if o.ReconnectBufSize >= 0 {
		warn("ReconnectBufSize", "what is published while NATS is away may be stored after Publish has failed")
	}
	if o.AllowReconnect && o.MaxReconnect >= 0 || !o.AllowReconnect {
		warn("MaxReconnects", "an outage that lasts longer ends the log until the process is started again")
	}
	if o.PingInterval > 10*time.Second {
		warn("PingInterval", "a server that hangs is noticed late")
	}
}
