package worker

import (
	"github.com/stenomesh/stenomesh/pkg/segment"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

// mostSpans is how many stretches of speech a plan holds at most. One takes
// about 14 bytes, and the whole plan has to fit into a message of 512 KiB.
const mostSpans = 15_000

// newPlan writes down how a recording was prepared. The chunks are named but
// have neither size nor hash before they are stored.
func newPlan(task *jobv1.Task, prepared prepare.Prepared, ffmpegVersion string) *jobv1.Plan {
	plan := &jobv1.Plan{
		JobId:   task.GetJobId(),
		Attempt: task.GetAttempt(),
		Media: &jobv1.Media{
			DurationMs: prepared.DurationMs,
			Format:     prepared.Media.Format,
			Codec:      prepared.Media.Codec,
			Channels:   prepared.Media.Channels,
			SampleRate: prepared.Media.SampleRate,
			BitRate:    prepared.Media.BitRate,
			Video:      prepared.Media.Video,
		},
		Loudness:      newLoudness(prepared.Tracks[0]),
		FfmpegVersion: ffmpegVersion,
		Warnings:      prepared.Warnings,
	}
	for _, track := range prepared.Tracks {
		if track.Channel > 0 {
			plan.Channels = append(plan.Channels, newLoudness(track))
		}
	}
	cuts := inOrder(prepared.Tracks)
	for n, piece := range coarsen(cuts.pieces(), mostSpans) {
		chunk := newChunk(uint32(n), piece)
		chunk.Channel = prepared.Tracks[cuts[n].track].Channel
		plan.Chunks = append(plan.Chunks, chunk)
	}
	return plan
}

func newLoudness(track prepare.Track) *jobv1.Loudness {
	return &jobv1.Loudness{
		IntegratedLufs: track.Loudness.IntegratedLUFS,
		TruePeakDb:     track.Loudness.TruePeakDB,
		GainDb:         track.Loudness.GainDB(),
		NoiseFloorDb:   track.Silence.NoiseFloorDB,
		SilenceDb:      track.Silence.SilenceDB,
	}
}

func newChunk(n uint32, piece segment.Piece) *jobv1.Chunk {
	chunk := &jobv1.Chunk{
		Number:    n,
		StartMs:   piece.StartMs,
		EndMs:     piece.EndMs,
		OverlapMs: piece.OverlapMs,
	}
	for _, s := range piece.Speech {
		chunk.Speech = append(chunk.Speech, &jobv1.Span{StartMs: s.StartMs, EndMs: s.EndMs})
	}
	return chunk
}

// coarsen takes short silences for speech until there are at most so many
// stretches, which only very long recordings need. The longest silences, which
// are worth most to whoever cuts further, stay.
func coarsen(pieces []segment.Piece, most int) []segment.Piece {
	for shortest := int64(200); count(pieces) > most; shortest *= 2 {
		coarser := make([]segment.Piece, len(pieces))
		for i, piece := range pieces {
			piece.Speech = bridge(piece.Speech, shortest)
			coarser[i] = piece
		}
		pieces = coarser
		if shortest > segment.WindowMaxMs {
			break // one stretch a piece is as coarse as it gets
		}
	}
	return pieces
}

// bridge joins stretches less than shortest milliseconds apart.
func bridge(spans []segment.Span, shortest int64) []segment.Span {
	var out []segment.Span
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.StartMs-out[last].EndMs < shortest {
			out[last].EndMs = s.EndMs
			continue
		}
		out = append(out, s)
	}
	return out
}

func count(pieces []segment.Piece) int {
	n := 0
	for _, piece := range pieces {
		n += len(piece.Speech)
	}
	return n
}
