//go:build whisper

package whisper

// #cgo LDFLAGS: -lwhisper -lggml -lggml-base -lm
// #include <stdlib.h>
// #include "binding.h"
import "C"

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"
	"unsafe"
)

// Config says what to load and how many windows are decoded side by side.
type Config struct {
	// ModelPath names a model file in ggml format. Its sum must have been
	// checked: libwhisper trusts what it reads.
	ModelPath string
	// BackendsDir holds ggml's backend libraries; empty takes those of the
	// installed library.
	BackendsDir string
	// Slots is the number of states, at least 1.
	Slots int
	// Threads is the number of threads of each slot; 0 shares the processor's
	// cores among the slots. More threads than free cores spin on each other.
	Threads int
	// GPU asks for the first GPU; the processor is used when there is none.
	GPU bool
	// Logger takes the library's log lines.
	Logger *slog.Logger
}

// Model is one loaded model. Its methods may be called from any goroutine;
// Close only when no other call is running.
type Model struct {
	context *C.struct_whisper_context
	slots   chan *slot
	threads int
	info    Info
}

// Load reads the model and makes the state of every slot, so that memory that
// is missing shows now and not at the first window.
func Load(cfg Config) (*Model, error) {
	began := time.Now()
	if cfg.Slots < 1 || cfg.Threads < 0 {
		return nil, fmt.Errorf("%w: %d slots with %d threads", ErrInvalid, cfg.Slots, cfg.Threads)
	}
	setLogger(cfg.Logger)
	C.return_freed_memory()
	if err := openBackends(cfg.BackendsDir); err != nil {
		return nil, err
	}
	m := &Model{threads: cfg.Threads, slots: make(chan *slot, cfg.Slots)}
	if m.threads == 0 {
		m.threads = max(1, runtime.GOMAXPROCS(0)/cfg.Slots)
	}
	device, gpu := chooseDevice(cfg.GPU)
	if err := m.open(cfg.ModelPath, gpu); err != nil {
		return nil, err
	}
	if err := m.fillSlots(cfg.Slots); err != nil {
		m.Close()
		return nil, err
	}
	m.info = m.describe(cfg.Slots)
	m.info.Device, m.info.GPU, m.info.LoadTime = device, gpu, time.Since(began)
	return m, nil
}

// open loads the file into a context without a default state.
func (m *Model) open(path string, gpu bool) error {
	// libwhisper tells only that it failed; the usual reason is told here.
	if file, err := os.Open(path); err != nil {
		return fmt.Errorf("open model: %w", err)
	} else if err := file.Close(); err != nil {
		return fmt.Errorf("open model: %w", err)
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))

	params := C.whisper_context_default_params()
	params.use_gpu = C.bool(gpu)
	m.context = C.whisper_init_from_file_with_params_no_state(name, params)
	if m.context == nil {
		return fmt.Errorf("%w: %s is not a model that libwhisper can load", ErrEngine, path)
	}
	return nil
}

func (m *Model) fillSlots(n int) error {
	for range n {
		s := &slot{}
		if err := s.renew(m.context); err != nil {
			return err
		}
		m.slots <- s
	}
	return nil
}

func (m *Model) describe(slots int) Info {
	return Info{
		Version:      C.GoString(C.whisper_version()),
		ModelType:    C.GoString(C.whisper_model_type_readable(m.context)),
		Multilingual: C.whisper_is_multilingual(m.context) != 0,
		Languages:    m.languages(),
		Slots:        slots,
		Devices:      listDevices(),
	}
}

// languages returns the codes that have a token in this model's vocabulary:
// later models know one more than earlier ones.
func (m *Model) languages() []string {
	if C.whisper_is_multilingual(m.context) == 0 {
		return []string{"en"}
	}
	const others = 51766 // tokens of a multilingual vocabulary that name no language
	count := min(C.whisper_n_vocab(m.context)-others, C.whisper_lang_max_id()+1)
	codes := make([]string, 0, count)
	for id := range count {
		codes = append(codes, C.GoString(C.whisper_lang_str(id)))
	}
	return codes
}

// Info returns the load report.
func (m *Model) Info() Info {
	return m.info
}

// Close frees the model. No call may be running.
func (m *Model) Close() {
	for len(m.slots) > 0 {
		(<-m.slots).close()
	}
	C.whisper_free(m.context)
}

// take waits for a slot; it returns ctx.Err() when ctx ends first.
func (m *Model) take(ctx context.Context) (*slot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s := <-m.slots:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *Model) giveBack(s *slot) {
	m.slots <- s
}

// Busy is the number of windows being decoded at this moment.
func (m *Model) Busy() int { return cap(m.slots) - len(m.slots) }
