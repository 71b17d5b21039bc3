//go:build whisper

package whisper

// #include "binding.h"
import "C"

import "context"

// slot holds one session, or none after its memory could not be allocated. One
// goroutine uses it at a time.
type slot struct {
	session *C.struct_session
	used    bool
}

// prepare makes the session ready for a call; fresh asks for one that no call
// has used. It returns ErrOutOfMemory when there is no memory for a new one.
func (s *slot) prepare(model *C.struct_whisper_context, fresh bool) error {
	if s.session == nil || fresh && s.used {
		if err := s.renew(model); err != nil {
			return err
		}
	}
	s.used = true
	return nil
}

// renew replaces the session. The old one goes first, so that memory for one
// more state than slots is never needed.
func (s *slot) renew(model *C.struct_whisper_context) error {
	s.close()
	s.session = C.session_new(model)
	if s.session == nil {
		return ErrOutOfMemory
	}
	return nil
}

func (s *slot) close() {
	if s.session != nil {
		C.session_free(s.session)
	}
	s.session, s.used = nil, false
}

// abortable runs call and lets the end of ctx stop it at the decoder's next
// step. It returns ctx.Err() when that happened: libwhisper may report a stopped
// call as a success with half of the text.
func (s *slot) abortable(ctx context.Context, call func()) error {
	session := s.session
	C.session_rearm(session)
	aborted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.session_abort(session)
		close(aborted)
	})

	call()

	if stop() {
		return nil
	}
	<-aborted // before anyone else gets the session
	return ctx.Err()
}
