-- Schema 0003, PostgreSQL. Not to be changed once it is released. An empty line ends a statement.

CREATE INDEX ix_job_provisional ON job (lease_until, granted_at) WHERE state = 'settled' AND final = 0

CREATE TABLE rating (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    score_millionths BIGINT NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_rating PRIMARY KEY (id),
    CONSTRAINT ck_rating_score_within CHECK (score_millionths >= 0 AND score_millionths <= 1000000),
    CONSTRAINT fk_rating_job FOREIGN KEY(job) REFERENCES job (id)
)

CREATE INDEX ix_rating_job ON rating (job, author)

CREATE INDEX ix_rating_offer ON rating (offer, settings, id)

CREATE TABLE timing (
    attempt TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    clip_ms BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    CONSTRAINT pk_timing PRIMARY KEY (attempt),
    CONSTRAINT ck_timing_lengths_positive CHECK (clip_ms > 0 AND took_ms > 0),
    CONSTRAINT fk_timing_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
)

CREATE INDEX ix_timing_offer ON timing (offer, settings, at)

CREATE TRIGGER timing_keeps_rows BEFORE UPDATE OR DELETE ON timing FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER timing_keeps_all BEFORE TRUNCATE ON timing FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER rating_keeps_rows BEFORE UPDATE OR DELETE ON rating FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER rating_keeps_all BEFORE TRUNCATE ON rating FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()
