package redis

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// An envelope is a value as the server holds it: a version (1 byte), a checksum
// over key and rest (4 bytes), the time at which it is over (Unix milliseconds, 8
// bytes), the value. What is not one, or not of this key, is no value.
//
// The server drops a whole group when the longest time of its entries is over;
// the time in the envelope is for the others. It is by the clock of the process
// that wrote it: clocks that differ make an entry live longer or shorter, but
// never past its group.
const (
	envelopeVersion = 1
	envelopeHeader  = 1 + 4 + 8
)

var checksums = crc32.MakeTable(crc32.Castagnoli)

// seal puts a value into an envelope.
func seal(key string, value []byte, over time.Time) []byte {
	sealed := make([]byte, envelopeHeader, envelopeHeader+len(value))
	sealed[0] = envelopeVersion
	binary.BigEndian.PutUint64(sealed[5:], uint64(over.UnixMilli()))
	sealed = append(sealed, value...)
	binary.BigEndian.PutUint32(sealed[1:], checksum(key, sealed[5:]))
	return sealed
}

// open takes a value out of its envelope, with the time it has left.
func open(key string, sealed []byte, now time.Time) (value []byte, left time.Duration, ok bool) {
	if len(sealed) < envelopeHeader || sealed[0] != envelopeVersion ||
		binary.BigEndian.Uint32(sealed[1:]) != checksum(key, sealed[5:]) {
		return nil, 0, false
	}
	left = time.UnixMilli(int64(binary.BigEndian.Uint64(sealed[5:]))).Sub(now)
	return sealed[envelopeHeader:], left, left > 0
}

func checksum(key string, rest []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), checksums), checksums, rest)
}
