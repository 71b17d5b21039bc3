package bus

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// difference is a setting that is not what it should be.
type difference struct {
	setting    string // as NATS calls it, such as "max_bytes"
	have, want string
	fixed      bool // the server refuses to change it
}

// String is for people.
func (d difference) String() string {
	return fmt.Sprintf("%s is %s instead of %s", d.setting, d.have, d.want)
}

// fixed tells which settings a server refuses to change from what to what.
type fixed func(setting, have, want string) bool

func streamFixed(setting, have, want string) bool {
	switch setting {
	case "storage", "mirror", "persist_mode", "allow_msg_counter":
		return true
	case "retention":
		return have == "workqueue" || want == "workqueue"
	case "sealed", "deny_delete", "deny_purge", "allow_msg_ttl", "allow_msg_schedules":
		return have == "true" // once on, it stays on
	default:
		return false
	}
}

func consumerFixed(setting, _, _ string) bool {
	return slices.Contains([]string{"deliver_policy", "opt_start_seq", "opt_start_time", "ack_policy", "replay_policy",
		"max_waiting", "mem_storage", "idle_heartbeat", "flow_control"}, setting)
}

// durations are the settings in nanoseconds.
var durations = []string{"max_age", "duplicate_window", "subject_delete_marker_ttl", "ack_wait", "inactive_threshold"}

// compare finds every setting in which two configurations differ, also those that
// the layout does not mention.
func compare(have, want any, isFixed fixed) ([]difference, error) {
	h, err := settings(have)
	if err != nil {
		return nil, err
	}
	w, err := settings(want)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(h)
	maps.Copy(names, w)
	var found []difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d := difference{setting: name, have: value(name, h), want: value(name, w)}
		if d.have != d.want {
			d.fixed = isFixed(name, d.have, d.want)
			found = append(found, d)
		}
	}
	return found, nil
}

// settings takes a configuration apart by the names that NATS has for its settings,
// without those that the server adds for itself.
func settings(config any) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("compare settings: %w", err)
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("compare settings: %w", err)
	}
	delete(all, "name") // a consumer's, which repeats durable_name
	return all, withoutServers(all)
}

// withoutServers leaves of the metadata what we wrote: servers add their own.
func withoutServers(all map[string]json.RawMessage) error {
	metadata := map[string]string{}
	if text := all["metadata"]; text != nil {
		if err := json.Unmarshal(text, &metadata); err != nil {
			return fmt.Errorf("compare settings: %w", err)
		}
	}
	maps.DeleteFunc(metadata, func(key, _ string) bool { return strings.HasPrefix(key, "_nats.") })
	text, err := json.Marshal(metadata)
	if err != nil {
		return fmt.Errorf("compare settings: %w", err)
	}
	all["metadata"] = text
	return nil
}

// value is a setting as text. The server fills in what was left out: -1 for no limit.
func value(name string, of map[string]json.RawMessage) string {
	text := strings.Trim(string(of[name]), `"`)
	switch text {
	case "", "0", "-1", "false", "null", "{}", "[]":
		return "unset"
	}
	if slices.Contains(durations, name) {
		if d, err := time.ParseDuration(text + "ns"); err == nil {
			return d.String()
		}
	}
	return text
}
