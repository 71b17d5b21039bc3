package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// ErrChecksum is returned when bytes do not have the sum that was sent with them.
var ErrChecksum = fault.New(fault.Invalid, "checksum_mismatch", "The bytes do not have this checksum; send them again.")

// Checksum is what the bytes of one request must add up to.
type Checksum struct {
	Hash hash.Hash
	Want []byte
}

// stretch is the bytes of one request that are in no record yet.
type stretch struct {
	blob.Writer       // nil before the first byte
	size        int64 // bytes
	head        []byte
	began       time.Time
}

// Append takes the body of a request as the next bytes of an upload, which p follows.
// What arrived before the connection broke stays. With a sum all bytes of the request
// are taken or none. Errors: ErrChecksum; Conflict "offset_mismatch" when another
// request was faster; Unsupported "unsupported_media", which ends the upload;
// TooLarge "file_too_large"; Invalid "incomplete_upload"; Unavailable.
func (v *Resumable) Append(w http.ResponseWriter, r *http.Request, p *Partial, sum *Checksum) error {
	ctx := r.Context()
	if r.ContentLength > v.remaining(p) {
		return v.beyond(p)
	}
	body := io.Reader(web.NewProgressReader(w, r.Body, v.Idle))
	if sum != nil {
		body = io.TeeReader(body, sum.Hash)
	}
	for {
		taken, readErr, err := v.take(ctx, p, body, sum != nil)
		ended := errors.Is(readErr, io.EOF)
		if err == nil && (sum == nil || ended) {
			err = v.settle(ctx, p, taken, sum)
		}
		taken.forget()
		switch {
		case err != nil:
			return err
		case ended:
			return nil
		case readErr != nil:
			return readFault(readErr)
		}
	}
}

// settle makes what was taken count.
func (v *Resumable) settle(ctx context.Context, p *Partial, taken *stretch, sum *Checksum) error {
	if sum != nil && !bytes.Equal(sum.Hash.Sum(nil), sum.Want) {
		return ErrChecksum
	}
	if taken.size == 0 {
		return nil
	}
	if sum != nil { // else they were looked at as they came
		if err := v.sniff(ctx, p, taken); err != nil {
			return err
		}
	}
	if err := expelled(ctx); err != nil {
		return err
	}
	// The client may be gone: that is when it matters.
	return v.keep(context.WithoutCancel(ctx), p, taken)
}

// expelled returns the reason why ctx ended, unless it was that the client left.
func expelled(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return nil
}

// bufferSize is how many bytes are read at once.
const bufferSize = 128 << 10

// take reads bytes into a blob: all there are if whole is asked for, else a piece, or
// less when they are slow. readErr is what ended the reading, io.EOF at the body's
// end; nil when there may be more.
func (v *Resumable) take(ctx context.Context, p *Partial, body io.Reader, whole bool) (s *stretch, readErr, err error) {
	s = &stretch{head: p.GetHead(), began: v.Now()}
	room := v.remaining(p)
	buffer := make([]byte, bufferSize)
	for whole || s.size < v.PieceSize && (s.size == 0 || v.Now().Sub(s.began) < pieceTime) {
		// One byte more than may come: there the body has to end.
		n, readErr := body.Read(buffer[:min(bufferSize, room-s.size+1)])
		if s.size+int64(n) > room {
			return s, nil, v.beyond(p)
		}
		err := v.add(ctx, s, buffer[:n])
		if err == nil && n > 0 && !whole && len(p.GetHead()) < sniffLength {
			err = v.sniff(ctx, p, s)
		}
		if err != nil || readErr != nil {
			return s, readErr, err
		}
	}
	return s, nil, nil
}

// add writes bytes that arrived.
func (v *Resumable) add(ctx context.Context, s *stretch, data []byte) (err error) {
	if len(data) == 0 {
		return nil
	}
	missing := sniffLength - len(s.head)
	s.head = append(s.head[:len(s.head):len(s.head)], data[:min(missing, len(data))]...)
	if s.Writer == nil {
		if s.Writer, err = v.Blobs.Create(ctx); err != nil {
			return storageFault(err)
		}
	}
	if _, err := s.Write(data); err != nil {
		return storageFault(err)
	}
	s.size += int64(len(data))
	return nil
}

// sniff refuses what is no recording as soon as there is enough of it to tell, and
// ends the upload.
func (v *Resumable) sniff(ctx context.Context, p *Partial, s *stretch) error {
	if len(s.head) < sniffLength && p.GetOffset()+s.size != p.GetLength() {
		return nil
	}
	refusal := checkMedia(s.head)
	if refusal != nil {
		v.leave(p, v.Discard(context.WithoutCancel(ctx), p))
	}
	return refusal
}

// forget drops the bytes unless they were kept.
func (s *stretch) forget() {
	if s.Writer != nil {
		_ = s.Abort() // nothing after Commit
	}
}

// remaining is how many bytes may still come.
func (v *Resumable) remaining(p *Partial) int64 {
	if p.GetLength() > 0 {
		return p.GetLength() - p.GetOffset()
	}
	return v.MaxBytes - p.GetOffset()
}

func (v *Resumable) beyond(p *Partial) error {
	if p.GetLength() == 0 {
		return v.tooLarge()
	}
	return fault.New(fault.TooLarge, "file_too_large", "More bytes were sent than the upload is long.")
}
