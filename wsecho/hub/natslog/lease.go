package natslog

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A lease says that its node is there. It runs out by itself, and the server puts a marker in its place.
type lease struct {
	subject string
	seq     uint64 // of the last renewal; 0: none yet
}

// renew writes the lease. held is false if others have seen this node without one: it was never written, or has run
// out. That shows in what the subject's last message is, as a marker that is overwritten shows to nobody.
func (l *lease) renew(ctx context.Context, js jetstream.JetStream) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	held = l.seq != 0
	if held {
		ack, err := js.PublishMsg(ctx, l.message(), jetstream.WithExpectLastSequencePerSubject(l.seq))
		if err == nil {
			l.seq = ack.Sequence
			return true, nil
		}
		var refused *jetstream.APIError
		if !errors.As(err, &refused) || refused.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence &&
			refused.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequenceConstant {
			return false, err
		}
	}
	ack, err := js.PublishMsg(ctx, l.message())
	if err != nil {
		return false, err
	}
	l.seq = ack.Sequence
	return false, nil
}

func (l *lease) message() *nats.Msg {
	return &nats.Msg{Subject: l.subject, Header: nats.Header{jetstream.MsgTTLHeader: {leaseTime.String()}}}
}
