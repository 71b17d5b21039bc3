//go:build rows

package postgres_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
	"github.com/stenomesh/stenomesh/services/history/storetest"
)

const (
	pageSize = 20
	reads    = 300             // of each kind, or as many as there are in
	readTime = 8 * time.Second // this time
)

// TestRows fills a server of its own with STENOMESH_ROWS jobs and prints how long
// questions take, one at a time, and how fast jobs are recorded. What it prints is for
// people; it fails when something is not found.
func TestRows(t *testing.T) {
	rows, err := strconv.Atoi(os.Getenv("STENOMESH_ROWS"))
	if err != nil || rows < 100_000 {
		t.Fatal("STENOMESH_ROWS is a number of rows, at least 100000; run: make bench-history")
	}
	server := testkit.PostgresServer(t)
	database := server.Database(t)
	execute(t, database, `ALTER SYSTEM SET shared_buffers = '512MB'`, `ALTER SYSTEM SET maintenance_work_mem = '512MB'`,
		`ALTER SYSTEM SET max_wal_size = '4GB'`)
	server.Stop(t)
	server.Start(t)
	store := open(t, database)
	fill(t, database, store, rows, min(200_000, rows/20))
	say("")
	say("%-58s %8s %10s %10s %8s", "question, pages of "+strconv.Itoa(pageSize), "n", "median ms", "p95 ms", "rows")
	pages(t, database, store)
	filters(t, store)
	searches(t, store, ask(t, database, `
SELECT user_id
FROM transcription_history
WHERE id = (SELECT MAX(job_id) FROM transcripts JOIN transcription_history ON id = job_id WHERE user_id <> '`+heavy+`')`))
	statistics(t, store)
	say("")
	records(t, store)
	say("%s", ask(t, database, `SELECT 'database ' || pg_size_pretty(pg_database_size(current_database()))
    || ', jobs ' || pg_size_pretty(pg_table_size('transcription_history')) || ' and their indexes ' || pg_size_pretty(pg_indexes_size('transcription_history'))
    || ', words ' || pg_size_pretty(pg_table_size('transcript_words')) || ' and their index ' || pg_size_pretty(pg_indexes_size('transcript_words'))`))
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// phase says how long a part of the preparation takes.
func phase(t *testing.T, what string) (done func()) {
	t.Helper()
	began := time.Now()
	return func() { say("%-58s %8.0f s", what, time.Since(began).Seconds()) }
}

// measure asks the same question again and again, and wants at least so many rows.
func measure(t *testing.T, store *postgres.Store, what string, query record.Query, atLeast int) {
	t.Helper()
	query.Limit = pageSize
	if query.UserID == "" {
		query.UserID = heavy
	}
	var found int
	timed(t, what, func(ctx context.Context) (int, error) {
		page, err := store.Page(ctx, query)
		found = len(page.Jobs)
		return found, err
	})
	if found < atLeast {
		t.Errorf("%s: %d rows, want at least %d", what, found, atLeast)
	}
}

func timed(t *testing.T, what string, ask func(ctx context.Context) (rows int, err error)) {
	t.Helper()
	var took []time.Duration
	var rows int
	for end := time.Now().Add(readTime); len(took) < reads && (len(took) < 3 || time.Now().Before(end)); {
		began := time.Now()
		var err error
		if rows, err = ask(t.Context()); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		took = append(took, time.Since(began))
	}
	if len(took) > 20 { // the first ones fill caches
		took = took[10:]
	}
	slices.Sort(took)
	ms := func(share float64) float64 { return took[int(share*float64(len(took)-1))].Seconds() * 1000 }
	say("%-58s %8d %10.2f %10.2f %8d", what, len(took), ms(0.5), ms(0.95), rows)
}

// pages measures pages of the user who has most jobs, by cursor and by OFFSET.
func pages(t *testing.T, database string, store *postgres.Store) {
	t.Helper()
	page, err := store.Page(t.Context(), record.Query{UserID: heavy, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	last := min(100_000, int(page.Total)/pageSize)
	for _, number := range []int{1, 1000, last} {
		query := record.Query{}
		if number > 1 {
			query.After = placeBefore(t, database, (number-1)*pageSize)
		}
		measure(t, store, fmt.Sprintf("page %d of one user with %d jobs, by cursor", number, page.Total), query, pageSize)
	}
	for _, number := range []int{1, 1000, last} {
		measure(t, store, fmt.Sprintf("page %d, by OFFSET", number), record.Query{Offset: (number - 1) * pageSize}, pageSize)
	}
	measure(t, store, "page 1, the oldest first", record.Query{OldestFirst: true}, pageSize)
}

// placeBefore is the place of the last job before a page.
func placeBefore(t *testing.T, database string, jobs int) *record.Position {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var at time.Time
	var place record.Position
	err = conn.QueryRow(t.Context(), `
SELECT created_at, id
FROM transcription_history
WHERE user_id = $1 AND status <> 'deleted'
ORDER BY created_at DESC, id DESC
LIMIT 1 OFFSET $2`, heavy, jobs-1).Scan(&at, &place.JobID)
	if err != nil {
		t.Fatal(err)
	}
	place.CreatedAt = at.UnixMicro()
	return &place
}

func filters(t *testing.T, store *postgres.Store) {
	t.Helper()
	from := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	before := from + (24 * time.Hour).Microseconds()
	measure(t, store, "file name begins, rare (1 of 10007)", record.Query{FileName: "quarterly"}, 1)
	measure(t, store, "file name begins, frequent", record.Query{FileName: "recording 1"}, pageSize)
	measure(t, store, "file name begins, nowhere", record.Query{FileName: "nothing"}, 0)
	measure(t, store, "language, rare (1 of 99991)", record.Query{Language: "fi"}, 0)
	measure(t, store, "language and status, frequent", record.Query{Language: "en", Status: []string{"failed"}}, pageSize)
	measure(t, store, "a day, a year and a half ago", record.Query{From: &from, Before: &before}, pageSize)
}

// searches looks for words of the heavy user, and of another.
func searches(t *testing.T, store *postgres.Store, other string) {
	t.Helper()
	said := newSpeaker().words
	search := func(what, user, query string, atLeast int) {
		t.Helper()
		terms, err := words.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		measure(t, store, what, record.Query{UserID: user, Terms: terms}, atLeast)
	}
	search("words: a rare one", heavy, rareWord, rareJobs)
	search("words: the most frequent one", heavy, said[0], pageSize)
	search("words: frequent and rare", heavy, said[0]+" "+rareWord, 1)
	search("words: one that nobody says", heavy, "nothing", 0)
	search("words: a phrase of two frequent ones", heavy, `"`+said[0]+" "+said[1]+`"`, 1)
	search("words: a beginning of many", heavy, string([]rune(said[1])[:2])+"*", pageSize)
	search("words: the most frequent one, of a user among many", other, said[0], 1)
}

func statistics(t *testing.T, store *postgres.Store) {
	t.Helper()
	began := time.Now()
	users := walk(t, func(ctx context.Context, after string) (string, error) { return store.CountMissing(ctx, 1, after) }, t.Context())
	say("%-58s %8.0f s", fmt.Sprintf("all rows counted once, %d users", users), time.Since(began).Seconds())
	timed(t, "statistics of one user", func(ctx context.Context) (int, error) {
		all, err := store.UserStatistics(ctx, heavy, 19_700)
		return len(all[record.ByDay]), err
	})
	timed(t, "statistics of the system", func(ctx context.Context) (int, error) {
		all, err := store.SystemStatistics(ctx)
		return len(all), err
	})
}

// walk does step after step and returns how many.
func walk(t *testing.T, step func(ctx context.Context, after string) (string, error), ctx context.Context) (steps int) {
	t.Helper()
	for at := ""; ; steps++ {
		next, err := step(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		if next == "" {
			return steps
		}
		at = next
	}
}

// records measures how fast jobs are recorded beside all that there are.
func records(t *testing.T, store *postgres.Store) {
	t.Helper()
	for _, size := range []int{64, 1000} {
		began, jobs := time.Now(), 0
		for ; time.Since(began) < readTime; jobs += size {
			if err := store.Record(t.Context(), storetest.Finished(t, jobs+1, size)); err != nil {
				t.Fatal(err)
			}
		}
		say("%-58s %8.0f jobs/s", fmt.Sprintf("new jobs with transcripts recorded, %d at once", size), float64(jobs)/time.Since(began).Seconds())
	}
}
