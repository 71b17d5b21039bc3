package config_test

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/config"
)

func TestParse_prefersFlagsOverVariablesOverDefaults(t *testing.T) {
	t.Parallel()
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	byFlag := fs.String("gateway.addr", "default", "")
	byVariable := fs.String("history.store-url", "default", "")
	byDefault := fs.String("cache.size", "default", "")
	env := map[string]string{"STENOMESH_GATEWAY_ADDR": "variable", "STENOMESH_HISTORY_STORE_URL": "variable"}

	err := config.Parse(fs, []string{"-gateway.addr", "flag"}, lookup(env))

	if err != nil || *byFlag != "flag" || *byVariable != "variable" || *byDefault != "default" {
		t.Errorf("got %s, %s, %s, %v", *byFlag, *byVariable, *byDefault, err)
	}
}

func TestParse_prefersAFlagWhicheverOfItsNamesIsGiven(t *testing.T) {
	t.Parallel()
	env := map[string]string{"STENOMESH_GATEWAY_ADDR": "variable", "STENOMESH_ADDR": "variable"}
	for _, name := range []string{"-addr", "-gateway.addr"} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		var addr string
		fs.StringVar(&addr, "gateway.addr", "default", "")
		fs.StringVar(&addr, "addr", "default", "short for -gateway.addr")

		err := config.Parse(fs, []string{name, "flag"}, lookup(env))

		if err != nil || addr != "flag" {
			t.Errorf("%s: got %s, %v", name, addr, err)
		}
	}
}

func TestParse_namesTheBadVariable(t *testing.T) {
	t.Parallel()
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Int("cache.size", 1, "")

	err := config.Parse(fs, nil, lookup(map[string]string{"STENOMESH_CACHE_SIZE": "many"}))

	if err == nil || !strings.Contains(err.Error(), "STENOMESH_CACHE_SIZE") {
		t.Errorf("got %v, want an error that names the variable", err)
	}
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}
