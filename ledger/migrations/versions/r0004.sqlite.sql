-- Schema 0004, SQLite. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE billed (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    provider TEXT NOT NULL,
    source TEXT NOT NULL,
    "key" TEXT NOT NULL,
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount_nanos INTEGER NOT NULL,
    currency TEXT NOT NULL,
    charged_at INTEGER,
    first_day TEXT NOT NULL,
    end_day TEXT NOT NULL,
    provider_job TEXT,
    attempt TEXT,
    sku TEXT NOT NULL,
    invoice TEXT,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    raw TEXT NOT NULL,
    CONSTRAINT pk_billed PRIMARY KEY (id),
    CONSTRAINT uq_billed_provider_source_key_digest UNIQUE (provider, source, "key", digest),
    CONSTRAINT ck_billed_source_known CHECK ("source" IN ('fal-billing-events', 'fal-usage', 'runware-usage',
        'creatify-jobs', 'csv', 'focus')),
    CONSTRAINT ck_billed_kind_known CHECK ("kind" IN ('usage', 'refund', 'purchase', 'tax', 'fee', 'discount',
        'adjustment'))
) STRICT

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

CREATE TABLE statement (
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    source TEXT NOT NULL,
    first_day TEXT NOT NULL,
    end_day TEXT NOT NULL,
    complete INTEGER NOT NULL,
    per_job INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    imported_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    CONSTRAINT pk_statement PRIMARY KEY (id),
    CONSTRAINT ck_statement_source_known CHECK ("source" IN ('fal-billing-events', 'fal-usage', 'runware-usage',
        'creatify-jobs', 'csv', 'focus'))
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

CREATE TABLE listed (
    statement TEXT NOT NULL,
    billed INTEGER NOT NULL,
    CONSTRAINT pk_listed PRIMARY KEY (statement, billed),
    CONSTRAINT fk_listed_statement FOREIGN KEY(statement) REFERENCES statement (id),
    CONSTRAINT fk_listed_billed FOREIGN KEY(billed) REFERENCES billed (id)
) STRICT

CREATE TABLE saying (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    break_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    job TEXT,
    amount_nanos INTEGER NOT NULL,
    currency TEXT NOT NULL,
    verdict TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    posted_nanos INTEGER NOT NULL,
    txn INTEGER,
    billed INTEGER,
    CONSTRAINT pk_saying PRIMARY KEY (id),
    CONSTRAINT ck_saying_verdict_known CHECK ("verdict" IN ('accepted', 'adjusted', 'disputed')),
    CONSTRAINT ck_saying_posted_with_txn CHECK ((txn IS NULL) = (posted_nanos = 0)),
    CONSTRAINT fk_saying_txn FOREIGN KEY(txn) REFERENCES txn (id),
    CONSTRAINT fk_saying_billed FOREIGN KEY(billed) REFERENCES billed (id)
) STRICT

CREATE INDEX ix_billed_attempt ON billed (provider, attempt)

CREATE INDEX ix_billed_provider_job ON billed (provider, provider_job)

CREATE INDEX ix_forecast_scope ON forecast (scope, currency, starts_on)

CREATE INDEX ix_statement_provider ON statement (provider, fetched_at)

CREATE INDEX ix_job_exposed ON job (granted_at) WHERE parked_nanos > 0 OR state = 'unknown'

CREATE INDEX ix_listed_billed ON listed (billed)

CREATE INDEX ix_saying_break ON saying (break_id)

CREATE INDEX ix_saying_txn ON saying (txn)

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

CREATE TRIGGER statement_keeps_update BEFORE UPDATE ON statement
    BEGIN
    SELECT RAISE(ABORT, 'statement holds facts: rows are only added');
    END

CREATE TRIGGER statement_keeps_delete BEFORE DELETE ON statement
    BEGIN
    SELECT RAISE(ABORT, 'statement holds facts: rows are only added');
    END

CREATE TRIGGER statement_keeps_insert BEFORE INSERT ON statement
    WHEN EXISTS (SELECT 1 FROM statement WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'statement holds facts: rows are only added');
    END

CREATE TRIGGER billed_keeps_update BEFORE UPDATE ON billed
    BEGIN
    SELECT RAISE(ABORT, 'billed holds facts: rows are only added');
    END

CREATE TRIGGER billed_keeps_delete BEFORE DELETE ON billed
    BEGIN
    SELECT RAISE(ABORT, 'billed holds facts: rows are only added');
    END

CREATE TRIGGER billed_keeps_insert BEFORE INSERT ON billed
    WHEN EXISTS (SELECT 1 FROM billed WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'billed holds facts: rows are only added');
    END

CREATE TRIGGER listed_keeps_update BEFORE UPDATE ON listed
    BEGIN
    SELECT RAISE(ABORT, 'listed holds facts: rows are only added');
    END

CREATE TRIGGER listed_keeps_delete BEFORE DELETE ON listed
    BEGIN
    SELECT RAISE(ABORT, 'listed holds facts: rows are only added');
    END

CREATE TRIGGER listed_keeps_insert BEFORE INSERT ON listed
    WHEN EXISTS (SELECT 1 FROM listed WHERE statement = NEW.statement AND billed = NEW.billed)
    BEGIN
    SELECT RAISE(ABORT, 'listed holds facts: rows are only added');
    END

CREATE TRIGGER saying_keeps_update BEFORE UPDATE ON saying
    BEGIN
    SELECT RAISE(ABORT, 'saying holds facts: rows are only added');
    END

CREATE TRIGGER saying_keeps_delete BEFORE DELETE ON saying
    BEGIN
    SELECT RAISE(ABORT, 'saying holds facts: rows are only added');
    END

CREATE TRIGGER saying_keeps_insert BEFORE INSERT ON saying
    WHEN EXISTS (SELECT 1 FROM saying WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'saying holds facts: rows are only added');
    END
