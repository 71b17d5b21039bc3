package postgres_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// crossings makes the server say twice that another transaction is in the way.
const crossings = `
CREATE SEQUENCE crossings;
CREATE FUNCTION cross_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE nextval('crossings')
        WHEN 1 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = 'deadlock_detected';
        WHEN 2 THEN RAISE EXCEPTION 'crossed' USING ERRCODE = 'serialization_failure';
        ELSE RETURN NEW;
    END CASE;
END $$;
CREATE TRIGGER cross_it BEFORE INSERT ON transcription_history FOR EACH ROW EXECUTE FUNCTION cross_it()`

func TestRecord_triesAgainWhenOthersAreInTheWay(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	store := open(t, database)
	execute(t, database, crossings)

	err := store.Record(t.Context(), []record.Change{queued("a", 1)})

	if ok, confirmErr := store.Confirmed(t.Context(), "a", 1); err != nil || !ok || confirmErr != nil {
		t.Errorf("got %v; confirmed %v, %v", err, ok, confirmErr)
	}
	if tries := ask(t, database, `SELECT last_value::text FROM crossings`); tries != "3" {
		t.Errorf("tried %s times, want 3", tries)
	}
}

func queued(id string, revision uint64) record.Change {
	return record.Change{Revision: revision,
		Job: &jobv1.Job{Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.Now()}}
}
