package rate

import (
	"fmt"
	"testing"
	"time"
)

func TestLocal_letsThroughABurstAndThenTheRate(t *testing.T) {
	t.Parallel()
	l, now := NewLocal(), time.Unix(1_700_000_000, 0)
	r := Rate{Limit: 3, Period: time.Minute}
	for n := range int64(3) {
		if v := l.Take("k", r, now); !v.Allowed || v.Remaining != 2-n || v.ResetAfter != time.Duration(n+1)*20*time.Second {
			t.Errorf("event %d: %+v", n, v)
		}
	}
	for range 3 { // what is refused is not counted
		if v := l.Take("k", r, now); v.Allowed || v.Remaining != 0 || v.RetryAfter != 20*time.Second || v.ResetAfter != time.Minute {
			t.Errorf("over the rate: %+v", v)
		}
	}
	now = now.Add(19 * time.Second)
	if v := l.Take("k", r, now); v.Allowed || v.RetryAfter != time.Second {
		t.Errorf("a second too early: %+v", v)
	}
	now = now.Add(time.Second)
	if v := l.Take("k", r, now); !v.Allowed || v.Remaining != 0 {
		t.Errorf("in time: %+v", v)
	}
	if v := l.Take("k", Rate{Limit: 1, Period: time.Second}, now); v.Allowed || v.RetryAfter != time.Second {
		t.Errorf("at a smaller rate: %+v", v)
	}
}

func TestLocal_isBounded(t *testing.T) {
	t.Parallel()
	l, now := NewLocal(), time.Unix(1_700_000_000, 0)
	r := Rate{Limit: 1, Period: time.Hour}
	for n := range mostKeys + 10 {
		l.Take(fmt.Sprint(n), r, now)
	}
	if len(l.paid) > mostKeys || len(l.paid) < mostKeys/2 {
		t.Errorf("knows %d keys", len(l.paid))
	}
	for n := 0; len(l.paid) < mostKeys; n++ {
		l.Take(fmt.Sprint("more", n), r, now)
	}
	l.Take("later", r, now.Add(2*time.Hour))
	if len(l.paid) != 1 {
		t.Errorf("knows %d keys, all but one of which owe nothing", len(l.paid))
	}
}
