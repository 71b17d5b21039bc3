package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// process is what the kernel says of one.
type process struct {
	pid, parent int
	name        string        // of the program, at most 15 bytes
	state       string        // Z has ended
	own         time.Duration // processor time
	waited      time.Duration // processor time of children that have ended
}

// readProcess reads /proc/<pid>/stat.
func readProcess(pid int) (process, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	return parseStat(string(data))
}

// parseStat reads "pid (name) state parent …"; the name may hold anything.
func parseStat(text string) (process, error) {
	opened, closed := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if opened < 0 || closed < opened {
		return process{}, fmt.Errorf("no name in %q", text)
	}
	fields := strings.Fields(text[closed+1:])
	if len(fields) < 15 {
		return process{}, fmt.Errorf("only %d fields in %q", len(fields), text)
	}
	var problems []error
	whole := func(word string) int {
		n, err := strconv.Atoi(word)
		problems = append(problems, err)
		return n
	}
	p := process{
		pid: whole(strings.TrimSpace(text[:opened])), name: text[opened+1 : closed], state: fields[0], parent: whole(fields[1]),
		own: time.Duration(whole(fields[11])+whole(fields[12])) * tick, waited: time.Duration(whole(fields[13])+whole(fields[14])) * tick,
	}
	return p, errors.Join(problems...)
}

// descendants returns the living descendants of pid whose program has this name.
func descendants(pid int, name string) []process {
	paths, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	children := map[int][]process{}
	for _, path := range paths {
		id, _ := strconv.Atoi(filepath.Base(path))
		if p, err := readProcess(id); err == nil && p.state != "Z" { // else it has just ended
			children[p.parent] = append(children[p.parent], p)
		}
	}
	var found []process
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, child := range children[next[0]] {
			next = append(next, child.pid)
			found = append(found, child)
		}
	}
	return slices.DeleteFunc(found, func(p process) bool { return p.name != name })
}

// memory is what a process has in memory, in MiB.
type memory struct{ now, most float64 }

func readMemory(pid int) (memory, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	now, nowErr := statusLine(path, "VmRSS")
	most, mostErr := statusLine(path, "VmHWM")
	return memory{now: float64(now) / 1024, most: float64(most) / 1024}, errors.Join(nowErr, mostErr)
}

// statusLine reads a line such as "VmRSS:   4711 kB" and returns the number.
func statusLine(path, name string) (kib int64, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if key, rest, _ := strings.Cut(line, ":"); key == name {
			return strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		}
	}
	return 0, fmt.Errorf("no %s in %s", name, path)
}

// usage is processor time by program since a process began.
type usage struct{ mesh, engine, ffmpeg time.Duration }

// usageOf reads that of a running server. Of its children only ffmpeg and ffprobe
// end while it runs, so theirs is the time it has collected.
func usageOf(pid int) (usage, error) {
	server, err := readProcess(pid)
	if err != nil {
		return usage{}, fmt.Errorf("read processor time: %w", err)
	}
	u := usage{mesh: server.own, ffmpeg: server.waited}
	for _, engine := range descendants(pid, engineName) {
		u.engine += engine.own
	}
	return u, nil
}

func (u usage) plus(o usage) usage {
	return usage{mesh: u.mesh + o.mesh, engine: u.engine + o.engine, ffmpeg: u.ffmpeg + o.ffmpeg}
}

func (u usage) minus(o usage) usage {
	return usage{mesh: u.mesh - o.mesh, engine: u.engine - o.engine, ffmpeg: u.ffmpeg - o.ffmpeg}
}

func (u usage) total() time.Duration { return u.mesh + u.engine + u.ffmpeg }
