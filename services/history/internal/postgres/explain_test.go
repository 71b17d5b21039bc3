package postgres_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

// A day in the middle of 20 000 jobs of 50 users, most of them completed, and 5000
// accounts.
var filling = []string{`
INSERT INTO transcription_history
SELECT
    'job' || n, 'user' || n % 50, 1,
    (ARRAY['completed', 'completed', 'completed', 'failed', 'deleted', 'cancelled', 'completed', 'queued'])[1 + n % 8],
    'normal', 'demo', 'ru', 'recording ' || n || '.mp3', 'file' || n, 60000,
    '2026-01-01'::timestamptz + n * interval '1 minute', NULL, NULL, '', n, repeat('x', 300)::bytea
FROM generate_series(1, 20000) AS n`, `
INSERT INTO transcripts
SELECT id, attempt, repeat('word ', 50), repeat('x', 300)::bytea
FROM transcription_history
WHERE status = 'completed'`, `
INSERT INTO transcript_versions
SELECT id, 1, repeat('x', 300)::bytea
FROM transcription_history
WHERE status = 'completed'`, `
INSERT INTO transcript_words
SELECT job_id, array_to_tsvector(ARRAY['word', 'rare' || job_id] || ARRAY(SELECT 'a longer word ' || n FROM generate_series(1, 60) AS n))
FROM transcripts
WHERE job_id <> 'job80'`, `
INSERT INTO user_statistics
SELECT 'user' || n % 50, 'day', (20000 + n)::text, 1, 1, 1, 1
FROM generate_series(1, 20000) AS n`, `
INSERT INTO user_counters
SELECT user_id, COUNT(*)
FROM transcription_history
WHERE status <> 'deleted'
GROUP BY user_id`, `
INSERT INTO users
SELECT 'id' || n, 'name' || n, 'hash', 'user', true, now()
FROM generate_series(1, 5000) AS n`, `
INSERT INTO webhook_deliveries
SELECT id || '_1_completed', user_id, id, 1, 'completed', 'https://example.org', created_at, 'delivered', created_at, NULL
FROM transcription_history
WHERE status = 'completed'`, `
INSERT INTO webhook_attempts
SELECT id, queued_at, 100, 200, ''
FROM webhook_deliveries`, `
INSERT INTO webhook_secrets
SELECT 'secret' || id, id, 'whsec_', now(), NULL
FROM users`, `
INSERT INTO api_keys
SELECT 'key' || n, 'id' || 1 + n % 5000, sha256(n::text::bytea), 'name', 'sk-', now(), NULL, NULL
FROM generate_series(1, 10000) AS n`, `
INSERT INTO user_usage
SELECT 'user' || n % 50, n / 50, 60000
FROM generate_series(1, 10000) AS n`, `
INSERT INTO counters
VALUES ('users', 5000)`, `
ANALYZE`}

func TestStore_neverReadsAWholeTable(t *testing.T) {
	t.Parallel()
	for _, plans := range []string{"force_custom_plan", "force_generic_plan"} {
		t.Run(plans, func(t *testing.T) {
			t.Parallel()
			database := testkit.Postgres(t)
			_ = open(t, database) // makes the tables
			execute(t, database, filling...)
			p := &planner{}
			store := p.open(t, database+"&enable_seqscan=on", plans) // it may, and does not want to

			askEverything(t, store)

			cursor := regexp.MustCompile(`Index Scan using idx_transcription_history_keyset .*\n *Index Cond: .*ROW\(created_at, id\) <`)
			p.wantNoWholeTable(t)
			for _, plan := range p.plans {
				if strings.Contains(plan, "AND (created_at, id) <") && !cursor.MatchString(plan) {
					t.Errorf("reads its way to where the cursor points:\n%s", plan)
				}
			}
			for _, text := range statements(t) {
				if !p.saw(text) {
					t.Errorf("never explained; askEverything should ask for it:%s", text)
				}
			}
		})
	}
}

func TestStore_makesPlansThatLast(t *testing.T) {
	t.Parallel()
	p := &planner{}
	store := p.open(t, testkit.Postgres(t), "force_generic_plan")

	if err := store.Record(t.Context(), []record.Change{queued("a", 1), queued("b", 2)}); err != nil {
		t.Fatal(err)
	}
	if page, err := store.Page(t.Context(), record.Query{UserID: "ann", Limit: 10}); err != nil || page.Total != 2 {
		t.Errorf("%v, %v", page, err)
	}
	if ids, err := store.DeleteUser(t.Context(), "ann"); err != nil || len(ids) != 2 {
		t.Errorf("%v, %v", ids, err)
	}

	p.wantNoWholeTable(t) // although nothing is faster on two rows
}

// askEverything runs every statement of the package at least once.
func askEverything(t *testing.T, store *postgres.Store) {
	t.Helper()
	var changes []record.Change
	for n := 1; n <= 64; n++ { // a batch of the recorder
		id := fmt.Sprintf("job%d", n*301)
		if n%4 == 0 {
			id = fmt.Sprintf("new%d", n)
		}
		changes = append(changes, record.Change{Revision: uint64(30000 + n), Job: &jobv1.Job{Id: id, UserId: fmt.Sprintf("user%d", n*301%50),
			Attempt: 1, State: jobv1.State(1 + n%8), CreatedAt: timestamppb.Now(), Media: &jobv1.Media{DurationMs: 1000}}})
		if n%3 == 0 {
			changes[n-1].Job.State, changes[n-1].Transcript = jobv1.State_STATE_COMPLETED, &jobv1.Transcript{Language: "ru"}
			changes[n-1].Job.TranscriptVersion = uint32(n % 2 * 2)
		}
	}
	again := record.Change{Job: &jobv1.Job{Id: "job6", UserId: "user6", Attempt: 1, State: jobv1.State_STATE_COMPLETED}, Revision: 1,
		Transcript: &jobv1.Transcript{}}
	known := []record.Known{{JobID: "job21", Revision: 1}, {JobID: "job71", Revision: 1 << 40}}
	middle := &record.Position{CreatedAt: time.Date(2026, 1, 7, 0, 0, 0, 0, time.UTC).UnixMicro(), JobID: "job1"}
	recordErr := store.Record(t.Context(), append(changes, again))
	_, _, jobErr := store.Job(t.Context(), "user21", "job21")
	_, transcriptErr := store.Transcript(t.Context(), "user42", "job10042")
	_, versionErr := store.TranscriptVersion(t.Context(), "user42", "job10042", 1)
	_, _, _ = store.Lacking(t.Context(), "job21") // it lacks nothing
	_, confirmErr := store.Confirmed(t.Context(), "job21", 1)
	var pageErrs []error
	for _, q := range []record.Query{
		{Limit: 10}, {Limit: 1000}, {Limit: 10, Offset: 300}, {Limit: 10, After: middle}, {Limit: 10, Status: []string{"failed"}},
		{Limit: 10, After: middle, Status: []string{"completed", "failed"}, Without: known}, {Limit: 100, Without: known},
		{Limit: 10, Language: "ru", From: &middle.CreatedAt}, {Limit: 10, Model: "other", Before: &middle.CreatedAt},
		{Limit: 10, FileName: "recording 17"}, {Limit: 10, FileName: "\U0010FFFF"}, {Limit: 10, Terms: []words.Term{{Stems: []string{"word"}}}},
		{Limit: 10, OldestFirst: true}, {Limit: 10, OldestFirst: true, After: middle},
	} {
		q.UserID = "user21"
		_, err := store.Page(t.Context(), q)
		pageErrs = append(pageErrs, err)
	}
	pageErrs = append(pageErrs, askForHooks(t, store)...)
	_, textsErr := store.Texts(t.Context(), "user42", []string{"job10042"}, 1000)
	_, indexErr := store.IndexMissing(t.Context(), "job7x")
	_, userErr := store.UserStatistics(t.Context(), "user21", 0)
	_, systemErr := store.SystemStatistics(t.Context())
	_, recountErr := store.CountMissing(t.Context(), 2, "user2")
	_, createErr := store.CreateUser(t.Context(), record.User{ID: "user21", Name: "ann", Role: "user"})
	_, nameErr := store.UserByName(t.Context(), "ann")
	_, idErr := store.UserByID(t.Context(), "user21")
	_, countErr := store.CountUsers(t.Context())
	_, _, listErr := store.Users(t.Context(), "id2000", 10)
	_, lockErr := store.LockUser(t.Context(), "user21")
	_, updateErr := store.UpdateUser(t.Context(), "id2000", record.UserChange{})
	fresh := record.Key{ID: "key", UserID: "id2000", CreatedAt: time.Now()}
	keyErr := store.CreateKey(t.Context(), fresh)
	_, keysErr := store.Keys(t.Context(), "id2000")
	_, hashErr := store.KeyByHash(t.Context(), fresh.Hash)
	useErr := store.NoteKeyUses(t.Context(), []record.KeyUse{{KeyID: "key", At: time.Now()}})
	removeErr := store.DeleteKey(t.Context(), "id2000", "key")
	_, usageErr := store.Usage(t.Context(), "user21", 100)
	_, deleteErr := store.DeleteUser(t.Context(), "user21")
	for at, err := range append(pageErrs, recordErr, jobErr, transcriptErr, versionErr, confirmErr, createErr, nameErr, idErr, countErr,
		listErr, lockErr, updateErr, keyErr, keysErr, hashErr, useErr, removeErr, usageErr, deleteErr, textsErr, indexErr,
		userErr, systemErr, recountErr, store.Check(t.Context())) {
		if err != nil {
			t.Errorf("answer %d: %v", at, err)
		}
	}
}

// askForHooks runs the statements about hooks.
func askForHooks(t *testing.T, store *postgres.Store) (errs []error) {
	t.Helper()
	now := timestamppb.Now()
	errs = append(errs, store.RecordDelivery(t.Context(), &historyv1.Delivery{
		Id: "job10042_1_completed", UserId: "user42", JobId: "job10042", Attempt: 1, Event: "completed", EndedAt: now, QueuedAt: now,
		State: historyv1.DeliveryState_DELIVERY_STATE_PENDING, Attempts: []*historyv1.DeliveryAttempt{{StartedAt: now}},
	}))
	_, err := store.Delivery(t.Context(), "user42", "job10042_1_completed")
	errs = append(errs, err)
	_, err = store.Deliveries(t.Context(), "user42", "job10042")
	errs = append(errs, err)
	fresh := record.Secret{ID: "fresh", Secret: "whsec_", CreatedAt: now.AsTime()}
	_, err = store.WebhookSecrets(t.Context(), "id2000", fresh)
	errs = append(errs, err)
	_, _ = store.WebhookSecrets(t.Context(), "nobody", fresh) // gets none
	_, err = store.RotateWebhookSecret(t.Context(), "id2000", "secretid2000", fresh)
	return append(errs, err)
}

// planner collects the plans that the server used.
type planner struct {
	mu    sync.Mutex
	plans []string
}

// open opens a store that is told how each of its statements was run: the server's
// module auto_explain says it in notices.
func (p *planner) open(t *testing.T, database, plans string) *postgres.Store {
	t.Helper()
	options := ""
	for _, setting := range []string{"session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0",
		"auto_explain.log_level=notice", "auto_explain.log_nested_statements=on", "plan_cache_mode=" + plans} {
		options += "-c " + setting + " "
	}
	// Without migrating: it reads the version of the tables then.
	cfg := postgres.Config{URL: database + "&options=" + strings.ReplaceAll(url.PathEscape(options), "=", "%3D"), Pool: 2}
	store, err := postgres.OpenHearing(t.Context(), cfg, testkit.Log(t), p.hear)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func (p *planner) hear(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans = append(p.plans, message)
}

func (p *planner) wantNoWholeTable(t *testing.T) {
	t.Helper()
	scan := regexp.MustCompile(`Seq Scan on (public\.)?(transcription_history|transcripts|transcript_versions|transcript_words|user_statistics|` +
		`users|api_keys|user_usage|webhook_[a-z]+)\b`)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.plans) == 0 {
		t.Error("no plan was heard of")
	}
	for _, plan := range p.plans {
		if scan.MatchString(plan) {
			t.Errorf("reads a whole table:\n%s", plan)
		}
	}
}

func (p *planner) saw(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, plan := range p.plans {
		if strings.Contains(plan, strings.TrimSpace(text)) {
			return true
		}
	}
	return false
}

// statements finds the statements in the source of this package, and their parts
// where they are put together.
func statements(t *testing.T) []string {
	t.Helper()
	words := regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|AND|SET|LIMIT|ON CONFLICT)\b`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(literal.Value); err == nil && words.MatchString(text) && !strings.Contains(text, "pg_advisory") { // locks read no table
				found = append(found, text)
			}
			return true
		})
	}
	if len(found) < 20 {
		t.Fatalf("found only %d statements", len(found))
	}
	return found
}
