package main

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/centrifugal/centrifuge"
	"github.com/nats-io/nats.go"
)

// A natsBroker carries centrifuge's publications over core NATS, a subject for each channel, as the NatsBroker among
// centrifuge's examples does, which cannot be imported. Like that it has no history, so there is no recovery, and
// what is published while NATS is away is gone. It encodes a publication once where the example does so twice.
type natsBroker struct {
	conn  *nats.Conn
	heard centrifuge.BrokerEventHandler

	mu   sync.Mutex
	subs map[string]*nats.Subscription // by channel
}

var _ centrifuge.Broker = (*natsBroker)(nil)

// prefix is what subjects of channels begin with.
const prefix = "centrifuge.client."

// connectBroker returns a broker on the nats-server at url.
func connectBroker(url string) (*natsBroker, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	return &natsBroker{conn: nc, subs: map[string]*nats.Subscription{}}, nil
}

// RegisterBrokerEventHandler says who is told what comes.
func (b *natsBroker) RegisterBrokerEventHandler(h centrifuge.BrokerEventHandler) error {
	b.heard = h
	return nil
}

// Subscribe begins to hear channels.
func (b *natsBroker) Subscribe(channels ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ch := range channels {
		if b.subs[ch] != nil {
			continue
		}
		sub, err := b.conn.Subscribe(prefix+ch, b.hear)
		if err != nil {
			return err
		}
		b.subs[ch] = sub
	}
	return nil
}

// Unsubscribe ends hearing them.
func (b *natsBroker) Unsubscribe(channels ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ch := range channels {
		if sub := b.subs[ch]; sub != nil {
			delete(b.subs, ch)
			if err := sub.Unsubscribe(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Publish sends to all nodes that hear ch, this one among them.
func (b *natsBroker) Publish(ch string, data []byte, o centrifuge.PublishOptions) (centrifuge.PublishResult, error) {
	p, err := json.Marshal(publication{data, o.ClientInfo})
	if err != nil {
		return centrifuge.PublishResult{}, err
	}
	return centrifuge.PublishResult{}, b.conn.Publish(prefix+ch, p)
}

// publication is what goes over NATS.
type publication struct {
	Data json.RawMessage        `json:"data"`
	Info *centrifuge.ClientInfo `json:"info,omitempty"`
}

// hear hands on what comes. What is no publication is not ours.
func (b *natsBroker) hear(m *nats.Msg) {
	var p publication
	if json.Unmarshal(m.Data, &p) == nil {
		pub := &centrifuge.Publication{Data: p.Data, Info: p.Info}
		b.heard.HandlePublication(strings.TrimPrefix(m.Subject, prefix), pub, centrifuge.StreamPosition{}, false, nil)
	}
}

// PublishJoin tells nobody: presence is not measured.
func (b *natsBroker) PublishJoin(string, *centrifuge.ClientInfo) error { return nil }

// PublishLeave tells nobody.
func (b *natsBroker) PublishLeave(string, *centrifuge.ClientInfo) error { return nil }

// History is none.
func (b *natsBroker) History(string, centrifuge.HistoryOptions) ([]*centrifuge.Publication, centrifuge.StreamPosition, error) {
	return nil, centrifuge.StreamPosition{}, centrifuge.ErrorNotAvailable
}

// RemoveHistory finds none.
func (b *natsBroker) RemoveHistory(string) error { return centrifuge.ErrorNotAvailable }
