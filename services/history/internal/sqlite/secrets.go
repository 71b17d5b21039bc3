package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	selectSecrets = `
SELECT id, secret, created_at, expires_at
FROM webhook_secrets
WHERE user_id = ? AND (expires_at IS NULL OR expires_at > ?)
ORDER BY expires_at IS NULL DESC, created_at DESC`

	insertFirstSecret = `
INSERT INTO webhook_secrets (id, user_id, secret, created_at)
SELECT ?, id, ?, ?
FROM users
WHERE id = ?
ON CONFLICT (user_id) WHERE expires_at IS NULL DO NOTHING`
)

// WebhookSecrets returns the secrets of a user that are valid; fresh becomes the
// first one of a user who has none.
func (s *Store) WebhookSecrets(ctx context.Context, userID string, fresh record.Secret) (secrets []record.Secret, err error) {
	secrets, err = validSecrets(ctx, s.reader, userID, fresh.CreatedAt)
	if err == nil && len(secrets) == 0 {
		if _, err = s.writer.ExecContext(ctx, insertFirstSecret, fresh.ID, fresh.Secret, fresh.CreatedAt.UnixMicro(), userID); err == nil {
			secrets, err = validSecrets(ctx, s.writer, userID, fresh.CreatedAt)
		}
	}
	if err == nil && len(secrets) == 0 {
		return nil, record.ErrNoUser
	}
	return secrets, classify("read webhook secrets", err)
}

func validSecrets(ctx context.Context, db interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, userID string, now time.Time) (secrets []record.Secret, err error) {
	rows, err := db.QueryContext(ctx, selectSecrets, userID, now.UnixMicro())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one record.Secret
		var created int64
		var expires *int64
		if err := rows.Scan(&one.ID, &one.Secret, &created, &expires); err != nil {
			return nil, err
		}
		one.CreatedAt = time.UnixMicro(created).UTC()
		if expires != nil {
			one.ExpiresAt = time.UnixMicro(*expires).UTC()
		}
		secrets = append(secrets, one)
	}
	return secrets, rows.Err()
}

const (
	expireSecret = `
UPDATE webhook_secrets SET
    expires_at = ?
WHERE id = ? AND user_id = ? AND expires_at IS NULL`

	deleteExpiredSecrets = `
DELETE FROM webhook_secrets
WHERE user_id = ? AND expires_at <= ?`

	insertSecret = `
INSERT INTO webhook_secrets (id, user_id, secret, created_at)
VALUES (?, ?, ?, ?)`
)

// RotateWebhookSecret puts fresh in the place of the current secret.
func (s *Store) RotateWebhookSecret(ctx context.Context, userID, replaces string, fresh record.Secret) (secrets []record.Secret, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		now := fresh.CreatedAt
		if secrets, err = validSecrets(ctx, tx, userID, now); err != nil {
			return err
		}
		switch {
		case len(secrets) == 0:
			return record.ErrNoUser
		case secrets[0].ID != replaces: // somebody else was faster
			return nil
		case len(secrets) >= record.MostSecrets:
			return record.ErrTooManySecrets
		}
		if _, err := tx.ExecContext(ctx, expireSecret, now.Add(record.SecretLife).UnixMicro(), replaces, userID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteExpiredSecrets, userID, now.UnixMicro()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertSecret, fresh.ID, userID, fresh.Secret, now.UnixMicro()); err != nil {
			return err
		}
		secrets, err = validSecrets(ctx, tx, userID, now)
		return err
	})
	return secrets, classify("rotate webhook secret", err)
}
