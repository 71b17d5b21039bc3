package api

import (
	"net/http"
	"time"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// jobCounts are numbers of jobs by status, all of them.
type jobCounts struct {
	Total         int64 `json:"total"`
	Queued        int64 `json:"queued"`
	Preprocessing int64 `json:"preprocessing"`
	Transcribing  int64 `json:"transcribing"`
	Completed     int64 `json:"completed"`
	Failed        int64 `json:"failed"`
	Cancelled     int64 `json:"cancelled"`
}

// userStatsView speaks of the jobs that are not deleted. Lengths are of completed ones.
type userStatsView struct {
	Jobs           jobCounts      `json:"jobs"`
	Audio          seconds        `json:"audio_seconds"`
	RealTimeFactor *float64       `json:"real_time_factor"` // seconds of work for a second of audio; null before there was any
	Days           []dayView      `json:"days"`             // by when jobs were created, UTC, the oldest first
	Languages      []languageView `json:"languages"`
	Models         []modelTally   `json:"models"`
	Storage        storageView    `json:"storage"`
}

type tallyView struct {
	Jobs  int64   `json:"jobs"`
	Audio seconds `json:"audio_seconds"`
}

type dayView struct {
	Date string `json:"date"`
	tallyView
}

type languageView struct {
	Language string `json:"language"`
	tallyView
}

type modelTally struct {
	Model string `json:"model"`
	tallyView
}

type storageView struct {
	Bytes int64 `json:"bytes"` // identical recordings count once, as in quotas
}

// userStats answers with what the jobs of the user come to, as far as they are
// recorded, and what is stored of the recordings.
func (a *API) userStats(w http.ResponseWriter, r *http.Request) error {
	userID := auth.User(r.Context()).GetId()
	found, days, err := a.Jobs.Statistics(r.Context(), userID)
	if err != nil {
		return err
	}
	stored, err := a.Quota.StoredBytes(r.Context(), userID)
	if err != nil {
		return err
	}
	view := userStatsView{Languages: []languageView{}, Models: []modelTally{}, Storage: storageView{stored}}
	view.Jobs, view.Audio, view.RealTimeFactor = totals(found.GetByState())
	for _, day := range days {
		view.Days = append(view.Days, dayView{day.Date.Format(time.DateOnly), tallyOf(day.Tally)})
	}
	for _, t := range found.GetByLanguage() {
		view.Languages = append(view.Languages, languageView{t.GetName(), tallyOf(t)})
	}
	for _, t := range found.GetByModel() {
		view.Models = append(view.Models, modelTally{t.GetName(), tallyOf(t)})
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

type statsView struct {
	Jobs           jobCounts `json:"jobs"`
	Audio          seconds   `json:"audio_seconds"`
	RealTimeFactor *float64  `json:"real_time_factor"`
	QueueDepth     int       `json:"queue_depth"` // jobs of which nothing has run
	Running        int       `json:"running"`     // jobs at work
}

// stats answers with what the jobs of all users come to.
func (a *API) stats(w http.ResponseWriter, r *http.Request) error {
	found, err := a.Jobs.History.GetSystemStatistics(r.Context(), &historyv1.GetSystemStatisticsRequest{})
	if err != nil {
		return err
	}
	load := a.Jobs.Index.Load()
	view := statsView{QueueDepth: load.Queued, Running: load.Running}
	view.Jobs, view.Audio, view.RealTimeFactor = totals(found.GetByState())
	return web.WriteJSON(w, http.StatusOK, view)
}

func tallyOf(t *historyv1.Tally) tallyView {
	return tallyView{Jobs: t.GetJobs(), Audio: seconds(t.GetAudioMs())}
}

// totals are what tallies by state come to: jobs, and audio and work of the completed
// ones.
func totals(byState []*historyv1.Tally) (jobs jobCounts, audio seconds, factor *float64) {
	for _, t := range byState {
		jobs.Total += t.GetJobs()
		switch t.GetName() {
		case "queued":
			jobs.Queued += t.GetJobs()
		case "preprocessing":
			jobs.Preprocessing += t.GetJobs()
		case "transcribing", "assembling": // which the API does not tell apart
			jobs.Transcribing += t.GetJobs()
		case "failed":
			jobs.Failed += t.GetJobs()
		case "cancelled":
			jobs.Cancelled += t.GetJobs()
		case "completed":
			jobs.Completed += t.GetJobs()
			audio = seconds(t.GetAudioMs())
			if t.GetWorkedMs() > 0 {
				mean := float64(t.GetWorkMs()) / float64(t.GetWorkedMs())
				factor = &mean
			}
		}
	}
	return jobs, audio, factor
}
