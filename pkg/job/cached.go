package job

// CachedTranscripts is what the cache keys of all transcripts of a job begin with.
func CachedTranscripts(id string) string { return "transcript:" + id + ":" }
