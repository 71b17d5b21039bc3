package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// When a chunk is taken to be in another language than its job.
const (
	deviateSpeechMs    = 5_000 // it has at least this much speech
	deviateProbability = 0.8   // and is at least this sure
)

// autoLanguage asks for the language to be found.
const autoLanguage = "auto"

// verdict is the language of a chunk and how sure that is, in [0,1].
type verdict struct {
	language    string
	probability float32
}

// language decides which language the chunk is transcribed in. The lead chunk,
// which is transcribed before the others, decides for the job.
func (d *decoder) language(ctx context.Context) (verdict, error) {
	asked := d.run.Job.GetOptions().GetLanguage()
	if asked != autoLanguage {
		return verdict{asked, 1}, nil
	}
	main, err := d.mainLanguage(ctx)
	if err != nil {
		return verdict{}, storageError(ctx, d.run, err)
	}
	if len(d.windows) == 0 || main != "" && d.speechMs() < deviateSpeechMs {
		return verdict{language: main}, nil
	}
	found, err := d.detect(ctx)
	if err != nil {
		return verdict{}, engineError(ctx, d.run, err)
	}
	if best := found[0]; main == "" || best.probability >= deviateProbability {
		return best, nil
	}
	for _, v := range found {
		if v.language == main {
			return v, nil
		}
	}
	return verdict{language: main}, nil
}

// mainLanguage returns the language of the job, and "" when this chunk is to
// decide it. The record may lag behind the lead chunk's result.
func (d *decoder) mainLanguage(ctx context.Context) (string, error) {
	record, task := d.run.Job, d.run.Task
	if task.GetChunk() == record.GetLeadChunk() {
		return "", nil
	}
	if record.GetLanguage() != "" {
		return record.GetLanguage(), nil
	}
	lead, err := d.Jobs.Result(ctx, task.GetJobId(), task.GetAttempt(), record.GetLeadChunk())
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return lead.GetLanguage(), err
}

func (d *decoder) speechMs() int64 {
	var total int64
	for _, w := range d.windows {
		total += w.SpeechMs
	}
	return total
}

// detect listens to the fullest window and returns the candidates that the model
// knows, most probable first.
func (d *decoder) detect(ctx context.Context) (_ []verdict, err error) {
	candidates := d.candidates()
	if len(candidates) == 1 {
		return []verdict{{candidates[0], 1}}, nil
	}
	defer d.observe("detect_language", time.Now(), &err)
	w := window.Fullest(d.windows)
	answer, err := d.model.DetectLanguage(engine.WithLimit(ctx, d.limit(w)), &enginev1.DetectLanguageRequest{Pcm: w.PCM, Candidates: candidates}, d.run.Alone)
	if err != nil {
		return nil, err
	}
	if len(answer.GetLanguages()) == 0 {
		return nil, fmt.Errorf("%w: it names no language", engine.ErrFailed)
	}
	found := make([]verdict, len(answer.GetLanguages()))
	for i, l := range answer.GetLanguages() {
		found[i] = verdict{l.GetLanguage(), l.GetProbability()}
	}
	return found, nil
}

// candidates are the languages to choose among: those the user names, as far as
// the model knows them. A model of one language has no choice.
func (d *decoder) candidates() []string {
	asked, known := d.run.Job.GetOptions().GetLanguages(), d.model.Info().GetLanguages()
	both := slices.DeleteFunc(slices.Clone(asked), func(code string) bool { return !slices.Contains(known, code) })
	if len(both) == 0 {
		return known
	}
	return both
}
