package segment

// cutter walks over a recording once and cuts it.
type cutter struct {
	rule     Rule
	extent   Span   // what the pieces cover together
	lastWord int64  // what the last piece has to reach at least
	speech   []Span // in order and disjoint
	gaps     []Span // the silences within extent that may be cut in, in order
}

// cut is where one piece ends and the next begins: next >= end in silence,
// next < end in speech.
type cut struct{ end, next int64 }

// newCutter takes speech that is tidy within bounds.
func newCutter(bounds Span, speech []Span, rule Rule) *cutter {
	c := &cutter{rule: rule, speech: speech}
	switch {
	case rule.whole():
		c.extent, c.lastWord = bounds, bounds.EndMs
	case len(speech) > 0:
		first, last := speech[0].StartMs, speech[len(speech)-1].EndMs
		c.extent = Span{first - rule.KeepMs, last + rule.KeepMs}.clip(bounds)
		c.lastWord = last
	}
	from := c.extent.StartMs
	for _, s := range speech {
		c.addGap(Span{from, s.StartMs})
		from = s.EndMs
	}
	c.addGap(Span{from, c.extent.EndMs})
	return c
}

func (c *cutter) addGap(gap Span) {
	if gap.Len() > 0 {
		c.gaps = append(c.gaps, gap)
	}
}

func (c *cutter) pieces() []Piece {
	var out []Piece
	var overlap int64
	for at := c.extent.StartMs; at < c.extent.EndMs; {
		k := c.cutAfter(at, overlap)
		span := Span{at, k.end}
		out = append(out, Piece{Span: span, OverlapMs: overlap, Speech: clipAll(span, c.speech)})
		at, overlap = k.next, max(0, k.end-k.next)
		c.forget(at)
	}
	return out
}

// forget drops the speech and the gaps before at.
func (c *cutter) forget(at int64) {
	c.speech, c.gaps = after(at, c.speech), after(at, c.gaps)
	if len(c.gaps) > 0 {
		c.gaps[0].StartMs = max(c.gaps[0].StartMs, at)
	}
}

func after(at int64, spans []Span) []Span {
	for len(spans) > 0 && spans[0].EndMs <= at {
		spans = spans[1:]
	}
	return spans
}

// cutAfter decides where the piece that begins at ends. Its first overlap
// milliseconds belong to the piece before as well.
func (c *cutter) cutAfter(at, overlap int64) cut {
	limit := at + c.rule.MaxMs
	if k, ok := c.split(at, limit); ok {
		return k
	}
	if c.lastWord <= limit {
		return cut{min(c.extent.EndMs, limit), c.extent.EndMs}
	}
	third := c.rule.MaxMs / 3
	if k, ok := c.best(at+2*third, limit); ok {
		return k
	}
	if k, ok := c.best(at+max(third, overlap), at+2*third); ok {
		return k
	}
	return c.inSpeech(limit)
}

// split cuts in the first silence that is too long to belong to a piece.
func (c *cutter) split(at, limit int64) (cut, bool) {
	for _, gap := range c.gaps {
		if c.rule.SplitMs == 0 || gap.StartMs >= limit {
			break
		}
		inner := gap.StartMs > at && gap.EndMs < c.extent.EndMs
		if inner && gap.Len() >= c.rule.SplitMs {
			return c.inSilence(gap, limit), true
		}
	}
	return cut{}, false
}

// best cuts in the longest, then latest, silence within (from, to].
func (c *cutter) best(from, to int64) (cut, bool) {
	var best Span
	for _, gap := range c.gaps {
		// The last word before the cut needs its share of the silence.
		reached := gap.EndMs > from && gap.StartMs+c.rule.MinCutMs/2 <= to
		if reached && gap.Len() >= max(c.rule.MinCutMs, best.Len()) {
			best = gap
		}
	}
	if best.Len() <= 0 {
		return cut{}, false
	}
	return c.inSilence(best, to), true
}

// inSilence shares a silence between the pieces around it: each keeps at most
// KeepMs.
func (c *cutter) inSilence(gap Span, limit int64) cut {
	end := min(gap.StartMs+min(c.rule.KeepMs, gap.Len()/2), limit)
	return cut{end, max(end, gap.EndMs-c.rule.KeepMs)}
}

// inSpeech ends the piece at limit and begins the next one an overlap earlier.
// Both places move by a little to a short pause where there is one, so that
// they less often lie inside a word.
func (c *cutter) inSpeech(limit int64) cut {
	slack := c.rule.OverlapMs / 5
	end := c.pauseBefore(limit, slack)
	return cut{end, c.pauseBefore(end-c.rule.OverlapMs, slack/2)}
}

// pauseBefore returns the middle of the last pause, however short, within the
// slack before at, or at itself.
func (c *cutter) pauseBefore(at, slack int64) int64 {
	found := at
	for _, gap := range c.gaps {
		if middle := gap.StartMs + gap.Len()/2; middle > at-slack && middle <= at {
			found = middle
		}
	}
	return found
}
