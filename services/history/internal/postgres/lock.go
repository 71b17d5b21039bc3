package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// lockAdmins keeps others from locking an administrator until the transaction ends.
const lockAdmins = `
SELECT id
FROM users
WHERE role = 'admin' AND is_active
ORDER BY id
FOR NO KEY UPDATE`

const updateToInactive = `
UPDATE users SET
    is_active = false
WHERE id = $1
RETURNING
    id,
    name,
    password_hash,
    role,
    is_active,
    created_at,
    audio_seconds_per_day,
    concurrent_jobs,
    stored_bytes`

// LockUser makes an account inactive, unless that leaves nobody to administer.
func (s *Store) LockUser(ctx context.Context, id string) (user record.User, err error) {
	err = s.write(ctx, "lock user", func(ctx context.Context, tx pgx.Tx) error {
		alone, err := isOnlyAdmin(ctx, tx, id)
		if err != nil {
			return err
		}
		if alone {
			return record.ErrLastAdmin
		}
		err = tx.QueryRow(ctx, updateToInactive, text(id)).Scan(places(&user)...)
		if errors.Is(err, pgx.ErrNoRows) {
			return record.ErrNoUser
		}
		return err
	})
	user.CreatedAt = user.CreatedAt.UTC()
	return user, err
}

// isOnlyAdmin reports whether nobody but this user is an active administrator, and
// keeps that so until the transaction ends.
func isOnlyAdmin(ctx context.Context, tx pgx.Tx, id string) (bool, error) {
	rows, err := tx.Query(ctx, lockAdmins)
	if err != nil {
		return false, fmt.Errorf("lock administrators: %w", err)
	}
	admins, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return false, fmt.Errorf("lock administrators: %w", err)
	}
	return len(admins) == 1 && admins[0] == id, nil
}
