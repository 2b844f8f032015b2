-- Schema 0004, PostgreSQL. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE facet (
    id BIGSERIAL NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    root TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    tags TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_facet PRIMARY KEY (id),
    CONSTRAINT uq_facet_name UNIQUE (name)
)

CREATE TABLE folded (
    id BIGSERIAL NOT NULL,
    txn BIGINT NOT NULL,
    CONSTRAINT pk_folded PRIMARY KEY (id)
)

CREATE TABLE forecast (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    "window" TEXT COLLATE "C" NOT NULL,
    tz TEXT COLLATE "C" NOT NULL,
    starts_on TEXT COLLATE "C" NOT NULL,
    ends_on TEXT COLLATE "C" NOT NULL,
    spent_nanos BIGINT NOT NULL,
    expected_nanos BIGINT NOT NULL,
    low_nanos BIGINT,
    high_nanos BIGINT,
    naive_nanos BIGINT,
    CONSTRAINT pk_forecast PRIMARY KEY (id)
)

CREATE INDEX ix_forecast_scope ON forecast (scope, currency, starts_on)

CREATE TABLE daily (
    day BIGINT NOT NULL,
    root TEXT COLLATE "C" NOT NULL,
    facet BIGINT NOT NULL,
    jobs BIGINT NOT NULL,
    settled_nanos BIGINT NOT NULL,
    CONSTRAINT pk_daily PRIMARY KEY (day, root, facet),
    CONSTRAINT fk_daily_facet FOREIGN KEY(facet) REFERENCES facet (id)
)

CREATE INDEX ix_job_exposed ON job (granted_at) WHERE parked_nanos > 0 OR state = 'unknown'

CREATE TRIGGER forecast_keeps_rows BEFORE UPDATE OR DELETE ON forecast FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER forecast_keeps_all BEFORE TRUNCATE ON forecast FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()
