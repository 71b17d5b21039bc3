package history

import (
	"context"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
)

// deliveryServer is DeliveryService.
type deliveryServer struct {
	historyv1.UnimplementedDeliveryServiceServer
	store Store
}

// RecordDelivery stores how a delivery stands.
func (s *deliveryServer) RecordDelivery(ctx context.Context, req *historyv1.RecordDeliveryRequest) (*historyv1.RecordDeliveryResponse, error) {
	if err := s.store.RecordDelivery(ctx, req.GetDelivery()); err != nil {
		return nil, err
	}
	return &historyv1.RecordDeliveryResponse{}, nil
}

// GetDelivery returns one delivery of a user.
func (s *deliveryServer) GetDelivery(ctx context.Context, req *historyv1.GetDeliveryRequest) (*historyv1.GetDeliveryResponse, error) {
	delivery, err := s.store.Delivery(ctx, req.GetUserId(), req.GetId())
	if err != nil {
		return nil, err
	}
	return &historyv1.GetDeliveryResponse{Delivery: delivery}, nil
}

// ListDeliveries returns those of a user's job.
func (s *deliveryServer) ListDeliveries(ctx context.Context, req *historyv1.ListDeliveriesRequest) (*historyv1.ListDeliveriesResponse, error) {
	deliveries, err := s.store.Deliveries(ctx, req.GetUserId(), req.GetJobId())
	if err != nil {
		return nil, err
	}
	return &historyv1.ListDeliveriesResponse{Deliveries: deliveries}, nil
}
