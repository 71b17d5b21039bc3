package job

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

func TestIsRace_knowsTheRefusalOfEveryKindOfStream(t *testing.T) {
	t.Parallel()
	refusal := func(code jetstream.ErrorCode) error { // as the client gives it
		return fmt.Errorf("%w: %w", &jetstream.APIError{Code: 400, ErrorCode: code}, jetstream.ErrKeyRevisionMismatch)
	}
	for name, err := range map[string]error{
		"one copy":       refusal(jetstream.JSErrCodeStreamWrongLastSequence),
		"several copies": refusal(jetstream.JSErrCodeStreamWrongLastSequenceConstant),
	} {
		if !isRace(err) {
			t.Errorf("with %s, a change by somebody else is taken for %v", name, busFault(err))
		}
	}
	if isRace(&jetstream.APIError{Code: 503, ErrorCode: 10077}) || isRace(errors.New("gone")) || isRace(nil) {
		t.Error("something else is taken for a change by somebody else")
	}
}

func TestBusFault_isAnOutageOnlyWhereWaitingHelps(t *testing.T) {
	t.Parallel()
	full := &jetstream.APIError{Code: 503, ErrorCode: jetstream.ErrorCode(10077)}
	tooLarge := &jetstream.APIError{Code: 400, ErrorCode: messageTooLarge}
	if !fault.Is(busFault(full), fault.Unavailable) || !fault.Is(busFault(context.DeadlineExceeded), fault.Unavailable) {
		t.Error("a full stream and a late answer are outages")
	}
	if fault.Is(busFault(tooLarge), fault.Unavailable) || fault.Is(busFault(context.Canceled), fault.Unavailable) {
		t.Error("neither a message that never fits nor a caller who left is an outage")
	}
}
