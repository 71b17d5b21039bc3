package media

import (
	"fmt"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// Unsupported is returned for a file that is no recording, or of a format or
// codec that is not taken.
func Unsupported(cause error) error {
	return fault.Wrap(cause, fault.Unsupported, "unsupported_media",
		"The file is not an audio or video recording in a format that can be read.")
}

// Corrupt is returned for a recording that is so damaged or cut off that no
// sound can be read from it.
func Corrupt(cause error) error {
	return fault.Wrap(cause, fault.Unprocessable, "corrupt_media",
		"The recording is damaged or incomplete and cannot be read.")
}

// NoAudio is returned for a video without sound.
func NoAudio() error {
	return fault.New(fault.Unprocessable, "no_audio_stream", "The file has no sound track.")
}

// Empty is returned for a recording with hardly any sound in it.
func Empty() error {
	return fault.New(fault.Unprocessable, "empty_audio", "The recording is too short to hold any speech.")
}

// TooLong is returned for a recording above the limit, which its channels share
// when each is transcribed by itself.
func TooLong(limit time.Duration, channels int) error {
	message := fmt.Sprintf("The recording is longer than the limit of %s.", readable(limit))
	if channels > 1 {
		message = fmt.Sprintf("The recording is longer than the limit of %s for its %d channels together.", readable(limit), channels)
	}
	return fault.New(fault.Unprocessable, "too_long", message)
}

// TooManyChannels is returned for a recording with more channels than can be
// transcribed each by itself.
func TooManyChannels(channels uint32, limit int) error {
	return fault.New(fault.Unprocessable, "too_many_channels", fmt.Sprintf(
		"The recording has %d channels; at most %d can be transcribed each by itself.", channels, limit))
}

// NotStarted is returned when the programs that read recordings cannot be run:
// no fault of the recording, and it passes when somebody mends them.
func NotStarted(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "decoder_unavailable",
		"The recording cannot be read right now; try again later.")
}

// readable writes whole hours as "24 hours" and all else as Go does.
func readable(d time.Duration) string {
	if d >= 2*time.Hour && d%time.Hour == 0 {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return d.String()
}
