package transcriber

import (
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// Windows returns the audio of the engine calls that a chunk takes, in order,
// when its silence is skipped: each 1 to 30 s of 16 kHz mono s16le PCM. They may
// share memory with pcm, the chunk's own audio. It is for those who compare this
// service with the bare engine; nothing is sent.
func Windows(chunk *jobv1.Chunk, pcm []byte) [][]byte {
	var calls [][]byte
	for _, w := range window.Cut(chunk, pcm, true) {
		calls = append(calls, w.PCM)
	}
	return calls
}
