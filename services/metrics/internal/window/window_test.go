package window_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/metrics/internal/window"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestHistogram_quantilesStayWithinTheBound(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var h window.Histogram
		values := make([]int64, 1+random.IntN(2000))
		for i := range values {
			values[i] = int64(math.Exp(random.Float64() * 23)) // 1 µs to about 3 hours
			h.Add(values[i], false)
		}
		slices.Sort(values)
		for _, q := range []float64{0.01, 0.5, 0.95, 0.99, 1} {
			want := float64(values[int(math.Ceil(q*float64(len(values))))-1])
			if got := h.QuantileUS(q); math.Abs(got-want) > want/32+0.5 {
				t.Errorf("%g of %d: got %g, want %g", q, len(values), got, want)
			}
		}
	}
}

func TestHistogram_isExactWhereItSaysSo(t *testing.T) {
	t.Parallel()
	var h window.Histogram
	for _, us := range []int64{-5, 1, 2, 31, 1_000_003} {
		h.Add(us, us == 31)
	}
	if h.Count != 5 || h.Errors != 1 || h.MaxUS != 1_000_003 || h.MeanUS() != 1_000_037.0/5 {
		t.Errorf("got %d, %d errors, max %d, mean %g", h.Count, h.Errors, h.MaxUS, h.MeanUS())
	}
	if got := h.QuantileUS(0.8); got != 31 {
		t.Errorf("got %g, want 31", got)
	}
	if got := h.QuantileUS(1); got > 1_000_003 {
		t.Errorf("the quantile %g is beyond the maximum", got)
	}
}

func TestHistogram_takesEveryDuration(t *testing.T) {
	t.Parallel()
	var h window.Histogram
	for shift := range 63 {
		h.Add(1<<shift, false)
		h.Add(1<<shift-1, false)
	}
	h.Add(math.MaxInt64, false)
	h.Add(math.MinInt64, false)
	if got := h.QuantileUS(1); h.Count != 128 || got != float64(h.MaxUS) {
		t.Errorf("count %d, longest %g of %d", h.Count, got, h.MaxUS)
	}
}

func TestHistogram_ofNothingIsZero(t *testing.T) {
	t.Parallel()
	var h window.Histogram
	if h.QuantileUS(0.5) != 0 || h.MeanUS() != 0 {
		t.Errorf("got %g and %g", h.QuantileUS(0.5), h.MeanUS())
	}
}

func TestHistogram_mergedIsAsIfAllWereInOne(t *testing.T) {
	t.Parallel()
	var one, a, b window.Histogram
	for i := range int64(1000) {
		one.Add(i*i, i%7 == 0)
		if i%3 == 0 {
			a.Add(i*i, i%7 == 0)
		} else {
			b.Add(i*i, i%7 == 0)
		}
	}
	a.Merge(&b)
	if a != one {
		t.Error("the merged histogram differs")
	}
}

func TestWindow_forgetsWhatIsOlder(t *testing.T) {
	t.Parallel()
	w := window.New(5 * time.Minute)
	key := window.Key{Kind: 1, Name: "a"}
	for minute := range 20 {
		w.Add(start.Add(time.Duration(minute)*time.Minute), key, 1000, false)
	}
	cases := map[time.Duration]uint64{19 * time.Minute: 5, 21 * time.Minute: 3, 24 * time.Minute: 0, 60 * time.Minute: 0}
	for at, want := range cases {
		var got uint64
		for _, row := range w.Rows(start.Add(at)) {
			got += row.Count
		}
		if got != want {
			t.Errorf("after %v: %d observations, want %d", at, got, want)
		}
	}
}

func TestWindow_listsByKindAndName(t *testing.T) {
	t.Parallel()
	w := window.New(time.Minute)
	for _, key := range []window.Key{{2, "a"}, {1, "b"}, {1, "a"}, {2, "a"}} {
		w.Add(start, key, 1000, true)
	}
	var got []string
	for _, row := range w.Rows(start) {
		got = append(got, fmt.Sprint(row.Kind, row.Name, row.Count, row.Errors))
	}
	if want := []string{"1a1 1", "1b1 1", "2a2 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWindow_staysSmallWhateverTheNames(t *testing.T) {
	t.Parallel()
	w := window.New(time.Minute)
	for n := range 5000 {
		w.Add(start, window.Key{Kind: 1, Name: fmt.Sprintf("/jobs/%d", n)}, 1000, false)
	}
	w.Add(start, window.Key{Kind: 1, Name: string(make([]byte, 1<<20))}, 1000, false)

	rows := w.Rows(start)

	var total uint64
	for _, row := range rows {
		total += row.Count
	}
	if len(rows) > 501 || total != 5001 {
		t.Errorf("%d rows of %d observations", len(rows), total)
	}
}

func BenchmarkAdd(b *testing.B) {
	w := window.New(time.Minute)
	for b.Loop() {
		w.Add(start, window.Key{Kind: 1, Name: "GET /api/v1/health"}, 1234, false)
	}
}
