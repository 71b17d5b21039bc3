-- +goose Up
CREATE TABLE webhook_secrets (
    id         text COLLATE "C" NOT NULL, -- UUIDv7
    user_id    text COLLATE "C" NOT NULL, -- owner
    secret     text             NOT NULL, -- 'whsec_' and Base64, as it is: hooks are signed with it
    created_at timestamptz      NOT NULL, -- when it was made
    expires_at timestamptz,               -- NULL for the current one
    CONSTRAINT webhook_secrets_pk PRIMARY KEY (id),
    CONSTRAINT webhook_secrets_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX idx_webhook_secrets_user ON webhook_secrets (user_id);
CREATE UNIQUE INDEX idx_webhook_secrets_current ON webhook_secrets (user_id) WHERE expires_at IS NULL;

CREATE TABLE webhook_deliveries (
    id        text COLLATE "C" NOT NULL, -- the webhook-id: <job>_<attempt>_<event>
    user_id   text COLLATE "C" NOT NULL, -- owner of the job
    job_id    text COLLATE "C" NOT NULL, -- the job
    attempt   bigint           NOT NULL, -- of the job, from 1
    event     text COLLATE "C" NOT NULL, -- how it ended
    url       text             NOT NULL, -- the receiver
    ended_at  timestamptz      NOT NULL, -- when it ended
    state     text COLLATE "C" NOT NULL, -- how the delivery stands
    queued_at timestamptz      NOT NULL, -- of the hook that was tried last
    next_at   timestamptz,               -- of the next try; NULL unless pending
    CONSTRAINT webhook_deliveries_pk PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_job FOREIGN KEY (job_id) REFERENCES transcription_history (id),
    CONSTRAINT webhook_deliveries_event CHECK (event IN ('completed', 'failed', 'cancelled')),
    CONSTRAINT webhook_deliveries_state CHECK (state IN ('pending', 'delivered', 'failed', 'stopped'))
);
CREATE INDEX idx_webhook_deliveries_job ON webhook_deliveries (job_id, ended_at DESC);
CREATE INDEX idx_webhook_deliveries_user ON webhook_deliveries (user_id);

CREATE TABLE webhook_attempts (
    delivery_id text COLLATE "C" NOT NULL, -- the delivery
    started_at  timestamptz      NOT NULL, -- when it began
    duration_ms bigint           NOT NULL, -- how long it took
    http_status bigint           NOT NULL, -- of the answer, 0 without one
    error       text             NOT NULL, -- what went wrong in one word, empty if nothing did
    CONSTRAINT webhook_attempts_pk PRIMARY KEY (delivery_id, started_at),
    CONSTRAINT webhook_attempts_delivery FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries (id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_secrets;
