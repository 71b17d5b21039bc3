package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
)

// shelf is a small server that keeps one value and fails on request.
type shelf struct {
	cachev1.UnimplementedCacheServiceServer
	kept []byte
	err  error
}

func (s *shelf) Set(_ context.Context, req *cachev1.SetRequest) (*cachev1.SetResponse, error) {
	s.kept = req.GetValue()
	return &cachev1.SetResponse{}, s.err
}

func (s *shelf) Get(context.Context, *cachev1.GetRequest) (*cachev1.GetResponse, error) {
	return &cachev1.GetResponse{Found: true, Value: s.kept}, s.err
}

func TestInProcess_carriesMessagesAsCopies(t *testing.T) {
	t.Parallel()
	client, _, _ := connect(nil)
	value := []byte("first")
	if _, err := client.Set(t.Context(), &cachev1.SetRequest{Value: value}); err != nil {
		t.Fatal(err)
	}

	value[0] = 'X' // the caller may reuse its buffer
	got, err := client.Get(t.Context(), &cachev1.GetRequest{})

	if err != nil || string(got.GetValue()) != "first" {
		t.Errorf("got %q, %v; want the value as it was sent", got.GetValue(), err)
	}
}

func TestInProcess_keepsKindAndCodeAndLogsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("table is on fire")
	client, _, log := connect(fault.Wrap(cause, fault.Internal, "internal", "Something went wrong."))

	_, err := client.Get(t.Context(), &cachev1.GetRequest{})

	if got := fault.Of(err); got.Kind != fault.Internal || got.Code != "internal" {
		t.Errorf("got %+v", got)
	}
	if strings.Contains(err.Error(), cause.Error()) {
		t.Errorf("the cause crossed the border: %v", err)
	}
	if !strings.Contains(log.String(), cause.Error()) {
		t.Errorf("the cause is not logged: %s", log)
	}
}

func TestInProcess_logsWhoseRequestFailedThroughUs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err    error
		logged bool
	}{
		"a bug":              {errors.New("table is on fire"), true},
		"out of time":        {fmt.Errorf("query: %w", context.DeadlineExceeded), true},
		"an outage":          {fault.New(fault.Unavailable, "down", "Down."), false}, // who saw it has logged it
		"the user's mistake": {fault.New(fault.Invalid, "invalid_key", "No."), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _, log := connect(tc.err)

			_, err := client.Get(rpc.WithRequestID(t.Context(), "abc-1"), &cachev1.GetRequest{})

			if err == nil || strings.Contains(log.String(), "request_id=abc-1") != tc.logged {
				t.Errorf("%v, log %q", err, log)
			}
		})
	}
}

func TestStatus_roundTripsEveryKind(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Cancelled; kind++ {
		sent := fault.New(kind, "some_code", "A sentence.")
		got := fault.Of(rpc.FromStatus(rpc.ToStatus(sent)))
		if got.Kind != kind || got.Code != sent.Code || got.Message != sent.Message {
			t.Errorf("sent %+v, got %+v", sent, got)
		}
	}
}

func TestInProcess_isUnavailableBeforeTheServiceIsThere(t *testing.T) {
	t.Parallel()
	conn := rpc.NewInProcess(slog.New(slog.DiscardHandler))
	_, err := cachev1.NewCacheServiceClient(conn).Get(t.Context(), &cachev1.GetRequest{})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}

func connect(fail error) (cachev1.CacheServiceClient, *shelf, *strings.Builder) {
	var log strings.Builder
	conn := rpc.NewInProcess(slog.New(slog.NewTextHandler(&log, nil)))
	server := &shelf{err: fail}
	cachev1.RegisterCacheServiceServer(conn, server)
	return cachev1.NewCacheServiceClient(conn), server, &log
}
