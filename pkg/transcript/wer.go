package transcript

// WER compares a text with what was said. It returns the fewest words that
// must be put in, taken out or replaced, and the number of words said; their
// quotient is the word error rate. Case, punctuation and ё for е do not count.
func WER(reference, hypothesis string) (errors, words int) {
	want, got := Words(reference), Words(hypothesis)
	return distance(want, got), len(want)
}

// distance is the Levenshtein distance, one row at a time.
func distance(want, got []string) int {
	row := make([]int, len(got)+1)
	for j := range row {
		row[j] = j
	}
	for i, word := range want {
		diagonal := row[0]
		row[0] = i + 1
		for j := range got {
			replace := diagonal
			if word != got[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(got)]
}
