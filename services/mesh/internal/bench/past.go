package bench

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
)

// fillHistory has the history service record completed jobs of past days in the
// database of a data folder. Their records stay behind on another bus, as they do
// in a mesh once the janitor has purged them.
func (b *bench) fillHistory(ctx context.Context, data, password string) error {
	s, err := b.openBackstage(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	cfg := history.Config{StoreURL: "sqlite:" + filepath.Join(data, "history.db")}
	service, err := history.New(ctx, cfg, history.Deps{NC: s.NC, JS: s.JS, Blobs: s.blobs, Log: s.log})
	if err != nil {
		return err
	}
	s.stack.Go("history", service.Run)
	conn := rpc.NewInProcess(s.log)
	service.Register(conn)
	account, err := accountv1.NewAccountServiceClient(conn).EnsureUser(ctx, &accountv1.EnsureUserRequest{
		Name: user, Password: password, Role: accountv1.Role_ROLE_ADMIN,
	})
	if err != nil {
		return err
	}
	owner := account.GetUser().GetId()
	if err := s.writePast(ctx, owner, b.cfg.Sizes.Jobs); err != nil {
		return err
	}
	return s.awaitRecorded(ctx, historyv1.NewHistoryServiceClient(conn), owner, b.cfg.Sizes.Jobs)
}

// awaitRecorded waits until the history has so many jobs.
func (s *backstage) awaitRecorded(ctx context.Context, client historyv1.HistoryServiceClient, owner string, jobs int) error {
	return until(ctx, func() (bool, error) {
		page, err := client.ListJobs(ctx, &historyv1.ListJobsRequest{UserId: owner, Limit: 1})
		return page.GetTotal() == int64(jobs), err
	})
}

// unacknowledged is how many records are on their way at once.
const unacknowledged = 1000

// writePast publishes the records as they would be when the jobs were done, and
// not one after the other: job.Store would wait for each to be on disk.
func (s *backstage) writePast(ctx context.Context, owner string, jobs int) error {
	said := &jobv1.Transcript{Language: "en", Model: "demo"}
	for n := range 5 {
		said.Segments = append(said.Segments, &jobv1.Segment{
			StartMs: int64(n) * 5000, EndMs: int64(n)*5000 + 4000, Language: "en", Text: "The lecture ends at six on Tuesday.",
		})
	}
	words, err := proto.Marshal(said)
	if err != nil {
		return err
	}
	transcript, err := blob.Put(ctx, s.blobs, "transcript", bytes.NewReader(words))
	if err != nil {
		return err
	}
	for done := 0; done < jobs; {
		var acks []jetstream.PubAckFuture
		for ; done < jobs && len(acks) < unacknowledged; done++ {
			ack, err := s.publishPast(owner, transcript, time.Duration(jobs-done)*time.Minute)
			if err != nil {
				return err
			}
			acks = append(acks, ack)
		}
		if err := await(ctx, acks); err != nil {
			return err
		}
	}
	return nil
}

func (s *backstage) publishPast(owner string, transcript blob.Info, ago time.Duration) (jetstream.PubAckFuture, error) {
	record, err := pastJob(owner, transcript, ago)
	if err != nil {
		return nil, err
	}
	body, err := proto.Marshal(record)
	if err != nil {
		return nil, err
	}
	return s.JS.PublishAsync("$KV."+job.Bucket+".job."+record.GetId(), body)
}

func await(ctx context.Context, acks []jetstream.PubAckFuture) error {
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return fmt.Errorf("write a record: %w", err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// pastJob is a job that was completed this long ago.
func pastJob(owner string, transcript blob.Info, ago time.Duration) (*jobv1.Job, error) {
	id, err := job.NewID()
	at := timestamppb.New(time.Now().Add(-ago))
	return &jobv1.Job{
		Id: id, UserId: owner, Attempt: 1, State: jobv1.State_STATE_COMPLETED, Language: "en", Chunks: 1, Done: []byte{1},
		CreatedAt: at, UpdatedAt: at, StartedAt: at, FinishedAt: at,
		Options:    &jobv1.Options{Model: "whisper-1", ResolvedModel: "demo", Language: "auto", Languages: []string{"en", "ru"}, Vad: true},
		Input:      &jobv1.Input{FileId: "file1", Name: "recording.mp3", Size: 1 << 20, ContentType: "audio/mpeg"},
		Media:      &jobv1.Media{DurationMs: 25_000, Format: "mp3", Codec: "mp3", Channels: 2, SampleRate: 44_100, BitRate: 128_000},
		Timings:    []*jobv1.Timing{{Stage: "queued", DurationMs: 3}, {Stage: "preprocessing", DurationMs: 200}, {Stage: "transcribing", DurationMs: 400}},
		Transcript: &jobv1.BlobRef{Key: transcript.Key, Size: transcript.Size, Sha256: transcript.SHA256},
	}, err
}
