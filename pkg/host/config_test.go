package host_test

import (
	"flag"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/config"
	"github.com/stenomesh/stenomesh/pkg/host"
)

func TestConfig_takesAddressesFromFlagsAndEnvironment(t *testing.T) {
	t.Parallel()
	cfg := host.DefaultConfig()
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	cfg.RegisterFlags(flags)
	environment := map[string]string{
		"STENOMESH_HISTORY_ADDR": "dns:///other:9000", "STENOMESH_CACHE_ADDR": "dns:///cache:9000", "STENOMESH_BUS_URL": "nats://nats:4222",
	}

	err := config.Parse(flags, []string{"-history.addr", "dns:///history:9000"}, func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	})

	if err != nil || cfg.Services["history"] != "dns:///history:9000" || cfg.Services["cache"] != "dns:///cache:9000" ||
		cfg.Services["metrics"] != "" || cfg.Bus.Embedded() {
		t.Errorf("got %v and %+v, %v", cfg.Services, cfg.Bus, err)
	}
}
