// Package audit writes into the log who did what to accounts and keys, and from
// where: one line "audit" for each event. It tells no secret, and no name that
// somebody typed, which may be a password in the wrong field.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"

	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Event is what happened.
type Event string

// The events.
const (
	LoginSucceeded Event = "login_succeeded"
	LoginFailed    Event = "login_failed"
	KeyMade        Event = "key_made"
	KeyRemoved     Event = "key_removed"
	UserMade       Event = "user_made"
	UserChanged    Event = "user_changed"
	UserDeleted    Event = "user_deleted"
)

// Log writes events. It is safe for all goroutines.
type Log struct {
	log     *slog.Logger
	proxies web.Proxies
}

// New returns a log whose addresses are those that the proxies tell.
func New(log *slog.Logger, proxies web.Proxies) *Log { return &Log{log: log, proxies: proxies} }

// Note writes one line. actor is the id of the user who did it, "" if that is not
// known; object the id of what it was done to. more are further attributes.
func (l *Log) Note(r *http.Request, event Event, actor, object string, more ...slog.Attr) {
	attributes := append([]slog.Attr{
		slog.String("event", string(event)), slog.String("actor", actor), slog.String("object", object),
		slog.String("address", l.proxies.Client(r)), slog.String("request_id", web.RequestID(r.Context())),
	}, more...)
	l.log.LogAttrs(r.Context(), slog.LevelInfo, "audit", attributes...)
}

// Name stands for a name that somebody typed: the same name is the same text, for
// example "name:5694d08a".
func Name(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "name:" + hex.EncodeToString(sum[:4])
}
