package prepare

import "github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"

// reporter is a pcm.Taker that tells how much has been decoded.
type reporter struct {
	report  func(doneMs, totalMs int64) // may be nil
	totalMs int64
	samples int64
	toldMs  int64
}

// Take implements pcm.Taker.
func (r *reporter) Take(samples []int16) {
	r.samples += int64(len(samples))
	if done := r.samples / pcm.SamplesPerMs; r.report != nil && done-r.toldMs >= 1000 {
		r.toldMs = done
		total := r.totalMs
		if total > 0 {
			total = max(total, done)
		}
		r.report(done, total)
	}
}
