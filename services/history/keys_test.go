package history_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

func TestKeys_areMadeFoundAndRemoved(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	ann := m.ensure(t, "ann", "secret", accountv1.Role_ROLE_USER).GetUser()
	hash := sha256.Sum256([]byte("sk-secret"))
	key := &accountv1.Key{Id: "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69", UserId: ann.GetId(), Name: "CI", Prefix: "sk-se"}
	for range 2 { // the answer was lost
		if _, err := m.accounts.CreateKey(t.Context(), &accountv1.CreateKeyRequest{Key: key, Hash: hash[:]}); err != nil {
			t.Fatal(err)
		}
	}

	found, err := m.accounts.FindKey(t.Context(), &accountv1.FindKeyRequest{Hash: hash[:]})
	if err != nil || found.GetKey().GetName() != "CI" || found.GetUser().GetName() != "ann" {
		t.Errorf("got %v, %v", found, err)
	}
	if _, err := m.accounts.DeleteKey(t.Context(), &accountv1.DeleteKeyRequest{UserId: ann.GetId(), KeyId: key.GetId()}); err != nil {
		t.Error(err)
	}
	for _, hash := range [][]byte{hash[:], nil} {
		if _, err := m.accounts.FindKey(t.Context(), &accountv1.FindKeyRequest{Hash: hash}); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	}
}

func TestCreateKey_refusesWhatIsNotUsable(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	ann := m.ensure(t, "ann", "secret", accountv1.Role_ROLE_USER).GetUser()
	const id = "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69"
	hash := make([]byte, 32)
	for name, req := range map[string]*accountv1.CreateKeyRequest{
		"no name":   {Key: &accountv1.Key{Id: id, UserId: ann.GetId()}, Hash: hash},
		"long name": {Key: &accountv1.Key{Id: id, UserId: ann.GetId(), Name: strings.Repeat("ю", 101)}, Hash: hash},
		"two lines": {Key: &accountv1.Key{Id: id, UserId: ann.GetId(), Name: "a\nb"}, Hash: hash},
		"no id":     {Key: &accountv1.Key{UserId: ann.GetId(), Name: "a"}, Hash: hash},
		"no hash":   {Key: &accountv1.Key{Id: id, UserId: ann.GetId(), Name: "a"}},
	} {
		if _, err := m.accounts.CreateKey(t.Context(), req); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
