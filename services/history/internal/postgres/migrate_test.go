package postgres_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
	"github.com/stenomesh/stenomesh/services/history/storetest"
)

func TestMigrate_isDoneOnceHoweverManyStart(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	var replicas sync.WaitGroup
	for range 6 {
		replicas.Go(func() {
			if err := postgres.Migrate(t.Context(), postgres.Config{URL: database, Pool: 1}); err != nil {
				t.Error(err)
			}
		})
	}
	replicas.Wait()

	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	want := strconv.Itoa(len(files))
	if steps := ask(t, database, `SELECT COUNT(*)::text FROM goose_db_version WHERE version_id > 0`); steps != want {
		t.Errorf("%s steps were done; want %s", steps, want)
	}
}

func TestOpen_waitsForWhoeverMigrates(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	cfg := postgres.Config{URL: database, Pool: 1}
	store := openWith(t, cfg, &journal{})
	if err := store.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without tables: got %v", err)
	}

	if err := postgres.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}

	testkit.Eventually(t, "the tables are found", func() bool { return store.Check(t.Context()) == nil })
}

func TestOpen_runsOnTablesOfANewerBuild(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	_ = open(t, database)
	execute(t, database, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (90001, true)`,
		`ALTER TABLE transcription_history ADD COLUMN later text`)

	for _, migrate := range []bool{true, false} {
		store := openWith(t, postgres.Config{URL: database, Pool: 1, Migrate: migrate}, &journal{})
		if err := store.Check(t.Context()); err != nil {
			t.Errorf("migrate %v: %v", migrate, err)
		}
	}
}

func TestMigrate_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	err := postgres.Migrate(t.Context(), postgres.Config{URL: testkit.Postgres(t) + "&dbname=nowhere", Pool: 1})
	if got := fault.Of(err); got == nil || got.Code != "database_missing" {
		t.Errorf("got %v", err)
	}
}

func TestMigrate_makesTheIndexes(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	_ = open(t, database)
	rows, err := begin(t, database).Query(t.Context(), `
SELECT pg_get_indexdef(indexrelid)
FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE relname LIKE 'idx_%'`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	const jobs = "CREATE INDEX idx_transcription_history_"
	const table = " ON public.transcription_history USING btree "
	want := []string{
		jobs + "user_id" + table + "(user_id)",
		jobs + "created_at" + table + "(created_at DESC)",
		jobs + "status" + table + "(status)",
		jobs + "user_status" + table + "(user_id, status)",
		jobs + "file_name" + table + "(file_name text_pattern_ops)",
		jobs + "status_priority" + table + "(status, priority)",
		jobs + "keyset" + table + "(user_id, created_at DESC, id DESC) WHERE (status <> 'deleted'::text)",
		jobs + "active" + table + "(created_at) WHERE (status = ANY (ARRAY['queued'::text, 'preprocessing'::text, 'transcribing'::text, 'assembling'::text]))",
		"CREATE INDEX idx_api_keys_user ON public.api_keys USING btree (user_id, id)",
		jobs + "user_language" + table + "(user_id, language)",
		jobs + "user_model" + table + "(user_id, model)",
		jobs + "user_file_name" + table + "(user_id, file_name text_pattern_ops)",
		"CREATE INDEX idx_transcript_words ON public.transcript_words USING gin (words)",
		"CREATE INDEX idx_user_counters_uncounted ON public.user_counters USING btree (user_id) WHERE (counted < 2)",
		"CREATE INDEX idx_users_active ON public.users USING btree (role, is_active) WHERE is_active",
		"CREATE INDEX idx_webhook_deliveries_job ON public.webhook_deliveries USING btree (job_id, ended_at DESC)",
		"CREATE INDEX idx_webhook_deliveries_user ON public.webhook_deliveries USING btree (user_id)",
		"CREATE INDEX idx_webhook_secrets_user ON public.webhook_secrets USING btree (user_id)",
		"CREATE UNIQUE INDEX idx_webhook_secrets_current ON public.webhook_secrets USING btree (user_id) WHERE (expires_at IS NULL)",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q,\nwant %q", got, want)
	}
}

func TestUpkeep_catchesUpWithAVersionBefore(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	storetest.CatchesUp(t, open(t, database), func() { execute(t, database, storetest.Before...) })
}
