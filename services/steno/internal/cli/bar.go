package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// The bar counts a thousand points a recording: so many for the upload, the rest
// for the job.
const (
	fullPoints   = 1000
	uploadPoints = 150
)

// bar is one progress bar for all recordings of a batch.
type bar struct {
	recordings []recording

	mu     sync.Mutex
	bar    *progressbar.ProgressBar
	points []int // of each recording, never falling
	done   int   // recordings that have ended
}

func newBar(w io.Writer, recordings []recording) *bar {
	return &bar{
		recordings: recordings, points: make([]int, len(recordings)),
		bar: terminalBar(w, int64(fullPoints*len(recordings))),
	}
}

// terminalBar is the look of all bars.
func terminalBar(w io.Writer, total int64, more ...progressbar.Option) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
	}, more...)...)
}

func (b *bar) uploading(i int, sent int64) {
	share := float64(sent) / float64(max(1, b.recordings[i].size))
	b.move(i, int(uploadPoints*min(1, share)), "uploading")
}

func (b *bar) created(int, string) {}

func (b *bar) job(i int, s client.Status) {
	b.move(i, uploadPoints+int((fullPoints-uploadPoints)*min(1, s.Progress)), s.Status)
}

func (b *bar) ended(i int) {
	b.mu.Lock()
	b.done++
	b.mu.Unlock()
	b.move(i, fullPoints, "done")
}

// move shows the points of a recording and what it does.
func (b *bar) move(i, points int, doing string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.points[i] = max(b.points[i], points)
	if len(b.recordings) == 1 {
		b.bar.Describe(fmt.Sprintf("%s: %s", printable(b.recordings[i].name), doing))
	} else {
		b.bar.Describe(fmt.Sprintf("%d of %d done", b.done, len(b.recordings)))
	}
	sum := 0
	for _, p := range b.points {
		sum += p
	}
	_ = b.bar.Set(sum) // a bar that cannot be drawn stops nothing
}

func (b *bar) aside(show func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Clear() // a bar that cannot be drawn stops nothing
	show()
}

func (b *bar) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Clear() // a bar that cannot be drawn stops nothing
}
