package history

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// A cursor is the place where a page ended, opaque to clients: base64url of
//
//	version (1 byte) | owner (first 8 bytes of SHA-256) | created_at (8 bytes) | job id
//
// The owner is in it to refuse a cursor that came from another user's list. It
// guards nobody's data: pages are always of the user who asks.
const (
	cursorVersion = 1
	ownerBytes    = 8
	cursorHead    = 1 + ownerBytes + 8
	maxCursor     = 256
)

var errCursor = fault.New(fault.Invalid, "invalid_cursor", "The cursor is not one that this list gave out.")

func encodeCursor(userID string, at record.Position) string {
	raw := append([]byte{cursorVersion}, ownerMark(userID)...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(at.CreatedAt))
	raw = append(raw, at.JobID...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decodeCursor(userID, cursor string) (record.Position, error) {
	if len(cursor) > maxCursor {
		return record.Position{}, errCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorHead || raw[0] != cursorVersion {
		return record.Position{}, errCursor
	}
	if string(raw[1:1+ownerBytes]) != string(ownerMark(userID)) {
		return record.Position{}, errCursor
	}
	return record.Position{
		CreatedAt: int64(binary.BigEndian.Uint64(raw[1+ownerBytes:])),
		JobID:     string(raw[cursorHead:]),
	}, nil
}

func ownerMark(userID string) []byte {
	sum := sha256.Sum256([]byte(userID))
	return sum[:ownerBytes]
}
