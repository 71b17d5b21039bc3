package meshtest

import (
	"math"
	"slices"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
)

// Heard is one word of a transcript, or a few, and when it starts, in seconds.
type Heard struct {
	Word  string
	Start float64
}

// Verdict compares a transcript with what was said.
type Verdict struct {
	Errors, Words int       // of the whole, as transcript.WER counts
	Lost          []Heard   // sentences with fewer than half of their words right
	Doubled       []Heard   // runs of three or more words too many
	StartErrors   []float64 // seconds between a sentence's start and its first word
}

// WER is the word error rate.
func (v Verdict) WER() float64 { return float64(v.Errors) / float64(max(v.Words, 1)) }

// StartError returns a quantile (0 to 1) of the absolute start errors, in
// seconds.
func (v Verdict) StartError(quantile float64) float64 {
	if len(v.StartErrors) == 0 {
		return math.Inf(1)
	}
	sorted := slices.Sorted(slices.Values(v.StartErrors))
	return sorted[int(quantile*float64(len(sorted)-1))]
}

// Judge aligns the words heard with the sentences said, with the fewest
// corrections, and looks at each sentence.
func Judge(said []testkit.Sentence, heard []Heard) Verdict {
	var want []string
	var owner []int // sentence of each wanted word
	for i, sentence := range said {
		for _, word := range transcript.Words(sentence.Text) {
			want, owner = append(want, word), append(owner, i)
		}
	}
	heard = normalised(heard)
	match, inserted, errors := align(want, heard)
	verdict := Verdict{Errors: errors, Words: len(want), Doubled: runs(heard, inserted)}
	right, total := make([]int, len(said)), make([]int, len(said))
	for w, sentence := range owner {
		first := total[sentence] == 0
		total[sentence]++
		if match[w] < 0 {
			continue
		}
		right[sentence]++
		if first {
			verdict.StartErrors = append(verdict.StartErrors, math.Abs(heard[match[w]].Start-said[sentence].Start))
		}
	}
	for i, sentence := range said {
		if 2*right[i] < total[i] {
			verdict.Lost = append(verdict.Lost, Heard{Word: sentence.Text, Start: sentence.Start})
		}
	}
	return verdict
}

// normalised parts hyphenated words as transcript.Words does.
func normalised(heard []Heard) []Heard {
	var out []Heard
	for _, h := range heard {
		for _, word := range transcript.Words(h.Word) {
			out = append(out, Heard{Word: word, Start: h.Start})
		}
	}
	return out
}

// align finds an alignment with the fewest corrections. It returns for each
// wanted word the index of the equal heard word, or -1; which heard words stand
// for no wanted one; and the number of corrections.
func align(want []string, heard []Heard) (match []int, inserted []bool, corrections int) {
	width := len(heard) + 1
	cost := make([]int32, (len(want)+1)*width)
	for j := range width {
		cost[j] = int32(j)
	}
	for i, word := range want {
		row, above := cost[(i+1)*width:], cost[i*width:]
		row[0] = int32(i + 1)
		for j := range heard {
			replace := above[j]
			if word != heard[j].Word {
				replace++
			}
			row[j+1] = min(replace, row[j]+1, above[j+1]+1)
		}
	}
	match, inserted = make([]int, len(want)), make([]bool, len(heard))
	i, j := len(want), len(heard)
	for i > 0 || j > 0 {
		here := cost[i*width+j]
		switch {
		case i == 0:
			j--
			inserted[j] = true
		case j > 0 && want[i-1] == heard[j-1].Word && here == cost[(i-1)*width+j-1]:
			match[i-1] = j - 1
			i, j = i-1, j-1
		case j > 0 && here == cost[(i-1)*width+j-1]+1:
			match[i-1] = -1
			i, j = i-1, j-1
		case here == cost[(i-1)*width+j]+1:
			match[i-1] = -1
			i--
		default:
			j--
			inserted[j] = true
		}
	}
	return match, inserted, int(cost[len(want)*width+len(heard)])
}

// runs joins three or more inserted words in a row: a sentence said once and
// written twice looks like that.
func runs(heard []Heard, inserted []bool) []Heard {
	var found []Heard
	var run []string
	for i := range len(heard) + 1 {
		if i < len(heard) && inserted[i] {
			run = append(run, heard[i].Word)
			continue
		}
		if len(run) >= 3 {
			found = append(found, Heard{Word: strings.Join(run, " "), Start: heard[i-len(run)].Start})
		}
		run = nil
	}
	return found
}
