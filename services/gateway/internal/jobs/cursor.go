package jobs

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// position is the place of a job in the order of pages.
type position struct {
	createdUS int64 // microseconds since 1970 UTC: what the history orders by
	id        string
}

func positionOf(record *jobv1.Job) position {
	return position{createdUS: record.GetCreatedAt().AsTime().UnixMicro(), id: record.GetId()}
}

// compare orders as the history does: newest first, then by id backwards.
func (p position) compare(other position) int {
	return cmp.Or(cmp.Compare(other.createdUS, p.createdUS), cmp.Compare(other.id, p.id))
}

func (p position) message() *historyv1.Position {
	return &historyv1.Position{CreatedAtUs: p.createdUS, JobId: p.id}
}

// A cursor is the position of the last job on a page, opaque to clients: base64url
// of
//
//	version (1 byte) | owner (first 8 bytes of SHA-256) | list | created_at (8 bytes) | job id
//
// where the list is Filter.mark: nothing in version 1, 8 bytes in version 2. Owner and
// list are in it to refuse a cursor that came from another list. They guard nobody's
// data: pages are always of the user who asks.
const (
	cursorOfAll   = 1
	cursorOfSome  = 2
	ownerBytes    = 8
	positionBytes = 8
)

// cursorHead is what cursors of a list begin with.
func cursorHead(userID, list string) string {
	version := byte(cursorOfAll)
	if list != "" {
		version = cursorOfSome
	}
	return string(version) + string(ownerMark(userID)) + list
}

func encodeCursor(userID, list string, at position) string {
	raw := binary.BigEndian.AppendUint64([]byte(cursorHead(userID, list)), uint64(at.createdUS))
	return base64.RawURLEncoding.EncodeToString(append(raw, at.id...))
}

// decodeCursor reads a cursor. Invalid, code "invalid_cursor".
func decodeCursor(userID, list, cursor string) (position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	place, ours := strings.CutPrefix(string(raw), cursorHead(userID, list))
	if err != nil || !ours || len(place) <= positionBytes || !idForm.MatchString(place[positionBytes:]) {
		return position{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is not one that this list gave out.")
	}
	return position{
		createdUS: int64(binary.BigEndian.Uint64([]byte(place[:positionBytes]))),
		id:        place[positionBytes:],
	}, nil
}

func ownerMark(userID string) []byte {
	sum := sha256.Sum256([]byte(userID))
	return sum[:ownerBytes]
}
