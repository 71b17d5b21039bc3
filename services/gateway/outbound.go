package gateway

import (
	"context"
	"time"

	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
	"github.com/stenomesh/stenomesh/services/gateway/internal/webhook"
)

// sender tells receivers of ends of jobs.
func (s *Service) sender(guard *outbound.Guard, users *auth.Users) *webhook.Sender {
	d := s.deps
	return &webhook.Sender{
		JS: d.JS, Jobs: d.Jobs, History: d.History, Deliveries: d.Deliveries, Secrets: d.Secrets,
		Active: func(ctx context.Context, userID string) error {
			_, err := users.Get(ctx, userID)
			return err
		},
		Guard: guard, Pause: s.cfg.WebhookPause, Log: d.Log, Now: time.Now,
	}
}

// fetcher gets recordings from addresses; nil where that is switched off.
func (s *Service) fetcher(guard *outbound.Guard) *upload.Fetcher {
	if !s.cfg.URLIngest {
		return nil
	}
	return upload.NewFetcher(guard, s.cfg.UploadIdle)
}
