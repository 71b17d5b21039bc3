// Package blob stores byte strings under keys: uploads, chunk audio, results
// and transcripts. Records in the bus point at blobs by key; a blob is written
// whole before anything points at it, and is never changed afterwards.
//
// Implementations: Disk (a folder or shared volume). All pass the suite in
// package blobtest.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

// ErrNotFound is returned when there is no blob under a key.
var ErrNotFound = errors.New("blob not found")

// ErrKey is returned for a key that is not made of the allowed characters.
var ErrKey = errors.New("bad blob key")

// Info describes a stored blob.
type Info struct {
	Key     string
	Size    int64     // bytes
	SHA256  string    // lower-case hex; set by Commit, empty from Stat and List
	ModTime time.Time // when it was last committed
}

// Store is a place for blobs. Keys look like "files/u1/ab/abcdef": segments of
// [A-Za-z0-9._-] joined by slashes, none of them "." or "..".
type Store interface {
	// Create begins a new blob. It is invisible until Commit.
	Create(ctx context.Context) (Writer, error)
	// Open returns the bytes of a blob; the caller closes them. ErrNotFound.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	// Stat describes a blob. ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes a blob; removing one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List returns the blobs whose keys begin with prefix + "/", in order of
	// their keys. A prefix without blobs gives an empty list.
	List(ctx context.Context, prefix string) ([]Info, error)
	// Check writes, reads and removes a small blob; for health checks.
	Check(ctx context.Context) error
}

// Writer receives the bytes of one new blob. Exactly one of Commit and Abort
// takes effect, whichever is called first; Abort after Commit is no error, so
// it can be deferred.
type Writer interface {
	io.Writer
	// Sum returns the size and lower-case hex SHA-256 of what was written.
	Sum() (size int64, sha256 string)
	// Commit makes the bytes durable and visible under key, replacing a blob
	// that is there: keys are made so that it holds the same bytes.
	Commit(ctx context.Context, key string) (Info, error)
	// Abort forgets the bytes.
	Abort() error
}

// LocalPather is a Store whose blobs are files that a child process can read.
type LocalPather interface {
	// LocalPath returns the absolute path of a blob. It does not check that
	// the blob exists.
	LocalPath(key string) (string, error)
}

// Put stores everything r gives under key.
func Put(ctx context.Context, store Store, key string, r io.Reader) (Info, error) {
	return PutNamed(ctx, store, r, func(string) string { return key })
}

// PutNamed stores everything r gives under a key that is made from its lower-case
// hex SHA-256.
func PutNamed(ctx context.Context, store Store, r io.Reader, key func(sha256 string) string) (Info, error) {
	w, err := store.Create(ctx)
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = w.Abort() }()
	if _, err := io.Copy(w, r); err != nil {
		return Info{}, fmt.Errorf("write blob: %w", err)
	}
	_, sum := w.Sum()
	return w.Commit(ctx, key(sum))
}

// Get returns all bytes of a small blob.
func Get(ctx context.Context, store Store, key string) ([]byte, error) {
	r, _, err := store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read blob %s: %w", key, err)
	}
	return data, nil
}

// A segment begins with a letter or digit, so "." and ".." are no segments and
// hidden names stay free for the store itself.
var keyForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// CheckKey returns ErrKey unless key is well-formed.
func CheckKey(key string) error {
	if len(key) > 512 || !keyForm.MatchString(key) {
		return fmt.Errorf("%w: %q", ErrKey, key)
	}
	return nil
}
