package history

import (
	"context"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// GetUserStatistics returns what the jobs of a user come to.
func (s *jobServer) GetUserStatistics(ctx context.Context, req *historyv1.GetUserStatisticsRequest) (*historyv1.GetUserStatisticsResponse, error) {
	all, err := s.store.UserStatistics(ctx, req.GetUserId(), req.GetFromDay())
	if err != nil {
		return nil, err
	}
	return &historyv1.GetUserStatisticsResponse{
		ByState: tallies(all[record.ByState]), ByLanguage: tallies(all[record.ByLanguage]),
		ByModel: tallies(all[record.ByModel]), ByDay: tallies(all[record.ByDay]),
	}, nil
}

// GetSystemStatistics returns what the jobs of all users come to.
func (s *jobServer) GetSystemStatistics(ctx context.Context, _ *historyv1.GetSystemStatisticsRequest) (*historyv1.GetSystemStatisticsResponse, error) {
	all, err := s.store.SystemStatistics(ctx)
	if err != nil {
		return nil, err
	}
	return &historyv1.GetSystemStatisticsResponse{ByState: tallies(all)}, nil
}

// tallies leaves out those of no job. Until the jobs of a version before have been
// counted there may be fewer than none.
func tallies(all []record.Tally) []*historyv1.Tally {
	var told []*historyv1.Tally
	for _, t := range all {
		if t.Jobs > 0 {
			told = append(told, &historyv1.Tally{Name: t.Name, Jobs: t.Jobs, AudioMs: max(0, t.AudioMS),
				WorkMs: max(0, t.WorkMS), WorkedMs: max(0, t.WorkedMS)})
		}
	}
	return told
}
