package whisper

import (
	"encoding/binary"
	"fmt"
)

// DecodePCM turns signed 16-bit little-endian mono samples into floats in
// [-1,1). It returns ErrInvalid when pcm ends inside a sample or is not 0.1 s to
// 30 s long.
func DecodePCM(pcm []byte) ([]float32, error) {
	if len(pcm)%2 != 0 {
		return nil, fmt.Errorf("%w: %d bytes end inside a sample", ErrInvalid, len(pcm))
	}
	if err := checkLength(len(pcm) / 2); err != nil {
		return nil, err
	}
	samples := make([]float32, len(pcm)/2)
	for i := range samples {
		samples[i] = float32(int16(binary.LittleEndian.Uint16(pcm[2*i:]))) / 32768
	}
	return samples, nil
}
