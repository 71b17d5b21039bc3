package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// PutBack stores a record that the bus can tell nobody any more, though nobody removed
// it. Conflict: it is there, or it was removed, of which a mark tells for an hour.
func (s *Store) PutBack(ctx context.Context, record *jobv1.Job) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	stream, err := s.js.Stream(ctx, "KV_"+Bucket)
	if err != nil {
		return busFault(fmt.Errorf("put back %s: %w", record.GetId(), err))
	}
	subject := "$KV." + Bucket + "." + recordKey(record.GetId())
	switch _, err := stream.GetLastMsgForSubject(ctx, subject); {
	case err == nil:
		return fault.New(fault.Conflict, "exists", "There is one already, or it was removed.")
	case !errors.Is(err, jetstream.ErrMsgNotFound):
		return busFault(fmt.Errorf("put back %s: %w", record.GetId(), err))
	}
	// The server goes on counting what it cannot read. What somebody else stores
	// meanwhile stays.
	last := stream.CachedInfo().State.LastSeq
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(last+1)); err != nil {
		return busFault(fmt.Errorf("put back %s: %w", record.GetId(), err))
	}
	_, err = s.Restore(ctx, proto.CloneOf(record))
	return err
}
