package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// InProcess connects generated clients to servers in the same process. It is
// the server (grpc.ServiceRegistrar) and the connection
// (grpc.ClientConnInterface) at once. Messages are copied both ways, so neither
// side sees the other's later changes, as over a network. Unary calls only: the
// services have no others.
type InProcess struct {
	interceptor grpc.UnaryServerInterceptor

	mu       sync.RWMutex
	services map[string]service
}

type service struct {
	impl    any
	methods map[string]grpc.MethodDesc
}

// NewInProcess returns a connection without services.
func NewInProcess(log *slog.Logger) *InProcess {
	return &InProcess{interceptor: ServerInterceptor(log), services: map[string]service{}}
}

// RegisterService adds a service; the generated Register functions call it.
func (p *InProcess) RegisterService(desc *grpc.ServiceDesc, impl any) {
	methods := make(map[string]grpc.MethodDesc, len(desc.Methods))
	for _, m := range desc.Methods {
		methods[m.MethodName] = m
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.services[desc.ServiceName] = service{impl: impl, methods: methods}
}

// Invoke calls "/<service>/<method>" and returns faults.
func (p *InProcess) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	svc, desc, err := p.find(method)
	if err != nil {
		return FromStatus(err)
	}
	decode := func(into any) error { return copyMessage(into, args) }
	got, err := desc.Handler(svc.impl, received(ctx), decode, p.interceptor)
	if err != nil {
		return FromStatus(err)
	}
	return copyMessage(reply, got)
}

// NewStream refuses: no service of ours streams between services.
func (p *InProcess) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams are not carried in process")
}

// received is the context as the server has it: what the client sends along has
// arrived.
func received(ctx context.Context) context.Context {
	if sent, ok := metadata.FromOutgoingContext(ctx); ok {
		return metadata.NewIncomingContext(ctx, sent)
	}
	return ctx
}

func (p *InProcess) find(method string) (service, grpc.MethodDesc, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	name, methodName, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	svc, ok := p.services[name]
	if !ok {
		// Not registered yet means not started yet, as a refused connection would.
		return svc, grpc.MethodDesc{}, status.Errorf(codes.Unavailable, "no service %s in this process", name)
	}
	desc, ok := svc.methods[methodName]
	if !ok {
		return svc, desc, status.Errorf(codes.Unimplemented, "no method %s", method)
	}
	return svc, desc, nil
}

func copyMessage(into, from any) error {
	dst, okDst := into.(proto.Message)
	src, okSrc := from.(proto.Message)
	if !okDst || !okSrc {
		return fmt.Errorf("copy %T to %T: not protobuf messages", from, into)
	}
	proto.Merge(dst, src)
	return nil
}
