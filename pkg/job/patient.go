package job

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/outage"
)

// restartTime is how long a patient store waits for a bus that has just gone. A
// request gives up a little later by itself (requestLimit).
const restartTime = 4500 * time.Millisecond

// Patient returns a store that waits some seconds for a bus which is being started
// again: for users, who should not be turned away for that. Workers have ways of
// their own.
func (s *Store) Patient() *Store { return &Store{kv: newPatient(s.kv), js: s.js, pulse: s.pulse} }

// Patient is that of Store.
func (f *Files) Patient() *Files { return &Files{kv: newPatient(f.kv), js: f.js} }

// patient is a bucket whose requests wait.
type patient struct {
	jetstream.KeyValue
	hold *outage.Hold
}

func newPatient(kv jetstream.KeyValue) patient {
	return patient{KeyValue: kv, hold: &outage.Hold{Limit: restartTime}}
}

// unheard reports whether a request has certainly not been carried out, because
// nobody was there: it may be made again.
func unheard(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrDisconnected) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.As(err, &api) && api.ErrorCode == notAvailable
}

// notAvailable is what a server says that has just started (JSClusterNotAvailErr of
// the server).
const notAvailable jetstream.ErrorCode = 10008

// Get reads a key.
func (p patient) Get(ctx context.Context, key string) (entry jetstream.KeyValueEntry, err error) {
	err = p.hold.Do(ctx, unheard, func() error {
		entry, err = p.KeyValue.Get(ctx, key)
		return err
	})
	return entry, err
}

// Create makes a key.
func (p patient) Create(ctx context.Context, key string, value []byte, options ...jetstream.KVCreateOpt) (revision uint64, err error) {
	err = p.hold.Do(ctx, unheard, func() error {
		revision, err = p.KeyValue.Create(ctx, key, value, options...)
		return err
	})
	return revision, err
}

// Update changes a key.
func (p patient) Update(ctx context.Context, key string, value []byte, last uint64) (revision uint64, err error) {
	err = p.hold.Do(ctx, unheard, func() error {
		revision, err = p.KeyValue.Update(ctx, key, value, last)
		return err
	})
	return revision, err
}
