package prepare

import (
	"io"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/channels"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/loudness"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/silence"
)

// listener takes the PCM of one track: it keeps the samples and measures them.
type listener struct {
	io.Writer
	file  *scratch
	meter *loudness.Meter
	track *silence.Track
}

// listeners has one for each track.
type listeners []*listener

// newListeners makes so many. The first tells how far the recording is decoded.
func newListeners(r Request, info media.Info, count int) (listeners, error) {
	var all listeners
	for n := range count {
		file, err := newScratch(r.Scratch, n)
		if err != nil {
			all.discard()
			return nil, err
		}
		l := &listener{file: file, meter: loudness.NewMeter(), track: new(silence.Track)}
		takers := []pcm.Taker{l.meter, l.track}
		if n == 0 {
			takers = append(takers, &reporter{report: r.Progress, totalMs: info.ClaimedMs})
		}
		l.Writer = io.MultiWriter(file, pcm.NewSplitter(takers...))
		all = append(all, l)
	}
	return all, nil
}

// sink takes what is decoded: a *channels.Splitter where there are several tracks.
func (all listeners) sink() io.Writer {
	if len(all) == 1 {
		return all[0]
	}
	var to []io.Writer
	for _, l := range all {
		to = append(to, l)
	}
	return channels.New(to...)
}

// tracks are what was heard, as yet without pieces.
func (all listeners) tracks() ([]Track, error) {
	var tracks []Track
	for n, l := range all {
		if err := l.file.finish(); err != nil {
			return nil, err
		}
		heard := l.meter.Measure()
		track := Track{Loudness: heard, Silence: l.track.Map(heard.GainDB()), PCM: l.file.path}
		if len(all) > 1 {
			track.Channel = uint32(n + 1)
		}
		tracks = append(tracks, track)
	}
	return tracks, nil
}

// discard releases the files after an error.
func (all listeners) discard() {
	for _, l := range all {
		l.file.discard()
	}
}
