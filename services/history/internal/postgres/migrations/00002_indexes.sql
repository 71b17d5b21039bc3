-- +goose Up
CREATE INDEX idx_transcription_history_user_id ON transcription_history (user_id);
CREATE INDEX idx_transcription_history_created_at ON transcription_history (created_at DESC);
CREATE INDEX idx_transcription_history_status ON transcription_history (status);
CREATE INDEX idx_transcription_history_user_status ON transcription_history (user_id, status);
-- For the beginning of a name (LIKE 'abc%'), whatever the database's locale.
CREATE INDEX idx_transcription_history_file_name ON transcription_history (file_name text_pattern_ops);
CREATE INDEX idx_transcription_history_status_priority ON transcription_history (status, priority);

-- Pages read this index from the newest job down. Tombstones are not in it: they
-- stay for ever, and a page would have to pass over them.
CREATE INDEX idx_transcription_history_keyset
    ON transcription_history (user_id, created_at DESC, id DESC) WHERE status <> 'deleted';

-- Jobs that have not ended, a few among many.
CREATE INDEX idx_transcription_history_active
    ON transcription_history (created_at) WHERE status IN ('queued', 'preprocessing', 'transcribing', 'assembling');

CREATE INDEX idx_users_active ON users (role, is_active) WHERE is_active;

-- +goose Down
DROP INDEX idx_users_active;
DROP INDEX idx_transcription_history_active;
DROP INDEX idx_transcription_history_keyset;
DROP INDEX idx_transcription_history_status_priority;
DROP INDEX idx_transcription_history_file_name;
DROP INDEX idx_transcription_history_user_status;
DROP INDEX idx_transcription_history_status;
DROP INDEX idx_transcription_history_created_at;
DROP INDEX idx_transcription_history_user_id;
