package sqlite

import (
	"context"
	"database/sql"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const updateUser = `
UPDATE users SET
    password_hash = ?,
    role = ?,
    is_active = ?,
    audio_seconds_per_day = ?,
    concurrent_jobs = ?,
    stored_bytes = ?
WHERE id = ?`

// UpdateUser changes an account, unless that leaves nobody to administer.
func (s *Store) UpdateUser(ctx context.Context, id string, change record.UserChange) (user record.User, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if user, err = scanUser(tx.QueryRowContext(ctx, selectUserByID, id)); err != nil {
			return err
		}
		alone, err := isAlone(ctx, tx, id)
		if err != nil {
			return err
		}
		if user, err = change.Apply(user, alone); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, updateUser, user.PasswordHash, user.Role, user.Active,
			user.Quota.AudioSeconds, user.Quota.Jobs, user.Quota.StoredBytes, id)
		return err
	})
	return user, classify("change user", err)
}
