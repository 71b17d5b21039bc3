package history_test

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestLockUser_endsLogins(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.ensure(t, "boss", "secret", accountv1.Role_ROLE_ADMIN)
	ann := m.ensure(t, "ann", "secret", accountv1.Role_ROLE_USER).GetUser()

	locked, err := m.accounts.LockUser(t.Context(), &accountv1.LockUserRequest{UserId: ann.GetId()})

	if err != nil || locked.GetUser().GetActive() || locked.GetUser().GetName() != "ann" {
		t.Errorf("got %v, %v", locked, err)
	}
	_, err = m.accounts.Authenticate(t.Context(), &accountv1.AuthenticateRequest{Name: "ann", Password: "secret"})
	if !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("login: %v", err)
	}
	page, err := m.accounts.ListUsers(t.Context(), &accountv1.ListUsersRequest{Limit: 1})
	if err != nil || !page.GetMore() || page.GetUsers()[0].GetName() != "boss" {
		t.Errorf("first page: %v, %v", page, err)
	}
	page, err = m.accounts.ListUsers(t.Context(), &accountv1.ListUsersRequest{Limit: 1000, After: page.GetUsers()[0].GetId()})
	if err != nil || page.GetMore() || len(page.GetUsers()) != 1 || page.GetUsers()[0].GetActive() {
		t.Errorf("second page: %v, %v", page, err)
	}
}

func TestUpdateUser_changesWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.ensure(t, "boss", "secret", accountv1.Role_ROLE_ADMIN)
	ann := m.ensure(t, "ann", "secret", accountv1.Role_ROLE_USER).GetUser()
	heard := m.listen(t, ann.GetId())
	update := func(req *accountv1.UpdateUserRequest) (*accountv1.User, error) {
		req.UserId = ann.GetId()
		reply, err := m.accounts.UpdateUser(t.Context(), req)
		return reply.GetUser(), err
	}

	got, err := update(&accountv1.UpdateUserRequest{Password: proto.String("changed"), ConcurrentJobs: &accountv1.Limit{Value: proto.Int64(3)}})

	if err != nil || got.GetQuota().GetConcurrentJobs() != 3 || got.GetQuota().StoredBytes != nil || !got.GetActive() {
		t.Errorf("got %v, %v", got, err)
	}
	if note := <-heard; note.GetLocked() {
		t.Errorf("told %v", note)
	}
	for password, right := range map[string]bool{"secret": false, "changed": true} {
		_, err := m.accounts.Authenticate(t.Context(), &accountv1.AuthenticateRequest{Name: "ann", Password: password})
		if (err == nil) != right {
			t.Errorf("password %s: %v", password, err)
		}
	}
	if got, err = update(&accountv1.UpdateUserRequest{ConcurrentJobs: &accountv1.Limit{}, Active: proto.Bool(false)}); err != nil ||
		got.GetQuota().ConcurrentJobs != nil || got.GetActive() {
		t.Errorf("got %v, %v", got, err)
	}
	if note := <-heard; !note.GetLocked() {
		t.Errorf("told %v", note)
	}
	if _, err = update(&accountv1.UpdateUserRequest{Password: proto.String("")}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no password: %v", err)
	}
	if _, err = update(&accountv1.UpdateUserRequest{StoredBytes: &accountv1.Limit{Value: proto.Int64(-1)}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("less than nothing: %v", err)
	}
}

// listen hears what gateways are told of a user, from now on.
func (m *mesh) listen(t *testing.T, userID string) <-chan *accountv1.AccountChanged {
	t.Helper()
	listens := make(chan struct{})
	var once sync.Once
	heard := make(chan *accountv1.AccountChanged, 10)
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() {
		err := account.Follow(ctx, m.bus.NC, func(change *accountv1.AccountChanged) {
			if change.GetUserId() == userID {
				heard <- change
			}
			once.Do(func() { close(listens) })
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); following.Wait() })
	<-listens
	return heard
}

func TestListUsers_refusesALimitOutOfRange(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	for _, limit := range []uint32{0, 1001} {
		if _, err := m.accounts.ListUsers(t.Context(), &accountv1.ListUsersRequest{Limit: limit}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d: %v", limit, err)
		}
	}
}

// A job may be in the recorder's hands when its owner is erased.
func TestEraseUser_isFinalForJobsToCome(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	known, late := m.create(t), m.create(t)
	m.waitFor(t, known.GetId(), 1)
	m.waitFor(t, late.GetId(), 1)

	for range 2 {
		reply, err := m.history.EraseUser(t.Context(), &historyv1.EraseUserRequest{UserId: "ann"})
		if err != nil || len(reply.GetJobIds()) != 2 {
			t.Errorf("got %v, %v; want both jobs", reply, err)
		}
	}
	if _, _, err := m.jobs.Update(t.Context(), late.GetId(), func(record *jobv1.Job) error {
		record.State = jobv1.State_STATE_PREPROCESSING
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	after := m.create(t) // what came meanwhile tells that the change has been recorded
	m.waitFor(t, after.GetId(), 1)

	if page := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 10}); len(page.GetJobs()) != 1 || page.GetTotal() != 1 {
		t.Errorf("got %v; want the job made afterwards", page)
	}
}
