package transcriber

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	"github.com/stenomesh/stenomesh/pkg/roster"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Part is the transcriber as a process runs it.
func Part() host.Part {
	cfg := DefaultConfig()
	return host.Part{Name: "transcriber", Needs: host.Bus | host.Jobs | host.Blobs, Flags: cfg.RegisterFlags, Start: func(_ context.Context, h *host.Host) error {
		cfg.ModelDirs = h.ModelDirs()
		if cfg.RunDir == "" {
			cfg.RunDir = h.Path("run")
		}
		s, err := New(cfg, Deps{
			Bus: h.Bus, Jobs: h.Jobs, Blobs: h.Blobs, Catalog: h.Catalog, Log: h.Log, Observe: h.ObserveStage,
		})
		if err != nil {
			return err
		}
		h.Go("transcriber", s.Run)
		h.Check("transcriber", s.Check)
		h.Go("transcriber's notes", func(ctx context.Context) error {
			roster.Announce(ctx, h.Bus.NC, func() *jobv1.WorkerBeat { return s.beat(h.Instance()) })
			return nil
		})
		return nil
	}}
}

// beat is what others should know of this transcriber.
func (s *Service) beat(instance string) *jobv1.WorkerBeat {
	return &jobv1.WorkerBeat{
		Instance: instance, Stage: jobv1.Stage_STAGE_ASR, Slots: uint32(s.cfg.Slots),
		LoadedModels: s.models.Loaded(), Version: lifecycle.Version,
	}
}
