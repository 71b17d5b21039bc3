// Package account carries the word that accounts or API keys have changed from the
// history service, which owns them, to the gateways, which remember them, on the core
// subject accounts.v1.changed. A note may be lost: then both sides take it that any
// account may have changed.
package account

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// subject is where notes go.
const subject = "accounts.v1.changed"

// flushTime is how long a server has to answer that it has heard us.
const flushTime = 5 * time.Second

// anybody is the note that any account may have changed.
func anybody() *accountv1.AccountChanged { return &accountv1.AccountChanged{} }

// Follow tells of changes until ctx ends: handle is called with each note, and with
// one of nobody's name at the start and whenever notes may have been missed. It is
// called by several goroutines and must not block for long.
func Follow(ctx context.Context, nc *nats.Conn, handle func(*accountv1.AccountChanged)) error {
	connected := nc.StatusChanged(nats.CONNECTED)
	defer nc.RemoveStatusListener(connected)
	sub, err := nc.Subscribe(subject, func(msg *nats.Msg) {
		change := &accountv1.AccountChanged{}
		if proto.Unmarshal(msg.Data, change) == nil {
			handle(change)
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe to changes of accounts: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the bus may have gone already
	for {
		// The server has the subscription when it answers; only what follows is heard.
		if flush(ctx, nc) == nil {
			handle(anybody())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-connected:
		}
	}
}

func flush(ctx context.Context, nc *nats.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	return nc.FlushWithContext(ctx)
}
