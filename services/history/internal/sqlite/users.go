package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const insertUser = `
INSERT INTO users (id, name, password_hash, role, is_active, created_at, audio_seconds_per_day, concurrent_jobs, stored_bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO NOTHING`

// CreateUser stores a new account.
func (s *Store) CreateUser(ctx context.Context, user record.User) (created bool, err error) {
	result, err := s.writer.ExecContext(ctx, insertUser, user.ID, user.Name, user.PasswordHash, user.Role,
		user.Active, user.CreatedAt.UnixMicro(), user.Quota.AudioSeconds, user.Quota.Jobs, user.Quota.StoredBytes)
	if err != nil {
		return false, classify("create user", err)
	}
	rows, err := result.RowsAffected()
	return rows > 0, classify("create user", err)
}

const selectUserByName = `
SELECT id, name, password_hash, role, is_active, created_at, audio_seconds_per_day, concurrent_jobs, stored_bytes
FROM users
WHERE name = ?`

// UserByName returns an account.
func (s *Store) UserByName(ctx context.Context, name string) (record.User, error) {
	return s.user(ctx, selectUserByName, name)
}

const selectUserByID = `
SELECT id, name, password_hash, role, is_active, created_at, audio_seconds_per_day, concurrent_jobs, stored_bytes
FROM users
WHERE id = ?`

// UserByID returns an account.
func (s *Store) UserByID(ctx context.Context, id string) (record.User, error) {
	return s.user(ctx, selectUserByID, id)
}

func (s *Store) user(ctx context.Context, query, key string) (record.User, error) {
	user, err := scanUser(s.reader.QueryRowContext(ctx, query, key))
	return user, classify("read user", err)
}

// scanUser reads a row of one of the queries above. NotFound: there is none.
func scanUser(row interface{ Scan(places ...any) error }) (user record.User, err error) {
	var created int64
	err = row.Scan(&user.ID, &user.Name, &user.PasswordHash, &user.Role, &user.Active, &created,
		&user.Quota.AudioSeconds, &user.Quota.Jobs, &user.Quota.StoredBytes)
	if errors.Is(err, sql.ErrNoRows) {
		return record.User{}, record.ErrNoUser
	}
	user.CreatedAt = time.UnixMicro(created).UTC()
	return user, err
}

const selectUsers = `
SELECT id, name, password_hash, role, is_active, created_at, audio_seconds_per_day, concurrent_jobs, stored_bytes
FROM users
WHERE id > ?
ORDER BY id
LIMIT ?`

// Users returns a page of accounts. It asks for one more, to know whether there is.
func (s *Store) Users(ctx context.Context, after string, limit int) (users []record.User, more bool, err error) {
	rows, err := s.reader.QueryContext(ctx, selectUsers, after, limit+1)
	if err != nil {
		return nil, false, classify("list users", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		user, err := scanUser(rows)
		if err != nil {
			return nil, false, classify("list users", err)
		}
		users = append(users, user)
	}
	return users[:min(limit, len(users))], len(users) > limit, classify("list users", rows.Err())
}

// CountUsers returns the number of accounts.
func (s *Store) CountUsers(ctx context.Context) (int64, error) {
	var users int64
	err := s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM users`).Scan(&users)
	return users, classify("count users", err)
}
