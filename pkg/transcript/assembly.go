package transcript

import (
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Assembly makes the segments of a recording from what its chunks say, chunk by
// chunk. Neighbours that overlap are joined at the best gap between words; times come
// out in order and within the recording; segments without text are left out. Where
// each channel was transcribed by itself, each is put together so, and all are
// interleaved (see Interleave): then the times of one speaker are in order, and the
// segments by their beginnings. The dispatcher assembles whole transcripts with it,
// the gateway tells segments before the last chunk is done. It is not safe for several
// goroutines.
type Assembly struct {
	chunks  []*jobv1.Chunk
	next    int      // chunk that Add takes
	tracks  []*track // by channel; a mix is channel 0
	voices  []voice  // what is settled of each track and not yet of the whole
	settled []*jobv1.Segment
}

// NewAssembly returns an assembly of the chunks of a plan, none of which is added yet.
func NewAssembly(plan *jobv1.Plan) *Assembly {
	var byChannel [][]*jobv1.Chunk
	for _, chunk := range plan.GetChunks() {
		for int(chunk.GetChannel()) >= len(byChannel) {
			byChannel = append(byChannel, nil)
		}
		byChannel[chunk.GetChannel()] = append(byChannel[chunk.GetChannel()], chunk)
	}
	a := &Assembly{chunks: plan.GetChunks(), voices: make([]voice, len(byChannel))}
	for _, chunks := range byChannel {
		a.tracks = append(a.tracks, newTrack(plan.GetMedia().GetDurationMs(), chunks))
	}
	return a
}

// Next is the number of the chunk that Add takes; there is no such chunk when all
// are added.
func (a *Assembly) Next() int { return a.next }

// Complete reports whether all chunks are added.
func (a *Assembly) Complete() bool { return a.next == len(a.chunks) }

// Add takes what the chunk Next says, which it does not change. There must be such a
// chunk.
func (a *Assembly) Add(part *jobv1.Transcript) {
	channel := a.chunks[a.next].GetChannel()
	voice := &a.voices[channel]
	voice.left = append(voice.left, a.tracks[channel].add(part)...)
	a.next++
	for {
		segment := interleave(a.voices, a.silentUntil)
		if segment == nil {
			return
		}
		a.settled = append(a.settled, segment)
	}
}

// silentUntil reports whether a channel of which nothing is left says nothing more
// that begins by a time.
func (a *Assembly) silentUntil(channel int, ms int64) bool { return a.tracks[channel].horizon() > ms }

// Settled returns the segments that no later chunk changes; all of them when the
// assembly is complete. They are shared and not to be changed: what is returned later
// begins with them.
func (a *Assembly) Settled() []*jobv1.Segment { return a.settled[:len(a.settled):len(a.settled)] }
