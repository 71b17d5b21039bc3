package gateway

import (
	"context"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/admission"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Shares of the buckets that new work may fill, in percent. The rest of JOBS is
// for what accepted jobs still write. A file writes nothing after its record.
const (
	jobsPercent  = 80
	filesPercent = 90
)

// roomTime is when a client that was refused may try again: jobs have to end and
// be removed before there is room.
const roomTime = 30 * time.Second

func (s *Service) roomForJobs() *admission.Gate {
	return s.room("jobs", s.deps.Jobs.Usage, jobsPercent, fault.New(fault.Unavailable, "backlog_full",
		"Too many tasks are waiting; try again later."))
}

func (s *Service) roomForFiles() *admission.Gate {
	return s.room("files", s.deps.Files.Usage, filesPercent, fault.New(fault.Unavailable, "files_full",
		"Too many files are stored; try again when some were deleted."))
}

func (s *Service) room(of string, usage func(context.Context) (used, limit int64, err error), percent int64, full error) *admission.Gate {
	return &admission.Gate{
		Usage: usage, Percent: percent, Refusal: problem.After(full, roomTime),
		Log: s.deps.Log.With("bucket", of), Now: time.Now,
	}
}
