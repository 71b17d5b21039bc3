//go:build scale

package scale_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// tick is the unit of processor time in /proc, in seconds.
const tick = 0.01

// spent is processor time in seconds: since the machine started, or between two
// looks.
type spent struct {
	all, busy                 float64 // of the machine; all is what there was
	transcribers, bus, others float64 // of the mesh, with the children of its processes
}

// look reads how much was spent so far.
func look(t *testing.T, cluster *meshtest.Cluster) (s spent) {
	t.Helper()
	for n, word := range numbers(t, "/proc/stat")[:8] { // what guests took is in it already
		s.all += word
		if n != 3 && n != 4 { // idle, or waiting for a disk
			s.busy += word
		}
	}
	var transcribers []int
	for _, p := range cluster.Replicas["transcriber"] {
		transcribers = append(append(transcribers, p.PID()), meshtest.Children(p.PID(), "")...)
	}
	for _, pid := range meshtest.Children(os.Getpid(), "") {
		switch own := ofProcess(pid); {
		case pid == cluster.Bus.PID():
			s.bus += own
		case slices.Contains(transcribers, pid):
			s.transcribers += own
		default:
			s.others += own
		}
	}
	return s
}

// since returns what was spent since another look.
func (s spent) since(o spent) spent {
	return spent{
		all: s.all - o.all, busy: s.busy - o.busy,
		transcribers: s.transcribers - o.transcribers, bus: s.bus - o.bus, others: s.others - o.others,
	}
}

func (s spent) mesh() float64 { return s.transcribers + s.bus + s.others }

// shares tells, in per cent of the processors, what the mesh took and what came from
// elsewhere.
func (s spent) shares() string {
	return fmt.Sprintf("%.0f %% of the processors; %.0f %% went to what is no mesh", 100*s.mesh()/s.all, 100*(s.busy-s.mesh())/s.all)
}

// ofProcess is what a process has taken itself; 0 for one that has ended.
func ofProcess(pid int) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// "pid (name) state parent …": the name may hold anything.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64) // the kernel writes numbers
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * tick
}

// numbers reads the first line of a file of the kernel, "name number number …", as
// seconds.
func numbers(t *testing.T, path string) (all []float64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	for _, word := range strings.Fields(line)[1:] {
		value, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, value*tick)
	}
	return all
}
