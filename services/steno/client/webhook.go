package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// WebhookSecret is what webhooks of the user are signed with.
type WebhookSecret struct {
	Secret    string    `json:"secret"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Previous are secrets that hooks are signed with, too, until they end.
	Previous []struct {
		CreatedAt time.Time `json:"created_at,omitzero"`
		ExpiresAt time.Time `json:"expires_at,omitzero"`
	} `json:"previous"`
}

// Delivery is a webhook and what became of it.
type Delivery struct {
	ID            string            `json:"id"`   // the webhook-id
	Type          string            `json:"type"` // for example "transcription.completed"
	Attempt       int               `json:"attempt"`
	URL           string            `json:"url"`
	Status        string            `json:"status"`                   // pending, delivered, failed or stopped
	EndedAt       time.Time         `json:"ended_at,omitzero"`        // when the job ended
	NextAttemptAt time.Time         `json:"next_attempt_at,omitzero"` // zero unless pending
	Attempts      []DeliveryAttempt `json:"attempts"`
}

// DeliveryAttempt is one call of the address.
type DeliveryAttempt struct {
	At              time.Time `json:"at,omitzero"`
	HTTPStatus      int       `json:"http_status,omitempty"` // 0: there was no answer
	DurationSeconds float64   `json:"duration_seconds"`
	Error           *JobError `json:"error,omitempty"` // nil: the receiver has it
}

const webhookSecretPath = "/api/v1/user/webhook-secret"

// WebhookSecret returns the secret of the user.
func (c *Client) WebhookSecret(ctx context.Context) (WebhookSecret, error) {
	var secret WebhookSecret
	err := c.get(ctx, webhookSecretPath, nil, &secret)
	return secret, err
}

// RotateWebhookSecret makes a new secret; the old one counts for a day more.
func (c *Client) RotateWebhookSecret(ctx context.Context) (WebhookSecret, error) {
	var secret WebhookSecret
	err := c.post(ctx, webhookSecretPath, struct{}{}, &secret)
	return secret, err
}

// Deliveries lists the webhooks of a job.
func (c *Client) Deliveries(ctx context.Context, task string) ([]Delivery, error) {
	var answer struct {
		Items []Delivery `json:"items"`
	}
	err := c.get(ctx, jobPath(task, "deliveries"), nil, &answer)
	return answer.Items, err
}

// Resend sends a webhook once more. The receiver knows by its id that it is the same.
func (c *Client) Resend(ctx context.Context, task, delivery string) error {
	_, err := c.fetch(ctx, request{
		method: http.MethodPost, path: jobPath(task, "deliveries", url.PathEscape(delivery), "resend"), limit: readLimit,
	})
	return err
}
