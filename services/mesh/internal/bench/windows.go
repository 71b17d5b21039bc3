package bench

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/stenomesh/stenomesh/pkg/blob"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

// windows returns the audio of the calls that the pipeline makes to the engine
// for these recordings. They are made by the services themselves: preprocess
// decodes, evens out and cuts, the transcriber's rule packs the speech.
func (b *bench) windows(ctx context.Context, recordings []recording) ([][]byte, error) {
	s, err := b.openBackstage(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	cfg := preprocess.DefaultConfig()
	cfg.Scratch = filepath.Join(b.folder, "scratch")
	service, err := preprocess.New(ctx, cfg, preprocess.Deps{Bus: s.Bus, Jobs: s.jobs, Blobs: s.blobs, Log: s.log})
	if err != nil {
		return nil, err
	}
	s.stack.Go("preprocess", service.Run)
	var windows [][]byte
	for _, r := range recordings {
		plan, err := s.prepare(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", r.path, err)
		}
		for _, chunk := range plan.GetChunks() {
			pcm, err := blob.Get(ctx, s.blobs, chunk.GetAudio().GetKey())
			if err != nil {
				return nil, err
			}
			windows = append(windows, transcriber.Windows(chunk, pcm)...)
		}
	}
	return windows, nil
}

// prepare has a recording prepared and returns the plan of its chunks.
func (s *backstage) prepare(ctx context.Context, r recording) (*jobv1.Plan, error) {
	body, _, err := r.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }() // opened for reading: nothing to lose
	key := "files/" + filepath.Base(r.path)
	stored, err := blob.Put(ctx, s.blobs, key, body)
	if err != nil {
		return nil, err
	}
	task, err := s.accept(ctx, key, stored.SHA256)
	if err != nil {
		return nil, err
	}
	if err := s.queue(ctx, task); err != nil {
		return nil, err
	}
	err = until(ctx, func() (bool, error) {
		record, _, err := s.jobs.Get(ctx, task.GetJobId())
		if why := record.GetError(); why != nil {
			return false, fmt.Errorf("%s: %s", why.GetCode(), why.GetMessage())
		}
		return record.GetState() > jobv1.State_STATE_PREPROCESSING, err
	})
	if err != nil {
		return nil, err
	}
	return s.jobs.Plan(ctx, task.GetJobId(), task.GetAttempt())
}
