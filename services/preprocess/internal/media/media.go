// Package media finds out what a file is, by ffprobe: whether it is a
// recording at all, which of its streams holds the speech, and what users are
// told about it. It also names, in one place, everything that can be wrong
// with a recording.
//
// Package decode reads the stream that this package has chosen.
package media

// Info is what ffprobe said of a recording that has sound.
type Info struct {
	Format     string // container, for example "mov,mp4,m4a,3gp,3g2,mj2"
	Codec      string // of the audio, for example "aac"
	Channels   uint32 // 0 if unknown
	SampleRate uint32 // samples a second, 0 if unknown
	BitRate    int64  // bits a second, 0 if unknown
	Video      bool   // it also has a moving picture; a cover does not count
	Stream     int    // index of the audio stream in the file
	// ClaimedMs is the length of the audio stream, or else of the file, that
	// the header promises, in milliseconds; 0 if it says nothing. It can be
	// wrong.
	ClaimedMs int64
	// Estimated tells that ClaimedMs is only a guess from the bit rate.
	Estimated bool
}
