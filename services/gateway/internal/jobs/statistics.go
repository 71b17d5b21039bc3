package jobs

import (
	"context"
	"strconv"
	"time"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
)

// StatisticDays is how many days statistics tell apart, today included.
const StatisticDays = 30

// Day is what was completed of the jobs of a day.
type Day struct {
	Date  time.Time // its beginning, UTC
	Tally *historyv1.Tally
}

// Statistics returns what the recorded jobs of a user come to, and the last days, the
// oldest first. Unavailable: the history does not answer.
func (j *Jobs) Statistics(ctx context.Context, userID string) (*historyv1.GetUserStatisticsResponse, []Day, error) {
	first := j.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-StatisticDays)
	reply, err := j.History.GetUserStatistics(ctx, &historyv1.GetUserStatisticsRequest{UserId: userID, FromDay: dayOf(first)})
	if err != nil {
		return nil, nil, err
	}
	byDay := map[string]*historyv1.Tally{}
	for _, tally := range reply.GetByDay() {
		byDay[tally.GetName()] = tally
	}
	var days []Day
	for n := range StatisticDays {
		date := first.AddDate(0, 0, n)
		days = append(days, Day{date, byDay[strconv.FormatInt(dayOf(date), 10)]})
	}
	return reply, days, nil
}

// dayOf is a date in days since 1970, as the history names it.
func dayOf(date time.Time) int64 { return date.Unix() / (24 * 60 * 60) }
