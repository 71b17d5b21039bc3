package jobs

import "testing"

const someID = "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"

func FuzzDecodeCursor(f *testing.F) {
	f.Add("ann", "")
	f.Add("ann", encodeCursor("ann", position{createdUS: 1, id: someID}))
	f.Add("bob", encodeCursor("ann", position{createdUS: -1, id: someID}))
	f.Add("ann", encodeCursor("ann", position{createdUS: 1, id: "\xff"}))
	f.Fuzz(func(t *testing.T, user, cursor string) {
		at, err := decodeCursor(user, cursor)
		if err == nil && encodeCursor(user, at) != cursor {
			t.Errorf("%q reads as %v, which is written %q", cursor, at, encodeCursor(user, at))
		}
		if err == nil && !idForm.MatchString(at.id) {
			t.Errorf("%q reads as the id %q", cursor, at.id)
		}
	})
}

func TestCursor_namesAPlaceInOneUsersList(t *testing.T) {
	t.Parallel()
	want := position{createdUS: 1_772_366_400_123_456, id: someID}
	cursor := encodeCursor("ann", want)

	if got, err := decodeCursor("ann", cursor); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if _, err := decodeCursor("bob", cursor); err == nil {
		t.Error("another user's cursor was taken")
	}
	if _, err := decodeCursor("ann", cursor[:30]); err == nil {
		t.Error("a cut cursor was taken")
	}
}
