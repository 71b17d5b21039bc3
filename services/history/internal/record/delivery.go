package record

import (
	"fmt"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
)

// Limits of the log of deliveries.
const (
	// MostAttempts are kept of a delivery; the oldest go first.
	MostAttempts = 100
)

// ErrNotRecorded is returned for a delivery of a job that has no row yet.
var ErrNotRecorded = fault.New(fault.NotFound, "job_not_recorded", "The history does not have the job yet.")

// ErrNoDelivery is returned when there is no such delivery.
var ErrNoDelivery = fault.New(fault.NotFound, "delivery_not_found", "There is no such delivery.")

var deliveryStates = map[historyv1.DeliveryState]string{
	historyv1.DeliveryState_DELIVERY_STATE_PENDING:   "pending",
	historyv1.DeliveryState_DELIVERY_STATE_DELIVERED: "delivered",
	historyv1.DeliveryState_DELIVERY_STATE_FAILED:    "failed",
	historyv1.DeliveryState_DELIVERY_STATE_STOPPED:   "stopped",
}

// DeliveryWord is how a state of a delivery is stored.
func DeliveryWord(state historyv1.DeliveryState) (string, error) {
	word, known := deliveryStates[state]
	if !known {
		return "", fmt.Errorf("no state of a delivery: %v", state)
	}
	return word, nil
}

// DeliveryState is the state that a word stands for.
func DeliveryState(word string) historyv1.DeliveryState {
	for state, name := range deliveryStates {
		if name == word {
			return state
		}
	}
	return historyv1.DeliveryState_DELIVERY_STATE_UNSPECIFIED
}
