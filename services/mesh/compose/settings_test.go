package compose_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/dispatcher"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/metrics"
	"github.com/stenomesh/stenomesh/services/preprocess"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

// settings are all flags of all parts, and of every process.
func settings() []string {
	flags := flag.NewFlagSet("all", flag.ContinueOnError)
	cfg := host.DefaultConfig()
	cfg.RegisterFlags(flags)
	for _, part := range []host.Part{
		gateway.Part(), preprocess.Part(), dispatcher.Part(), transcriber.Part(), history.Part(), cache.Part(), metrics.Part(),
	} {
		part.Flags(flags)
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

func TestOperating_namesEverySetting(t *testing.T) {
	t.Parallel()
	manual := read(t, "docs", "operating.md")

	for _, name := range settings() {
		if !strings.Contains(manual, "`-"+name+"`") {
			t.Errorf("the setting -%s is not in docs/operating.md", name)
		}
	}
}

func TestOperating_namesOnlySettingsThatThereAre(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"-models": true}
	for _, name := range settings() {
		known["-"+name] = true
	}

	for _, found := range regexp.MustCompile("`(-[a-z]+\\.[a-z-]+)`").FindAllStringSubmatch(read(t, "docs", "operating.md"), -1) {
		if !known[found[1]] {
			t.Errorf("docs/operating.md names %s, which is no setting", found[1])
		}
	}
}

// oneShots run before the mesh or beside it, and are never "down".
var oneShots = map[string]bool{"secrets": true, "provision": true, "migrate": true, "steno": true, "transcriber-gpu": true}

func TestOperating_saysWhatToDoWhenAServiceIsDown(t *testing.T) {
	t.Parallel()
	manual := read(t, "docs", "operating.md")
	_, services, _ := strings.Cut(read(t, "docker-compose.yml"), "\nservices:\n")
	services, _, _ = strings.Cut(services, "\nnetworks:\n")
	count := 0

	for _, found := range regexp.MustCompile(`(?m)^  ([a-z-]+):`).FindAllStringSubmatch(services, -1) {
		if oneShots[found[1]] {
			continue
		}
		count++
		if !strings.Contains(manual, "\n| `"+found[1]+"` |") {
			t.Errorf("docs/operating.md has no row for the service %s", found[1])
		}
	}
	if count != 15 {
		t.Errorf("%d services were found, want 15", count)
	}
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{testkit.Root(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
