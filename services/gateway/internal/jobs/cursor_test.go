package jobs

import (
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const someID = "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"

func FuzzDecodeCursor(f *testing.F) {
	some := Filter{Language: "ru"}.mark()
	f.Add("ann", "", "")
	f.Add("ann", "", encodeCursor("ann", "", position{createdUS: 1, id: someID}))
	f.Add("ann", some, encodeCursor("ann", some, position{createdUS: 1, id: someID}))
	f.Add("bob", "", encodeCursor("ann", "", position{createdUS: -1, id: someID}))
	f.Add("ann", "", encodeCursor("ann", "", position{createdUS: 1, id: "\xff"}))
	f.Fuzz(func(t *testing.T, user, list, cursor string) {
		at, err := decodeCursor(user, list, cursor)
		if err == nil && encodeCursor(user, list, at) != cursor {
			t.Errorf("%q reads as %v, which is written %q", cursor, at, encodeCursor(user, list, at))
		}
		if err == nil && !idForm.MatchString(at.id) {
			t.Errorf("%q reads as the id %q", cursor, at.id)
		}
	})
}

func TestCursor_namesAPlaceInOneUsersList(t *testing.T) {
	t.Parallel()
	want := position{createdUS: 1_772_366_400_123_456, id: someID}
	cursor := encodeCursor("ann", "", want)

	if got, err := decodeCursor("ann", "", cursor); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if _, err := decodeCursor("bob", "", cursor); err == nil {
		t.Error("another user's cursor was taken")
	}
	if _, err := decodeCursor("ann", "", cursor[:30]); err == nil {
		t.Error("a cut cursor was taken")
	}
}

func TestCursor_isOfOneList(t *testing.T) {
	t.Parallel()
	early, late := int64(1), int64(2)
	lists := []Filter{
		{}, {OldestFirst: true}, {States: []jobv1.State{1}}, {States: []jobv1.State{1, 2}}, {Language: "ru"}, {Model: "ru"},
		{FileName: "ru"}, {Words: "ru"}, {From: &early}, {Before: &early}, {From: &late}, {Words: "ru", From: &late},
	}
	at := position{createdUS: 1, id: someID}
	for i, from := range lists {
		cursor := encodeCursor("ann", from.mark(), at)
		for k, to := range lists {
			if _, err := decodeCursor("ann", to.mark(), cursor); (err == nil) != (i == k) {
				t.Errorf("a cursor of %+v in %+v: %v", from, to, err)
			}
		}
	}
}
