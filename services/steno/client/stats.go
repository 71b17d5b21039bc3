package client

import "context"

// Stats are what jobs come to.
type Stats struct {
	Jobs           JobCounts `json:"jobs"`
	AudioSeconds   float64   `json:"audio_seconds"`    // of completed jobs
	RealTimeFactor float64   `json:"real_time_factor"` // seconds of work for a second of audio; 0 before there was any
}

// JobCounts are numbers of jobs by status.
type JobCounts struct {
	Total         int64 `json:"total"`
	Queued        int64 `json:"queued"`
	Preprocessing int64 `json:"preprocessing"`
	Transcribing  int64 `json:"transcribing"`
	Completed     int64 `json:"completed"`
	Failed        int64 `json:"failed"`
	Cancelled     int64 `json:"cancelled"`
}

// UserStats are the statistics of one user.
type UserStats struct {
	Stats
	Days      []Tally `json:"days"` // the oldest first, UTC
	Languages []Tally `json:"languages"`
	Models    []Tally `json:"models"`
	Storage   struct {
		Bytes int64 `json:"bytes"` // identical recordings count once
	} `json:"storage"`
}

// Tally is the jobs of one day, language or model.
type Tally struct {
	Date         string  `json:"date,omitempty"` // such as "2026-03-14"
	Language     string  `json:"language,omitempty"`
	Model        string  `json:"model,omitempty"`
	Jobs         int64   `json:"jobs"`
	AudioSeconds float64 `json:"audio_seconds"`
}

// SystemStats are the statistics of all users together.
type SystemStats struct {
	Stats
	QueueDepth int `json:"queue_depth"` // jobs of which nothing has run
	Running    int `json:"running"`     // jobs at work
}

// UserStats returns the statistics of the user, at most 15 minutes old.
func (c *Client) UserStats(ctx context.Context) (UserStats, error) {
	var stats UserStats
	err := c.get(ctx, "/api/v1/user/stats", nil, &stats)
	return stats, err
}

// SystemStats returns the statistics of the server, at most 15 minutes old.
func (c *Client) SystemStats(ctx context.Context) (SystemStats, error) {
	var stats SystemStats
	err := c.get(ctx, "/api/v1/stats", nil, &stats)
	return stats, err
}
