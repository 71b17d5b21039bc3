// Package chaos lets users work on a mesh while parts of it die, and judges from
// what they saw whether anything was lost. The judge knows nothing of the mesh's
// inside: what users were told goes into a ledger, and the ledger is held against
// what the public API tells in the end.
//
//	clients (users) ──HTTP──> mesh <── faults
//	      └──> ledger ──> Check <── the API, when all is quiet again
package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// What an event tells.
const (
	Asked    = "asked"    // a job is asked for
	Accepted = "accepted" // the answer was 201
	Seen     = "seen"     // a status was told
	Fetched  = "fetched"  // a transcript was downloaded
	Answered = "answered" // a request ended: its HTTP status, 0 when no answer came
	Fault    = "fault"    // something was done to the mesh
)

// Event is a line of the ledger. Fields that it does not tell are empty.
type Event struct {
	At         time.Time `json:"at"`
	What       string    `json:"what"`
	User       string    `json:"user,omitempty"`
	Request    string    `json:"request,omitempty"` // method and path, or the client's own number of the job it asks for
	Job        string    `json:"job,omitempty"`
	File       string    `json:"file,omitempty"`
	State      string    `json:"state,omitempty"`
	HTTP       int       `json:"http,omitempty"`
	RetryAfter bool      `json:"retry_after,omitempty"` // the answer said when to come again
	SHA256     string    `json:"sha256,omitempty"`      // of a transcript
	Tasks      int       `json:"tasks,omitempty"`       // at work, that a fault may have cut off
	Note       string    `json:"note,omitempty"`
}

// Ledger is what was seen, in the order in which it was written down. Many may
// write at once; nothing in it changes.
type Ledger struct {
	mu     sync.Mutex
	events []Event
}

// Add writes an event down.
func (l *Ledger) Add(e Event) {
	e.At = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// Events returns all so far.
func (l *Ledger) Events() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// Save writes the ledger to a file, a JSON object a line.
func (l *Ledger) Save(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save ledger: %w", err)
	}
	lines := json.NewEncoder(file)
	for _, e := range l.Events() {
		if err := lines.Encode(e); err != nil {
			_ = file.Close() // the first error is the one to tell
			return fmt.Errorf("save ledger: %w", err)
		}
	}
	return file.Close()
}
