package openai

import (
	"encoding/json"
	"strings"
)

const chunkingField = "chunking_strategy"

// checkChunking reads how a client wants the recording cut: "auto", or an object, as
// JSON or field by field (chunking_strategy[type]=server_vad). It is checked only:
// recordings are cut at silences in any case.
func checkChunking(_ *order, f fields) error {
	raw := strings.TrimSpace(f.text(chunkingField))
	object := strings.HasPrefix(raw, "{")
	switch strings.Trim(raw, `"`) {
	case "", "null", "auto":
	default:
		if !object {
			return invalidField(chunkingField, `The chunking_strategy is "auto" or an object.`)
		}
	}
	if object {
		return checkObject(raw)
	}
	return checkMembers(f)
}

// serverVAD is the only kind of object there is.
const serverVAD = "server_vad"

func checkObject(raw string) error {
	var vad struct {
		Type      string   `json:"type"`
		Padding   *int64   `json:"prefix_padding_ms"`
		Silence   *int64   `json:"silence_duration_ms"`
		Threshold *float64 `json:"threshold"`
	}
	if json.Unmarshal([]byte(raw), &vad) != nil || vad.Type != serverVAD {
		return invalidField(chunkingField, "The object in chunking_strategy has the type server_vad and numbers.")
	}
	negative := func(n *int64) bool { return n != nil && *n < 0 }
	if negative(vad.Padding) || negative(vad.Silence) || vad.Threshold != nil && !(*vad.Threshold >= 0 && *vad.Threshold <= 1) {
		return invalidField(chunkingField, "The durations of a chunking_strategy are not negative, its threshold is from 0 to 1.")
	}
	return nil
}

func checkMembers(f fields) error {
	asked := false
	for name := range f {
		asked = asked || strings.HasPrefix(name, chunkingField+"[")
	}
	if asked && f.text(chunkingField+"[type]") != serverVAD {
		return invalidField(chunkingField+"[type]", "The type of a chunking_strategy is server_vad.")
	}
	const longestMS = 3_600_000
	for member, most := range map[string]float64{"[prefix_padding_ms]": longestMS, "[silence_duration_ms]": longestMS, "[threshold]": 1} {
		if _, err := f.number(chunkingField+member, 0, most); err != nil {
			return err
		}
	}
	return nil
}
