package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrDrift is returned when the streams and consumers are not those of the layout.
// The error's text has one line for each difference.
var ErrDrift = errors.New("bus is not laid out as it should be")

// Layout is what the provisioner makes.
type Layout struct {
	JobsBytes int64    // limit of the JOBS bucket
	Models    []string // catalogue names; each gets a consumer
	Replicas  int      // copies of every stream: 1, or 3 on a cluster
}

// EmbeddedLayout is the layout of a server inside one process.
func EmbeddedLayout(models []string) Layout {
	return Layout{JobsBytes: 1 << 30, Models: models, Replicas: 1}
}

// DistributedLayout is the layout of servers that many processes share.
func DistributedLayout(models []string, replicas int) Layout {
	return Layout{JobsBytes: 4 << 30, Models: models, Replicas: replicas}
}

// Provision makes the streams and consumers that are missing, and brings the others
// to the layout. It may run again at any time. ErrDrift: there are settings that
// cannot be changed, and nothing was touched.
func Provision(ctx context.Context, js jetstream.JetStream, layout Layout) error {
	found, err := survey(ctx, js, layout)
	if err != nil {
		return fmt.Errorf("provision: %w", err)
	}
	if err := drift(found, part.stuck); err != nil {
		return fmt.Errorf("provision: %w", err)
	}
	for _, p := range found {
		if len(p.wrong()) == 0 {
			continue
		}
		if err := p.apply(ctx); err != nil {
			return fmt.Errorf("provision %s: %w", p.name, err)
		}
	}
	return nil
}

// Verify compares and changes nothing. ErrDrift: something is missing or different.
func Verify(ctx context.Context, js jetstream.JetStream, layout Layout) error {
	found, err := survey(ctx, js, layout)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return drift(found, part.wrong)
}

// part is a stream or consumer as it was found.
type part struct {
	name    string // for people, such as "stream TASKS"
	missing bool
	differs []difference
	apply   func(context.Context) error // makes it, or changes it
}

// wrong lists all that is not as it should be.
func (p part) wrong() []string {
	if p.missing {
		return []string{p.name + " is missing"}
	}
	var lines []string
	for _, d := range p.differs {
		lines = append(lines, fmt.Sprintf("%s: %s", p.name, d))
	}
	return lines
}

// stuck lists what cannot be brought to what it should be.
func (p part) stuck() []string {
	var lines []string
	for _, d := range p.differs {
		if d.fixed {
			lines = append(lines, fmt.Sprintf("%s: %s, which cannot be changed", p.name, d))
		}
	}
	return lines
}

// drift makes one error of what is told of all parts; nil when there is nothing.
func drift(found []part, tell func(part) []string) error {
	var lines []string
	for _, p := range found {
		lines = append(lines, tell(p)...)
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n  %s", ErrDrift, strings.Join(lines, "\n  "))
}
