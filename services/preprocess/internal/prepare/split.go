package prepare

import (
	"github.com/stenomesh/stenomesh/services/preprocess/internal/channels"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
)

// mostChannels is how many channels are taken each by itself: what a multi-track
// recorder has. Each costs as much as a recording.
const mostChannels = 8

// channelsOf returns how many channels are decoded, 1 for a mix, and what the user
// should know of that.
func channelsOf(info media.Info, split bool) (count int, warning []string, err error) {
	switch n := info.Channels; {
	case !split:
		return 1, nil, nil
	case n > mostChannels:
		return 0, nil, media.TooManyChannels(n, mostChannels)
	case n < 2:
		return 1, []string{"The recording has one channel only, so that the channels do not tell speakers apart."}, nil
	default:
		return int(n), nil, nil
	}
}

// join makes one track of channels that hold the same sound.
func (p *Prepared) join(splitter *channels.Splitter) {
	loudest, same := splitter.Same()
	if !same {
		return
	}
	only := p.Tracks[loudest]
	only.Channel = 0
	p.Tracks = []Track{only}
	p.Warnings = append(p.Warnings, "All channels hold the same sound, so that they do not tell speakers apart; one of them was transcribed.")
}
