package webhook

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Desk is where users see to their hooks.
type Desk struct {
	Jobs       *job.Store
	Deliveries historyv1.DeliveryServiceClient
	Secrets    accountv1.WebhookServiceClient
	Now        func() time.Time
}

// Secret returns what a user's hooks are signed with, the current secret first.
func (d *Desk) Secret(ctx context.Context, userID string) ([]*accountv1.WebhookSecret, error) {
	reply, err := d.Secrets.GetWebhookSecrets(ctx, &accountv1.GetWebhookSecretsRequest{UserId: userID})
	return nonempty(reply.GetSecrets(), err)
}

// Rotate replaces the current secret; the old one stays valid for a day. Of two at
// once, one does. Exhausted, code "too_many_secrets": not so often.
func (d *Desk) Rotate(ctx context.Context, userID string) ([]*accountv1.WebhookSecret, error) {
	secrets, err := d.Secret(ctx, userID)
	if err != nil {
		return nil, err
	}
	reply, err := d.Secrets.RotateWebhookSecret(ctx, &accountv1.RotateWebhookSecretRequest{UserId: userID, Replaces: secrets[0].GetId()})
	return nonempty(reply.GetSecrets(), err)
}

// nonempty holds a promise of the contract.
func nonempty(secrets []*accountv1.WebhookSecret, err error) ([]*accountv1.WebhookSecret, error) {
	if err == nil && len(secrets) == 0 {
		return nil, fmt.Errorf("webhook secrets: %w", fault.New(fault.Internal, "internal", "Something went wrong on our side."))
	}
	return secrets, err
}

// List returns what became of the hooks of a user's job, newest first.
func (d *Desk) List(ctx context.Context, userID, jobID string) ([]*historyv1.Delivery, error) {
	reply, err := d.Deliveries.ListDeliveries(ctx, &historyv1.ListDeliveriesRequest{UserId: userID, JobId: jobID})
	return reply.GetDeliveries(), err
}

// Resend queues a hook of a user's job once more, and returns how it stood before.
// NotFound, code "delivery_not_found": there is none of this id.
func (d *Desk) Resend(ctx context.Context, userID, jobID, id string) (*historyv1.Delivery, error) {
	reply, err := d.Deliveries.GetDelivery(ctx, &historyv1.GetDeliveryRequest{UserId: userID, Id: id})
	before := reply.GetDelivery()
	if fault.Is(err, fault.NotFound) || err == nil && before.GetJobId() != jobID {
		return nil, fault.New(fault.NotFound, "delivery_not_found", "There is no delivery of this id.")
	}
	if err != nil {
		return nil, err
	}
	return before, d.Jobs.QueueHook(ctx, &jobv1.Hook{
		JobId: jobID, UserId: userID, Attempt: before.GetAttempt(), State: job.HookState(before.GetEvent()), Url: before.GetUrl(),
		EndedAt: before.GetEndedAt(), QueuedAt: timestamppb.New(d.Now()), Again: true,
	})
}
