package history

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

const (
	maxLimit = 1000
	// Rows that an OFFSET page may pass over, its own included: the database
	// reads all of them. Cursors cost the same on every page.
	maxOffset = 10_000
)

// jobServer is HistoryService.
type jobServer struct {
	historyv1.UnimplementedHistoryServiceServer
	store Store
	blobs blob.Store
	log   *slog.Logger
}

// GetJob returns one job of a user.
func (s *jobServer) GetJob(ctx context.Context, req *historyv1.GetJobRequest) (*historyv1.GetJobResponse, error) {
	job, revision, err := s.store.Job(ctx, req.GetUserId(), req.GetJobId())
	if err != nil {
		return nil, err
	}
	return &historyv1.GetJobResponse{Job: job, Revision: revision}, nil
}

// GetTranscript returns the result of a user's job.
func (s *jobServer) GetTranscript(ctx context.Context, req *historyv1.GetTranscriptRequest) (*historyv1.GetTranscriptResponse, error) {
	if version := req.GetVersion(); version > 0 {
		transcript, err := s.store.TranscriptVersion(ctx, req.GetUserId(), req.GetJobId(), version)
		if err != nil {
			return nil, err
		}
		return &historyv1.GetTranscriptResponse{Transcript: transcript, Version: version}, nil
	}
	transcript, err := s.store.Transcript(ctx, req.GetUserId(), req.GetJobId())
	if err != nil {
		return nil, err
	}
	return &historyv1.GetTranscriptResponse{Transcript: transcript}, nil
}

// ListJobs returns one page.
func (s *jobServer) ListJobs(ctx context.Context, req *historyv1.ListJobsRequest) (*historyv1.ListJobsResponse, error) {
	query, err := queryOf(req)
	if err != nil {
		return nil, err
	}
	page, err := s.store.Page(ctx, query)
	if err != nil {
		return nil, err
	}
	reply := &historyv1.ListJobsResponse{Jobs: page.Jobs, Total: page.Total, Recorded: page.Recorded, More: page.More}
	reply.Excerpts, err = s.excerpts(ctx, query, page.Jobs)
	return reply, err
}

func queryOf(req *historyv1.ListJobsRequest) (record.Query, error) {
	query := record.Query{UserID: req.GetUserId(), Limit: int(req.GetLimit()), OldestFirst: req.GetOldestFirst()}
	if req.GetLimit() < 1 || req.GetLimit() > maxLimit {
		return query, fault.New(fault.Invalid, "invalid_limit", fmt.Sprintf("limit must be between 1 and %d.", maxLimit))
	}
	for _, known := range req.GetWithout() {
		query.Without = append(query.Without, record.Known{JobID: known.GetJobId(), Revision: known.GetRevision()})
	}
	if err := filterBy(&query, req); err != nil {
		return query, err
	}
	if after := req.GetAfter(); after != nil {
		query.After = &record.Position{CreatedAt: after.GetCreatedAtUs(), JobID: after.GetJobId()}
		return query, nil
	}
	query.Offset = int(req.GetOffset())
	if query.Offset+query.Limit > maxOffset {
		return query, fault.New(fault.Invalid, "use_cursor",
			fmt.Sprintf("Pages reach %d jobs back; go on behind the last job of the page before.", maxOffset))
	}
	return query, nil
}

// filterBy says what jobs have to be like.
func filterBy(query *record.Query, req *historyv1.ListJobsRequest) (err error) {
	query.Language, query.Model, query.FileName = req.GetLanguage(), req.GetModel(), req.GetFileNamePrefix()
	query.From, query.Before = req.CreatedFromUs, req.CreatedBeforeUs
	if strings.ContainsRune(query.Language+query.Model+query.FileName, 0) { // no text for PostgreSQL
		return fault.New(fault.Invalid, "invalid_filter", "A filter holds a zero byte.")
	}
	if query.Status, err = statusOf(req.GetStates()); err != nil {
		return err
	}
	if req.GetQuery() != "" {
		query.Terms, err = words.Parse(req.GetQuery())
	}
	return err
}

func statusOf(states []jobv1.State) ([]string, error) {
	all := make([]string, 0, len(states))
	for _, state := range states {
		status, err := record.StatusOf(state)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "invalid_status", "There is no such status.")
		}
		all = append(all, status)
	}
	return all, nil
}
