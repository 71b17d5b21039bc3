package prepare_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

// noise is bytes that mean nothing.
func noise(n int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(random.Uint32())
	}
	return raw
}

// head returns the path of a file with the first part of another.
func head(t *testing.T, path string, share float64) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Base(path), raw[:int(share*float64(len(raw)))])
}

func TestFile_refusesBadRecordingsForGood(t *testing.T) {
	t.Parallel()
	sample := []string{"-i", audiotest.Sample(t, "en-06.flac")}
	m4a := audiotest.Make(t, "m4a", sample...)
	cases := []struct {
		name, path, code string
	}{
		{"an empty file", writeFile(t, "empty.mp3", nil), "empty_audio"},
		{"text that is called mp3", writeFile(t, "text.mp3", []byte(strings.Repeat("No sound at all.\n", 4000))), "unsupported_media"},
		{"text in UTF-16, which begins like a frame of sound", writeFile(t, "utf16", []byte("\xff\xfe"+strings.Repeat("N\x00o\x00", 9000))), "unsupported_media"},
		{"bytes that mean nothing", writeFile(t, "noise", noise(200_000)), "unsupported_media"},
		{"a picture", audiotest.Make(t, "png", "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1"), "unsupported_media"},
		{"an mp4 without its end, where the index is", head(t, m4a, 0.5), "corrupt_media"},
		{"the first bytes of a recording", head(t, m4a, 0.001), "corrupt_media"},
		{"a header with nothing sensible behind", writeFile(t, "bad.flac", append([]byte("fLaC"), noise(9000)...)), "corrupt_media"},
		{"a sound track without a sample", audiotest.Make(t, "wav", append(sample, "-t", "0")...), "empty_audio"},
		{"an mp4 without a track", audiotest.Make(t, "m4a", append(sample, "-t", "0")...), "empty_audio"},
		{"a tenth of a second", audiotest.Make(t, "wav", append(sample, "-t", "0.1")...), "empty_audio"},
		{"a video without sound", audiotest.Make(t, "mp4", "-f", "lavfi", "-i", "testsrc=d=2:s=128x96:r=10"), "no_audio_stream"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, err := prepare.File(t.Context(), config(t), prepare.Request{Path: tc.path, Scratch: t.TempDir()})

			if fault.Of(err) == nil || fault.Of(err).Code != tc.code || !fault.Permanent(err) {
				t.Errorf("got %v, want %s for good", err, tc.code)
			}
		})
	}
}

func TestFile_readsWhatATruncatedRecordingStillHolds(t *testing.T) {
	t.Parallel()
	sample := testkit.Samples(t, "en")[2]
	sample.Sentences = sample.Sentences[:1]
	cases := []struct {
		name, path string
		warns      bool
	}{
		{name: "mp3", path: audiotest.Make(t, "mp3", "-i", sample.Path), warns: true},
		{name: "mp3 without a header", path: audiotest.Make(t, "mp3", "-i", sample.Path, "-write_xing", "0")},
		{name: "ogg", path: audiotest.Make(t, "ogg", "-i", sample.Path)},
		{name: "wav", path: audiotest.Make(t, "wav", "-i", sample.Path)},
		{name: "flac", path: sample.Path, warns: true},
		{name: "mp4 with the index first", path: audiotest.Make(t, "m4a", "-i", sample.Path, "-movflags", "+faststart"), warns: true},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			prepared := file(t, head(t, tc.path, 0.7))

			if prepared.DurationMs < 6000 || prepared.DurationMs > 10_500 {
				t.Errorf("%d ms of 12.4 s are left", prepared.DurationMs)
			}
			sentencesAre(t, prepared, sample, 0)
			if (len(prepared.Warnings) == 1) != tc.warns {
				t.Errorf("warnings %q", prepared.Warnings)
			}
		})
	}
}

func TestFile_refusesWhatIsTooLong(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"seen in the header":    audiotest.Sample(t, "en-10.flac"),
		"seen while it is read": audiotest.Make(t, "aac", "-i", audiotest.Sample(t, "en-10.flac")),
	} {
		cfg := config(t)
		cfg.Recording = 15 * time.Second

		_, err := prepare.File(t.Context(), cfg, prepare.Request{Path: path, Scratch: t.TempDir()})

		if fault.Of(err) == nil || fault.Of(err).Code != "too_long" {
			t.Errorf("%s: %v, want too_long", name, err)
		}
	}
}

// TestFile_opensNothingButTheFile gives playlists that name the good recording
// beside them, and watches that recording: whoever follows the list opens it.
func TestFile_opensNothingButTheFile(t *testing.T) {
	t.Parallel()
	canary, err := os.ReadFile(audiotest.Make(t, "wav", "-i", audiotest.Sample(t, "en-01.flac")))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\ncanary.wav\n#EXT-X-ENDLIST\n",
		"list.txt":  "ffconcat version 1.0\nfile canary.wav\n",
		"list.mpd": `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT3S"><Period>` +
			`<AdaptationSet mimeType="audio/wav"><Representation id="1" bandwidth="1"><BaseURL>canary.wav</BaseURL></Representation></AdaptationSet></Period></MPD>`,
		"list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := writeFile(t, name, []byte(content))
			path := filepath.Join(filepath.Dir(list), "canary.wav")
			if err := os.WriteFile(path, canary, 0o600); err != nil {
				t.Fatal(err)
			}
			opened := watchOpens(t, path)

			_, err := prepare.File(t.Context(), config(t), prepare.Request{Path: list, Scratch: t.TempDir()})

			if fault.Of(err) == nil || fault.Of(err).Code != "unsupported_media" {
				t.Errorf("got %v, want unsupported_media", err)
			}
			if opened() {
				t.Error("the recording that the list names was opened")
			}
			if _, err := os.ReadFile(path); err != nil || !opened() {
				t.Errorf("the watch saw nothing when the test opened the recording: %v", err)
			}
		})
	}
}

// watchOpens returns a function that tells whether anybody has opened the file
// since it was last asked.
func watchOpens(t *testing.T, path string) (opened func() bool) {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if _, err := syscall.InotifyAddWatch(fd, path, syscall.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	return func() bool {
		events := make([]byte, 4096)
		n, err := syscall.Read(fd, events)
		if err != nil && !errors.Is(err, syscall.EAGAIN) {
			t.Fatal(err)
		}
		return n > 0
	}
}

// fakeDecoder returns the real programs, but with a script for ffmpeg.
func fakeDecoder(t *testing.T, script string) ffmpeg.Tools {
	t.Helper()
	tools := audiotest.Tools(t)
	tools.FFmpeg = writeFile(t, "ffmpeg", []byte("#!/bin/sh\n"+script+"\n"))
	if err := os.Chmod(tools.FFmpeg, 0o700); err != nil {
		t.Fatal(err)
	}
	return tools
}

func TestFile_leavesNoChildWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cfg, dir := config(t), t.TempDir()
	// A second of sound comes out, and that is the sign to cancel.
	cfg.Tools = fakeDecoder(t, "head -c 64000 /dev/zero; sleep 1000 & wait")

	_, err := prepare.File(ctx, cfg, prepare.Request{
		Path: audiotest.Sample(t, "en-01.flac"), Scratch: dir, Progress: func(int64, int64) { cancel() },
	})

	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	testkit.Eventually(t, "no process works in the scratch folder", func() bool { return len(workingIn(t, dir)) == 0 })
}

// workingIn returns the processes whose working directory is dir.
func workingIn(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && cwd == dir {
			found = append(found, link)
		}
	}
	return found
}

func TestFile_canBeTriedAgainWhenSomebodyKilledTheDecoder(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"killed":        "head -c 64000 /dev/zero; kill -KILL $$",
		"asked to stop": "head -c 64000 /dev/zero; exit 255",
	} {
		cfg := config(t)
		cfg.Tools = fakeDecoder(t, script)

		_, err := prepare.File(t.Context(), cfg, prepare.Request{Path: audiotest.Sample(t, "en-01.flac"), Scratch: t.TempDir()})

		if err == nil || fault.Permanent(err) {
			t.Errorf("%s: %v, want an error that may pass", name, err)
		}
	}
}

func TestFile_canBeTriedLaterWhenTheProgramsCannotBeStarted(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	notExecutable := writeFile(t, "ffmpeg", []byte("#!/bin/sh\n"))
	noLibrary := fakeDecoder(t, "echo error while loading shared libraries >&2; exit 127").FFmpeg
	for name, program := range map[string]string{
		"missing": missing, "not executable": notExecutable, "without a library": noLibrary,
	} {
		for tool, spoil := range map[string]func(*ffmpeg.Tools){
			"ffprobe": func(tools *ffmpeg.Tools) { tools.FFprobe = program },
			"ffmpeg":  func(tools *ffmpeg.Tools) { tools.FFmpeg = program },
		} {
			cfg := config(t)
			spoil(&cfg.Tools)

			_, err := prepare.File(t.Context(), cfg, prepare.Request{Path: audiotest.Sample(t, "en-01.flac"), Scratch: t.TempDir()})

			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s is %s: %v, want kind Unavailable", tool, name, err)
			}
		}
	}
}

func TestFile_blamesTheRecordingWhenTheDecoderCrashes(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Tools = fakeDecoder(t, "head -c 64000 /dev/zero; kill -SEGV $$")

	_, err := prepare.File(t.Context(), cfg, prepare.Request{Path: audiotest.Sample(t, "en-01.flac"), Scratch: t.TempDir()})

	if fault.Of(err) == nil || fault.Of(err).Code != "corrupt_media" {
		t.Errorf("got %v, want corrupt_media", err)
	}
}
