package engine

import (
	"slices"
	"strings"
)

// Variables an engine needs: where libraries and devices are and how to use them.
// All others stay here, for the parent's may hold secrets and the child reads
// strangers' audio.
var (
	passedNames    = []string{"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "GORACE"}
	passedPrefixes = []string{"LC_", "GGML_", "OMP_", "CUDA_", "NVIDIA_", "VK_", "HIP_", "ROCR_", "MESA_", "XDG_"}
)

// childEnv picks from the parent's environment.
func childEnv(parent []string) []string {
	var env []string
	for _, entry := range parent {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(passedNames, name) || hasPrefix(name, passedPrefixes) {
			env = append(env, entry)
		}
	}
	return env
}

func hasPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
