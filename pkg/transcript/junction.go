package transcript

// What a junction costs, in milliseconds of distance from the middle of the
// overlap, so that the terms compare.
const (
	perWord       = 3000 // one word that only one side heard, on the less credible side
	boundaryBonus = 2500 // both sides have a sentence boundary here
	mostGapBonus  = 1000 // a pause as long as this or longer
)

// junction is a place to go over from a to b: a[:i] is followed by b[j:].
type junction struct{ i, j int }

// chooser finds the best junction of two readings of an overlap.
//
// Near the end of the overlap a is unreliable (its window ends there: the
// decoder leaves a cut sentence out), near the start b is (it heard half a
// sentence). So the word of a alone is believed less and less along the
// overlap, the word of b alone more and more, and words both heard cost
// nothing. A word where the other side heard nothing at all is believed more
// than one that the other side contradicts: decoders leave out more than they
// invent. Among junctions that agree best with that, a sentence boundary, a
// pause, and the middle are preferred.
type chooser struct {
	a, b    []token
	overlap Span
	pairs   []pair
	// Prefix sums over the words only one side heard: keepA[i] is the cost of
	// keeping those of a[:i], dropA[i] of dropping them; likewise for b.
	keepA, dropA, keepB, dropB []float64
}

func newChooser(a, b []token, overlap Span) *chooser {
	c := &chooser{a: a, b: b, overlap: overlap, pairs: align(a, b)}
	aPaired, bPaired := make([]bool, len(a)), make([]bool, len(b))
	for _, p := range c.pairs {
		aPaired[p.i], bPaired[p.j] = true, true
	}
	late := func(t token) float64 { return c.along(t) }
	early := func(t token) float64 { return 1 - c.along(t) }
	c.keepA, c.dropA = sums(a, aPaired, lenient(late, b)), sums(a, aPaired, early)
	c.keepB, c.dropB = sums(b, bPaired, lenient(early, a)), sums(b, bPaired, late)
	return c
}

// lenient halves a cost for words that other is silent about.
func lenient(cost func(token) float64, other []token) func(token) float64 {
	return func(t token) float64 {
		for _, o := range other {
			if o.start < t.end && t.start < o.end {
				return cost(t)
			}
		}
		return cost(t) / 2
	}
}

// along tells where in the overlap a word lies, from 0 to 1.
func (c *chooser) along(t token) float64 {
	x := float64(t.mid()-c.overlap.StartMs) / float64(c.overlap.EndMs-c.overlap.StartMs)
	return min(max(x, 0), 1)
}

// sums returns the prefix sums of cost over the words that have no pair.
func sums(list []token, paired []bool, cost func(token) float64) []float64 {
	total := make([]float64, len(list)+1)
	for n, t := range list {
		total[n+1] = total[n]
		if !paired[n] {
			total[n+1] += cost(t)
		}
	}
	return total
}

// choose returns the cheapest junction. There is always one: everything from
// a, or everything from b.
func (c *chooser) choose() junction {
	best := junction{len(c.a), len(c.b)}
	least := c.cost(best)
	consider := func(at junction) {
		if cost := c.cost(at); cost < least {
			best, least = at, cost
		}
	}
	consider(junction{0, 0})
	from := pair{0, 0}
	for k := 0; k <= len(c.pairs); k++ {
		to := pair{len(c.a), len(c.b)}
		if k < len(c.pairs) {
			to = c.pairs[k]
		}
		c.between(from, to, consider)
		from = pair{to.i + 1, to.j + 1}
	}
	return best
}

// between offers the junctions between two neighbouring pairs: all ways to
// part a[from.i:to.i] and b[from.j:to.j] that neither double nor lose a word
// that both heard, but differently.
func (c *chooser) between(from, to pair, consider func(junction)) {
	for i := from.i; i <= to.i; i++ {
		for j := from.j; j <= to.j; j++ {
			doubled := i > from.i && j < to.j && clash(c.a[i-1], c.b[j])
			lost := i < to.i && j > from.j && clash(c.b[j-1], c.a[i])
			if !doubled && !lost {
				consider(junction{i, j})
			}
		}
	}
}

// clash tells whether next begins before the middle of the word it is to
// follow: then both are the same word, or stand in the wrong order.
func clash(word, next token) bool {
	return next.mid() <= word.end || next.start <= word.mid()
}

// cost of a junction: see the constants.
func (c *chooser) cost(at junction) float64 {
	last := func(sums []float64) float64 { return sums[len(sums)-1] }
	disagreement := c.keepA[at.i] + last(c.dropA) - c.dropA[at.i] +
		last(c.keepB) - c.keepB[at.j] + c.dropB[at.j]
	before, after := c.around(at)
	distance := (before+after)/2 - (c.overlap.StartMs+c.overlap.EndMs)/2
	cost := perWord*disagreement + float64(max(distance, -distance))
	cost -= float64(min(max(after-before, 0), mostGapBonus))
	if c.atBoundary(at) {
		cost -= boundaryBonus
	}
	return cost
}

// around returns the end of the word before a junction and the start of the
// word after it; the edge of the overlap stands for a missing one.
func (c *chooser) around(at junction) (before, after int64) {
	before, after = c.overlap.StartMs, c.overlap.EndMs
	if at.i > 0 {
		before = c.a[at.i-1].end
	}
	if at.j < len(c.b) {
		after = c.b[at.j].start
	}
	return before, after
}

// atBoundary tells whether a ends a sentence here and b begins one.
func (c *chooser) atBoundary(at junction) bool {
	return (at.i == 0 || c.a[at.i-1].closes) && (at.j == len(c.b) || c.b[at.j].opens)
}
