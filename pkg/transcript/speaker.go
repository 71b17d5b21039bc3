package transcript

// ChannelSpeaker is the label of who speaks on a channel, where each channel is
// transcribed by itself: "A" on channel 1, "B" on channel 2. Channel 0, a mix of
// all, has none.
func ChannelSpeaker(channel uint32) string {
	if channel == 0 || channel > 26 {
		return ""
	}
	return string(rune('A' + channel - 1))
}
