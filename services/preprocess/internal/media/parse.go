package media

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// minScore is the least certainty (of 100) with which ffprobe must have
// recognised the format. Below it stand files in which two bytes somewhere
// happen to look like the beginning of a sound frame.
const minScore = 5

type probed struct {
	Streams []probedStream `json:"streams"`
	Format  struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
		BitRate  string `json:"bit_rate"`
		Score    int    `json:"probe_score"`
	} `json:"format"`
}

type probedStream struct {
	Index       int    `json:"index"`
	Type        string `json:"codec_type"`
	Codec       string `json:"codec_name"`
	Channels    int64  `json:"channels"`
	SampleRate  string `json:"sample_rate"`
	BitRate     string `json:"bit_rate"`
	Duration    string `json:"duration"`
	Disposition struct {
		Default  int `json:"default"`
		Attached int `json:"attached_pic"`
	} `json:"disposition"`
}

// Parse reads ffprobe's answer in JSON. It returns the faults of this package
// for answers that tell of no usable sound.
func Parse(answer []byte) (Info, error) {
	var p probed
	if err := json.Unmarshal(answer, &p); err != nil {
		return Info{}, Unsupported(fmt.Errorf("parse the answer of ffprobe: %w", err))
	}
	switch {
	case p.Format.Name == "" || p.Format.Score < minScore:
		return Info{}, Unsupported(fmt.Errorf("format %q with score %d", p.Format.Name, p.Format.Score))
	case len(p.Streams) == 0:
		return Info{}, Empty()
	}
	audio, ok := p.audio()
	if !ok {
		return Info{}, NoAudio()
	}
	if audio.Codec == "" || audio.Codec == "unknown" || audio.Index < 0 {
		return Info{}, Unsupported(errors.New("unknown audio codec"))
	}
	return p.info(audio), nil
}

// audio returns the stream that a player would play: the default one, or else
// the first.
func (p probed) audio() (probedStream, bool) {
	isAudio := func(s probedStream) bool { return s.Type == "audio" }
	isDefault := func(s probedStream) bool { return isAudio(s) && s.Disposition.Default == 1 }
	i := slices.IndexFunc(p.Streams, isDefault)
	if i < 0 {
		i = slices.IndexFunc(p.Streams, isAudio)
	}
	if i < 0 {
		return probedStream{}, false
	}
	return p.Streams[i], true
}

func (p probed) info(audio probedStream) Info {
	claimed := milliseconds(audio.Duration)
	if claimed == 0 {
		claimed = milliseconds(p.Format.Duration)
	}
	rate := number(audio.BitRate, math.MaxInt32)
	if rate == 0 && len(p.Streams) == 1 {
		rate = number(p.Format.BitRate, math.MaxInt32)
	}
	return Info{
		Format:     p.Format.Name,
		Codec:      audio.Codec,
		Channels:   uint32(min(max(audio.Channels, 0), math.MaxUint16)),
		SampleRate: uint32(number(audio.SampleRate, math.MaxUint32)),
		BitRate:    rate,
		Video: slices.ContainsFunc(p.Streams, func(s probedStream) bool {
			return s.Type == "video" && s.Disposition.Attached == 0
		}),
		Stream:    audio.Index,
		ClaimedMs: claimed,
	}
}

// number reads a whole number in [0,limit]; anything else is 0.
func number(s string, limit int64) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > limit {
		return 0
	}
	return n
}

// milliseconds reads decimal seconds; what is not a sensible length is 0.
func milliseconds(s string) int64 {
	const century = 100 * 365 * 24 * 3600
	seconds, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(seconds > 0 && seconds < century) {
		return 0
	}
	return int64(math.Round(seconds * 1000))
}
