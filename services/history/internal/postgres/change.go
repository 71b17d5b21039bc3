package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const updateUser = `
UPDATE users SET
    password_hash = $2,
    role = $3,
    is_active = $4,
    audio_seconds_per_day = $5,
    concurrent_jobs = $6,
    stored_bytes = $7
WHERE id = $1`

// UpdateUser changes an account, unless that leaves nobody to administer. Who changes
// a role or a lock holds the administrators first, and then the account.
func (s *Store) UpdateUser(ctx context.Context, id string, change record.UserChange) (user record.User, err error) {
	err = s.write(ctx, "change user", func(ctx context.Context, tx pgx.Tx) error {
		alone, err := isOnlyAdmin(ctx, tx, id)
		if err != nil {
			return err
		}
		if user, err = lockedUser(ctx, tx, id); err != nil {
			return err
		}
		if user, err = change.Apply(user, alone); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, updateUser, user.ID, user.PasswordHash, user.Role, user.Active,
			user.Quota.AudioSeconds, user.Quota.Jobs, user.Quota.StoredBytes)
		return err
	})
	return user, err
}

const lockUser = selectUserByID + `
FOR NO KEY UPDATE`

// lockedUser reads an account and keeps others from changing it until the transaction
// ends.
func lockedUser(ctx context.Context, tx pgx.Tx, id string) (user record.User, err error) {
	err = tx.QueryRow(ctx, lockUser, text(id)).Scan(places(&user)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return record.User{}, record.ErrNoUser
	}
	user.CreatedAt = user.CreatedAt.UTC()
	return user, err
}
