package remains

import (
	"fmt"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// Redis reads every key of a server.
func Redis(t testing.TB, url string) (items []Item) {
	t.Helper()
	options, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(options)
	defer func() { _ = client.Close() }() // it was only read
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		var value any
		if value, err = client.HGetAll(t.Context(), key).Result(); err != nil {
			value, err = client.Get(t.Context(), key).Result()
		}
		if err != nil && !isGone(err) {
			t.Fatalf("%s: %v", key, err)
		}
		items = append(items, Item{Place: "Redis " + key, Text: fmt.Sprint(value)})
	}
	return items
}

// isGone holds for a key that has ended since it was listed.
func isGone(err error) bool { return err == goredis.Nil } //nolint:errorlint // the library returns it bare
