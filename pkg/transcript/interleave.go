package transcript

import (
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// turnMs is how long somebody must have spoken before another one begins, and must
// go on after that, for the sentence to be parted there. Below that it is the end of
// one turn running into the next.
const turnMs = 1000

// Interleave puts what several speakers said side by side into one list by the time
// each segment begins. Each speaker's segments are in order and stay so, and no word
// is lost. A sentence into which somebody else speaks is parted between the words
// there. The inputs are not changed; segments that stay whole are shared with them.
func Interleave(speakers ...[]*jobv1.Segment) []*jobv1.Segment {
	voices := make([]voice, len(speakers))
	for n, segments := range speakers {
		voices[n].left = segments
	}
	var out []*jobv1.Segment
	for {
		segment := interleave(voices, func(int, int64) bool { return true })
		if segment == nil {
			return out
		}
		out = append(out, segment)
	}
}

// interleave takes the next segment of all voices; nil when there is none, or when it
// depends on what a voice of which nothing is left says later: silent reports whether
// that begins nothing by a time.
func interleave(voices []voice, silent func(n int, ms int64) bool) *jobv1.Segment {
	next, other := earliest(voices)
	if next == nil {
		return nil
	}
	segment := next.head()
	for n := range voices {
		if voices[n].head() == nil && !silent(n, segment.GetEndMs()) {
			return nil
		}
	}
	next.take()
	if other == nil {
		return segment
	}
	before, after := parted(segment, other.head().GetStartMs())
	if after != nil {
		next.rest = after
	}
	return before
}

// voice is what one speaker has still to say: the rest of a parted sentence, and
// then what is left.
type voice struct {
	rest *jobv1.Segment
	left []*jobv1.Segment
}

// head is the next segment, nil when there is none.
func (v *voice) head() *jobv1.Segment {
	switch {
	case v.rest != nil:
		return v.rest
	case len(v.left) > 0:
		return v.left[0]
	default:
		return nil
	}
}

// take drops the head, of which there must be one.
func (v *voice) take() {
	if v.rest != nil {
		v.rest = nil
	} else {
		v.left = v.left[1:]
	}
}

// before reports whether v speaks next before o does. Whoever was interrupted lets
// the other one speak first.
func (v *voice) before(o *voice) bool {
	a, b := v.head().GetStartMs(), o.head().GetStartMs()
	return a < b || a == b && v.rest == nil && o.rest != nil
}

// earliest returns who speaks next, the first of equals, and who does after that;
// nil where there is nobody.
func earliest(voices []voice) (next, other *voice) {
	for n := range voices {
		v := &voices[n]
		switch {
		case v.head() == nil:
		case next == nil || v.before(next):
			next, other = v, next
		case other == nil || v.before(other):
			other = v
		}
	}
	return next, other
}

// parted cuts a segment before its first word that begins no earlier than a time;
// after is nil where it is not to be parted.
func parted(segment *jobv1.Segment, ms int64) (before, after *jobv1.Segment) {
	if ms-segment.GetStartMs() < turnMs || segment.GetEndMs()-ms < turnMs {
		return segment, nil
	}
	words := segment.GetWords()
	n := 0
	for n < len(words) && words[n].GetStartMs() < ms {
		n++
	}
	if n == 0 || n == len(words) {
		return segment, nil
	}
	return piece(segment, 0, n), piece(segment, n, len(words))
}
