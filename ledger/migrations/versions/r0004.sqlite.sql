-- Schema 0004, SQLite. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE facet (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    root TEXT NOT NULL,
    scope TEXT NOT NULL,
    currency TEXT NOT NULL,
    provider TEXT NOT NULL,
    offer TEXT NOT NULL,
    tags TEXT NOT NULL,
    CONSTRAINT pk_facet PRIMARY KEY (id),
    CONSTRAINT uq_facet_name UNIQUE (name)
) STRICT

CREATE TABLE folded (
    id INTEGER NOT NULL,
    txn INTEGER NOT NULL,
    CONSTRAINT pk_folded PRIMARY KEY (id)
) STRICT

CREATE TABLE forecast (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    scope TEXT NOT NULL,
    currency TEXT NOT NULL,
    window TEXT NOT NULL,
    tz TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    spent_nanos INTEGER NOT NULL,
    expected_nanos INTEGER NOT NULL,
    low_nanos INTEGER,
    high_nanos INTEGER,
    naive_nanos INTEGER,
    CONSTRAINT pk_forecast PRIMARY KEY (id)
) STRICT

CREATE TABLE daily (
    day INTEGER NOT NULL,
    root TEXT NOT NULL,
    facet INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    settled_nanos INTEGER NOT NULL,
    CONSTRAINT pk_daily PRIMARY KEY (day, root, facet),
    CONSTRAINT fk_daily_facet FOREIGN KEY(facet) REFERENCES facet (id)
) WITHOUT ROWID, STRICT

CREATE INDEX ix_forecast_scope ON forecast (scope, currency, starts_on)

CREATE INDEX ix_job_exposed ON job (granted_at) WHERE parked_nanos > 0 OR state = 'unknown'

CREATE TRIGGER forecast_keeps_update BEFORE UPDATE ON forecast
    BEGIN
    SELECT RAISE(ABORT, 'forecast holds facts: rows are only added');
    END

CREATE TRIGGER forecast_keeps_delete BEFORE DELETE ON forecast
    BEGIN
    SELECT RAISE(ABORT, 'forecast holds facts: rows are only added');
    END

CREATE TRIGGER forecast_keeps_insert BEFORE INSERT ON forecast
    WHEN EXISTS (SELECT 1 FROM forecast WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'forecast holds facts: rows are only added');
    END
