-- +goose Up
-- Rows of before are of a transcript that nobody has edited.
ALTER TABLE transcription_history ADD COLUMN transcript_version INTEGER NOT NULL DEFAULT 1; -- newest of a completed job
ALTER TABLE transcripts ADD COLUMN version INTEGER NOT NULL DEFAULT 1; -- the newest that is recorded

-- Versions of a transcript before the newest one, which is in transcripts.
CREATE TABLE transcript_versions (
    job_id  TEXT    NOT NULL, -- the job
    version INTEGER NOT NULL, -- from 1, the engine's
    body    BLOB    NOT NULL, -- job.v1.Transcript as protobuf
    CONSTRAINT transcript_versions_pk PRIMARY KEY (job_id, version),
    CONSTRAINT transcript_versions_job FOREIGN KEY (job_id) REFERENCES transcription_history (id)
) STRICT;

-- +goose Down
DROP TABLE transcript_versions;
ALTER TABLE transcripts DROP COLUMN version;
ALTER TABLE transcription_history DROP COLUMN transcript_version;
