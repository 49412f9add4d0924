package hub

// Tail is the copy of the end of a log that each node has in memory. A Log feeds it. Its zero value is empty and
// usable; a Hub makes its own.
type Tail struct{ last Position }

// Last returns the place of the last entry that was appended, or of the last Start if none was since; the zero
// Position before both.
func (t *Tail) Last() Position { return t.last }

// Start begins anew behind p: what was there is forgotten, and each session whose place was in it gets one
// Event.Reset. The first Start tells nobody. Where the stamp of p is not known it is 0.
func (t *Tail) Start(p Position) {}

// Append adds what comes next in the log. Entries at or before Last are dropped. The Tail keeps the entries'
// Data, which must not change any more.
func (t *Tail) Append(es ...Entry) {}

// Synced says that the log ended at the number end when it was last asked. Once the Tail is as far, the node has
// all: Hub.Ready returns, and Hub.Lag is counted from here. Who says a place beyond end, twice, gets a reset.
func (t *Tail) Synced(end uint64) {}
