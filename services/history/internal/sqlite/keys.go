package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	selectKeyCount = `
SELECT COUNT(*)
FROM api_keys
WHERE user_id = ? AND id <> ?`

	insertKey = `
INSERT INTO api_keys (id, user_id, hash, name, prefix, created_at, expires_at, last_used_at)
VALUES (?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (id) DO NOTHING`
)

// CreateKey stores an API key.
func (s *Store) CreateKey(ctx context.Context, key record.Key) error {
	return classify("create key", s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := scanUser(tx.QueryRowContext(ctx, selectUserByID, key.UserID)); err != nil {
			return err
		}
		var others int64
		if err := tx.QueryRowContext(ctx, selectKeyCount, key.UserID, key.ID).Scan(&others); err != nil {
			return err
		}
		if others >= record.MostKeys {
			return record.ErrTooManyKeys
		}
		_, err := tx.ExecContext(ctx, insertKey, key.ID, key.UserID, key.Hash[:], key.Name, key.Prefix,
			key.CreatedAt.UnixMicro(), microsOf(key.ExpiresAt))
		return err
	}))
}

// microsOf is 0 for a time that is not set; timeOf turns it back.
func microsOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

const (
	selectKeys = `
SELECT id, user_id, hash, name, prefix, created_at, expires_at, last_used_at
FROM api_keys`

	selectKeysOfUser = selectKeys + `
WHERE user_id = ?
ORDER BY id`

	selectKeyByHash = selectKeys + `
WHERE hash = ?`
)

// Keys returns the API keys of a user.
func (s *Store) Keys(ctx context.Context, userID string) ([]record.Key, error) {
	return s.keys(ctx, selectKeysOfUser, userID)
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
	rows, err := s.reader.QueryContext(ctx, query, argument)
	if err != nil {
		return nil, classify("read keys", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		key, err := scanKey(rows)
		if err != nil {
			return nil, classify("read keys", err)
		}
		keys = append(keys, key)
	}
	return keys, classify("read keys", rows.Err())
}

func scanKey(rows *sql.Rows) (key record.Key, err error) {
	var hash []byte
	var created, expires, used int64
	err = rows.Scan(&key.ID, &key.UserID, &hash, &key.Name, &key.Prefix, &created, &expires, &used)
	copy(key.Hash[:], hash)
	key.CreatedAt, key.ExpiresAt, key.LastUsedAt = timeOf(created), timeOf(expires), timeOf(used)
	return key, err
}

const deleteKey = `
DELETE FROM api_keys
WHERE id = ? AND user_id = ?`

// DeleteKey removes an API key of a user.
func (s *Store) DeleteKey(ctx context.Context, userID, keyID string) error {
	_, err := s.writer.ExecContext(ctx, deleteKey, keyID, userID)
	return classify("delete key", err)
}

const updateKeyUse = `
UPDATE api_keys SET
    last_used_at = ?2
WHERE id = ?1 AND last_used_at < ?2`

// NoteKeyUses notes when keys were used last.
func (s *Store) NoteKeyUses(ctx context.Context, uses []record.KeyUse) error {
	return classify("note key uses", s.inTx(ctx, func(tx *sql.Tx) error {
		for _, use := range uses {
			if _, err := tx.ExecContext(ctx, updateKeyUse, use.KeyID, use.At.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	}))
}
