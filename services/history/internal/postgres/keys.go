package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	selectKeyCount = `
SELECT COUNT(*)
FROM api_keys
WHERE user_id = $1 AND id <> $2`

	insertKey = `
INSERT INTO api_keys (id, user_id, hash, name, prefix, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO NOTHING`
)

// CreateKey stores an API key. The owner's account is held meanwhile, so that keys
// that are made at once are counted.
func (s *Store) CreateKey(ctx context.Context, key record.Key) error {
	return s.write(ctx, "create key", func(ctx context.Context, tx pgx.Tx) error {
		if _, err := lockedUser(ctx, tx, key.UserID); err != nil {
			return err
		}
		var others int64
		if err := tx.QueryRow(ctx, selectKeyCount, key.UserID, key.ID).Scan(&others); err != nil {
			return err
		}
		if others >= record.MostKeys {
			return record.ErrTooManyKeys
		}
		_, err := tx.Exec(ctx, insertKey, key.ID, key.UserID, key.Hash[:], text(key.Name), key.Prefix, key.CreatedAt, unlessZero(key.ExpiresAt))
		return err
	})
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

const (
	selectKeys = `
SELECT
    id,
    user_id,
    hash,
    name,
    prefix,
    created_at,
    expires_at,
    last_used_at
FROM api_keys`

	selectKeysOfUser = selectKeys + `
WHERE user_id = $1
ORDER BY id`

	selectKeyByHash = selectKeys + `
WHERE hash = $1`
)

// Keys returns the API keys of a user.
func (s *Store) Keys(ctx context.Context, userID string) ([]record.Key, error) {
	return s.keys(ctx, selectKeysOfUser, text(userID))
}

// KeyByHash returns the API key of a secret.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (record.Key, error) {
	keys, err := s.keys(ctx, selectKeyByHash, hash[:])
	if err == nil && len(keys) == 0 {
		err = record.ErrNoKey
	}
	if err != nil {
		return record.Key{}, err
	}
	return keys[0], nil
}

func (s *Store) keys(ctx context.Context, query string, argument any) (keys []record.Key, err error) {
	err = s.call(ctx, "read keys", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, query, argument)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, scanKey)
		return err
	})
	return keys, err
}

func scanKey(row pgx.CollectableRow) (key record.Key, err error) {
	var hash []byte
	var expires, used *time.Time
	err = row.Scan(&key.ID, &key.UserID, &hash, &key.Name, &key.Prefix, &key.CreatedAt, &expires, &used)
	copy(key.Hash[:], hash)
	key.CreatedAt = key.CreatedAt.UTC()
	if expires != nil {
		key.ExpiresAt = expires.UTC()
	}
	if used != nil {
		key.LastUsedAt = used.UTC()
	}
	return key, err
}

const deleteKey = `
DELETE FROM api_keys
WHERE id = $1 AND user_id = $2`

// DeleteKey removes an API key of a user.
func (s *Store) DeleteKey(ctx context.Context, userID, keyID string) error {
	return s.call(ctx, "delete key", func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, deleteKey, text(keyID), text(userID))
		return err
	})
}

const updateKeyUse = `
UPDATE api_keys SET
    last_used_at = $2
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`

// NoteKeyUses notes when keys were used last. Each is a statement of its own: nothing
// else waits for several of them.
func (s *Store) NoteKeyUses(ctx context.Context, uses []record.KeyUse) error {
	return s.call(ctx, "note key uses", func(ctx context.Context) error {
		for _, use := range uses {
			if _, err := s.pool.Exec(ctx, updateKeyUse, text(use.KeyID), use.At); err != nil {
				return err
			}
		}
		return nil
	})
}
