//go:build rows

package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
)

// Shape of the filled history: two years of jobs, 22 % of them one user's.
const (
	heavy       = "00000000-0000-7000-8000-000000000000"
	spokenWords = 120    // of a transcript
	vocabulary  = 30_000 // words, used as often as those of a language are
	rareWord    = "serendipity"
	rareJobs    = 5 // of the heavy user that say it
)

// insertJobs makes jobs $1 to $2 of $3. The record of each is $4 behind its id.
const insertJobs = `
INSERT INTO transcription_history
SELECT
    id,
    '00000000-0000-7000-8000-' || lpad((CASE WHEN n % 100 < 22 THEN 0 ELSE 1 + (n * 7919) % 9999 END)::text, 12, '0'),
    1,
    CASE WHEN n % 97 = 0 THEN 'deleted' WHEN n % 23 = 0 THEN 'failed' WHEN n % 43 = 0 THEN 'cancelled' ELSE 'completed' END,
    'normal',
    CASE WHEN n % 10 < 7 THEN 'large-v3-turbo' ELSE 'small' END,
    CASE WHEN n % 99991 = 0 THEN 'fi' WHEN n % 13 < 8 THEN 'ru' ELSE 'en' END,
    CASE WHEN n % 10007 = 0 THEN 'quarterly report ' WHEN n % 11 < 4 THEN 'интервью ' ELSE 'recording ' END || n || '.mp3',
    'file' || n,
    60000 + n % 3600 * 1000,
    at, at, at + interval '1 minute', '', n + 1,
    '\x0a24'::bytea || convert_to(id, 'UTF8') || $4
FROM (
    SELECT
        n,
        timestamptz '2024-01-01 00:00+00' + n * (interval '730 days' / $3::bigint::float8) AS at,
        regexp_replace(lpad(to_hex(1704067200000 + n * (63072000000 / $3::bigint)), 12, '0') || '7' || substr(md5(n::text), 1, 19),
            '(.{8})(.{4})(.{4})(.{4})(.{12})', '\1-\2-\3-\4-\5') AS id
    FROM generate_series($1::bigint, $2::bigint) AS n) AS made`

// fill makes the rows without indexes, which are built afterwards, and everything
// else as the service does it.
func fill(t *testing.T, database string, store *postgres.Store, rows, transcripts int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	done := phase(t, fmt.Sprintf("%d rows", rows))
	indexes := indexesOf(t, conn)
	for name := range indexes {
		exec(`DROP INDEX ` + name)
	}
	for from := 0; from < rows; from += 500_000 {
		exec(insertJobs, from, min(from+500_000, rows)-1, rows, template(t))
	}
	done()
	done = phase(t, "their indexes")
	for _, definition := range indexes {
		exec(definition)
	}
	exec(`INSERT INTO user_counters (user_id, jobs) SELECT user_id, COUNT(*) FROM transcription_history WHERE status <> 'deleted' GROUP BY user_id`)
	exec(`VACUUM ANALYZE transcription_history`)
	done()
	done = phase(t, fmt.Sprintf("%d transcripts", transcripts))
	writeTranscripts(t, conn, rows, transcripts)
	done()
	done = phase(t, "search in them, by the step for rows of a version before")
	walk(t, store.IndexMissing, t.Context())
	exec(`VACUUM ANALYZE`)
	done()
}

// indexesOf are the indexes of the jobs but for that of their key, by name.
func indexesOf(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'transcription_history' AND indexname LIKE 'idx_%'`)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	var name, definition string
	_, err = pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
		found[name] = definition
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// template is the record of a job but for its id.
func template(t *testing.T) []byte {
	t.Helper()
	at := timestamppb.Now()
	body, err := proto.Marshal(&jobv1.Job{
		UserId: heavy, Attempt: 1, State: jobv1.State_STATE_COMPLETED, Language: "ru", CreatedAt: at, StartedAt: at, FinishedAt: at, UpdatedAt: at,
		Options: &jobv1.Options{Model: "whisper-1", ResolvedModel: "large-v3-turbo", Language: "auto", Languages: []string{"en", "ru"}, Vad: true},
		Input:   &jobv1.Input{FileId: "file1", Name: "recording.mp3", Size: 1 << 20, ContentType: "audio/mpeg", BlobKey: "files/" + heavy + "/1"},
		Media:   &jobv1.Media{DurationMs: 60_000, Format: "mp3", Codec: "mp3", Channels: 2, SampleRate: 44_100, BitRate: 128_000},
		Timings: []*jobv1.Timing{{Stage: "queued", DurationMs: 3}, {Stage: "preprocessing", DurationMs: 200}, {Stage: "transcribing", DurationMs: 4000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// writeTranscripts gives transcripts to completed jobs all over the time.
func writeTranscripts(t *testing.T, conn *pgx.Conn, rows, transcripts int) {
	t.Helper()
	found, err := conn.Query(t.Context(), `
SELECT id, user_id
FROM transcription_history
WHERE status = 'completed' AND hashtext(id) % $1 = 0
LIMIT $2`, max(1, rows*9/10/transcripts), transcripts)
	if err != nil {
		t.Fatal(err)
	}
	var ids, owners []string
	var id, owner string
	if _, err := pgx.ForEachRow(found, []any{&id, &owner}, func() error {
		ids, owners = append(ids, id), append(owners, owner)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	speaker, rare := newSpeaker(), rareJobs
	at := -1
	_, err = conn.CopyFrom(t.Context(), pgx.Identifier{"transcripts"}, []string{"job_id", "attempt", "text", "body"}, pgx.CopyFromFunc(func() ([]any, error) {
		if at++; at == len(ids) {
			return nil, nil
		}
		text := speaker.speak()
		if owners[at] == heavy && rare > 0 {
			text, rare = text+" "+rareWord, rare-1
		}
		return []any{ids[at], 1, text, []byte(text)}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
}

// speaker says words as often as they are said in a language.
type speaker struct {
	words []string
	next  *rand.Zipf
}

func newSpeaker() *speaker {
	random := rand.New(rand.NewPCG(1, 2))
	s := &speaker{next: rand.NewZipf(random, 1.1, 3, vocabulary-1)}
	for n := range vocabulary {
		letters := []string{"ба", "ко", "ле", "мир", "но", "пу", "рас", "те", "ша", "вод"}
		if n%3 == 0 {
			letters = []string{"ban", "co", "den", "fi", "gor", "lu", "man", "pol", "ra", "tis"}
		}
		var word strings.Builder
		for left := n + 10; left > 0; left /= 10 {
			word.WriteString(letters[left%10])
		}
		s.words = append(s.words, word.String())
	}
	return s
}

func (s *speaker) speak() string {
	said := make([]string, spokenWords)
	for i := range said {
		said[i] = s.words[s.next.Uint64()]
	}
	return strings.Join(said, " ")
}
