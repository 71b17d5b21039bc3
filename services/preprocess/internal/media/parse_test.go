package media_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
)

const (
	songWithCover = `{"streams":[
		{"index":0,"codec_name":"mp3","codec_type":"audio","sample_rate":"44100","channels":2,"duration":"61.25","bit_rate":"128000","disposition":{"default":0,"attached_pic":0}},
		{"index":1,"codec_name":"png","codec_type":"video","duration":"61.25","disposition":{"default":0,"attached_pic":1}}],
		"format":{"format_name":"mp3","duration":"61.3","bit_rate":"130000","probe_score":51}}`
	twoLanguages = `{"streams":[
		{"index":0,"codec_name":"h264","codec_type":"video","disposition":{"default":1}},
		{"index":1,"codec_name":"ac3","codec_type":"audio","channels":6,"sample_rate":"48000","disposition":{"default":0}},
		{"index":2,"codec_name":"aac","codec_type":"audio","channels":2,"sample_rate":"48000","disposition":{"default":1}}],
		"format":{"format_name":"matroska,webm","duration":"5400.04","probe_score":100}}`
)

func TestParse_readsWhatUsersAreTold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer string
		want   media.Info
	}{
		"a cover is no moving picture": {songWithCover, media.Info{
			Format: "mp3", Codec: "mp3", Channels: 2, SampleRate: 44100, BitRate: 128000, ClaimedMs: 61_250,
		}},
		"the default sound track is the one": {twoLanguages, media.Info{
			Format: "matroska,webm", Codec: "aac", Channels: 2, SampleRate: 48000, Video: true, Stream: 2, ClaimedMs: 5_400_040,
		}},
		"nonsense numbers are unknown": {
			`{"streams":[{"index":0,"codec_name":"flac","codec_type":"audio","channels":-3,"sample_rate":"N/A","duration":"1e300","bit_rate":"-1"}],
			  "format":{"format_name":"flac","duration":"NaN","bit_rate":"99999999999999999999","probe_score":100}}`,
			media.Info{Format: "flac", Codec: "flac"},
		},
	} {
		got, err := media.Parse([]byte(tc.answer))
		if err != nil || got != tc.want {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, tc.want)
		}
	}
}

func TestParse_refusesWhatHoldsNoSound(t *testing.T) {
	t.Parallel()
	for answer, code := range map[string]string{
		`not json`: "unsupported_media",
		`{}`:       "unsupported_media",
		`{"format":{"format_name":"mp3","probe_score":1},"streams":[{"index":0,"codec_name":"mp3","codec_type":"audio"}]}`:    "unsupported_media",
		`{"format":{"format_name":"mov","probe_score":100},"streams":[]}`:                                                     "empty_audio",
		`{"format":{"format_name":"mov","probe_score":100},"streams":[{"index":0,"codec_name":"h264","codec_type":"video"}]}`: "no_audio_stream",
		`{"format":{"format_name":"mov","probe_score":100},"streams":[{"index":0,"codec_type":"audio"}]}`:                     "unsupported_media",
	} {
		if _, err := media.Parse([]byte(answer)); fault.Of(err).Code != code {
			t.Errorf("%s: %v, want %s", answer, err, code)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(songWithCover))
	f.Add([]byte(twoLanguages))
	f.Fuzz(func(t *testing.T, answer []byte) {
		info, err := media.Parse(answer)
		switch {
		case err != nil && !fault.Permanent(err):
			t.Errorf("%q: %v would be tried again", answer, err)
		case err == nil && (info.Stream < 0 || info.ClaimedMs < 0 || info.BitRate < 0 || info.Codec == ""):
			t.Errorf("%q: %+v", answer, info)
		}
	})
}
