package hub

// Roster is what a node knows about who appears where. A Registry feeds it with the appearances of the other
// nodes; those of this one are known to it. Its methods may be called from any goroutine.
type Roster struct{}

// Own returns the appearances of this node's sessions, which the Registry tells the other nodes.
func (r *Roster) Own() []Appearance { return nil }

// Begin says that Put comes next for everything that the other nodes have; what was there before and does not come
// is removed by Complete.
func (r *Roster) Begin() {}

// Put says that a appears at node, which is not this one. The same Session and Topic replace what was there.
func (r *Roster) Put(node string, a Appearance) {}

// Remove says that the one of that session and topic does not appear at node any more.
func (r *Roster) Remove(node, session, topic string) {}

// Drop says that node is gone, with everything that appeared there.
func (r *Roster) Drop(node string) {}

// Complete ends what Begin began: from here on Hub.Here knows.
func (r *Roster) Complete() {}
