package history

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// errQuota is returned for a limit that cannot be.
var errQuota = fault.New(fault.Invalid, "invalid_quota", "A quota is 0, for no limit, or more.")

func toProto(user record.User) *accountv1.User {
	role := accountv1.Role_ROLE_USER
	if user.Role == record.Admin {
		role = accountv1.Role_ROLE_ADMIN
	}
	return &accountv1.User{Id: user.ID, Name: user.Name, Role: role, Active: user.Active,
		CreatedAt: timestamppb.New(user.CreatedAt), Quota: &accountv1.Quota{
			AudioSecondsPerDay: valueOf(user.Quota.AudioSeconds), ConcurrentJobs: valueOf(user.Quota.Jobs),
			StoredBytes: valueOf(user.Quota.StoredBytes),
		}}
}

func roleOf(role accountv1.Role) string {
	if role == accountv1.Role_ROLE_ADMIN {
		return record.Admin
	}
	return "user"
}

func quotaOf(q *accountv1.Quota) record.Quota {
	if q == nil {
		return record.Quota{}
	}
	return record.Quota{AudioSeconds: limitOf(q.AudioSecondsPerDay), Jobs: limitOf(q.ConcurrentJobs), StoredBytes: limitOf(q.StoredBytes)}
}

// limitOf and valueOf translate between nil and no value.
func limitOf(value *int64) record.Limit {
	if value == nil {
		return record.Limit{}
	}
	return record.Limit{V: *value, Valid: true}
}

func valueOf(limit record.Limit) *int64 {
	if !limit.Valid {
		return nil
	}
	return &limit.V
}

func keyToProto(key record.Key) *accountv1.Key {
	return &accountv1.Key{Id: key.ID, UserId: key.UserID, Name: key.Name, Prefix: key.Prefix,
		CreatedAt: timestamppb.New(key.CreatedAt), ExpiresAt: stampOf(key.ExpiresAt), LastUsedAt: stampOf(key.LastUsedAt)}
}

func stampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Microsecond)
}
