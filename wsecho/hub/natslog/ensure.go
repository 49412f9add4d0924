package natslog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// ensure sees to it that the stream is there as want says. Without Manage it only looks: what breaks a promise of
// the Hub is an error, and what else differs is logged, as operators may have their reasons.
func (l *Log) ensure(ctx context.Context, want jetstream.StreamConfig) error {
	s, err := l.js.Stream(ctx, want.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && l.Manage:
		_, err = l.js.CreateOrUpdateStream(ctx, want) // another node may have been faster
		return err
	case err != nil:
		return err
	}
	have := s.CachedInfo().Config
	why := unfit(have, want)
	same := why == "" && have.Replicas == want.Replicas && have.MaxAge == want.MaxAge && have.MaxBytes == want.MaxBytes &&
		have.MaxMsgSize == want.MaxMsgSize && have.Duplicates == want.Duplicates && have.DenyDelete == want.DenyDelete
	switch {
	case same:
	case l.Manage:
		_, err = l.js.UpdateStream(ctx, want)
		return err
	case why != "":
		return fmt.Errorf("stream %s: %s", want.Name, why)
	default:
		l.logger().Warn("wsecho: natslog: the stream is not as Config says", "stream", want.Name,
			"max_age", have.MaxAge, "duplicates", have.Duplicates, "replicas", have.Replicas)
	}
	return nil
}

// unfit says why a stream that is as have cannot stand for one that is as want; "" if it can.
func unfit(have, want jetstream.StreamConfig) string {
	switch {
	case len(have.Subjects) != 1 || have.Subjects[0] != want.Subjects[0]:
		return fmt.Sprintf("its subjects are %q, not %q", have.Subjects, want.Subjects)
	case want.RePublish != nil && (have.RePublish == nil || *have.RePublish != *want.RePublish):
		return fmt.Sprintf("it does not republish %q to %q", want.RePublish.Source, want.RePublish.Destination)
	case want.AllowDirect && !have.AllowDirect:
		return "AllowDirect is off: its replicas answer nobody"
	case have.MaxMsgsPerSubject > 0 && want.MaxMsgsPerSubject <= 0:
		return "MaxMsgsPerSubject deletes from the middle, which is taken for a loss"
	case want.AllowMsgTTL && !have.AllowMsgTTL:
		return "AllowMsgTTL is off: leases do not run out"
	}
	return ""
}
