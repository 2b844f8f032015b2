-- Schema 0003, SQLite. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE rating (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    job TEXT NOT NULL,
    author TEXT NOT NULL,
    offer TEXT NOT NULL,
    settings TEXT NOT NULL,
    score_millionths INTEGER NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_rating PRIMARY KEY (id),
    CONSTRAINT ck_rating_score_within CHECK (score_millionths >= 0 AND score_millionths <= 1000000),
    CONSTRAINT fk_rating_job FOREIGN KEY(job) REFERENCES job (id)
) STRICT

CREATE TABLE timing (
    attempt TEXT NOT NULL,
    at INTEGER NOT NULL,
    offer TEXT NOT NULL,
    settings TEXT NOT NULL,
    clip_ms INTEGER NOT NULL,
    took_ms INTEGER NOT NULL,
    CONSTRAINT pk_timing PRIMARY KEY (attempt),
    CONSTRAINT ck_timing_lengths_positive CHECK (clip_ms > 0 AND took_ms > 0),
    CONSTRAINT fk_timing_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
) STRICT

CREATE INDEX ix_job_provisional ON job (lease_until, granted_at) WHERE state = 'settled' AND final = 0

CREATE INDEX ix_rating_job ON rating (job, author)

CREATE INDEX ix_rating_offer ON rating (offer, settings, id)

CREATE INDEX ix_timing_offer ON timing (offer, settings, at)

CREATE TRIGGER timing_keeps_update BEFORE UPDATE ON timing
    BEGIN
    SELECT RAISE(ABORT, 'timing holds facts: rows are only added');
    END

CREATE TRIGGER timing_keeps_delete BEFORE DELETE ON timing
    BEGIN
    SELECT RAISE(ABORT, 'timing holds facts: rows are only added');
    END

CREATE TRIGGER timing_keeps_insert BEFORE INSERT ON timing
    WHEN EXISTS (SELECT 1 FROM timing WHERE attempt = NEW.attempt)
    BEGIN
    SELECT RAISE(ABORT, 'timing holds facts: rows are only added');
    END

CREATE TRIGGER rating_keeps_update BEFORE UPDATE ON rating
    BEGIN
    SELECT RAISE(ABORT, 'rating holds facts: rows are only added');
    END

CREATE TRIGGER rating_keeps_delete BEFORE DELETE ON rating
    BEGIN
    SELECT RAISE(ABORT, 'rating holds facts: rows are only added');
    END

CREATE TRIGGER rating_keeps_insert BEFORE INSERT ON rating
    WHEN EXISTS (SELECT 1 FROM rating WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'rating holds facts: rows are only added');
    END
