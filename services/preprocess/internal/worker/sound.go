package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pieces"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

const (
	// restarts is how often a decoder that somebody killed is started again
	// before the run counts as interrupted.
	restarts = 5
	// firstPause is the pause before the first of them; it doubles with each.
	firstPause = time.Second / 32
)

// fetch returns the path of the recording: that of its blob where blobs are
// files, else that of a copy in folder. The bytes are those that were uploaded.
func (h *Handler) fetch(ctx context.Context, input *jobv1.Input, folder string) (string, error) {
	path, err := h.localPath(ctx, input.GetBlobKey(), folder)
	if err != nil {
		return "", err
	}
	return path, checkSum(ctx, path, input.GetSha256())
}

func (h *Handler) localPath(ctx context.Context, key, folder string) (string, error) {
	if local, ok := h.Blobs.(blob.LocalPather); ok {
		if _, err := h.Blobs.Stat(ctx, key); err != nil {
			return "", unlessGone(err)
		}
		return local.LocalPath(key)
	}
	from, _, err := h.Blobs.Open(ctx, key)
	if err != nil {
		return "", unlessGone(err)
	}
	defer func() { _ = from.Close() }()
	path := filepath.Join(folder, "recording")
	to, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("copy recording: %w", err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		return "", fmt.Errorf("copy recording: %w", err)
	}
	return path, nil
}

// checkSum reads a recording and compares its lower-case hex SHA-256. A decoder would
// make words of most damage, and nobody could tell.
func checkSum(ctx context.Context, path, want string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{ctx, file}); err != nil {
		return fmt.Errorf("read recording: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fault.Wrap(fmt.Errorf("recording has sha256 %s instead of %s", got, want), fault.Unprocessable,
			"corrupt_media", "The recording has changed since it was stored; please upload it again.")
	}
	return nil
}

// contextReader ends with its context: gigabytes may be on their way when a job is
// cancelled.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// unlessGone makes the lack of a recording a failure for good.
func unlessGone(err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return fault.Wrap(err, fault.NotFound, "file_not_found", "The recording is not stored any more.")
	}
	return fmt.Errorf("open recording: %w", err)
}

// prepare runs prepare.File, and runs it again when somebody killed the
// programs it uses. That is not charged to the recording.
func (h *Handler) prepare(ctx context.Context, run *work.Run, path, folder string) (prepare.Prepared, error) {
	request := prepare.Request{
		Path: path, Scratch: folder, Whole: !run.Job.GetOptions().GetVad(),
		Split: run.Job.GetOptions().GetSplitChannels(), Progress: run.Progress,
	}
	pause := firstPause
	for tries := 1; ; tries++ {
		prepared, err := prepare.File(ctx, h.Prepare, request)
		if err == nil || !ffmpeg.Interrupted(err) {
			return prepared, err
		}
		if tries > restarts {
			return prepared, work.Uncharged(err, false)
		}
		h.Log.Warn("decoder was killed, starting it again", "job", run.Task.GetJobId(), "tries", tries, "err", err)
		select {
		case <-ctx.Done():
			return prepare.Prepared{}, ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// storeChunks writes the chunks of a plan to the blob store and notes in the
// plan where they are.
func (h *Handler) storeChunks(ctx context.Context, plan *jobv1.Plan, prepared prepare.Prepared) error {
	all := inOrder(prepared.Tracks)
	for n, track := range prepared.Tracks {
		cut, chunks := all.of(n)
		store := func(ctx context.Context, n int, audio io.Reader) error {
			return h.storeChunk(ctx, plan, plan.GetChunks()[chunks[n]], audio)
		}
		if err := writePieces(ctx, track, cut, store); err != nil {
			return err
		}
	}
	return nil
}

func writePieces(ctx context.Context, track prepare.Track, cut []segment.Piece, store pieces.Store) error {
	recording, err := os.Open(track.PCM)
	if err != nil {
		return fmt.Errorf("open scratch file: %w", err)
	}
	defer func() { _ = recording.Close() }()
	return pieces.Write(ctx, recording, track.Loudness.GainDB(), cut, store)
}

func (h *Handler) storeChunk(ctx context.Context, plan *jobv1.Plan, chunk *jobv1.Chunk, audio io.Reader) error {
	info, err := blob.PutNamed(ctx, h.Blobs, audio, func(sha256 string) string {
		return job.ChunkBlobKey(plan.GetJobId(), plan.GetAttempt(), chunk.GetNumber(), sha256)
	})
	if err != nil {
		return err
	}
	chunk.Audio = &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}
	return nil
}
