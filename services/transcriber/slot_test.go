package transcriber

import (
	"testing"
	"time"
)

func TestSlot_choosesTheLane(t *testing.T) {
	t.Parallel()
	now := time.Now()
	waits := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		at    string
		empty time.Duration // since it had a task
		open  []lane
		want  string
	}{
		"stays while there is work":           {"a", 0, []lane{{"a", true, waits(1)}, {"b", true, waits(time.Second)}}, "a"},
		"goes to a loaded model at once":      {"a", time.Second, []lane{{"a", true, time.Time{}}, {"b", true, waits(1)}}, "b"},
		"waits before a model must be loaded": {"a", 4 * time.Second, []lane{{"a", true, time.Time{}}, {"b", false, waits(1)}}, "a"},
		"then loads it":                       {"a", 6 * time.Second, []lane{{"a", true, time.Time{}}, {"b", false, waits(1)}}, "b"},
		"does not neglect a model":            {"a", 0, []lane{{"a", true, waits(1)}, {"b", false, waits(31 * time.Second)}}, "b"},
		"stays where nothing waits":           {"b", time.Hour, []lane{{"a", true, time.Time{}}, {"b", true, time.Time{}}}, "b"},
		"prefers who has waited for longest":  {"", 0, []lane{{"a", true, waits(1)}, {"b", true, waits(2)}}, "b"},
		"prefers what is loaded":              {"", 0, []lane{{"a", false, waits(9)}, {"b", true, waits(2)}}, "b"},
		"begins with the first":               {"", 0, []lane{{"a", false, time.Time{}}, {"b", false, time.Time{}}}, "a"},
		"leaves a model that was removed":     {"x", 0, []lane{{"a", false, time.Time{}}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &slot{model: c.at, lastHad: now.Add(-c.empty)}

			if got := s.choose(c.open, now); got != c.want {
				t.Errorf("goes to %q, want %q", got, c.want)
			}
		})
	}
}
