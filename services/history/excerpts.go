package history

import (
	"context"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

// Excerpts are for people who read a page: not for long ones, and not out of long
// texts, which all would have to be read.
const (
	excerptJobs = 50
	excerptText = 256 << 10 // bytes or characters; some four hours of speech
)

// excerpts returns the words around the first hit, by job.
func (s *jobServer) excerpts(ctx context.Context, query record.Query, jobs []*jobv1.Job) (map[string]string, error) {
	if len(query.Terms) == 0 || len(jobs) == 0 || len(jobs) > excerptJobs {
		return nil, nil
	}
	ids := make([]string, len(jobs))
	for i, job := range jobs {
		ids[i] = job.GetId()
	}
	texts, err := s.store.Texts(ctx, query.UserID, ids, excerptText)
	if err != nil {
		return nil, err
	}
	excerpts := map[string]string{}
	for id, text := range texts {
		if excerpt := words.Excerpt(text, query.Terms); excerpt != "" {
			excerpts[id] = excerpt
		}
	}
	return excerpts, nil
}
