package rpc

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // clients watch whether a replica wants calls
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

const (
	pingInterval = 20 * time.Second
	pingTimeout  = 5 * time.Second
	// callTime is how long a call may take whose caller sets no limit.
	callTime = 5 * time.Second
	// restartTime is how long calls wait for a service that has just gone: as a
	// rule it is being started again. One that stays away fails calls at once.
	restartTime = 10 * time.Second
)

// clientConfig spreads calls over all replicas that a name stands for, passes
// over those that do not want any, and tries those again that reached nobody.
// All our methods may be called twice. A server that does not know the service asked
// for is passed over too: the address of a replica that has gone may be somebody
// else's by now.
const clientConfig = `{
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": %q},
  "methodConfig": [{
    "name": [{}],
    "retryPolicy": {
      "maxAttempts": 3,
      "initialBackoff": "0.1s",
      "maxBackoff": "1s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }],
  "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}
}`

// Client is a connection to all replicas of a service. Its calls return faults.
type Client struct {
	*grpc.ClientConn
	ready atomic.Int64 // when it was last seen ready, in Unix nanoseconds
	stop  context.CancelFunc
	done  chan struct{}
}

// Dial connects to a service, for example "history", the first word of its contract's
// name. The target is "dns:///history:9000" for all replicas that a name stands for,
// or addresses with commas between them. It returns at once, also when nobody answers
// yet; an error is about the settings. Whoever calls it calls Close.
func Dial(service, target string, cfg Config) (*Client, error) {
	c := &Client{done: make(chan struct{})}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(fmt.Sprintf(clientConfig, service)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingInterval, Timeout: pingTimeout, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUnaryInterceptor(c.intercept),
		// A service that was away for long is found again within seconds.
		grpc.WithConnectParams(connectParams()),
	}
	if cfg.TokenFile != "" {
		token, err := readToken(cfg.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", target, err)
		}
		options = append(options, grpc.WithPerRPCCredentials(token))
	}
	conn, err := grpc.NewClient(resolved(target, &options), options...)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", target, err)
	}
	c.ClientConn = conn
	c.ready.Store(time.Now().UnixNano()) // at first everybody is just starting
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.watch(ctx)
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error {
	c.stop()
	err := c.ClientConn.Close()
	<-c.done
	return err
}

// watch notes when the service was last there.
func (c *Client) watch(ctx context.Context) {
	defer close(c.done)
	c.Connect()
	for {
		state := c.GetState()
		if state == connectivity.Idle {
			c.Connect()
		}
		changed := c.WaitForStateChange(ctx, state)
		if state == connectivity.Ready {
			c.ready.Store(time.Now().UnixNano())
		}
		if !changed {
			return
		}
	}
}

// patient reports whether a call should wait for the service.
func (c *Client) patient() bool {
	return c.GetState() == connectivity.Ready || time.Since(time.Unix(0, c.ready.Load())) < restartTime
}

// intercept bounds a call and turns its error into a fault.
func (c *Client) intercept(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTime)
		defer cancel()
	}
	return FromStatus(invoke(ctx, method, req, reply, conn, append(options, grpc.WaitForReady(c.patient()))...))
}

// connectParams bounds how long a service that is back may stay unnoticed.
func connectParams() grpc.ConnectParams {
	policy := backoff.DefaultConfig
	policy.MaxDelay = 5 * time.Second
	return grpc.ConnectParams{Backoff: policy, MinConnectTimeout: 5 * time.Second}
}

// resolved turns a list of addresses into a target of its own.
func resolved(target string, options *[]grpc.DialOption) string {
	list := strings.Split(target, ",")
	if len(list) == 1 {
		return target
	}
	var state resolver.State
	for _, address := range list {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: strings.TrimSpace(address)})
	}
	fixed := manual.NewBuilderWithScheme("list")
	fixed.InitialState(state)
	*options = append(*options, grpc.WithResolvers(fixed))
	return fixed.Scheme() + ":///" + list[0]
}
