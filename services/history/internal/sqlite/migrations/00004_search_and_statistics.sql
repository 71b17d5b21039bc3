-- Search in transcripts, statistics, and indexes for what pages are asked for by.

-- +goose Up
-- Which transcripts can be searched. One that is missing here is put in later, by a
-- step of its own (see IndexMissing).
CREATE TABLE transcript_words (
    id     INTEGER NOT NULL, -- rowid in transcript_search
    job_id TEXT    NOT NULL, -- the job
    CONSTRAINT transcript_words_pk PRIMARY KEY (id),
    CONSTRAINT transcript_words_job UNIQUE (job_id),
    CONSTRAINT transcript_words_transcript FOREIGN KEY (job_id) REFERENCES transcripts (job_id) ON DELETE CASCADE
) STRICT;

-- Stems of the words, each behind the mark of its owner, so that a search reads nobody
-- else's. Package words has made them; the tokenizer here only parts them at spaces.
CREATE VIRTUAL TABLE transcript_search USING fts5 (
    words,
    tokenize = 'unicode61 remove_diacritics 0'
);
-- What is deleted is taken out of the index, not only marked.
INSERT INTO transcript_search (transcript_search, rank) VALUES ('secure-delete', 1);

-- +goose StatementBegin
CREATE TRIGGER transcript_words_deleted AFTER DELETE ON transcript_words
BEGIN
    DELETE FROM transcript_search WHERE rowid = old.id;
END;
-- +goose StatementEnd

-- What the jobs of a user come to that are not deleted.
CREATE TABLE user_statistics (
    user_id   TEXT    NOT NULL, -- owner of the jobs
    kind      TEXT    NOT NULL, -- what they have in common: 'state', 'language', 'model', 'day'
    name      TEXT    NOT NULL, -- which state and so on; days are counted from 1970
    jobs      INTEGER NOT NULL, -- how many; only completed ones, but for 'state'
    audio_ms  INTEGER NOT NULL, -- length of the recordings
    work_ms   INTEGER NOT NULL, -- from first work to end, of completed jobs that were worked on
    worked_ms INTEGER NOT NULL, -- length of the recordings that work_ms is of
    CONSTRAINT user_statistics_pk PRIMARY KEY (user_id, kind, name)
) STRICT, WITHOUT ROWID;

-- The same by state for all users, in several rows each.
CREATE TABLE system_statistics (
    shard     INTEGER NOT NULL, -- users are spread over them
    state     TEXT    NOT NULL,
    jobs      INTEGER NOT NULL,
    audio_ms  INTEGER NOT NULL,
    work_ms   INTEGER NOT NULL,
    worked_ms INTEGER NOT NULL,
    CONSTRAINT system_statistics_pk PRIMARY KEY (shard, state)
) STRICT, WITHOUT ROWID;

-- Whether the statistics of the user were counted from the rows: 0 not yet, 1 once, 2
-- when no program of the version before was left that would not have counted.
ALTER TABLE user_counters ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;

CREATE INDEX idx_transcription_history_user_language
    ON transcription_history (user_id, language, created_at DESC, id DESC) WHERE status <> 'deleted';
CREATE INDEX idx_transcription_history_user_model
    ON transcription_history (user_id, model, created_at DESC, id DESC) WHERE status <> 'deleted';
CREATE INDEX idx_transcription_history_user_file_name
    ON transcription_history (user_id, file_name) WHERE status <> 'deleted';

-- +goose Down
DROP INDEX idx_transcription_history_user_file_name;
DROP INDEX idx_transcription_history_user_model;
DROP INDEX idx_transcription_history_user_language;
ALTER TABLE user_counters DROP COLUMN counted;
DROP TABLE system_statistics;
DROP TABLE user_statistics;
DROP TRIGGER transcript_words_deleted;
DROP TABLE transcript_search;
DROP TABLE transcript_words;
