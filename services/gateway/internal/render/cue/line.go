package cue

import (
	"math"
	"strings"
)

// costUneven is what each character of difference from the mean line costs, squared.
const costUneven = 0.25

// breakLines writes the tokens of one cue on as few lines as they fit, cut at good
// places and about equally long. The tokens fit: partition saw to that.
func breakLines(part []token, o Options) []string {
	if widthOf(part) <= o.MaxLineLength {
		return []string{lineOf(part)}
	}
	lines := fewestLines(part, o.MaxLineLength)
	var texts []string
	from := 0
	for _, to := range balance(part, lines, o.MaxLineLength) {
		texts = append(texts, lineOf(part[from:to]))
		from = to
	}
	return texts
}

// fewestLines fills lines greedily and counts them.
func fewestLines(part []token, maxRunes int) int {
	lines, first := 1, 0
	for i := range part {
		if widthOf(part[first:i+1]) > maxRunes {
			lines, first = lines+1, i
		}
	}
	return lines
}

// balance returns the ends (exclusive) of exactly so many lines, at least cost.
func balance(part []token, lines, maxRunes int) []int {
	mean := float64(widthOf(part)) / float64(lines)
	// best[k][j]: cost of the first j tokens on k lines; from[k][j]: where the last begins.
	best, from := table(lines+1, len(part)+1)
	for k := 1; k <= lines; k++ {
		for j := 1; j <= len(part); j++ {
			width := 0 // of the tokens i..j-1
			for i := j - 1; i >= 0; i-- {
				if width = prepend(part, i, width); width > maxRunes {
					break
				}
				uneven := float64(width) - mean
				cost := best[k-1][i] + costUneven*uneven*uneven
				if j < len(part) {
					cost += breakCost(part[j-1], part[j])
				}
				if cost < best[k][j] {
					best[k][j], from[k][j] = cost, i
				}
			}
		}
	}
	ends := make([]int, lines)
	for k, j := lines, len(part); k > 0; k-- {
		ends[k-1] = j
		j = from[k][j]
	}
	return ends
}

// prepend is the width of a line once token i stands before those that are width
// wide; 0 for none.
func prepend(part []token, i, width int) int {
	switch {
	case width == 0:
		return part[i].runes
	case part[i+1].glued:
		return part[i].runes + width
	default:
		return part[i].runes + 1 + width
	}
}

func table(rows, columns int) (best [][]float64, from [][]int) {
	best, from = make([][]float64, rows), make([][]int, rows)
	for k := range best {
		best[k], from[k] = make([]float64, columns), make([]int, columns)
		for j := range best[k] {
			best[k][j] = math.Inf(1)
		}
	}
	best[0][0] = 0
	return best, from
}

func lineOf(tokens []token) string {
	var line strings.Builder
	for i, t := range tokens {
		if i > 0 && !t.glued {
			line.WriteByte(' ')
		}
		line.WriteString(t.text)
	}
	return line.String()
}
