package history_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

func TestAuthenticate_letsInWhoKnowsThePassword(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	made := m.ensure(t, "ann@example.org", "correct horse", accountv1.Role_ROLE_ADMIN)

	got, err := m.accounts.Authenticate(t.Context(), &accountv1.AuthenticateRequest{Name: "ann@example.org", Password: "correct horse"})

	if err != nil || got.GetUser().GetId() != made.GetUser().GetId() || got.GetUser().GetRole() != accountv1.Role_ROLE_ADMIN {
		t.Errorf("got %v, %v; want %v", got, err, made)
	}
	same, err := m.accounts.GetUser(t.Context(), &accountv1.GetUserRequest{UserId: made.GetUser().GetId()})
	if err != nil || same.GetUser().GetName() != "ann@example.org" || !same.GetUser().GetActive() {
		t.Errorf("got %v, %v", same, err)
	}
}

func TestAuthenticate_answersTheSameHoweverALoginFails(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.ensure(t, "ann", "secret", accountv1.Role_ROLE_USER)
	cases := map[string]*accountv1.AuthenticateRequest{
		"wrong password": {Name: "ann", Password: "Secret"},
		"no password":    {Name: "ann"},
		"unknown name":   {Name: "bob", Password: "secret"},
		"no name":        {Password: "secret"},
		"other case":     {Name: "ANN", Password: "secret"},
		"endless":        {Name: "ann", Password: strings.Repeat("x", 1<<20)},
	}
	for name, req := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := m.accounts.Authenticate(t.Context(), req)
			got := fault.Of(err)
			if got == nil || got.Kind != fault.Unauthenticated || got.Code != "invalid_credentials" ||
				got.Message != "The name or the password is wrong." {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEnsureUser_leavesAnAccountAsItIs(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	first := m.ensure(t, "ann", "first", accountv1.Role_ROLE_USER)

	second := m.ensure(t, "ann", "second", accountv1.Role_ROLE_ADMIN)

	if !first.GetCreated() || second.GetCreated() || second.GetUser().GetId() != first.GetUser().GetId() ||
		second.GetUser().GetRole() != accountv1.Role_ROLE_USER {
		t.Errorf("first %v, second %v", first, second)
	}
	if _, err := m.accounts.Authenticate(t.Context(), &accountv1.AuthenticateRequest{Name: "ann", Password: "second"}); err == nil {
		t.Error("the password was changed")
	}
}

func TestEnsureUser_makesOneAccountHoweverManyAsk(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	var wg sync.WaitGroup
	made := make(chan bool, 8)
	for range cap(made) {
		wg.Go(func() {
			reply, err := m.accounts.EnsureUser(context.Background(), &accountv1.EnsureUserRequest{Name: "ann", Password: "x"})
			if err != nil {
				t.Error(err)
			}
			made <- reply.GetCreated()
		})
	}
	wg.Wait()
	close(made)

	count := 0
	for created := range made {
		if created {
			count++
		}
	}
	reply, err := m.accounts.CountUsers(t.Context(), &accountv1.CountUsersRequest{})
	if err != nil || reply.GetUsers() != 1 || count != 1 {
		t.Errorf("%d accounts, %d say they made it, %v", reply.GetUsers(), count, err)
	}
}

// The answer to a call may be lost; then it is made again.
func TestEnsureUser_tellsTheSameToACallThatIsMadeAgain(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	const id = "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"
	for range 2 {
		got, err := m.accounts.EnsureUser(t.Context(), &accountv1.EnsureUserRequest{Name: "ann", Password: "x", UserId: id})
		if err != nil || !got.GetCreated() || got.GetUser().GetId() != id {
			t.Errorf("got %v, %v", got, err)
		}
	}
	got, err := m.accounts.EnsureUser(t.Context(), &accountv1.EnsureUserRequest{Name: "ann", Password: "x", UserId: "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a70"})
	if err != nil || got.GetCreated() || got.GetUser().GetId() != id {
		t.Errorf("another call: %v, %v", got, err)
	}
}

func TestEnsureUser_refusesNamesAndPasswordsThatAreNotUsable(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	cases := map[string]struct{ name, password, code string }{
		"no name":       {"", "x", "invalid_name"},
		"too long":      {strings.Repeat("a", 65), "x", "invalid_name"},
		"space":         {"ann smith", "x", "invalid_name"},
		"line end":      {"ann\n", "x", "invalid_name"},
		"look-alike":    {"аnn", "x", "invalid_name"}, // the first letter is Cyrillic
		"colon":         {"ann:x", "x", "invalid_name"},
		"no password":   {"ann", "", "invalid_password"},
		"long password": {"ann", strings.Repeat("x", 1025), "invalid_password"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := m.accounts.EnsureUser(t.Context(), &accountv1.EnsureUserRequest{Name: c.name, Password: c.password})
			if got := fault.Of(err); got == nil || got.Kind != fault.Invalid || got.Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	m.ensure(t, "A.b_c-1@d", "1", accountv1.Role_ROLE_USER)
}

func (m *mesh) ensure(t *testing.T, name, password string, role accountv1.Role) *accountv1.EnsureUserResponse {
	t.Helper()
	reply, err := m.accounts.EnsureUser(t.Context(), &accountv1.EnsureUserRequest{Name: name, Password: password, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}
