package gateway_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
)

// diary is the log of deliveries in small. It can be switched off (down).
type diary struct {
	historyv1.UnimplementedDeliveryServiceServer

	mu   sync.Mutex
	down bool
	kept map[string]*historyv1.Delivery
}

func (d *diary) set(change func(*diary)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *diary) RecordDelivery(_ context.Context, req *historyv1.RecordDeliveryRequest) (*historyv1.RecordDeliveryResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return nil, errDown
	}
	after := proto.CloneOf(req.GetDelivery())
	if before := d.kept[after.GetId()]; before != nil {
		after.Attempts = append(before.GetAttempts(), after.GetAttempts()...)
	}
	d.kept[after.GetId()] = after
	return &historyv1.RecordDeliveryResponse{}, nil
}

func (d *diary) GetDelivery(_ context.Context, req *historyv1.GetDeliveryRequest) (*historyv1.GetDeliveryResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := d.kept[req.GetId()]
	switch {
	case d.down:
		return nil, errDown
	case found.GetUserId() != req.GetUserId():
		return nil, fault.New(fault.NotFound, "delivery_not_found", "No such delivery.")
	}
	return &historyv1.GetDeliveryResponse{Delivery: found}, nil
}

func (d *diary) ListDeliveries(_ context.Context, req *historyv1.ListDeliveriesRequest) (*historyv1.ListDeliveriesResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return nil, errDown
	}
	reply := &historyv1.ListDeliveriesResponse{}
	for _, one := range d.kept {
		if one.GetUserId() == req.GetUserId() && one.GetJobId() == req.GetJobId() {
			reply.Deliveries = append(reply.Deliveries, one)
		}
	}
	return reply, nil
}

// safe keeps secrets, one list for all users; the current one is the last.
type safe struct {
	accountv1.UnimplementedWebhookServiceServer

	mu      sync.Mutex
	secrets []*accountv1.WebhookSecret
}

func (s *safe) add() {
	n := len(s.secrets)
	if n > 0 {
		s.secrets[n-1].ExpiresAt = timestamppb.New(time.Now().Add(24 * time.Hour))
	}
	s.secrets = append(s.secrets, &accountv1.WebhookSecret{
		Id: fmt.Sprint(n), Secret: "whsec_" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "secret number %d", n)), CreatedAt: timestamppb.Now(),
	})
}

// all are the secrets, the current one first.
func (s *safe) all() []*accountv1.WebhookSecret {
	var list []*accountv1.WebhookSecret
	for n := len(s.secrets) - 1; n >= 0; n-- {
		list = append(list, s.secrets[n])
	}
	return list
}

func (s *safe) GetWebhookSecrets(context.Context, *accountv1.GetWebhookSecretsRequest) (*accountv1.GetWebhookSecretsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.secrets) == 0 {
		s.add()
	}
	return &accountv1.GetWebhookSecretsResponse{Secrets: s.all()}, nil
}

func (s *safe) RotateWebhookSecret(_ context.Context, req *accountv1.RotateWebhookSecretRequest) (*accountv1.RotateWebhookSecretResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.GetReplaces() == s.secrets[len(s.secrets)-1].GetId() {
		s.add()
	}
	return &accountv1.RotateWebhookSecretResponse{Secrets: s.all()}, nil
}
