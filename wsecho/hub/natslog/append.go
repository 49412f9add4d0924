package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub"
)

// attemptTimeout is how long one try of Append may take: the leader that was asked may be gone, and the next try finds
// the new one. retryWait is the pause after one that failed at once.
const (
	attemptTimeout = 500 * time.Millisecond
	retryWait      = 50 * time.Millisecond
)

// Append stores m. Nil means that a majority of the replicas has it, or had it before under its ID. While Conn is not
// connected it fails at once; else it tries until ctx ends, always with the same ID. An error that matches
// hub.ErrUnavailable leaves open whether m is stored.
func (l *Log) Append(ctx context.Context, m hub.Message) error {
	if err := l.init(); err != nil {
		return err
	}
	if !validTopic(m.Topic) {
		return fmt.Errorf("%w: %.40q", hub.ErrTopic, m.Topic)
	}
	msg := l.encode(m)
	for {
		if !l.Conn.IsConnected() {
			return fmt.Errorf("%w: nats is %s", hub.ErrUnavailable, l.Conn.Status())
		}
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		_, err := l.js.PublishMsg(attempt, msg, jetstream.WithRetryAttempts(0))
		cancel()
		if err == nil {
			return nil
		}
		if tooLarge(err) {
			return fmt.Errorf("%w: %w", hub.ErrTooLarge, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", hub.ErrUnavailable, err)
		case <-time.After(retryWait):
		}
	}
}

// tooLarge says whether the client or the server found a message too large.
func tooLarge(err error) bool {
	if errors.Is(err, nats.ErrMaxPayload) {
		return true
	}
	var refused *jetstream.APIError
	return errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum
}
