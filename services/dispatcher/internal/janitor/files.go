package janitor

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
)

// mostFiles bounds how many recordings one sweep removes: each is held open
// until it is sure that it was right to go.
const mostFiles = 64

// settle is how long an upload takes at most between storing its bytes and its
// record, when it found or stored the bytes in the very moment of removal.
const settle = time.Second

// sweepAll clears everything that nothing refers to.
func (j *Janitor) sweepAll(ctx context.Context) error {
	if !j.Index.Ready() {
		return nil
	}
	return errors.Join(j.sweepErased(ctx), j.sweepJobs(ctx), j.sweepFiles(ctx), j.sweepUploads(ctx), j.sweepTemp())
}

// tempGrace is well above the longest silence that an upload may have: whoever
// writes to a temporary file keeps it young.
const tempGrace = time.Hour

// sweepTemp removes temporary files that nobody writes to any more, where the
// store has such.
func (j *Janitor) sweepTemp() error {
	store, ok := j.Blobs.(interface {
		SweepTemp(before time.Time) (int, error)
	})
	if !ok {
		return nil
	}
	_, err := store.SweepTemp(time.Now().Add(-tempGrace))
	return err
}

// sweepFiles removes recordings that no file record and no unfinished job
// refers to, and did not for the whole of the grace: an upload stores the bytes
// before the record, and bytes that were there before may be uploaded again.
func (j *Janitor) sweepFiles(ctx context.Context) error {
	due, err := j.dueFiles(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	var removed []removedFile
	defer func() {
		for _, file := range removed {
			_ = file.content.Close()
		}
	}()
	var problems []error
	for _, key := range due[:min(len(due), mostFiles)] {
		file, err := j.remove(ctx, key)
		if err == nil && file.content != nil {
			removed = append(removed, file)
		}
		problems = append(problems, err)
	}
	return errors.Join(append(problems, j.putBack(ctx, removed))...)
}

// dueFiles returns the keys of recordings whose grace is over.
func (j *Janitor) dueFiles(ctx context.Context) ([]string, error) {
	blobs, err := j.Blobs.List(ctx, "files")
	if err != nil || len(blobs) == 0 {
		return nil, err
	}
	used := map[string]bool{}
	if err := j.usedByRecords(ctx, used); err != nil {
		return nil, err
	}
	for _, record := range j.Index.Live() {
		used[record.GetInput().GetBlobKey()] = true
	}
	unused, now := map[string]time.Time{}, time.Now()
	var due []string
	for _, b := range blobs {
		if used[b.Key] || now.Sub(b.ModTime) < j.times.FileGrace {
			continue
		}
		since, known := j.unused[b.Key]
		if !known {
			since = now
		}
		unused[b.Key] = since
		if now.Sub(since) >= j.times.FileGrace {
			due = append(due, b.Key)
		}
	}
	j.unused = unused
	return due, nil
}

// removedFile is a recording that was removed and can still be put back.
type removedFile struct {
	key     string
	content io.ReadSeekCloser
}

// remove takes a recording out of the store, unless its bytes were uploaded
// again; then the content is nil.
func (j *Janitor) remove(ctx context.Context, key string) (removedFile, error) {
	content, info, err := j.Blobs.Open(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return removedFile{}, nil
	}
	if err != nil {
		return removedFile{}, err
	}
	if time.Since(info.ModTime) < j.times.FileGrace {
		return removedFile{}, content.Close()
	}
	if err := j.Blobs.Delete(ctx, key); err != nil {
		return removedFile{}, errors.Join(err, content.Close())
	}
	delete(j.unused, key)
	return removedFile{key, content}, nil
}

// putBack restores the recordings that came into use after the look that found
// them unused: an upload or a job may have met the bytes still there. It ends
// what was begun even when ctx ends.
func (j *Janitor) putBack(ctx context.Context, removed []removedFile) error {
	if len(removed) == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(settle):
	}
	ctx = context.WithoutCancel(ctx)
	used := map[string]bool{}
	err := errors.Join(j.usedByRecords(ctx, used), j.usedByJobs(ctx, used))
	problems := []error{err}
	for _, file := range removed {
		if err == nil && !used[file.key] {
			j.Log.Debug("recording removed", "key", file.key)
			continue
		}
		_, err := blob.Put(ctx, j.Blobs, file.key, file.content)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
