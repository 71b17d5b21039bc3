package transcriber_test

import (
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

// code is what readiness says; empty when it is ready.
func code(t testing.TB, service *transcriber.Service) string {
	t.Helper()
	if err := service.Check(t.Context()); err != nil {
		return fault.Of(err).Code
	}
	return ""
}

func TestTranscriber_isNotReadyWhenTheExpectedGPUIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t) // the scripted engine sees only a processor
	r.cfg.ExpectGPU = true

	service, _ := r.serve(t)

	testkit.Eventually(t, "it knows that there is no GPU", func() bool { return code(t, service) == "gpu_missing" })
	err := service.Check(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "the engine uses CPU of") {
		t.Errorf("readiness says %v", err)
	}
}

func TestTranscriber_isReadyWithTheExpectedGPU(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.ExpectGPU = true
	enginetest.SetScript(t, r.model("demo"), `{"gpu": true}`)

	service, _ := r.serve(t)

	testkit.Eventually(t, "it is ready", func() bool { return code(t, service) == "" })
}

func TestTranscriber_noticesAGPUThatIsLost(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.ExpectGPU = true
	enginetest.SetScript(t, r.model("demo"), `{"gpu": true, "rules": [{"do": "crash", "call": 1, "times": 1}]}`)
	service, _ := r.serve(t)
	testkit.Eventually(t, "it is ready", func() bool { return code(t, service) == "" })

	// The next engine process does not find it any more.
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 5))
	enginetest.SetScript(t, r.model("demo"), `{"rules": [{"do": "crash", "call": 1, "times": 1}]}`)
	r.queue(t, record, 0)

	r.result(t, record, 0)
	if got := code(t, service); got != "gpu_missing" {
		t.Errorf("readiness says %q after the chunk was done on the processor", got)
	}
}

func TestTranscriber_doesNotKnowOfAGPUWithoutAModel(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.catalog, r.cfg.Engine, r.cfg.ExpectGPU = newRig(t).catalog, enginetest.Scripted(t), true

	service, _ := r.serve(t)

	if got := code(t, service); got != "gpu_unknown" {
		t.Errorf("readiness says %q", got)
	}
}

func TestNew_refusesToExpectAGPUThatIsNotToBeUsed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.GPU, r.cfg.ExpectGPU = false, true

	if _, err := transcriber.New(r.cfg, transcriber.Deps{Bus: r.Bus}); err == nil || !strings.Contains(err.Error(), "not to be used") {
		t.Errorf("error is %v", err)
	}
}
