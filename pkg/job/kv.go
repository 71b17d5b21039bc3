package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// CodeBusAway is that of the faults which say that the bus does not answer.
const CodeBusAway = "bus_unavailable"

// errRace is returned when somebody else changed the key first.
var errRace = errors.New("changed by somebody else")

// requestLimit bounds one request to the bus; a server that is away answers
// nothing, and the caller should hear "unavailable" rather than hang.
const requestLimit = 5 * time.Second

// markerLife is how long the mark of a removed key stays for followers that
// were away; who was away longer relists.
const markerLife = time.Hour

func create(ctx context.Context, kv jetstream.KeyValue, key string, value proto.Message, options ...jetstream.KVCreateOpt) (uint64, error) {
	data, err := proto.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("encode %s: %w", key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	revision, err := kv.Create(ctx, key, data, options...)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return 0, fault.Wrap(err, fault.Conflict, "exists", "There is one already.")
	}
	if err != nil {
		return 0, busFault(fmt.Errorf("create %s: %w", key, err))
	}
	return revision, nil
}

func get(ctx context.Context, kv jetstream.KeyValue, key string, into proto.Message) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return 0, fault.Wrap(err, fault.NotFound, "not_found", "There is no such thing.")
	}
	if err != nil {
		return 0, busFault(fmt.Errorf("get %s: %w", key, err))
	}
	if err := proto.Unmarshal(entry.Value(), into); err != nil {
		return 0, fmt.Errorf("decode %s: %w", key, err)
	}
	return entry.Revision(), nil
}

func update(ctx context.Context, kv jetstream.KeyValue, key string, value proto.Message, revision uint64) (uint64, error) {
	data, err := proto.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("encode %s: %w", key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	next, err := kv.Update(ctx, key, data, revision)
	if isRace(err) {
		return 0, errRace
	}
	if err != nil {
		return 0, busFault(fmt.Errorf("update %s: %w", key, err))
	}
	return next, nil
}

// isRace recognises a refused compare-and-set. A stream with several copies
// refuses by another code than one with a single copy; the client knows both.
func isRace(err error) bool { return errors.Is(err, jetstream.ErrKeyRevisionMismatch) }

// messageTooLarge is how JetStream refuses a message that its stream has no room
// for in one piece (JSStreamMessageExceedsMaximumErr of the server).
const messageTooLarge jetstream.ErrorCode = 10054

// busFault classifies what the bus answered: whatever is not our mistake is an
// outage to the caller, because the same request may succeed later.
func busFault(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &api) && api.ErrorCode == messageTooLarge:
		return err // and always will be
	case api != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout),
		errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrConnectionClosed),
		errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrReconnectBufExceeded),
		errors.Is(err, jetstream.ErrNoStreamResponse):
		return fault.Wrap(err, fault.Unavailable, CodeBusAway, "The service cannot take this right now; try again later.")
	default:
		return err
	}
}
