package bench

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// backstage is what a mesh has behind its services, in this process: the embedded
// bus with synced writes, the records and the blobs.
type backstage struct {
	*bus.Bus
	jobs  *job.Store
	blobs *blob.Disk
	log   *slog.Logger
	stack *lifecycle.Stack // what runs on it
}

// openBackstage makes one in a new folder. Whoever calls it calls close.
func (b *bench) openBackstage(ctx context.Context) (*backstage, error) {
	folder, err := os.MkdirTemp(b.folder, "backstage-")
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(b.cfg.Progress, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s := &backstage{log: log, stack: lifecycle.NewStack(log)}
	if err := s.open(ctx, folder); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *backstage) open(ctx context.Context, folder string) error {
	embedded, err := bus.StartEmbedded(filepath.Join(folder, "bus"), s.log)
	if err != nil {
		return err
	}
	s.stack.OnStop("bus", embedded.Stop)
	connection, err := embedded.Connect("bench", s.log)
	if err != nil {
		return err
	}
	s.Bus = connection
	s.stack.OnStop("bus connection", connection.Close)
	if err := bus.Provision(ctx, s.JS, bus.EmbeddedLayout(nil)); err != nil {
		return err
	}
	if s.jobs, err = job.Open(ctx, s.JS); err != nil {
		return err
	}
	s.blobs, err = blob.NewDisk(filepath.Join(folder, "blobs"))
	return err
}

func (s *backstage) close() { s.stack.Stop() }

// accept makes the record of a job, as the gateway does for a 201. sha256 is that of
// the recording, lower-case hex; empty when it is not going to be read.
func (s *backstage) accept(ctx context.Context, blobKey, sha256 string) (*jobv1.Task, error) {
	id, err := job.NewID()
	if err != nil {
		return nil, err
	}
	_, err = s.jobs.Create(ctx, &jobv1.Job{
		Id: id, UserId: user, Attempt: 1, State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.Now(),
		Input:   &jobv1.Input{FileId: "file", Name: "recording.flac", BlobKey: blobKey, Sha256: sha256},
		Options: &jobv1.Options{Model: "demo", ResolvedModel: "demo", Language: "en", Vad: true},
	})
	return &jobv1.Task{JobId: id, UserId: user, Attempt: 1, Stage: jobv1.Stage_STAGE_PRE}, err
}

// queue makes a task known, as the dispatcher does.
func (s *backstage) queue(ctx context.Context, task *jobv1.Task) error {
	data, err := proto.Marshal(task)
	if err != nil {
		return err
	}
	_, err = s.JS.Publish(ctx, job.TaskSubject(task, "", jobv1.Priority_PRIORITY_NORMAL), data)
	return err
}
