package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/stenomesh/stenomesh/services/cache/internal/group"
	"github.com/stenomesh/stenomesh/services/cache/internal/stats"
)

const (
	batch   = 1000           // names that the server looks at in one go, well below a millisecond
	maxLife = 24 * time.Hour // of an entry: nothing stays for ever where a generation was left
	rounds  = 3              // of a deletion while others begin generations
)

// errGenerations is returned when others begin generations faster than a deletion
// is done.
var errGenerations = errors.New("the generation keeps changing")

// get returns the value of a key with the time it has left. A value of another
// generation than the one that holds is none.
func (s *session) get(ctx context.Context, key string) (value []byte, left time.Duration, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	generation := s.generation()
	hash, field := place(generation, key)
	pipe := s.client.Pipeline()
	current, sealed := pipe.Get(ctx, generationName), pipe.HGet(ctx, hash, field)
	if _, err := pipe.Exec(ctx); !answered(err) {
		return nil, 0, false, err
	}
	if current.Val() != generation {
		return nil, 0, false, s.follow(ctx, current.Val())
	}
	bytes, _ := sealed.Bytes() // without a value there is nothing to open
	if value, left, found = open(key, bytes, time.Now()); !found {
		value = nil
	}
	return value, left, found, nil
}

// answered reports whether the server has answered, be it with a refusal or nothing.
func answered(err error) bool {
	var refusal goredis.Error
	return err == nil || errors.As(err, &refusal)
}

// set stores a value and reports whether the generation it is stored in holds. The
// server keeps a group as long as its longest entry.
func (s *session) set(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime+time.Duration(len(value))*time.Second/writeSpeed)
	defer cancel()
	generation, ttl := s.generation(), min(ttl, maxLife)
	hash, field := place(generation, key)
	pipe := s.client.TxPipeline()
	current := pipe.Get(ctx, generationName)
	added := pipe.HSet(ctx, hash, field, seal(key, value, time.Now().Add(ttl)))
	life := max(1, ttl.Milliseconds())
	pipe.Do(ctx, "PEXPIRE", hash, life, "NX")
	pipe.Do(ctx, "PEXPIRE", hash, life, "GT")
	_, err = pipe.Exec(ctx)
	switch {
	case err != nil && !errors.Is(err, goredis.Nil): // Nil: there is no generation
		return false, err
	case current.Val() != generation:
		return false, s.follow(ctx, current.Val())
	case added.Val() == 0:
		err = s.tell(ctx, s.client, []string{key}, nil) // who holds the earlier value
		return err == nil, err
	default:
		return true, nil
	}
}

// delete removes keys and prefixes and tells the other replicas. It is done when it
// was done in the generation that holds.
func (s *session) delete(ctx context.Context, keys, prefixes []string) error {
	for range rounds {
		generation := s.generation()
		fields, err := s.walk(ctx, generation, prefixes)
		if err != nil {
			return fmt.Errorf("delete prefixes: %w", err)
		}
		current, err := s.remove(ctx, generation, append(fields, keys...), keys, prefixes)
		if err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		if current == generation {
			return nil
		}
		if err := s.follow(ctx, current); err != nil {
			return err
		}
	}
	return errGenerations
}

// walk removes the groups of prefixes that cover more than one, and returns the keys
// of prefixes that cover a part of one.
func (s *session) walk(ctx context.Context, generation string, prefixes []string) (keys []string, err error) {
	for _, prefix := range prefixes {
		switch {
		case !group.Within(prefix):
			all := func(string) bool { return true }
			err = s.unlink(ctx, hashName(generation, literal.Replace(prefix))+"*", all)
		case group.Of(prefix) != prefix:
			keys, err = s.appendKeys(ctx, keys, generation, prefix)
		}
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (s *session) appendKeys(ctx context.Context, keys []string, generation, prefix string) ([]string, error) {
	name := group.Of(prefix)
	fields, err := s.client.HKeys(ctx, hashName(generation, name)).Result()
	for _, field := range fields {
		if strings.HasPrefix(name+field, prefix) {
			keys = append(keys, name+field)
		}
	}
	return keys, err
}

// remove takes entries and whole groups away and tells the others, all at once, and
// returns the generation that holds.
func (s *session) remove(ctx context.Context, generation string, entries, keys, prefixes []string) (current string, err error) {
	pipe := s.client.TxPipeline()
	holds := pipe.Get(ctx, generationName)
	for _, key := range entries {
		hash, field := place(generation, key)
		pipe.HDel(ctx, hash, field)
	}
	for _, prefix := range prefixes {
		if group.Within(prefix) && group.Of(prefix) == prefix {
			pipe.Unlink(ctx, hashName(generation, prefix))
		}
	}
	if err := s.tell(ctx, pipe, keys, prefixes); err != nil {
		return "", err
	}
	if _, err = pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) { // Nil: it has no generation
		return "", err
	}
	return holds.Val(), nil
}

// tell says on the channel what has changed.
func (s *session) tell(ctx context.Context, to goredis.Cmdable, keys, prefixes []string) error {
	text, err := message{From: s.link.self, Keys: keys, Prefixes: prefixes}.encode()
	if err != nil {
		return err
	}
	return to.Publish(ctx, s.link.channel, text).Err()
}

// stats is what the server tells about itself.
func (s *session) stats(ctx context.Context) (stats.Kind, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	pipe := s.client.Pipeline()
	size, info := pipe.DBSize(ctx), pipe.Info(ctx, "memory", "stats")
	if _, err := pipe.Exec(ctx); err != nil {
		return stats.Kind{}, err
	}
	number := func(name string) uint64 {
		n, _ := strconv.ParseUint(field(info.Val(), name), 10, 64) // 0 where it is not told
		return n
	}
	return stats.Kind{Name: "redis", Entries: uint64(max(0, size.Val())), Bytes: number("used_memory"),
		Evictions: number("evicted_keys") + number("expired_keys")}, nil
}
