// Package edit makes a new version of a transcript of what a user has corrected in
// it. It is pure. Users send segments; words, which subtitles are made of, are found
// again in the version before where they are the same, and otherwise get their times
// from what stands around them.
package edit

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Segment is a segment as a user wants it. Check says what it may be.
type Segment struct {
	StartMs, EndMs int64 // in the original recording
	Text           string
	Speaker        *string // nil: whoever spoke there before
}

// Apply returns the version of a transcript that consists of these segments. What
// belongs to the whole stays as it is; a segment takes its language, and its speaker if
// none is given, from the one before that it covers most of. A changed segment has no
// measures of the engine but its compression ratio. old is not changed.
func Apply(old *jobv1.Transcript, segments []Segment) *jobv1.Transcript {
	edited := &jobv1.Transcript{
		Language: old.GetLanguage(), DurationMs: old.GetDurationMs(),
		Model: old.GetModel(), ModelSha256: old.GetModelSha256(), Engine: old.GetEngine(),
		Segments: make([]*jobv1.Segment, 0, len(segments)),
	}
	before := newVersion(old)
	for _, s := range segments {
		edited.Segments = append(edited.Segments, before.segment(s))
	}
	return edited
}

// version is a transcript in which segments and words are looked up by time.
type version struct {
	language string
	segments []*jobv1.Segment // by start
	words    []*jobv1.Word    // by start
	longest  int64            // milliseconds of a segment
}

func newVersion(t *jobv1.Transcript) *version {
	v := &version{language: t.GetLanguage(), segments: slices.Clone(t.GetSegments())}
	for _, s := range v.segments {
		v.words = append(v.words, s.GetWords()...)
		v.longest = max(v.longest, s.GetEndMs()-s.GetStartMs())
	}
	// Segments of several speakers may lie side by side.
	slices.SortStableFunc(v.segments, func(a, b *jobv1.Segment) int { return int(a.GetStartMs() - b.GetStartMs()) })
	slices.SortStableFunc(v.words, func(a, b *jobv1.Word) int { return int(a.GetStartMs() - b.GetStartMs()) })
	return v
}

// segment makes a segment of what the user sent.
func (v *version) segment(s Segment) *jobv1.Segment {
	was := v.covered(s)
	made := &jobv1.Segment{
		StartMs: s.StartMs, EndMs: s.EndMs, Text: s.Text, Language: v.language,
		CompressionRatio: transcript.CompressionRatio(s.Text),
	}
	if was != nil {
		made.Language, made.Speaker = was.GetLanguage(), was.GetSpeaker()
	}
	switch {
	case was.GetText() != s.Text:
		made.Words = v.wordsOf(s)
	case was.GetStartMs() == s.StartMs && was.GetEndMs() == s.EndMs: // only the speaker may differ
		made = proto.CloneOf(was)
	default:
		made.Words = cloneWords(was.GetWords())
		settle(made.GetWords(), s.StartMs, s.EndMs)
	}
	if s.Speaker != nil {
		made.Speaker = *s.Speaker
	}
	return made
}

// covered returns the segment that s covers most of, the one with its text among
// equals; nil if it touches none.
func (v *version) covered(s Segment) *jobv1.Segment {
	from, _ := slices.BinarySearchFunc(v.segments, s.StartMs-v.longest, func(e *jobv1.Segment, ms int64) int {
		return int(e.GetStartMs() - ms)
	})
	var best *jobv1.Segment
	most := int64(-1)
	for _, e := range v.segments[from:] {
		if e.GetStartMs() > s.EndMs {
			break
		}
		shared := min(e.GetEndMs(), s.EndMs) - max(e.GetStartMs(), s.StartMs)
		if shared > most || shared == most && best.GetText() != s.Text && e.GetText() == s.Text {
			best, most = e, shared
		}
	}
	return best
}

func cloneWords(words []*jobv1.Word) []*jobv1.Word {
	copies := make([]*jobv1.Word, len(words))
	for i, w := range words {
		copies[i] = proto.CloneOf(w)
	}
	return copies
}
