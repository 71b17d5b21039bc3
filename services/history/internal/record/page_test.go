package record_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func TestBehind_isTheFirstTextThatDoesNotBeginSo(t *testing.T) {
	t.Parallel()
	const last = "\U0010FFFF"
	for prefix, want := range map[string]string{
		"ab": "ac", "отчёт": "отчёу", "a\x7f": "a\u0080", "\uD7FF": "\uE000", "a" + last: "b", "a" + last + last: "b", "\x00": "\x01",
	} {
		if got, ends := record.Behind(prefix); got != want || !ends || got <= prefix+last {
			t.Errorf("%q: got %q, %v; want %q", prefix, got, ends, want)
		}
	}
	for _, prefix := range []string{"", last, last + last} {
		if got, ends := record.Behind(prefix); ends {
			t.Errorf("%q ends at %q", prefix, got)
		}
	}
}
