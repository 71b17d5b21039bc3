-- The same tables as SQLite's. Keys are compared byte by byte (COLLATE "C"), so that
-- their order is that of SQLite and does not change with the system's locales.

-- +goose Up
CREATE TABLE transcription_history (
    id          text COLLATE "C" NOT NULL, -- UUIDv7, the task_id of the HTTP API
    user_id     text COLLATE "C" NOT NULL, -- owner
    attempt     bigint           NOT NULL, -- from 1; a retry adds one
    status      text COLLATE "C" NOT NULL, -- state of the record; 'deleted' marks a tombstone
    priority    text COLLATE "C" NOT NULL, -- scheduling class
    model       text             NOT NULL, -- catalogue name
    language    text             NOT NULL, -- ISO 639-1 or 'auto'; of the transcript once it is known
    file_name   text             NOT NULL, -- as uploaded
    file_id     text             NOT NULL, -- id the owner knows the file by
    duration_ms bigint           NOT NULL, -- length of the recording, 0 while unknown
    created_at  timestamptz      NOT NULL, -- when the job was accepted
    started_at  timestamptz,               -- NULL before the first work
    finished_at timestamptz,               -- NULL until terminal
    error_code  text             NOT NULL, -- why it failed, empty if it did not
    revision    bigint           NOT NULL, -- of the record in JOBS that the row was made from
    record      bytea            NOT NULL, -- the whole job.v1.Job as protobuf; empty in a tombstone
    CONSTRAINT transcription_history_pk PRIMARY KEY (id),
    CONSTRAINT transcription_history_status CHECK (status IN ('queued', 'preprocessing', 'transcribing',
        'assembling', 'completed', 'failed', 'cancelled', 'deleted')),
    CONSTRAINT transcription_history_priority CHECK (priority IN ('low', 'normal', 'high')),
    CONSTRAINT transcription_history_revision CHECK (revision > 0)
);

CREATE TABLE transcripts (
    job_id  text COLLATE "C" NOT NULL, -- the job
    attempt bigint           NOT NULL, -- attempt that made it
    text    text             NOT NULL, -- the words, a segment a line, for searching
    body    bytea            NOT NULL, -- job.v1.Transcript as protobuf
    CONSTRAINT transcripts_pk PRIMARY KEY (job_id),
    CONSTRAINT transcripts_job FOREIGN KEY (job_id) REFERENCES transcription_history (id)
);

CREATE TABLE user_counters (
    user_id text COLLATE "C" NOT NULL, -- owner of the jobs
    jobs    bigint           NOT NULL, -- rows of the user that are not deleted
    CONSTRAINT user_counters_pk PRIMARY KEY (user_id)
);

CREATE TABLE users (
    id            text COLLATE "C" NOT NULL, -- UUIDv7
    name          text COLLATE "C" NOT NULL, -- login name, 1 to 64 characters
    password_hash text             NOT NULL, -- argon2id in PHC form
    role          text COLLATE "C" NOT NULL, -- what the user may do
    is_active     boolean          NOT NULL, -- false for an account that is locked
    created_at    timestamptz      NOT NULL, -- when it was made
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_name UNIQUE (name),
    CONSTRAINT users_role CHECK (role IN ('user', 'admin'))
);

-- Counting rows would read all of them: PostgreSQL keeps no number of its own.
CREATE TABLE counters (
    name  text COLLATE "C" NOT NULL, -- what is counted: 'users'
    value bigint           NOT NULL, -- how many there are
    CONSTRAINT counters_pk PRIMARY KEY (name)
);

-- +goose Down
DROP TABLE counters;
DROP TABLE users;
DROP TABLE user_counters;
DROP TABLE transcripts;
DROP TABLE transcription_history;
