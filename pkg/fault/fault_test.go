package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

func TestOf_findsTheFaultInAChain(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.NotFound, "file_not_found", "There is no such file.")

	got := fault.Of(fmt.Errorf("read file: %w", inner))

	if got != inner {
		t.Fatalf("got %v, want the wrapped fault", got)
	}
}

func TestOf_classifiesWhatNobodyClassified(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		kind fault.Kind
	}{
		"plain":     {errors.New("disk on fire"), fault.Internal},
		"cancelled": {fmt.Errorf("get: %w", context.Canceled), fault.Cancelled},
		"too slow":  {fmt.Errorf("get: %w", context.DeadlineExceeded), fault.Unavailable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fault.Of(c.err)
			if got.Kind != c.kind {
				t.Errorf("kind %v, want %v", got.Kind, c.kind)
			}
			if !errors.Is(got, c.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestPermanent_isOnlyWhatCannotGetBetter(t *testing.T) {
	t.Parallel()
	if fault.Permanent(nil) || fault.Permanent(errors.New("x")) {
		t.Error("no error and an unclassified one are not permanent")
	}
	if fault.Permanent(fault.New(fault.Unavailable, "sql_down", "")) {
		t.Error("an outage is not permanent")
	}
	if !fault.Permanent(fault.New(fault.Unprocessable, "corrupt_media", "")) {
		t.Error("a corrupt file is permanent")
	}
}
