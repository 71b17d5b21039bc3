package jobs

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

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
//	version (1 byte) | owner (first 8 bytes of SHA-256) | created_at (8 bytes) | job id
//
// The owner is in it to refuse a cursor that came from another user's list. It
// guards nobody's data: pages are always of the user who asks.
const (
	cursorVersion = 1
	ownerBytes    = 8
	cursorHead    = 1 + ownerBytes + 8
)

func encodeCursor(userID string, at position) string {
	raw := append([]byte{cursorVersion}, ownerMark(userID)...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(at.createdUS))
	raw = append(raw, at.id...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// decodeCursor reads a cursor. Invalid, code "invalid_cursor".
func decodeCursor(userID, cursor string) (position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorHead || raw[0] != cursorVersion ||
		string(raw[1:1+ownerBytes]) != string(ownerMark(userID)) || !idForm.Match(raw[cursorHead:]) {
		return position{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is not one that this list gave out.")
	}
	return position{
		createdUS: int64(binary.BigEndian.Uint64(raw[1+ownerBytes:])),
		id:        string(raw[cursorHead:]),
	}, nil
}

func ownerMark(userID string) []byte {
	sum := sha256.Sum256([]byte(userID))
	return sum[:ownerBytes]
}
