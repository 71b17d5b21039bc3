//go:build whisper

package whisper

// #include <stdlib.h>
// #include "binding.h"
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"unsafe"
)

var loadBackends sync.Once

// openBackends loads ggml's backends from dir, once in a process: ggml would
// register them twice. An empty dir means those of the installed library.
func openBackends(dir string) error {
	if dir == "" {
		dir = installedBackends()
	} else if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("open backends: %w", err)
	}
	loadBackends.Do(func() {
		if dir == "" {
			C.ggml_backend_load_all()
			return
		}
		path := C.CString(dir)
		defer C.free(unsafe.Pointer(path))
		C.ggml_backend_load_all_from_path(path)
	})
	if C.ggml_backend_dev_count() == 0 {
		return fmt.Errorf("open backends: no device found in %q", dir)
	}
	return nil
}

// installedBackends returns the folder where Debian puts the backends, beside
// the library in use, or "" when there is none and ggml must look by itself.
func installedBackends() string {
	folder := C.ggml_folder()
	if folder == nil {
		return ""
	}
	defer C.free(unsafe.Pointer(folder))
	found, err := filepath.Glob(filepath.Join(C.GoString(folder), "ggml", "backends*"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// listDevices returns all processors the backends see.
func listDevices() []Device {
	devices := make([]Device, C.ggml_backend_dev_count())
	for i := range devices {
		devices[i] = describe(C.ggml_backend_dev_get(C.size_t(i)))
	}
	return devices
}

func describe(device C.ggml_backend_dev_t) Device {
	var free, total C.size_t
	C.ggml_backend_dev_memory(device, &free, &total)
	return Device{
		Name:        C.GoString(C.ggml_backend_dev_name(device)),
		Description: C.GoString(C.ggml_backend_dev_description(device)),
		Kind:        deviceKind(C.ggml_backend_dev_type(device)),
		MemoryFree:  uint64(free),
		MemoryTotal: uint64(total),
	}
}

func deviceKind(kind C.enum_ggml_backend_dev_type) string {
	switch kind {
	case C.GGML_BACKEND_DEVICE_TYPE_GPU:
		return "gpu"
	case C.GGML_BACKEND_DEVICE_TYPE_IGPU:
		return "igpu"
	case C.GGML_BACKEND_DEVICE_TYPE_CPU:
		return "cpu"
	default:
		return "accel"
	}
}

// chooseDevice returns the name of the device a model will run on and whether
// that is a GPU.
func chooseDevice(gpu bool) (name string, isGPU bool) {
	if gpu {
		if device := firstGPU(); device != nil && canOpen(device) {
			return describe(device).Name, true
		}
	}
	return describe(C.ggml_backend_dev_by_type(C.GGML_BACKEND_DEVICE_TYPE_CPU)).Name, false
}

// firstGPU returns the device libwhisper takes when told to use a GPU.
func firstGPU() C.ggml_backend_dev_t {
	for i := range C.ggml_backend_dev_count() {
		device := C.ggml_backend_dev_get(i)
		if kind := deviceKind(C.ggml_backend_dev_type(device)); kind == "gpu" || kind == "igpu" {
			return device
		}
	}
	return nil
}

// canOpen tries a device before libwhisper does, which would fall back to the
// processor without an error.
func canOpen(device C.ggml_backend_dev_t) bool {
	backend := C.ggml_backend_dev_init(device, nil)
	if backend == nil {
		return false
	}
	C.ggml_backend_free(backend)
	return true
}
