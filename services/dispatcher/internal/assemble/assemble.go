// Package assemble makes the transcript of a recording from its plan and the
// results of its chunks. It is one pure function: whatever happened on the way,
// the same results give the same bytes.
package assemble

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Part is what became of one chunk.
type Part struct {
	Chunk      uint32
	Transcript *jobv1.Transcript // times in the original recording
}

// Assemble puts the parts of a plan together, one for each chunk, in any order.
// How that is done is transcript.Assembly's, which events are told by, too; the
// language is the one most seconds of speech are in. Parts are not changed.
func Assemble(plan *jobv1.Plan, parts []Part) (*jobv1.Transcript, error) {
	ordered, err := inOrder(plan, parts)
	if err != nil {
		return nil, err
	}
	whole := &jobv1.Transcript{DurationMs: plan.GetMedia().GetDurationMs()}
	assembly := transcript.NewAssembly(plan)
	for _, part := range ordered {
		assembly.Add(part)
	}
	whole.Segments = assembly.Settled()
	whole.Language = mainLanguage(whole.GetSegments())
	if len(ordered) > 0 {
		whole.Model = ordered[0].GetModel()
		whole.ModelSha256 = ordered[0].GetModelSha256()
		whole.Engine = ordered[0].GetEngine()
	}
	return whole, nil
}

// Encode returns the bytes a transcript is stored as, the same ones each time.
func Encode(t *jobv1.Transcript) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(t)
}

// inOrder returns the transcripts by chunk number, each exactly once.
func inOrder(plan *jobv1.Plan, parts []Part) ([]*jobv1.Transcript, error) {
	ordered := make([]*jobv1.Transcript, len(plan.GetChunks()))
	for _, part := range parts {
		if int(part.Chunk) >= len(ordered) {
			return nil, fmt.Errorf("assemble: there is no chunk %d", part.Chunk)
		}
		ordered[part.Chunk] = part.Transcript
	}
	if n := slices.Index(ordered, nil); n >= 0 {
		return nil, fmt.Errorf("assemble: chunk %d has no result", n)
	}
	return ordered, nil
}
