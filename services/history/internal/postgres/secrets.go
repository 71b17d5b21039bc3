package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	selectSecrets = `
SELECT
    id,
    secret,
    created_at,
    expires_at
FROM webhook_secrets
WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > $2)
ORDER BY expires_at IS NULL DESC, created_at DESC`

	insertFirstSecret = `
INSERT INTO webhook_secrets (id, user_id, secret, created_at)
SELECT $1, id, $2, $3
FROM users
WHERE id = $4
ON CONFLICT (user_id) WHERE expires_at IS NULL DO NOTHING`
)

// WebhookSecrets returns the secrets of a user that are valid; fresh becomes the
// first one of a user who has none.
func (s *Store) WebhookSecrets(ctx context.Context, userID string, fresh record.Secret) (secrets []record.Secret, err error) {
	err = s.call(ctx, "read webhook secrets", func(ctx context.Context) error {
		if secrets, err = validSecrets(ctx, s.pool, userID, fresh.CreatedAt); err != nil || len(secrets) > 0 {
			return err
		}
		if _, err := s.pool.Exec(ctx, insertFirstSecret, fresh.ID, fresh.Secret, fresh.CreatedAt, text(userID)); err != nil {
			return err
		}
		if secrets, err = validSecrets(ctx, s.pool, userID, fresh.CreatedAt); err == nil && len(secrets) == 0 {
			return record.ErrNoUser
		}
		return err
	})
	return secrets, err
}

// querier is a pool, or a transaction.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

func validSecrets(ctx context.Context, db querier, userID string, now time.Time) ([]record.Secret, error) {
	rows, err := db.Query(ctx, selectSecrets, text(userID), now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (one record.Secret, err error) {
		var expires *time.Time
		err = row.Scan(&one.ID, &one.Secret, &one.CreatedAt, &expires)
		one.CreatedAt = one.CreatedAt.UTC()
		if expires != nil {
			one.ExpiresAt = expires.UTC()
		}
		return one, err
	})
}

const (
	expireSecret = `
UPDATE webhook_secrets SET
    expires_at = $1
WHERE id = $2 AND user_id = $3 AND expires_at IS NULL`

	deleteExpiredSecrets = `
DELETE FROM webhook_secrets
WHERE user_id = $1 AND expires_at <= $2`

	insertSecret = `
INSERT INTO webhook_secrets (id, user_id, secret, created_at)
VALUES ($1, $2, $3, $4)`
)

// RotateWebhookSecret puts fresh in the place of the current secret.
func (s *Store) RotateWebhookSecret(ctx context.Context, userID, replaces string, fresh record.Secret) (secrets []record.Secret, err error) {
	err = s.write(ctx, "rotate webhook secret", func(ctx context.Context, tx pgx.Tx) error {
		now := fresh.CreatedAt
		if secrets, err = validSecrets(ctx, tx, userID, now); err != nil {
			return err
		}
		switch {
		case len(secrets) == 0:
			return record.ErrNoUser
		case secrets[0].ID != replaces:
			return nil
		case len(secrets) >= record.MostSecrets:
			return record.ErrTooManySecrets
		}
		expired, err := tx.Exec(ctx, expireSecret, now.Add(record.SecretLife), text(replaces), text(userID))
		if err != nil {
			return err
		}
		if expired.RowsAffected() > 0 { // else somebody else was faster
			if _, err := tx.Exec(ctx, deleteExpiredSecrets, text(userID), now); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, insertSecret, fresh.ID, text(userID), fresh.Secret, now); err != nil {
				return err
			}
		}
		secrets, err = validSecrets(ctx, tx, userID, now)
		return err
	})
	return secrets, err
}
