-- Search in transcripts, statistics, and indexes for what pages are asked for by.

-- +goose Up
-- Transcripts that can be searched. One that is missing here is put in later, by a
-- step of its own (see IndexMissing).
CREATE TABLE transcript_words (
    job_id text COLLATE "C" NOT NULL, -- the job
    -- Stems of the words, each behind the mark of its owner, so that a search reads
    -- nobody else's. Package words has made them: no text search configuration is used.
    words  tsvector         NOT NULL,
    CONSTRAINT transcript_words_pk PRIMARY KEY (job_id),
    CONSTRAINT transcript_words_transcript FOREIGN KEY (job_id) REFERENCES transcripts (job_id) ON DELETE CASCADE
);
CREATE INDEX idx_transcript_words ON transcript_words USING gin (words);

-- What the jobs of a user come to that are not deleted. Rows change often and in
-- place: pages keep room for that.
CREATE TABLE user_statistics (
    user_id   text COLLATE "C" NOT NULL, -- owner of the jobs
    kind      text COLLATE "C" NOT NULL, -- what they have in common: 'state', 'language', 'model', 'day'
    name      text COLLATE "C" NOT NULL, -- which state and so on; days are counted from 1970
    jobs      bigint           NOT NULL, -- how many; only completed ones, but for 'state'
    audio_ms  bigint           NOT NULL, -- length of the recordings
    work_ms   bigint           NOT NULL, -- from first work to end, of completed jobs that were worked on
    worked_ms bigint           NOT NULL, -- length of the recordings that work_ms is of
    CONSTRAINT user_statistics_pk PRIMARY KEY (user_id, kind, name)
) WITH (fillfactor = 70);

-- The same by state for all users, in several rows each: recorders that write at once
-- would wait for a single one.
CREATE TABLE system_statistics (
    shard     integer          NOT NULL, -- users are spread over them
    state     text COLLATE "C" NOT NULL,
    jobs      bigint           NOT NULL,
    audio_ms  bigint           NOT NULL,
    work_ms   bigint           NOT NULL,
    worked_ms bigint           NOT NULL,
    CONSTRAINT system_statistics_pk PRIMARY KEY (shard, state)
) WITH (fillfactor = 50);

-- Whether the statistics of the user were counted from the rows: 0 not yet, 1 once, 2
-- when no program of the version before was left that would not have counted.
ALTER TABLE user_counters ADD COLUMN counted integer NOT NULL DEFAULT 0;
CREATE INDEX idx_user_counters_uncounted ON user_counters (user_id) WHERE counted < 2;

-- Few values, so these are small: many rows share an entry. They find what is rare;
-- what is frequent is met soon on the way through the keyset.
CREATE INDEX idx_transcription_history_user_language ON transcription_history (user_id, language);
CREATE INDEX idx_transcription_history_user_model ON transcription_history (user_id, model);
-- For the beginning of a name, whatever the database's locale.
CREATE INDEX idx_transcription_history_user_file_name ON transcription_history (user_id, file_name text_pattern_ops);

-- +goose Down
DROP INDEX idx_transcription_history_user_file_name;
DROP INDEX idx_transcription_history_user_model;
DROP INDEX idx_transcription_history_user_language;
ALTER TABLE user_counters DROP COLUMN counted;
DROP TABLE system_statistics;
DROP TABLE user_statistics;
DROP TABLE transcript_words;
