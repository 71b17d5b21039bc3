package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Of the reading clients.
const (
	readers  = 8
	pageSize = 10
	bulkSize = 1000
)

// history reads pages, as fast as they come, of a history that was filled before
// the server started.
func (b *bench) history(ctx context.Context) (rows []Row, err error) {
	data, err := os.MkdirTemp(b.folder, "data-")
	if err != nil {
		return nil, err
	}
	password := rand.Text()
	began := time.Now()
	if err := b.fillHistory(ctx, data, password); err != nil {
		return nil, fmt.Errorf("fill the history: %w", err)
	}
	jobs := b.cfg.Sizes.Jobs
	recorded := float64(jobs) / time.Since(began).Seconds()
	s, err := b.serve(ctx, data, password)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	deep, err := s.cursorAfter(ctx, jobs*9/10)
	if err != nil {
		return nil, err
	}
	rows = append(rows, value(fmt.Sprintf("%d jobs written to the bus and recorded", jobs), jobs, recorded, "jobs/s", "one SQL transaction for up to 64"))
	for _, page := range []struct{ name, cursor string }{
		{"first page", ""},
		{fmt.Sprintf("page behind %d jobs, by cursor", jobs*9/10), deep},
	} {
		took, err := s.read(ctx, page.cursor, b.cfg.Sizes.Reading)
		if err != nil {
			return nil, err
		}
		rows = append(rows,
			value(page.name, len(took), float64(len(took))/b.cfg.Sizes.Reading.Seconds(), "reads/s", fmt.Sprintf("history of %d jobs", jobs)),
			latency("  one read, all clients busy", took, ""))
	}
	return rows, nil
}

// cursorAfter returns the cursor behind the first n jobs.
func (s *server) cursorAfter(ctx context.Context, n int) (cursor string, err error) {
	for seen := 0; seen < n; {
		page, err := s.History(ctx, min(bulkSize, n-seen), cursor)
		if err != nil {
			return "", err
		}
		if len(page.Items) == 0 || page.NextCursor == "" {
			return "", fmt.Errorf("the history ends after %d jobs, want more than %d", seen+len(page.Items), n)
		}
		seen, cursor = seen+len(page.Items), page.NextCursor
	}
	return cursor, nil
}

// read reads the same page with all clients for this long.
func (s *server) read(ctx context.Context, cursor string, period time.Duration) (durations, error) {
	var mu sync.Mutex
	var all durations
	end := time.Now().Add(period)
	group, ctx := errgroup.WithContext(ctx)
	for range readers {
		group.Go(func() error {
			var took durations
			for began := time.Now(); began.Before(end); began = time.Now() {
				page, err := s.History(ctx, pageSize, cursor)
				if err != nil {
					return err
				}
				if len(page.Items) != pageSize {
					return fmt.Errorf("a page has %d jobs, want %d", len(page.Items), pageSize)
				}
				took = append(took, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			return nil
		})
	}
	return all, group.Wait()
}
