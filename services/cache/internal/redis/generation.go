package redis

import (
	"context"
	"crypto/rand"
	"fmt"

	goredis "github.com/redis/go-redis/v9"
)

// anyGeneration stands for whichever there is.
const anyGeneration = "any"

// begin makes a new generation if there is none (also where somebody has put
// something else in its place), or the one there is must not be used, and returns
// the one that holds then. It tells all replicas.
var begin = goredis.NewScript(`
local current = redis.pcall('GET', KEYS[1])
if type(current) == 'string' and ARGV[1] ~= 'any' and ARGV[1] ~= current then
	return current
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return ARGV[2]
`)

// generation is the one that entries are read from and written to.
func (s *session) generation() string {
	if name := s.name.Load(); name != nil {
		return *name
	}
	return ""
}

// renew takes over the generation there is; one that must not be used (a name,
// anyGeneration, or "" for none) is replaced by a new one.
func (s *session) renew(ctx context.Context, replace string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	fresh := rand.Text()
	told, err := message{From: s.link.self, Generation: fresh}.encode()
	if err != nil {
		return err
	}
	name, err := begin.Run(ctx, s.client, []string{generationName}, replace, fresh, s.link.channel, told).Text()
	if err != nil {
		return fmt.Errorf("begin generation: %w", err)
	}
	s.adopt(name)
	if name == fresh {
		select {
		case s.renewed <- struct{}{}:
		default: // it is to be done already
		}
	}
	return nil
}

// adopt uses a generation from now on. What is held of another does not count:
// somebody had a reason to leave it.
func (s *session) adopt(name string) {
	if before := s.name.Swap(&name); before != nil && *before != name {
		s.link.tier.Lost()
	}
}

// follow goes on in the generation that the server has told, or in a new one when
// it has none: it was emptied.
func (s *session) follow(ctx context.Context, told string) error {
	if told == "" {
		return s.renew(ctx, "")
	}
	s.adopt(told)
	return nil
}

// sweep removes what no generation reaches any more, each time this session has
// begun one. What it does not get to ages and goes.
func (s *session) sweep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.renewed:
			_ = s.unlink(ctx, groupsName+"*", func(hash string) bool { // it cannot be reached; that is enough
				return generationOf(hash) != s.generation()
			})
		}
	}
}

// unlink removes the hashes that match a pattern and are wanted gone, some at a
// time so that nobody has to wait for the server.
func (s *session) unlink(ctx context.Context, pattern string, gone func(hash string) bool) error {
	var cursor uint64
	for {
		hashes, next, err := s.client.Scan(ctx, cursor, pattern, batch).Result()
		if err != nil {
			return err
		}
		if err := s.unlinkAll(ctx, hashes, gone); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

func (s *session) unlinkAll(ctx context.Context, hashes []string, gone func(hash string) bool) error {
	var all []string
	for _, hash := range hashes {
		if gone(hash) {
			all = append(all, hash)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return s.client.Unlink(ctx, all...).Err()
}
