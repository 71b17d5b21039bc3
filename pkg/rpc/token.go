package rpc

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const (
	authorization = "authorization"
	bearer        = "Bearer "
	// healthService answers whoever asks: balancers have no token.
	healthService = "/grpc.health.v1.Health/"
)

var errStranger = fault.New(fault.Unauthenticated, "unknown_caller", "The caller is not known to this service.")

// NewToken makes what a service proves with who it is.
func NewToken() string { return rand.Text() + rand.Text() }

// TokenHash is what a server keeps of a token, lower-case hex.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// bearerToken is shown with every call.
type bearerToken string

// GetRequestMetadata gives the header of a call.
func (t bearerToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{authorization: bearer + string(t)}, nil
}

// RequireTransportSecurity is false: services talk inside one private network.
func (bearerToken) RequireTransportSecurity() bool { return false }

func readToken(path string) (bearerToken, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("token: %s is empty", path)
	}
	return bearerToken(token), nil
}

// callers maps the hash of a token to the service that has it.
type callers map[string]string

// readCallers reads who may call: a line "<service> <hash of its token>" each.
func readCallers(path string) (callers, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("callers: %w", err)
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing to lose
	known := callers{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || len(fields[1]) != 2*sha256.Size {
			return nil, fmt.Errorf("callers: %s: a line is not of the form <service> <sha-256 in hex>", path)
		}
		known[fields[1]] = fields[0]
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("callers: %s names nobody", path)
	}
	return known, nil
}

// intercept refuses calls without the token of one of the callers.
func (c callers) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if strings.HasPrefix(info.FullMethod, healthService) {
		return handler(ctx, req)
	}
	for _, value := range metadata.ValueFromIncomingContext(ctx, authorization) {
		if token, ok := strings.CutPrefix(value, bearer); ok && c[TokenHash(token)] != "" {
			return handler(ctx, req)
		}
	}
	return nil, errStranger
}
