package redis

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
)

// ratesName is where it stands until when a key's events are paid for, in microseconds
// since 1970 by the server's clock. It ends by itself, and no generation has to do with
// it.
const ratesName = "stenomesh:cache:rate:"

// takeOne is rate.Local.Take on the server: replicas ask at the same time, and their
// clocks differ. It returns whether the event is allowed, and how far ahead of now is
// paid.
var takeOne = goredis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = redis.pcall('GET', KEYS[1])
paid = math.min(math.max(type(paid) == 'string' and tonumber(paid) or now, now), now + period)
local after = paid + step
if after - now > period then
	return {0, paid - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, after - now}
`)

// Take counts an event of a key for all replicas; without the server it is allowed.
func (s *Store) Take(ctx context.Context, key string, r rate.Rate) (rate.Verdict, error) {
	verdict, counted, err := s.Count(ctx, key, r)
	if err == nil && !counted {
		verdict = r.Unlimited()
	}
	return verdict, err
}

// Count does the same and reports whether the server has counted. The error is that of
// ctx alone.
func (s *Store) Count(ctx context.Context, key string, r rate.Rate) (verdict rate.Verdict, counted bool, err error) {
	if err := ctx.Err(); err != nil {
		return rate.Verdict{}, false, err
	}
	session := s.link.session()
	if session == nil {
		return rate.Verdict{}, false, nil
	}
	verdict, err = session.take(ctx, key, r)
	s.link.note(ctx, session, err)
	return verdict, err == nil, nil
}

func (s *session) take(ctx context.Context, key string, r rate.Rate) (rate.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	answer, err := takeOne.Run(ctx, s.client, []string{ratesName + key}, r.Step(), r.Period.Microseconds()).Int64Slice()
	if err != nil {
		return rate.Verdict{}, err
	}
	if len(answer) != 2 {
		return rate.Verdict{}, fmt.Errorf("count an event: %d numbers in the answer", len(answer))
	}
	return r.Judge(answer[0] == 1, answer[1]), nil
}
