// Package crash lets tests kill a process at a chosen step of its work, as a power
// cut there would. Only programs built with the tag crashpoints can: in others
// Point does nothing and costs nothing.
package crash

// Points are the steps that processes can be killed at, in the order of a job's
// way.
var Points = []string{
	AfterClaim, BeforeAccept, AfterAccept,
	AfterDecode, AfterChunks, AfterPlan,
	BeforeRun, AfterResultBlob, AfterResult, BeforeAck,
	AfterTranscriptBlob, AfterCompleted, BeforeNotify,
}

// The points. Each names the process it is in.
const (
	AfterClaim          = "gateway.after-claim"           // the idempotency key stands for a job that is not made
	BeforeAccept        = "gateway.before-accept"         // the recording is stored, the job's record is not
	AfterAccept         = "gateway.after-accept"          // the record is stored, the client does not know
	AfterDecode         = "preprocess.after-decode"       // the sound lies in the scratch folder
	AfterChunks         = "preprocess.after-chunks"       // chunks are stored, the plan is not
	AfterPlan           = "preprocess.after-plan"         // the plan is stored, the record has not moved on
	BeforeRun           = "transcriber.before-run"        // the attempt is counted
	AfterResultBlob     = "transcriber.after-result-blob" // words are stored, the fact that they are is not
	AfterResult         = "transcriber.after-result"      // the fact is stored
	BeforeAck           = "worker.before-ack"             // all is stored, the queue does not know
	AfterTranscriptBlob = "dispatcher.after-transcript"   // the transcript is stored, the job is not complete
	AfterCompleted      = "dispatcher.after-completed"    // the job is complete, nothing is cleared up
	BeforeNotify        = "dispatcher.before-notify"      // the job has ended, and no hook is queued
)

// AfterHook is reached only by jobs whose owner wants to be told of their end: the
// receiver has been told, and neither the log nor the queue know.
const AfterHook = "gateway.after-hook"
