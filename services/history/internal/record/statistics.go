package record

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kinds of tallies of a user: what their jobs have in common. All but ByState count
// completed jobs only.
const (
	ByState    = "state"
	ByLanguage = "language"
	ByModel    = "model"
	ByDay      = "day" // on which they were created; the name is that of DayName
)

// LongestMS is how much of a recording, and of the work on it, is counted at most, in
// milliseconds: what makes no sense must not spoil a sum.
const LongestMS = 366 * 24 * 60 * 60 * 1000

// Days that are told apart, since 1970: those of the years 1 to 9999.
const (
	firstDay = -719162
	lastDay  = 2932896
)

// Shards is how many rows the statistics of the system have for each state, so that
// recorders that write at once do not wait for one row.
const Shards = 16

const longestName = 100 // bytes

// Sums are what some jobs come to.
type Sums struct {
	Jobs     int64
	AudioMS  int64 // length of the recordings
	WorkMS   int64 // from first work to end, of completed jobs that were worked on
	WorkedMS int64 // length of the recordings that WorkMS is of
}

// Tally are sums of jobs that have something in common.
type Tally struct {
	Name string
	Sums
}

// UserStatistics are the tallies of a user by kind.
type UserStatistics map[string][]Tally

// Alike are live jobs of one user that have the same columns.
type Alike struct {
	Status   string
	Language string
	Model    string
	Day      int64 // since 1970
	Sums
}

// alike is what a row is counted as.
func (s Stored) alike() Alike {
	g := Alike{Status: s.Status, Language: s.Language, Model: s.Model, Day: dayOf(s.CreatedAt)}
	g.Jobs, g.AudioMS = 1, min(max(s.DurationMS, 0), LongestMS)
	if s.Status == completed && g.AudioMS > 0 && s.StartedAt != 0 && s.FinishedAt >= s.StartedAt {
		g.WorkMS, g.WorkedMS = min((s.FinishedAt-s.StartedAt)/1000, LongestMS), g.AudioMS
	}
	return g
}

// tallyName is a name as every database can keep it in a key.
func tallyName(name string) string {
	name = strings.ReplaceAll(name, "\x00", "\uFFFD")
	for at := range name {
		if at >= longestName {
			return name[:at]
		}
	}
	return name
}

// dayOf is the day of a time in microseconds since 1970 UTC.
func dayOf(micros int64) int64 {
	day := micros / (24 * time.Hour).Microseconds()
	if micros%(24*time.Hour).Microseconds() < 0 {
		day--
	}
	return min(max(day, firstDay), lastDay)
}

// DayName is the name of a day's tally.
func DayName(day int64) string { return strconv.FormatInt(day, 10) }

// UserTally names a tally of a user.
type UserTally struct{ UserID, Kind, Name string }

// SystemTally names a tally of the system.
type SystemTally struct {
	Shard int // in [0, Shards)
	State string
}

// Counts collects what tallies have more or less.
type Counts struct {
	users  map[UserTally]Sums
	system map[SystemTally]Sums
}

// NewCounts returns empty counts.
func NewCounts() *Counts {
	return &Counts{users: map[UserTally]Sums{}, system: map[SystemTally]Sums{}}
}

// Add takes a row from where it was counted, and counts it where it belongs now.
func (c *Counts) Add(userID string, o Outcome) {
	if o.before.live() {
		c.AddAlike(userID, o.before.alike(), -1)
	}
	if o.now.live() {
		c.AddAlike(userID, o.now.alike(), 1)
	}
}

// AddAlike counts jobs so many times.
func (c *Counts) AddAlike(userID string, g Alike, times int64) {
	c.AddSystem(userID, Tally{g.Status, g.Sums}, times)
	c.addUser(UserTally{userID, ByState, g.Status}, g.Sums, times)
	if g.Status == completed {
		c.addUser(UserTally{userID, ByLanguage, tallyName(g.Language)}, g.Sums, times)
		c.addUser(UserTally{userID, ByModel, tallyName(g.Model)}, g.Sums, times)
		c.addUser(UserTally{userID, ByDay, DayName(g.Day)}, g.Sums, times)
	}
}

// AddSystem counts a tally of a state so many times, for the system only.
func (c *Counts) AddSystem(userID string, t Tally, times int64) {
	key := SystemTally{shardOf(userID), t.Name}
	c.system[key] = c.system[key].plus(t.Sums, times)
}

func (c *Counts) addUser(key UserTally, s Sums, times int64) {
	c.users[key] = c.users[key].plus(s, times)
}

// Users calls for each tally of a user that changes, in the order that all
// transactions take them.
func (c *Counts) Users(each func(UserTally, Sums)) {
	keys := slices.SortedFunc(maps.Keys(c.users), func(a, b UserTally) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	for _, key := range keys {
		if c.users[key] != (Sums{}) {
			each(key, c.users[key])
		}
	}
}

// System calls for each tally of the system that changes, in the order that all
// transactions take them.
func (c *Counts) System(each func(SystemTally, Sums)) {
	keys := slices.SortedFunc(maps.Keys(c.system), func(a, b SystemTally) int {
		return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.State, b.State))
	})
	for _, key := range keys {
		if c.system[key] != (Sums{}) {
			each(key, c.system[key])
		}
	}
}

func (s Sums) plus(other Sums, times int64) Sums {
	return Sums{s.Jobs + times*other.Jobs, s.AudioMS + times*other.AudioMS,
		s.WorkMS + times*other.WorkMS, s.WorkedMS + times*other.WorkedMS}
}

func shardOf(userID string) int {
	return int(sha256.Sum256([]byte(userID))[0]) % Shards
}
