package whisper

import "time"

// longestLead is how much too late a decoded start can be and still be moved to
// where the sound began.
const longestLead = time.Second

// token is one text token as the decoder gave it.
type token struct {
	// text may hold part of a character only: whisper's tokens are byte strings.
	text []byte
	// probability in [0,1] and its natural logarithm.
	probability, logprob float32
}

// rawSegment is a segment as the decoder gave it.
type rawSegment struct {
	start, end   time.Duration
	noSpeechProb float32
	tokens       []token
}

// newSegments tidies what was decoded from a window. Segments without text are
// dropped, and none starts before the one in front of it ends.
func newSegments(raw []rawSegment, samples []float32) []Segment {
	if len(raw) == 0 {
		return nil
	}
	sound := hear(samples)
	length := time.Duration(len(samples)) * time.Second / SampleRate

	var segments []Segment
	var from time.Duration
	for _, r := range raw {
		if s := newSegment(r, sound, from, length); s.Text != "" {
			segments = append(segments, s)
			from = s.End
		}
	}
	return segments
}

// newSegment tidies one segment whose times must lie in [from, to]. It begins
// and ends with the sound of its words: the decoder's own times are on a coarse
// grid.
func newSegment(r rawSegment, sound voicing, from, to time.Duration) Segment {
	s := Segment{
		Text:         segmentText(r.tokens),
		Words:        words(r.tokens),
		AvgLogprob:   meanLogprob(r.tokens),
		NoSpeechProb: max(0, min(r.noSpeechProb, 1)),
	}
	if s.Text == "" {
		return s
	}
	start := clamp(r.start, from, to)
	start = sound.onset(start, max(from, start-longestLead))
	layOut(s.Words, sound.stretches(start, clamp(r.end, start, to)))
	s.Start, s.End = s.Words[0].Start, s.Words[len(s.Words)-1].End
	return s
}

func meanLogprob(tokens []token) float32 {
	if len(tokens) == 0 {
		return 0
	}
	var sum float64
	for _, t := range tokens {
		sum += float64(t.logprob)
	}
	return float32(sum / float64(len(tokens)))
}

func clamp(t, low, high time.Duration) time.Duration {
	return max(low, min(t, high))
}
