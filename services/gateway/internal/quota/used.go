package quota

import (
	"context"
	"strconv"
	"time"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// AudioToday returns the audio of the jobs that a user has made today, deleted ones
// too, in milliseconds. The history service knows those of before this process, the
// job feed those that the history service has not recorded yet; neither has to answer.
func (m *Meter) AudioToday(ctx context.Context, userID string) int64 {
	seen, day := m.feed.AudioToday(userID), index.Day(m.now())
	key := strconv.FormatInt(day, 10) + " " + userID
	recorded, err := m.usage.Get(ctx, key, func(ctx context.Context) (int64, error) {
		reply, err := m.accounts.GetUsage(ctx, &accountv1.GetUsageRequest{UserId: userID, Day: day})
		return reply.GetAudioMs(), err
	})
	if err != nil {
		return seen
	}
	return max(seen, recorded)
}

// StoredBytes returns how much a user stores, or did some seconds ago. Unavailable: the bus does not answer.
func (m *Meter) StoredBytes(ctx context.Context, userID string) (int64, error) {
	return m.stored.Get(ctx, userID, func(ctx context.Context) (int64, error) { return m.store.Stored(ctx, userID) })
}

// Live returns how many jobs a user has under way.
func (m *Meter) Live(userID string) int { return m.feed.Live(userID) }

// NextDay is when the audio of the day begins at nothing again.
func (m *Meter) NextDay() time.Time { return time.Unix((index.Day(m.now())+1)*24*60*60, 0).UTC() }
