package transcript

// nearMs is how far apart two readings of one word may lie. Word times are off
// by up to 150 ms in practice; the rest is room for a drifting decoder.
const nearMs = 700

// pair says that a[i] and b[j] are the same word.
type pair struct{ i, j int }

// align finds the common words of two readings of the same audio, in order: a
// longest common subsequence of words that are equal and near in time, and
// among several the one whose times agree best.
func align(a, b []token) []pair {
	best := make([][]int64, len(a)+1) // best[i][j]: the weight of a[i:] against b[j:]
	for i := range best {
		best[i] = make([]int64, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if w := weight(a[i], b[j]); w > 0 {
				best[i][j] = max(best[i][j], w+best[i+1][j+1])
			}
		}
	}
	return trace(a, b, best)
}

// trace walks the table of align from its corner.
func trace(a, b []token, best [][]int64) []pair {
	var pairs []pair
	for i, j := 0, 0; i < len(a) && j < len(b); {
		w := weight(a[i], b[j])
		switch {
		case w > 0 && best[i][j] == w+best[i+1][j+1]:
			pairs = append(pairs, pair{i, j})
			i, j = i+1, j+1
		case best[i][j] == best[i+1][j]:
			i++
		default:
			j++
		}
	}
	return pairs
}

// weight is 0 for words that are not the same. One more word always weighs
// more than better times.
func weight(x, y token) int64 {
	apart := x.mid() - y.mid()
	if apart < 0 {
		apart = -apart
	}
	if x.norm == "" || x.norm != y.norm || apart > nearMs {
		return 0
	}
	return 1_000_000 - apart
}
