-- +goose Up
CREATE TABLE webhook_secrets (
    id         TEXT    NOT NULL, -- UUIDv7
    user_id    TEXT    NOT NULL, -- owner
    secret     TEXT    NOT NULL, -- 'whsec_' and Base64, as it is: hooks are signed with it
    created_at INTEGER NOT NULL, -- microseconds since 1970 UTC
    expires_at INTEGER,          -- microseconds since 1970 UTC; NULL for the current one
    CONSTRAINT webhook_secrets_pk PRIMARY KEY (id),
    CONSTRAINT webhook_secrets_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX idx_webhook_secrets_user ON webhook_secrets (user_id);
CREATE UNIQUE INDEX idx_webhook_secrets_current ON webhook_secrets (user_id) WHERE expires_at IS NULL;

CREATE TABLE webhook_deliveries (
    id        TEXT    NOT NULL, -- the webhook-id: <job>_<attempt>_<event>
    user_id   TEXT    NOT NULL, -- owner of the job
    job_id    TEXT    NOT NULL, -- the job
    attempt   INTEGER NOT NULL, -- of the job, from 1
    event     TEXT    NOT NULL, -- how it ended
    url       TEXT    NOT NULL, -- the receiver
    ended_at  INTEGER NOT NULL, -- microseconds since 1970 UTC
    state     TEXT    NOT NULL, -- how the delivery stands
    queued_at INTEGER NOT NULL, -- of the hook that was tried last, microseconds since 1970 UTC
    next_at   INTEGER,          -- of the next try, microseconds since 1970 UTC; NULL unless pending
    CONSTRAINT webhook_deliveries_pk PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_job FOREIGN KEY (job_id) REFERENCES transcription_history (id),
    CONSTRAINT webhook_deliveries_event CHECK (event IN ('completed', 'failed', 'cancelled')),
    CONSTRAINT webhook_deliveries_state CHECK (state IN ('pending', 'delivered', 'failed', 'stopped'))
) STRICT;
CREATE INDEX idx_webhook_deliveries_job ON webhook_deliveries (job_id, ended_at DESC);
CREATE INDEX idx_webhook_deliveries_user ON webhook_deliveries (user_id);

CREATE TABLE webhook_attempts (
    delivery_id TEXT    NOT NULL, -- the delivery
    started_at  INTEGER NOT NULL, -- microseconds since 1970 UTC
    duration_ms INTEGER NOT NULL, -- how long it took
    http_status INTEGER NOT NULL, -- of the answer, 0 without one
    error       TEXT    NOT NULL, -- what went wrong in one word, empty if nothing did
    CONSTRAINT webhook_attempts_pk PRIMARY KEY (delivery_id, started_at),
    CONSTRAINT webhook_attempts_delivery FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries (id) ON DELETE CASCADE
) STRICT;

-- +goose Down
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_secrets;
