package mesh

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/mesh/internal/secrets"
)

// Provisioning is what `stenomesh provision` is told.
type Provisioning struct {
	Host      host.Config
	Replicas  int  // copies of every stream
	CheckOnly bool // only compare
}

// busTime is how long the provisioner waits for the bus to be there.
const busTime = time.Minute

// Provision makes the streams and consumers of a mesh of many processes, or brings
// them up to date. It may run again at any time. What cannot be changed is an
// error that names it.
func Provision(ctx context.Context, p Provisioning, log *slog.Logger) error {
	if p.Host.Bus.Embedded() {
		return errors.New("-bus.url must say which bus; a mesh in one process makes its streams itself")
	}
	models, err := catalog.Default()
	if p.Host.Catalog != "" {
		models, err = catalog.Load(p.Host.Catalog)
	}
	if err != nil {
		return err
	}
	b, err := bus.Open(ctx, p.Host.Bus, "provisioner", log)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.Await(ctx, busTime); err != nil {
		return err
	}
	layout := bus.DistributedLayout(models.Names(), p.Replicas)
	bring := bus.Provision
	if p.CheckOnly {
		bring = bus.Verify
	}
	if err := bring(ctx, b.JS, layout); err != nil {
		return err
	}
	log.Info("streams and consumers are as they should be", "models", len(layout.Models))
	return nil
}

// MakeSecrets fills a folder with the keys and passwords of a mesh of many
// processes, and returns how many were not there before; see package secrets.
func MakeSecrets(dir string) (made int, err error) { return secrets.Make(dir) }
