package history

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// secretBytes is how much of a secret is random.
const secretBytes = 32

// webhookServer is WebhookService.
type webhookServer struct {
	accountv1.UnimplementedWebhookServiceServer
	store Store
	now   func() time.Time
}

// GetWebhookSecrets returns the valid secrets of a user, and makes the first.
func (s *webhookServer) GetWebhookSecrets(ctx context.Context, req *accountv1.GetWebhookSecretsRequest) (*accountv1.GetWebhookSecretsResponse, error) {
	fresh, err := s.newSecret()
	if err != nil {
		return nil, err
	}
	secrets, err := s.store.WebhookSecrets(ctx, req.GetUserId(), fresh)
	if err != nil {
		return nil, err
	}
	return &accountv1.GetWebhookSecretsResponse{Secrets: secretsOf(secrets)}, nil
}

// RotateWebhookSecret replaces the current secret of a user.
func (s *webhookServer) RotateWebhookSecret(ctx context.Context, req *accountv1.RotateWebhookSecretRequest) (*accountv1.RotateWebhookSecretResponse, error) {
	fresh, err := s.newSecret()
	if err != nil {
		return nil, err
	}
	secrets, err := s.store.RotateWebhookSecret(ctx, req.GetUserId(), req.GetReplaces(), fresh)
	if err != nil {
		return nil, err
	}
	return &accountv1.RotateWebhookSecretResponse{Secrets: secretsOf(secrets)}, nil
}

func (s *webhookServer) newSecret() (record.Secret, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return record.Secret{}, fmt.Errorf("make webhook secret: %w", err)
	}
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // it never fails
	return record.Secret{
		ID: id.String(), Secret: "whsec_" + base64.StdEncoding.EncodeToString(raw), CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}, nil
}

func secretsOf(secrets []record.Secret) (all []*accountv1.WebhookSecret) {
	for _, one := range secrets {
		secret := &accountv1.WebhookSecret{Id: one.ID, Secret: one.Secret, CreatedAt: timestamppb.New(one.CreatedAt)}
		if !one.ExpiresAt.IsZero() {
			secret.ExpiresAt = timestamppb.New(one.ExpiresAt)
		}
		all = append(all, secret)
	}
	return all
}
