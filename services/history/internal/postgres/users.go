package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const insertUser = `
WITH made AS (
    INSERT INTO users (id, name, password_hash, role, is_active, created_at,
        audio_seconds_per_day, concurrent_jobs, stored_bytes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (name) DO NOTHING
    RETURNING 1)
INSERT INTO counters (name, value)
SELECT 'users', 1
FROM made
ON CONFLICT (name) DO UPDATE SET
    value = counters.value + excluded.value`

// CreateUser stores a new account.
func (s *Store) CreateUser(ctx context.Context, user record.User) (created bool, err error) {
	err = s.call(ctx, "create user", func(ctx context.Context) error {
		tag, err := s.pool.Exec(ctx, insertUser, user.ID, user.Name, user.PasswordHash, user.Role, user.Active, user.CreatedAt,
			user.Quota.AudioSeconds, user.Quota.Jobs, user.Quota.StoredBytes)
		created = tag.RowsAffected() > 0
		return err
	})
	return created, err
}

const selectUserByName = `
SELECT
    id,
    name,
    password_hash,
    role,
    is_active,
    created_at,
    audio_seconds_per_day,
    concurrent_jobs,
    stored_bytes
FROM users
WHERE name = $1`

// UserByName returns an account.
func (s *Store) UserByName(ctx context.Context, name string) (record.User, error) {
	return s.user(ctx, selectUserByName, name)
}

const selectUserByID = `
SELECT
    id,
    name,
    password_hash,
    role,
    is_active,
    created_at,
    audio_seconds_per_day,
    concurrent_jobs,
    stored_bytes
FROM users
WHERE id = $1`

// UserByID returns an account.
func (s *Store) UserByID(ctx context.Context, id string) (record.User, error) {
	return s.user(ctx, selectUserByID, id)
}

func (s *Store) user(ctx context.Context, query, key string) (record.User, error) {
	var u record.User
	found, err := s.readRow(ctx, "read user", places(&u), query, key)
	if err != nil {
		return record.User{}, err
	}
	if !found {
		return record.User{}, record.ErrNoUser
	}
	u.CreatedAt = u.CreatedAt.UTC()
	return u, nil
}

// places is where the columns of an account go.
func places(u *record.User) []any {
	return []any{&u.ID, &u.Name, &u.PasswordHash, &u.Role, &u.Active, &u.CreatedAt,
		&u.Quota.AudioSeconds, &u.Quota.Jobs, &u.Quota.StoredBytes}
}

const selectUsers = `
SELECT
    id,
    name,
    password_hash,
    role,
    is_active,
    created_at,
    audio_seconds_per_day,
    concurrent_jobs,
    stored_bytes
FROM users
WHERE id > $1
ORDER BY id
LIMIT $2`

// Users returns a page of accounts. It asks for one more, to know whether there is.
func (s *Store) Users(ctx context.Context, after string, limit int) (users []record.User, more bool, err error) {
	err = s.call(ctx, "list users", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, selectUsers, text(after), limit+1)
		if err != nil {
			return err
		}
		users, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u record.User, err error) {
			err = row.Scan(places(&u)...)
			u.CreatedAt = u.CreatedAt.UTC()
			return u, err
		})
		return err
	})
	return users[:min(limit, len(users))], len(users) > limit, err
}

const selectUserCount = `
SELECT value
FROM counters
WHERE name = 'users'`

// CountUsers returns the number of accounts.
func (s *Store) CountUsers(ctx context.Context) (int64, error) {
	var users int64
	_, err := s.readRow(ctx, "count users", []any{&users}, selectUserCount)
	return users, err
}
