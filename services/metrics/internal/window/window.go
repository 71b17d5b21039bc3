package window

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	slots = 30
	// maxNames bounds what a slot holds should somebody put ids into names: what
	// is beyond counts as otherName.
	maxNames   = 500
	otherName  = "other"
	maxNameLen = 200
)

// Key names a row of the summary.
type Key struct {
	Kind int32
	Name string
}

// Row is the durations of one key.
type Row struct {
	Key
	Histogram
}

// Window holds what was observed in the last while. It is a ring of slots: with
// each new slot the oldest is dropped, so it spans between 29 and 30 slots. It
// is safe for use by several goroutines.
type Window struct {
	slot time.Duration

	mu   sync.Mutex
	ring [slots]slot
}

type slot struct {
	number int64 // of the slot since 1970; tells an old one that was not reused
	rows   map[Key]*Histogram
}

// New returns a window of that length.
func New(length time.Duration) *Window {
	return &Window{slot: max(1, length/slots)}
}

// Slot is the length of one slot.
func (w *Window) Slot() time.Duration { return w.slot }

// Add counts a duration in microseconds that was observed at now.
func (w *Window) Add(now time.Time, key Key, us int64, failed bool) {
	if len(key.Name) > maxNameLen {
		key.Name = otherName
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	rows := w.current(now)
	if rows[key] == nil && len(rows) >= maxNames {
		key.Name = otherName
	}
	if rows[key] == nil {
		rows[key] = &Histogram{}
	}
	rows[key].Add(us, failed)
}

// Rows sums up the window that ends at now, in order of kind and name.
func (w *Window) Rows(now time.Time) []Row {
	merged := w.merge(now)
	rows := make([]Row, 0, len(merged))
	for key, histogram := range merged {
		rows = append(rows, Row{Key: key, Histogram: *histogram})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return rows
}

func (w *Window) merge(now time.Time) map[Key]*Histogram {
	w.mu.Lock()
	defer w.mu.Unlock()
	newest := w.number(now)
	merged := map[Key]*Histogram{}
	for _, s := range w.ring {
		if s.number <= newest-slots || s.number > newest {
			continue
		}
		for key, histogram := range s.rows {
			if merged[key] == nil {
				merged[key] = &Histogram{}
			}
			merged[key].Merge(histogram)
		}
	}
	return merged
}

// current returns the rows of the slot that now is in, emptied if it was used
// for an older one.
func (w *Window) current(now time.Time) map[Key]*Histogram {
	number := w.number(now)
	s := &w.ring[number%slots]
	if s.rows == nil || s.number != number {
		*s = slot{number: number, rows: map[Key]*Histogram{}}
	}
	return s.rows
}

func (w *Window) number(now time.Time) int64 { return now.UnixNano() / int64(w.slot) }
