package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// encodeKnown writes jobs as a JSON object of ids and revisions, one parameter of
// a query however many they are.
func encodeKnown(jobs []record.Known) (string, error) {
	revisions := make(map[string]int64, len(jobs))
	for _, known := range jobs {
		revisions[known.JobID] = int64(known.Revision)
	}
	text, err := json.Marshal(revisions)
	if err != nil {
		return "", fmt.Errorf("encode known jobs: %w", err)
	}
	return string(text), nil
}

// encodeIDs writes ids as a JSON array.
func encodeIDs(ids []string) (string, error) {
	text, err := json.Marshal(ids)
	if err != nil {
		return "", fmt.Errorf("encode ids: %w", err)
	}
	return string(text), nil
}

// CROSS JOIN keeps the order of the tables: the rows are found by their ids.
const selectKnown = `
SELECT job.id, job.status <> 'deleted', job.revision >= known.value
FROM json_each(?) AS known
CROSS JOIN transcription_history AS job ON job.id = known.key
WHERE job.user_id = ?`

// readKnown counts how many of the jobs have a row that is not deleted, and lists
// those whose row is not older than what is known.
func readKnown(ctx context.Context, tx *sql.Tx, userID, jobs string) (live int64, recorded []string, err error) {
	rows, err := tx.QueryContext(ctx, selectKnown, jobs, userID)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var isLive, isRecorded bool
		if err := rows.Scan(&id, &isLive, &isRecorded); err != nil {
			return 0, nil, err
		}
		if isLive {
			live++
		}
		if isRecorded {
			recorded = append(recorded, id)
		}
	}
	return live, recorded, rows.Err()
}
