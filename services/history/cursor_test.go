package history

import (
	"testing"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func FuzzDecodeCursor(f *testing.F) {
	f.Add("ann", "")
	f.Add("ann", encodeCursor("ann", record.Position{CreatedAt: 1, JobID: "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"}))
	f.Add("bob", encodeCursor("ann", record.Position{CreatedAt: -1, JobID: "x"}))
	f.Fuzz(func(t *testing.T, user, cursor string) {
		at, err := decodeCursor(user, cursor)
		if err == nil && encodeCursor(user, at) != cursor {
			t.Errorf("%q reads as %v, which is written %q", cursor, at, encodeCursor(user, at))
		}
	})
}

func TestCursor_namesAPlaceInOneUsersList(t *testing.T) {
	t.Parallel()
	want := record.Position{CreatedAt: 1_772_366_400_123_456, JobID: "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"}
	cursor := encodeCursor("ann", want)

	if got, err := decodeCursor("ann", cursor); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if _, err := decodeCursor("bob", cursor); err == nil {
		t.Error("another user's cursor was taken")
	}
}
