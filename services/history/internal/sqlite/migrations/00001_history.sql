-- +goose Up
CREATE TABLE transcription_history (
    id          TEXT    NOT NULL, -- UUIDv7, the task_id of the HTTP API
    user_id     TEXT    NOT NULL, -- owner
    attempt     INTEGER NOT NULL, -- from 1; a retry adds one
    status      TEXT    NOT NULL, -- state of the record; 'deleted' marks a tombstone
    priority    TEXT    NOT NULL, -- scheduling class
    model       TEXT    NOT NULL, -- catalogue name
    language    TEXT    NOT NULL, -- ISO 639-1 or 'auto'; of the transcript once it is known
    file_name   TEXT    NOT NULL, -- as uploaded
    file_id     TEXT    NOT NULL, -- id the owner knows the file by
    duration_ms INTEGER NOT NULL, -- length of the recording, 0 while unknown
    created_at  INTEGER NOT NULL, -- microseconds since 1970 UTC
    started_at  INTEGER NOT NULL, -- microseconds since 1970 UTC, 0 before the first work
    finished_at INTEGER NOT NULL, -- microseconds since 1970 UTC, 0 until terminal
    error_code  TEXT    NOT NULL, -- why it failed, empty if it did not
    revision    INTEGER NOT NULL, -- of the record in JOBS that the row was made from
    record      BLOB    NOT NULL, -- the whole job.v1.Job as protobuf; empty in a tombstone
    CONSTRAINT transcription_history_pk PRIMARY KEY (id),
    CONSTRAINT transcription_history_status CHECK (status IN ('queued', 'preprocessing', 'transcribing',
        'assembling', 'completed', 'failed', 'cancelled', 'deleted')),
    CONSTRAINT transcription_history_priority CHECK (priority IN ('low', 'normal', 'high')),
    CONSTRAINT transcription_history_revision CHECK (revision > 0)
) STRICT;

-- Pages read this index from the newest job down; tombstones are not in it.
CREATE INDEX transcription_history_page
    ON transcription_history (user_id, created_at DESC, id DESC) WHERE status <> 'deleted';

CREATE TABLE transcripts (
    job_id  TEXT    NOT NULL, -- the job
    attempt INTEGER NOT NULL, -- attempt that made it
    text    TEXT    NOT NULL, -- the words, a segment a line, for searching
    body    BLOB    NOT NULL, -- job.v1.Transcript as protobuf
    CONSTRAINT transcripts_pk PRIMARY KEY (job_id),
    CONSTRAINT transcripts_job FOREIGN KEY (job_id) REFERENCES transcription_history (id)
) STRICT;

CREATE TABLE user_counters (
    user_id TEXT    NOT NULL, -- owner of the jobs
    jobs    INTEGER NOT NULL, -- rows of the user that are not deleted
    CONSTRAINT user_counters_pk PRIMARY KEY (user_id)
) STRICT;

CREATE TABLE users (
    id            TEXT    NOT NULL, -- UUIDv7
    name          TEXT    NOT NULL, -- login name, 1 to 64 characters
    password_hash TEXT    NOT NULL, -- argon2id in PHC form
    role          TEXT    NOT NULL, -- what the user may do
    is_active     INTEGER NOT NULL, -- 0 for an account that is locked
    created_at    INTEGER NOT NULL, -- microseconds since 1970 UTC
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_name UNIQUE (name),
    CONSTRAINT users_role CHECK (role IN ('user', 'admin')),
    CONSTRAINT users_active CHECK (is_active IN (0, 1))
) STRICT;

-- +goose Down
DROP TABLE users;
DROP TABLE user_counters;
DROP TABLE transcripts;
DROP TABLE transcription_history;
