package openai

import (
	"fmt"
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// diarized is the format diarized_json. The text has a line a turn: who speaks, a
// colon, the words.
type diarized struct {
	Task     string         `json:"task"`
	Duration render.Seconds `json:"duration"`
	Text     string         `json:"text"`
	Segments []said         `json:"segments"`
	Usage    usage          `json:"usage"`
}

// said is a segment with its speaker, and the event of a stream that tells it.
type said struct {
	Type    string         `json:"type"`
	ID      string         `json:"id"`
	Start   render.Seconds `json:"start"`
	End     render.Seconds `json:"end"`
	Text    string         `json:"text"`
	Speaker string         `json:"speaker"`
}

func diarizedOf(o order, t *jobv1.Transcript) diarized {
	d := diarized{Task: "transcribe", Duration: render.Seconds(t.GetDurationMs()), Segments: []said{}, Usage: usageOf(t)}
	var text strings.Builder
	talk := talk{speakers: newSpeakers(o.names)}
	for _, s := range t.GetSegments() {
		if view, added := talk.add(s); added != "" {
			d.Segments = append(d.Segments, view)
			text.WriteString(added)
		}
	}
	d.Text = text.String()
	return d
}

// talk is a conversation as it is told, segment by segment.
type talk struct {
	speakers *speakers
	last     string // who spoke last
	count    int    // segments so far
}

// add tells one more segment, and what it adds to the text; nothing if it has no words.
func (k *talk) add(s *jobv1.Segment) (view said, added string) {
	text := render.Text([]*jobv1.Segment{s})
	if text == "" {
		return said{}, ""
	}
	name := k.speakers.name(s.GetSpeaker())
	switch {
	case k.count > 0 && name == k.last:
		added = " " + text
	case k.count > 0:
		added = "\n" + name + ": " + text
	default:
		added = name + ": " + text
	}
	k.last, k.count = name, k.count+1
	return said{
		Type: "transcript.text.segment", ID: fmt.Sprintf("seg_%03d", k.count),
		Start: render.Seconds(s.GetStartMs()), End: render.Seconds(s.GetEndMs()), Text: text, Speaker: name,
	}, added
}
