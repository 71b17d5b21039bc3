package cue_test

import (
	"slices"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

func TestBuild_writesWordsTogetherBehindAWideSpaceToo(t *testing.T) {
	t.Parallel()
	segment := &jobv1.Segment{EndMs: 1200, Text: "你好\u3000世界。"}
	for n, text := range []string{"你", "好", "世", "界。"} {
		at := 300 * int64(n)
		segment.Words = append(segment.Words, &jobv1.Word{StartMs: at, EndMs: at + 300, Text: text})
	}

	cues := cue.Build([]*jobv1.Segment{segment}, cue.Defaults())

	if got := texts(cues); !slices.Equal(got, []string{"你好 世界。"}) {
		t.Errorf("got %q", got)
	}
}
