package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func user(id, name string) record.User {
	return record.User{ID: id, Name: name, PasswordHash: "$argon2id$…", Role: "admin", Active: true, CreatedAt: created}
}

func usersAreUniqueByName(t *testing.T, store history.Store) {
	first, err1 := store.CreateUser(t.Context(), user("id-1", "ann"))
	second, err2 := store.CreateUser(t.Context(), user("id-2", "ann"))
	other, err3 := store.CreateUser(t.Context(), user("id-3", "Ann"))

	if err1 != nil || err2 != nil || err3 != nil || !first || second || !other {
		t.Errorf("created %v %v %v, %v %v %v; want yes, no, yes", first, second, other, err1, err2, err3)
	}
	if got, err := store.UserByName(t.Context(), "ann"); err != nil || got.ID != "id-1" {
		t.Errorf("got %v, %v; want the first", got, err)
	}
	if n, err := store.CountUsers(t.Context()); err != nil || n != 2 {
		t.Errorf("count %d, %v; want 2", n, err)
	}
}

func usersAreFoundByNameAndID(t *testing.T, store history.Store) {
	want := user("id-1", "ann@example.org")
	locked := user("id-2", "bob")
	locked.Active, locked.Role = false, "user"
	for _, u := range []record.User{want, locked} {
		if _, err := store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := store.UserByName(t.Context(), want.Name); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := store.UserByID(t.Context(), locked.ID); err != nil || got != locked {
		t.Errorf("got %v, %v; want %v", got, err, locked)
	}
	_, err := store.UserByName(t.Context(), "nobody")
	wantNotFound(t, "name", err)
	_, err = store.UserByName(t.Context(), "bob\x00")
	wantNotFound(t, "a name that begins as another", err)
	_, err = store.UserByID(t.Context(), "nobody")
	wantNotFound(t, "id", err)
}

func usersAreListedInOrder(t *testing.T, store history.Store) {
	var want []string
	for n := range 5 {
		id := fmt.Sprintf("id-%d", n)
		want = append(want, id)
		if _, err := store.CreateUser(t.Context(), user(id, fmt.Sprintf("name-%d", 9-n))); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 2, 4, 5, 6} {
		var got []string
		for after, more := "", true; more; {
			var users []record.User
			var err error
			if users, more, err = store.Users(t.Context(), after, limit); err != nil || len(users) == 0 {
				t.Fatalf("behind %q: %v, %v", after, users, err)
			}
			for _, u := range users {
				got = append(got, u.ID)
			}
			after = users[len(users)-1].ID
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %v", limit, got)
		}
	}
	if users, more, err := store.Users(t.Context(), "id-9", 3); len(users) != 0 || more || err != nil {
		t.Errorf("behind the last: %v, %v, %v", users, more, err)
	}
	if users, _, err := store.Users(t.Context(), "id-3", 3); err != nil || len(users) != 1 || users[0] != user("id-4", "name-5") {
		t.Errorf("got %v, %v; want the whole account", users, err)
	}
}

func lockUserKeepsOneOut(t *testing.T, store history.Store) {
	boss, other := user("id-1", "boss"), user("id-2", "ann")
	other.Role = "user"
	for _, u := range []record.User{boss, other} {
		if _, err := store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	other.Active = false
	for range 2 { // twice is once
		if got, err := store.LockUser(t.Context(), other.ID); err != nil || got != other {
			t.Errorf("got %v, %v; want %v", got, err, other)
		}
	}
	if got, err := store.UserByName(t.Context(), "ann"); err != nil || got.Active {
		t.Errorf("got %v, %v; want a locked account", got, err)
	}
	if _, err := store.LockUser(t.Context(), boss.ID); fault.Of(err).Code != "last_admin" {
		t.Errorf("the last administrator: %v", err)
	}
	if got, err := store.UserByID(t.Context(), boss.ID); err != nil || !got.Active {
		t.Errorf("got %v, %v; want the administrator as before", got, err)
	}
	for _, id := range []string{"nobody", "id-2\x00"} {
		_, err := store.LockUser(t.Context(), id)
		wantNotFound(t, id, err)
	}
}

// Four administrators lock one another at the same moment: one of them stays.
func lockUserLeavesAnAdministrator(t *testing.T, store history.Store) {
	const admins = 4
	for n := range admins {
		if _, err := store.CreateUser(t.Context(), user(fmt.Sprint(n), fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	var refused atomic.Int64
	var all sync.WaitGroup
	for n := range admins {
		all.Go(func() {
			_, err := store.LockUser(context.WithoutCancel(t.Context()), fmt.Sprint(n))
			switch {
			case err != nil && fault.Of(err).Code == "last_admin":
				refused.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()

	if refused.Load() != 1 {
		t.Errorf("%d refused, want one", refused.Load())
	}
}

func mustUsers(t *testing.T, store history.Store, users ...record.User) {
	t.Helper()
	for _, u := range users {
		if _, err := store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
}

func updateUserChangesWhatIsAsked(t *testing.T, store history.Store) {
	want := user("id-1", "ann")
	want.Quota.AudioSeconds = record.Limit{V: 60, Valid: true}
	mustUsers(t, store, want, user("id-2", "boss"))
	role, active, hash := "user", false, "other"
	none, some := record.Limit{}, record.Limit{V: 1 << 40, Valid: true}

	for _, step := range []struct {
		change record.UserChange
		expect func()
	}{
		{record.UserChange{}, func() {}},
		{record.UserChange{Role: &role}, func() { want.Role = role }},
		{record.UserChange{Active: &active}, func() { want.Active = active }},
		{record.UserChange{PasswordHash: &hash}, func() { want.PasswordHash = hash }},
		{record.UserChange{AudioSeconds: &none}, func() { want.Quota.AudioSeconds = none }},
		{record.UserChange{StoredBytes: &some, Jobs: &some}, func() { want.Quota.StoredBytes, want.Quota.Jobs = some, some }},
	} {
		step.expect()
		if got, err := store.UpdateUser(t.Context(), want.ID, step.change); err != nil || got != want {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		if got, err := store.UserByID(t.Context(), want.ID); err != nil || got != want {
			t.Errorf("stored %v, %v; want %v", got, err, want)
		}
	}
	if got, err := store.UserByName(t.Context(), "boss"); err != nil || got != user("id-2", "boss") {
		t.Errorf("somebody else: %v, %v", got, err)
	}
	for _, id := range []string{"nobody", "id-2\x00"} {
		_, err := store.UpdateUser(t.Context(), id, record.UserChange{Active: &active})
		wantNotFound(t, id, err)
	}
}

// Four administrators give one another up at the same moment, in every way there is.
func updateUserLeavesAnAdministrator(t *testing.T, store history.Store) {
	role, active := "user", false
	ways := []func(id string) error{
		func(id string) error { _, err := store.LockUser(context.WithoutCancel(t.Context()), id); return err },
		func(id string) error { return update(t, store, id, record.UserChange{Role: &role}) },
		func(id string) error { return update(t, store, id, record.UserChange{Active: &active}) },
		func(id string) error { return update(t, store, id, record.UserChange{Active: &active, Role: &role}) },
	}
	for n := range ways {
		mustUsers(t, store, user(fmt.Sprint(n), fmt.Sprint(n)))
	}
	var refused atomic.Int64
	var all sync.WaitGroup
	for n, way := range ways {
		all.Go(func() {
			err := way(fmt.Sprint(n))
			switch {
			case err != nil && fault.Of(err).Code == "last_admin":
				refused.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()

	if refused.Load() != 1 {
		t.Errorf("%d refused, want one", refused.Load())
	}
}

func update(t *testing.T, store history.Store, id string, change record.UserChange) error {
	_, err := store.UpdateUser(context.WithoutCancel(t.Context()), id, change)
	return err
}

func everyCallEndsWithItsContext(t *testing.T, store history.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, jobErr := store.Job(ctx, "ann", "x")
	_, transcriptErr := store.Transcript(ctx, "ann", "x")
	_, pageErr := store.Page(ctx, record.Query{UserID: "ann", Limit: 1})
	_, confirmedErr := store.Confirmed(ctx, "x", 1)
	_, createErr := store.CreateUser(ctx, user("id", "ann"))
	_, userErr := store.UserByID(ctx, "x")
	_, countErr := store.CountUsers(ctx)
	_, deleteErr := store.DeleteUser(ctx, "id")
	_, _, lackingErr := store.Lacking(ctx, "x")
	_, nameErr := store.UserByName(ctx, "ann")
	_, _, listErr := store.Users(ctx, "", 1)
	_, lockErr := store.LockUser(ctx, "id")
	_, deliveryErr := store.Delivery(ctx, "ann", "x")
	_, deliveriesErr := store.Deliveries(ctx, "ann", "x")
	_, secretsErr := store.WebhookSecrets(ctx, "ann", secret(0))
	_, rotateErr := store.RotateWebhookSecret(ctx, "ann", "x", secret(0))
	_, updateErr := store.UpdateUser(ctx, "id", record.UserChange{})
	_, keysErr := store.Keys(ctx, "id")
	_, hashErr := store.KeyByHash(ctx, [32]byte{})
	_, usageErr := store.Usage(ctx, "id", 1)
	calls := map[string]error{
		"job": jobErr, "transcript": transcriptErr, "page": pageErr, "confirmed": confirmedErr,
		"create": createErr, "user": userErr, "count": countErr, "check": store.Check(ctx),
		"delete": deleteErr, "lacking": lackingErr, "name": nameErr, "list": listErr, "lock": lockErr,
		"delivery": deliveryErr, "deliveries": deliveriesErr, "secrets": secretsErr, "rotate": rotateErr,
		"deliver": store.RecordDelivery(ctx, delivery(completed(1), pending, 1)),
		"update":  updateErr, "keys": keysErr, "key": hashErr, "usage": usageErr,
		"create key": store.CreateKey(ctx, key("id", 1)), "delete key": store.DeleteKey(ctx, "id", "k"),
		"note uses": store.NoteKeyUses(ctx, []record.KeyUse{{KeyID: "k", At: created}}),
		"record":    store.Record(ctx, []record.Change{change(job("ann", 1, jobv1.State_STATE_QUEUED), 1)}),
	}
	for name, err := range calls {
		if !fault.Is(err, fault.Cancelled) {
			t.Errorf("%s: got %v, want cancelled", name, err)
		}
	}
}

func checkHolds(t *testing.T, store history.Store) {
	if err := store.Check(t.Context()); err != nil {
		t.Errorf("empty: %v", err)
	}
	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_QUEUED), 1))
	if err := store.Check(t.Context()); err != nil {
		t.Errorf("filled: %v", err)
	}
}
