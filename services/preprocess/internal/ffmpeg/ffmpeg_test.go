package ffmpeg

import "testing"

func TestFind_knowsTheVersion(t *testing.T) {
	t.Parallel()

	tools, err := Find(t.Context())
	if err != nil {
		t.Fatalf("%v; apt-get install ffmpeg", err)
	}

	if tools.FFmpeg == "" || tools.FFprobe == "" || tools.Version == "unknown" {
		t.Errorf("got %+v", tools)
	}
}

func TestVersion_isTheThirdWord(t *testing.T) {
	t.Parallel()
	for banner, want := range map[string]string{
		"ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026": "5.1.9-0+deb12u1",
		"ffmpeg version N-1234-gabc Copyright":                   "N-1234-gabc",
		"ffmpeg":                                                 "unknown",
		"":                                                       "unknown",
	} {
		if got := version(banner); got != want {
			t.Errorf("%q: %q, want %q", banner, got, want)
		}
	}
}
