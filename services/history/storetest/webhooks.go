package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// delivery is of a job that has ended, with an attempt that began n seconds after the
// hook was queued; none for 0.
func delivery(job *jobv1.Job, state historyv1.DeliveryState, n int) *historyv1.Delivery {
	d := &historyv1.Delivery{
		Id: job.GetId() + "_1_completed", UserId: job.GetUserId(), JobId: job.GetId(), Attempt: 1, Event: "completed",
		Url: "https://пример.example/ended?key=1", EndedAt: timestamppb.New(created), State: state, QueuedAt: timestamppb.New(created),
	}
	if state == historyv1.DeliveryState_DELIVERY_STATE_PENDING {
		d.NextAt = timestamppb.New(created.Add(time.Duration(n+10) * time.Second))
	}
	if n > 0 {
		d.Attempts = []*historyv1.DeliveryAttempt{{
			StartedAt: timestamppb.New(created.Add(time.Duration(n) * time.Second)), DurationMs: int64(n), HttpStatus: 503, Error: "status",
		}}
	}
	return d
}

const (
	pending   = historyv1.DeliveryState_DELIVERY_STATE_PENDING
	delivered = historyv1.DeliveryState_DELIVERY_STATE_DELIVERED
	stopped   = historyv1.DeliveryState_DELIVERY_STATE_STOPPED
)

func mustDeliver(t *testing.T, store history.Store, d *historyv1.Delivery) {
	t.Helper()
	if err := store.RecordDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func deliveryIsKeptWithItsAttempts(t *testing.T, store history.Store) {
	done := completed(1)
	if err := store.RecordDelivery(t.Context(), delivery(done, pending, 1)); fault.Of(err).Code != "job_not_recorded" {
		t.Errorf("of a job that is not recorded: %v", err)
	}
	mustRecord(t, store, change(done, 5))

	want := delivery(done, pending, 1)
	for range 2 { // twice is once
		mustDeliver(t, store, want)
	}
	wantDelivery(t, store, want)

	second := delivery(done, delivered, 2)
	mustDeliver(t, store, second)
	want.State, want.NextAt, want.Attempts = delivered, nil, append(want.Attempts, second.GetAttempts()...)
	wantDelivery(t, store, want)

	again := delivery(done, stopped, 0) // without an attempt, of a hook that was queued later
	again.QueuedAt = timestamppb.New(created.Add(time.Minute))
	mustDeliver(t, store, again)
	late := delivery(done, pending, 3) // of the first hook
	mustDeliver(t, store, late)
	want.State, want.QueuedAt, want.Attempts = stopped, again.GetQueuedAt(), append(want.Attempts, late.GetAttempts()...)
	wantDelivery(t, store, want)

	for n := range record.MostAttempts {
		mustDeliver(t, store, delivery(done, pending, 10+n))
	}
	got, err := store.Delivery(t.Context(), "ann", want.GetId())
	if err != nil || len(got.GetAttempts()) != record.MostAttempts || got.GetAttempts()[0].GetDurationMs() != 10 {
		t.Errorf("%d attempts are kept, the first %v, %v", len(got.GetAttempts()), got.GetAttempts()[0], err)
	}
}

func wantDelivery(t *testing.T, store history.Store, want *historyv1.Delivery) {
	t.Helper()
	got, err := store.Delivery(t.Context(), want.GetUserId(), want.GetId())
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	list, err := store.Deliveries(t.Context(), want.GetUserId(), want.GetJobId())
	if err != nil || len(list) != 1 || !proto.Equal(list[0], want) {
		t.Errorf("listed %v, %v; want %v", list, err, want)
	}
}

func deliveryBelongsToItsOwner(t *testing.T, store history.Store) {
	done := completed(1)
	mustRecord(t, store, change(done, 5), change(completed(2), 6))
	mine := delivery(done, delivered, 1)
	mustDeliver(t, store, mine)

	for _, user := range []string{"bob", "", "ann\x00"} {
		_, err := store.Delivery(t.Context(), user, mine.GetId())
		wantNotFound(t, "delivery", err)
		if list, err := store.Deliveries(t.Context(), user, done.GetId()); err != nil || len(list) != 0 {
			t.Errorf("%q: %v, %v", user, list, err)
		}
	}
	_, err := store.Delivery(t.Context(), "ann", "nothing")
	wantNotFound(t, "another id", err)
	if list, err := store.Deliveries(t.Context(), "ann", completed(2).GetId()); err != nil || len(list) != 0 {
		t.Errorf("of another job: %v, %v", list, err)
	}
}

func deliveryGoesWithItsJob(t *testing.T, store history.Store) {
	done, other := completed(1), completed(2)
	mustRecord(t, store, change(done, 5), change(other, 6))
	mustDeliver(t, store, delivery(done, pending, 1))
	mustDeliver(t, store, delivery(other, pending, 1))

	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 7))
	mustDeliver(t, store, delivery(done, delivered, 2)) // it was under way

	if list, err := store.Deliveries(t.Context(), "ann", done.GetId()); err != nil || len(list) != 0 {
		t.Errorf("of a deleted job: %v, %v", list, err)
	}
	wantDelivery(t, store, delivery(other, pending, 1))
}

func deliveryGoesWithItsUser(t *testing.T, store history.Store) {
	anns, bobs := recordUser(t, store, "ann"), recordUser(t, store, "bob")
	mustDeliver(t, store, delivery(&jobv1.Job{Id: anns[1], UserId: "ann"}, pending, 1))
	mustDeliver(t, store, delivery(&jobv1.Job{Id: bobs[1], UserId: "bob"}, pending, 1))

	if _, err := store.DeleteUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	mustDeliver(t, store, delivery(&jobv1.Job{Id: anns[1], UserId: "ann"}, delivered, 2))

	if list, err := store.Deliveries(t.Context(), "ann", anns[1]); err != nil || len(list) != 0 {
		t.Errorf("of a deleted user: %v, %v", list, err)
	}
	wantDelivery(t, store, delivery(&jobv1.Job{Id: bobs[1], UserId: "bob"}, pending, 1))
}

// secret is the nth of a test, made n hours after the first.
func secret(n int) record.Secret {
	return record.Secret{ID: fmt.Sprintf("secret-%d", n), Secret: fmt.Sprintf("whsec_%d", n), CreatedAt: created.Add(time.Duration(n) * time.Hour)}
}

func mustCreate(t *testing.T, store history.Store, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := store.CreateUser(t.Context(), user("id-"+name, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func secretsAreMadeOnce(t *testing.T, store history.Store) {
	mustCreate(t, store, "ann", "bob")
	var askers sync.WaitGroup
	for n := range 4 {
		askers.Go(func() {
			if _, err := store.WebhookSecrets(t.Context(), "id-ann", secret(n)); err != nil {
				t.Error(err)
			}
		})
	}
	askers.Wait()

	anns, err := store.WebhookSecrets(t.Context(), "id-ann", secret(5))
	if err != nil || len(anns) != 1 || !anns[0].ExpiresAt.IsZero() || anns[0] == secret(5) {
		t.Errorf("got %v, %v", anns, err)
	}
	bobs, err := store.WebhookSecrets(t.Context(), "id-bob", secret(6))
	if err != nil || len(bobs) != 1 || bobs[0] != secret(6) {
		t.Errorf("got %v, %v; want one of the user's own", bobs, err)
	}
	for _, nobody := range []string{"id-nobody", "id-ann\x00"} {
		_, err = store.WebhookSecrets(t.Context(), nobody, secret(7))
		wantNotFound(t, nobody, err)
		_, err = store.RotateWebhookSecret(t.Context(), nobody, "secret-0", secret(7))
		wantNotFound(t, nobody, err)
	}
}

func secretsAreReplaced(t *testing.T, store history.Store) {
	mustCreate(t, store, "ann")
	if _, err := store.WebhookSecrets(t.Context(), "id-ann", secret(0)); err != nil {
		t.Fatal(err)
	}
	for _, fresh := range []record.Secret{secret(1), secret(2)} { // the second comes too late
		got, err := store.RotateWebhookSecret(t.Context(), "id-ann", "secret-0", fresh)
		if err != nil || len(got) != 2 || got[0] != secret(1) || got[1].ID != "secret-0" || !got[1].ExpiresAt.Equal(created.Add(25*time.Hour)) {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	for n := 2; n < record.MostSecrets; n++ {
		if _, err := store.RotateWebhookSecret(t.Context(), "id-ann", fmt.Sprintf("secret-%d", n-1), secret(n)); err != nil {
			t.Fatal(err)
		}
	}
	last := fmt.Sprintf("secret-%d", record.MostSecrets-1)
	if _, err := store.RotateWebhookSecret(t.Context(), "id-ann", last, secret(20)); fault.Of(err).Code != "too_many_secrets" {
		t.Errorf("once too often: %v", err)
	}

	got, err := store.RotateWebhookSecret(t.Context(), "id-ann", last, secret(25)) // when the first has just ended
	if err != nil || len(got) != record.MostSecrets || got[0] != secret(25) || got[1].ID != last {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = store.WebhookSecrets(t.Context(), "id-ann", secret(100)); err != nil || len(got) != 1 || got[0] != secret(25) {
		t.Errorf("got %v, %v; want only the current one", got, err)
	}
}

func secretsGoWithTheirUser(t *testing.T, store history.Store) {
	mustCreate(t, store, "ann")
	if _, err := store.WebhookSecrets(t.Context(), "id-ann", secret(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.DeleteUser(t.Context(), "id-ann"); err != nil {
		t.Fatal(err)
	}

	_, err := store.WebhookSecrets(t.Context(), "id-ann", secret(1))

	wantNotFound(t, "secrets", err)
	mustCreate(t, store, "ann") // somebody else of that name, though of that id
	if got, err := store.WebhookSecrets(t.Context(), "id-ann", secret(2)); err != nil || len(got) != 1 || got[0] != secret(2) {
		t.Errorf("got %v, %v", got, err)
	}
}
