package client_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

func TestKey_letsInUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	server := gatewaytest.Start(t)
	c := connect(t, server)
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

	key, err := c.CreateKey(t.Context(), "laptop", expires)
	if err != nil || key.Secret == "" || !key.ExpiresAt.Equal(expires) {
		t.Fatalf("key %+v, error %v", key, err)
	}
	holder, err := client.New(client.Config{URL: server.URL, Token: key.Secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Me(t.Context()); err != nil {
		t.Errorf("the key does not let in: %v", err)
	}
	if keys, err := c.Keys(t.Context()); err != nil || len(keys) != 1 || keys[0].Name != "laptop" || keys[0].Secret != "" {
		t.Errorf("keys %+v, error %v", keys, err)
	}
	if err := c.DeleteKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	_, err = holder.Me(t.Context())
	wantProblem(t, err, http.StatusUnauthorized, "invalid_token")
	wantProblem(t, c.DeleteKey(t.Context(), key.ID), http.StatusNotFound, "key_not_found")
}

func TestKey_neverExpiresUnlessToldTo(t *testing.T) {
	t.Parallel()

	key, err := connect(t, gatewaytest.Start(t)).CreateKey(t.Context(), "robot", time.Time{})

	if err != nil || !key.ExpiresAt.IsZero() {
		t.Errorf("key %+v, error %v", key, err)
	}
}

func TestAccount_isMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))
	most, none, off := int64(3600), int64(0), false

	made, err := c.CreateAccount(t.Context(), client.NewAccount{
		Username: "ben", Password: "long enough", Quota: client.Quota{client.QuotaAudio: &most, client.QuotaJobs: &most},
	})
	if err != nil || made.Role != "user" || !made.Active || *made.Quota[client.QuotaAudio] != 3600 {
		t.Fatalf("made %+v, error %v", made, err)
	}
	changed, err := c.ChangeAccount(t.Context(), made.UserID, client.AccountChange{
		Role: "admin", Active: &off, Quota: client.Quota{client.QuotaJobs: &none, client.QuotaAudio: nil},
	})
	if err != nil || changed.Role != "admin" || changed.Active || changed.Quota[client.QuotaAudio] != nil || *changed.Quota[client.QuotaJobs] != 0 {
		t.Errorf("changed to %+v, error %v", changed, err)
	}
	if got, err := c.Account(t.Context(), made.UserID); err != nil || got.Username != "ben" {
		t.Errorf("account %+v, error %v", got, err)
	}
	if page, err := c.Accounts(t.Context(), 10, ""); err != nil || len(page.Items) != 1 || page.NextCursor != "" {
		t.Errorf("page %+v, error %v", page, err)
	}
	if err := c.DeleteAccount(t.Context(), made.UserID); err != nil {
		t.Error(err)
	}
	_, err = c.Account(t.Context(), made.UserID)
	wantProblem(t, err, http.StatusNotFound, "user_not_found")
}

func TestStats_tellWhatJobsComeTo(t *testing.T) {
	t.Parallel()
	c := connect(t, gatewaytest.Start(t))

	own, err := c.UserStats(t.Context())
	if err != nil || own.Jobs.Completed != 3 || own.Languages[0].Language != "ru" || own.Days[0].AudioSeconds != 4000.5 || own.Storage.Bytes != 123456 {
		t.Errorf("own %+v, error %v", own, err)
	}
	system, err := c.SystemStats(t.Context())
	if err != nil || system.QueueDepth != 2 || system.RealTimeFactor != 0.125 {
		t.Errorf("system %+v, error %v", system, err)
	}
}

func TestMe_tellsTheQuota(t *testing.T) {
	t.Parallel()

	me, err := connect(t, gatewaytest.Start(t)).Me(t.Context())

	if err != nil || *me.Left.AudioSeconds != 3000 || me.Left.Jobs != nil {
		t.Errorf("%+v, error %v", me, err)
	}
}
