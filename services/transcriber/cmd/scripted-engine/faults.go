package main

import (
	"context"
	"os"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// carryOut does what the rule says, while the call holds its slot. nil lets the
// call go on.
func (r rule) carryOut(ctx context.Context) error {
	switch r.Do {
	case "crash":
		return crash()
	case "error":
		return status.Error(codes.Internal, "scripted error")
	case "memory":
		return status.Error(codes.ResourceExhausted, "scripted lack of memory")
	case "bloat":
		ballast := touch(r.MB)
		<-ctx.Done()
		return status.Errorf(codes.Canceled, "cancelled with %d bytes of ballast", len(ballast))
	case "hang":
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	case "deaf":
		select {}
	default: // slow
		return pause(ctx, time.Duration(r.MS)*time.Millisecond)
	}
}

// crashed is the exit status that a shell reports for a segmentation fault.
const crashed = 139

// crash ends the process as a fault in native code would: nothing is flushed, no
// deferred call runs. No signal is used: what comes by one may be ignored, or is
// taken for somebody else's doing.
func crash() error {
	os.Exit(crashed)
	return nil
}

// touch takes memory and writes to each page, so that it becomes resident.
func touch(mb int) []byte {
	ballast := make([]byte, mb<<20)
	for i := 0; i < len(ballast); i += os.Getpagesize() {
		ballast[i] = 1
	}
	return ballast
}

// pause waits, or returns CANCELLED when the call is cancelled first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-timer.C:
		return nil
	}
}
