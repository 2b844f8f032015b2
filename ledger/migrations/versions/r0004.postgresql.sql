-- Schema 0004, PostgreSQL. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE billed (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    amount_nanos BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    charged_at BIGINT,
    first_day TEXT COLLATE "C" NOT NULL,
    end_day TEXT COLLATE "C" NOT NULL,
    provider_job TEXT COLLATE "C",
    attempt TEXT COLLATE "C",
    sku TEXT COLLATE "C" NOT NULL,
    invoice TEXT COLLATE "C",
    revision BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    raw TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_billed PRIMARY KEY (id),
    CONSTRAINT uq_billed_provider_source_key_digest UNIQUE (provider, source, key, digest),
    CONSTRAINT ck_billed_source_known CHECK ("source" IN ('fal-billing-events', 'fal-usage', 'runware-usage',
        'creatify-jobs', 'csv', 'focus')),
    CONSTRAINT ck_billed_kind_known CHECK ("kind" IN ('usage', 'refund', 'purchase', 'tax', 'fee', 'discount',
        'adjustment'))
)

CREATE INDEX ix_billed_attempt ON billed (provider, attempt)

CREATE INDEX ix_billed_provider_job ON billed (provider, provider_job)

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

CREATE TABLE statement (
    id TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    first_day TEXT COLLATE "C" NOT NULL,
    end_day TEXT COLLATE "C" NOT NULL,
    complete BIGINT NOT NULL,
    per_job BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_statement PRIMARY KEY (id),
    CONSTRAINT ck_statement_source_known CHECK ("source" IN ('fal-billing-events', 'fal-usage', 'runware-usage',
        'creatify-jobs', 'csv', 'focus'))
)

CREATE INDEX ix_statement_provider ON statement (provider, fetched_at)

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

CREATE TABLE listed (
    statement TEXT COLLATE "C" NOT NULL,
    billed BIGINT NOT NULL,
    CONSTRAINT pk_listed PRIMARY KEY (statement, billed),
    CONSTRAINT fk_listed_statement FOREIGN KEY(statement) REFERENCES statement (id),
    CONSTRAINT fk_listed_billed FOREIGN KEY(billed) REFERENCES billed (id)
)

CREATE INDEX ix_listed_billed ON listed (billed)

CREATE TABLE saying (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    break_id TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    job TEXT COLLATE "C",
    amount_nanos BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    posted_nanos BIGINT NOT NULL,
    txn BIGINT,
    billed BIGINT,
    CONSTRAINT pk_saying PRIMARY KEY (id),
    CONSTRAINT ck_saying_verdict_known CHECK ("verdict" IN ('accepted', 'adjusted', 'disputed')),
    CONSTRAINT ck_saying_posted_with_txn CHECK ((txn IS NULL) = (posted_nanos = 0)),
    CONSTRAINT fk_saying_txn FOREIGN KEY(txn) REFERENCES txn (id),
    CONSTRAINT fk_saying_billed FOREIGN KEY(billed) REFERENCES billed (id)
)

CREATE INDEX ix_saying_break ON saying (break_id)

CREATE INDEX ix_saying_txn ON saying (txn)

CREATE TRIGGER forecast_keeps_rows BEFORE UPDATE OR DELETE ON forecast FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER forecast_keeps_all BEFORE TRUNCATE ON forecast FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER statement_keeps_rows BEFORE UPDATE OR DELETE ON statement FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER statement_keeps_all BEFORE TRUNCATE ON statement FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER billed_keeps_rows BEFORE UPDATE OR DELETE ON billed FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER billed_keeps_all BEFORE TRUNCATE ON billed FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER listed_keeps_rows BEFORE UPDATE OR DELETE ON listed FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER listed_keeps_all BEFORE TRUNCATE ON listed FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER saying_keeps_rows BEFORE UPDATE OR DELETE ON saying FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER saying_keeps_all BEFORE TRUNCATE ON saying FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()
