// Package blobtest holds the suite that every blob.Store passes.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/blob"
)

// Run runs the suite; open returns an empty store each time.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	tests := map[string]func(*testing.T, blob.Store){
		"PutAndGet":          putAndGet,
		"InvisibleToCommit":  invisibleToCommit,
		"AbortLeavesNothing": abortLeavesNothing,
		"NotFound":           notFound,
		"RefusesBadKeys":     refusesBadKeys,
		"ListsByPrefix":      listsByPrefix,
		"DeleteIsIdempotent": deleteIsIdempotent,
		"Seeks":              seeks,
		"Concurrent":         concurrent,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func putAndGet(t *testing.T, store blob.Store) {
	data := bytes.Repeat([]byte("sound"), 100_000)
	sum := sha256.Sum256(data)

	info, err := blob.Put(t.Context(), store, "files/u/ab/abc", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}

	if info.Size != int64(len(data)) || info.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("info %+v does not describe what was written", info)
	}
	got, err := blob.Get(t.Context(), store, "files/u/ab/abc")
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, %v; want %d", len(got), err, len(data))
	}
}

func invisibleToCommit(t *testing.T, store blob.Store) {
	w, err := store.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, "half")
	if blobs, err := store.List(t.Context(), "a"); err != nil || len(blobs) != 0 {
		t.Errorf("before Commit List gives %v, %v", blobs, err)
	}

	if _, err := w.Commit(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	if _, err := store.Stat(t.Context(), "a/b"); err != nil {
		t.Errorf("after Commit: %v", err)
	}
}

func abortLeavesNothing(t *testing.T, store blob.Store) {
	w, err := store.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, "half")
	if err := errors.Join(w.Abort(), w.Abort()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context(), "a/b"); err == nil {
		t.Error("Commit after Abort succeeds")
	}
	if _, err := store.Stat(t.Context(), "a/b"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func notFound(t *testing.T, store blob.Store) {
	put(t, store, "a/b/c")
	for _, key := range []string{"none", "a/b", "a/b/c/d"} {
		if _, err := store.Stat(t.Context(), key); err == nil {
			t.Errorf("Stat(%q) finds a blob", key)
		}
	}
	if _, _, err := store.Open(t.Context(), "none"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Open gives %v, want ErrNotFound", err)
	}
}

func refusesBadKeys(t *testing.T, store blob.Store) {
	for _, key := range []string{"", "/", "/a", "a/", "a//b", "..", "a/../b", ".tmp/x", "a b", "ключ", strings.Repeat("a", 600)} {
		if _, err := blob.Put(t.Context(), store, key, strings.NewReader("x")); !errors.Is(err, blob.ErrKey) {
			t.Errorf("Put(%q) gives %v, want ErrKey", key, err)
		}
	}
}

func listsByPrefix(t *testing.T, store blob.Store) {
	for _, key := range []string{"jobs/1/b", "jobs/1/a", "jobs/10/a", "files/x"} {
		put(t, store, key)
	}

	blobs, err := store.List(t.Context(), "jobs/1")
	if err != nil {
		t.Fatal(err)
	}

	if len(blobs) != 2 || blobs[0].Key != "jobs/1/a" || blobs[1].Key != "jobs/1/b" {
		t.Errorf("got %v, want a and b of jobs/1", blobs)
	}
}

func deleteIsIdempotent(t *testing.T, store blob.Store) {
	put(t, store, "a/b/c")
	for range 2 {
		if err := store.Delete(t.Context(), "a/b/c"); err != nil {
			t.Error(err)
		}
	}
	put(t, store, "a/b/c") // its folders can be made again
}

func seeks(t *testing.T, store blob.Store) {
	put(t, store, "a")
	r, info, err := store.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()

	if _, err := r.Seek(info.Size-1, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil || string(rest) != "a" {
		t.Errorf("last byte %q, %v; want the key's last letter", rest, err)
	}
}

// Writers and deleters in one folder do not disturb each other, even as the
// folder comes and goes.
func concurrent(t *testing.T, store blob.Store) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 20 {
				key := fmt.Sprintf("jobs/x/%d-%d", i, n)
				_, err := blob.Put(context.WithoutCancel(t.Context()), store, key, strings.NewReader(key))
				if err == nil {
					_, err = blob.Get(t.Context(), store, key)
				}
				if err = errors.Join(err, store.Delete(t.Context(), key)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func put(t *testing.T, store blob.Store, key string) {
	t.Helper()
	if _, err := blob.Put(t.Context(), store, key, strings.NewReader("bytes of "+key)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}
