-- +goose Up
-- What a user may use; NULL: as the gateway's settings say, 0: no limit.
ALTER TABLE users
    ADD COLUMN audio_seconds_per_day bigint, -- counted for the day of UTC on which a job was made
    ADD COLUMN concurrent_jobs       bigint, -- jobs queued or running
    ADD COLUMN stored_bytes          bigint; -- of recordings

-- The user's keys go with the account, whichever version of the program removes it.
CREATE TABLE api_keys (
    id           text COLLATE "C" NOT NULL, -- UUIDv7
    user_id      text COLLATE "C" NOT NULL, -- owner
    hash         bytea            NOT NULL, -- SHA-256 of the secret
    name         text             NOT NULL, -- what the owner calls it
    prefix       text             NOT NULL, -- how the secret begins
    created_at   timestamptz      NOT NULL, -- when it was made
    expires_at   timestamptz,               -- when it ends; NULL: never
    last_used_at timestamptz,               -- some minutes late; NULL: never
    CONSTRAINT api_keys_pk PRIMARY KEY (id),
    CONSTRAINT api_keys_hash UNIQUE (hash),
    CONSTRAINT api_keys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX idx_api_keys_user ON api_keys (user_id, id);

-- Deletion of a job takes nothing away here.
CREATE TABLE user_usage (
    user_id  text COLLATE "C" NOT NULL, -- owner of the jobs
    day      bigint           NOT NULL, -- days since 1970 UTC, of the jobs' created_at
    audio_ms bigint           NOT NULL, -- length of their recordings
    CONSTRAINT user_usage_pk PRIMARY KEY (user_id, day)
);

-- How much of a job is in user_usage, in milliseconds; tombstones keep it.
ALTER TABLE transcription_history
    ADD COLUMN charged_ms bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE transcription_history
    DROP COLUMN charged_ms;
DROP TABLE user_usage;
DROP TABLE api_keys;
ALTER TABLE users
    DROP COLUMN audio_seconds_per_day,
    DROP COLUMN concurrent_jobs,
    DROP COLUMN stored_bytes;
