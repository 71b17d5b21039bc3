-- +goose Up
-- What a user may use; NULL: as the gateway's settings say, 0: no limit. Counted for
-- the day of UTC on which a job was made; jobs queued or running; of recordings.
ALTER TABLE users ADD COLUMN audio_seconds_per_day INTEGER;
ALTER TABLE users ADD COLUMN concurrent_jobs INTEGER;
ALTER TABLE users ADD COLUMN stored_bytes INTEGER;

-- The user's keys go with the account, whichever version of the program removes it.
CREATE TABLE api_keys (
    id           TEXT    NOT NULL, -- UUIDv7
    user_id      TEXT    NOT NULL, -- owner
    hash         BLOB    NOT NULL, -- SHA-256 of the secret
    name         TEXT    NOT NULL, -- what the owner calls it
    prefix       TEXT    NOT NULL, -- how the secret begins
    created_at   INTEGER NOT NULL, -- microseconds since 1970 UTC
    expires_at   INTEGER NOT NULL, -- microseconds since 1970 UTC, 0 for never
    last_used_at INTEGER NOT NULL, -- microseconds since 1970 UTC, some minutes late; 0 for never
    CONSTRAINT api_keys_pk PRIMARY KEY (id),
    CONSTRAINT api_keys_hash UNIQUE (hash),
    CONSTRAINT api_keys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX idx_api_keys_user ON api_keys (user_id, id);

-- Deletion of a job takes nothing away here.
CREATE TABLE user_usage (
    user_id  TEXT    NOT NULL, -- owner of the jobs
    day      INTEGER NOT NULL, -- days since 1970 UTC, of the jobs' created_at
    audio_ms INTEGER NOT NULL, -- length of their recordings
    CONSTRAINT user_usage_pk PRIMARY KEY (user_id, day)
) STRICT;

-- How much of a job is in user_usage, in milliseconds; tombstones keep it.
ALTER TABLE transcription_history ADD COLUMN charged_ms INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE transcription_history DROP COLUMN charged_ms;
DROP TABLE user_usage;
DROP TABLE api_keys;
ALTER TABLE users DROP COLUMN stored_bytes;
ALTER TABLE users DROP COLUMN concurrent_jobs;
ALTER TABLE users DROP COLUMN audio_seconds_per_day;
