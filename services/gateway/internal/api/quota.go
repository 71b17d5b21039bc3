package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// quotaView is the three things that a quota bounds.
type quotaView[T any] struct {
	AudioSeconds T `json:"audio_seconds_per_day"`
	Jobs         T `json:"concurrent_jobs"`
	StoredBytes  T `json:"stored_bytes"`
}

// quotaOf is a user's own quota as an administrator sets it: null where the settings
// count, 0 for no limit.
func quotaOf(own *accountv1.Quota) quotaView[*int64] {
	if own == nil {
		return quotaView[*int64]{}
	}
	return quotaView[*int64]{own.AudioSecondsPerDay, own.ConcurrentJobs, own.StoredBytes}
}

// limit is a part of a quota in a request: absent, null or a number.
type limit struct{ *accountv1.Limit }

// UnmarshalJSON implements json.Unmarshaler.
func (l *limit) UnmarshalJSON(text []byte) error {
	l.Limit = &accountv1.Limit{}
	return json.Unmarshal(text, &l.Value)
}

// quotaBody is a quota in a request.
type quotaBody quotaView[limit]

// own is the quota of a new account.
func (q quotaBody) own() *accountv1.Quota {
	valueOf := func(part limit) *int64 {
		if part.Limit == nil {
			return nil
		}
		return part.Value
	}
	return &accountv1.Quota{AudioSecondsPerDay: valueOf(q.AudioSeconds), ConcurrentJobs: valueOf(q.Jobs), StoredBytes: valueOf(q.StoredBytes)}
}

// checkQuota refuses what is less than nothing.
func checkQuota(q quotaBody) error {
	for _, part := range []limit{q.AudioSeconds, q.Jobs, q.StoredBytes} {
		if part.GetValue() < 0 {
			return problem.With(fault.New(fault.Invalid, "invalid_quota",
				"A quota is a number from 0, which is no limit, or null for the server's default."), "field", "quota")
		}
	}
	return nil
}

// meView is a user as seen by itself.
type meView struct {
	UserID    string `json:"user_id"`
	Username  string `json:"username"`
	Role      string `json:"role"`
	CreatedAt *stamp `json:"created_at"`
	// Quota is null where there is no limit, and so is Left.
	Quota         quotaView[*float64] `json:"quota"`
	Used          quotaView[*float64] `json:"used"`
	Left          quotaView[*float64] `json:"left"`
	QuotaResetsAt stamp               `json:"quota_resets_at"` // of the audio
}

// me answers with the profile, the quota and what is left of it. What nobody can tell
// now is null.
func (a *API) me(w http.ResponseWriter, r *http.Request) error {
	user := auth.User(r.Context())
	limits := a.Quota.Limits(user)
	view := meView{
		UserID: user.GetId(), Username: user.GetName(), Role: roleName(user.GetRole()), CreatedAt: stampOf(user.GetCreatedAt()),
		QuotaResetsAt: stamp(a.Quota.NextDay()),
	}
	audio := float64(a.Quota.AudioToday(r.Context(), user.GetId())) / float64(time.Second/time.Millisecond)
	jobs := float64(a.Quota.Live(user.GetId()))
	view.Used = quotaView[*float64]{AudioSeconds: &audio, Jobs: &jobs}
	if stored, err := a.Quota.StoredBytes(r.Context(), user.GetId()); err == nil {
		bytes := float64(stored)
		view.Used.StoredBytes = &bytes
	}
	view.Quota.AudioSeconds, view.Left.AudioSeconds = left(limits.AudioSeconds, view.Used.AudioSeconds)
	view.Quota.Jobs, view.Left.Jobs = left(limits.Jobs, view.Used.Jobs)
	view.Quota.StoredBytes, view.Left.StoredBytes = left(limits.StoredBytes, view.Used.StoredBytes)
	return web.WriteJSON(w, http.StatusOK, view)
}

// left returns a limit as it is shown, and what is left of it.
func left(most int64, used *float64) (shown, rest *float64) {
	if most == 0 {
		return nil, nil
	}
	all := float64(most)
	if used != nil {
		less := max(0, all-*used)
		rest = &less
	}
	return &all, rest
}
