package ffmpeg

import "strings"

// formats are the demuxers that may read a recording. Playlists (hls, dash,
// concat), image sequences and devices are not among them: they open further
// files or addresses that a stranger wrote into the first.
var formats = []string{
	"aac", "ac3", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi",
	"caf", "dsf", "dts", "eac3", "flac", "flv", "gsm", "loas", "matroska",
	"mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mxf", "nut", "ogg", "oma",
	"rm", "sox", "tak", "truehd", "tta", "voc", "w64", "wav", "wtv", "wv",
	"xwma",
}

// Input returns the options that open the recording at path, an absolute
// path, and nothing else.
func Input(path string) []string {
	return []string{
		"-protocol_whitelist", "file",
		"-format_whitelist", strings.Join(formats, ","),
		// Some recordings begin with several seconds of one stream alone.
		"-probesize", "20M", "-analyzeduration", "20M",
		"-i", "file:" + path,
	}
}
