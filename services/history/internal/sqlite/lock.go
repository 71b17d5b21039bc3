package sqlite

import (
	"context"
	"database/sql"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	selectOtherAdmins = `
SELECT COUNT(*)
FROM users
WHERE role = 'admin' AND is_active = 1 AND id <> ?`

	updateToInactive = `
UPDATE users SET
    is_active = 0
WHERE id = ?`
)

// LockUser makes an account inactive, unless that leaves nobody to administer.
func (s *Store) LockUser(ctx context.Context, id string) (user record.User, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if user, err = scanUser(tx.QueryRowContext(ctx, selectUserByID, id)); err != nil {
			return err
		}
		alone, err := isAlone(ctx, tx, id)
		if err != nil {
			return err
		}
		locked := false
		if user, err = (record.UserChange{Active: &locked}).Apply(user, alone); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, updateToInactive, id)
		return err
	})
	return user, classify("lock user", err)
}

// isAlone reports whether nobody else is an active administrator.
func isAlone(ctx context.Context, tx *sql.Tx, id string) (bool, error) {
	var others int64
	err := tx.QueryRowContext(ctx, selectOtherAdmins, id).Scan(&others)
	return others == 0, err
}
