package meshtest_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

var said = []testkit.Sentence{
	{Start: 1, End: 3, Text: "The first table is red."},
	{Start: 5, End: 7, Text: "Where is the late computer?"},
}

func TestJudge_seesARightTranscript(t *testing.T) {
	t.Parallel()
	v := meshtest.Judge(said, heard("The", 1.1, "first", 1.3, "table", 2, "is", 2.2, "red.", 2.5,
		"Where", 5.2, "is", 5.4, "the", 5.6, "late", 6, "computer?", 6.3))

	if v.WER() != 0 || len(v.Lost)+len(v.Doubled) != 0 {
		t.Errorf("got %+v", v)
	}
	if got := v.StartError(1); got < 0.19 || got > 0.21 {
		t.Errorf("largest start error %v, want 0.2", got)
	}
}

func TestJudge_seesALostAndADoubledSentence(t *testing.T) {
	t.Parallel()
	v := meshtest.Judge(said, heard("The", 1.0, "first", 1.3, "table", 2, "is", 2.2, "red.", 2.5,
		"the", 3, "first", 3.3, "table", 3.5, "is", 3.6, "red", 3.7))

	if len(v.Lost) != 1 || v.WER() != 0.5 && v.WER() != 0.4 {
		t.Errorf("got %+v, want the second sentence lost", v)
	}
	doubled := meshtest.Judge(said[:1], heard("The", 1.0, "first", 1.3, "table", 2, "is", 2.2, "red.", 2.5,
		"the", 3, "first", 3.3, "table", 3.5, "is", 3.6, "red", 3.7))
	if len(doubled.Doubled) != 1 || doubled.Errors != 5 {
		t.Errorf("got %+v, want one doubled run", doubled)
	}
}

func heard(pairs ...any) []meshtest.Heard {
	var out []meshtest.Heard
	for i := 0; i < len(pairs); i += 2 {
		start, ok := pairs[i+1].(float64)
		if !ok {
			start = float64(pairs[i+1].(int))
		}
		out = append(out, meshtest.Heard{Word: pairs[i].(string), Start: start})
	}
	return out
}
