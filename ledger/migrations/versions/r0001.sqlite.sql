-- Schema 0001, as it was released: SQLite. Never to be changed. An empty line ends a statement.

CREATE TABLE budget (
    id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    currency TEXT NOT NULL,
    window TEXT NOT NULL,
    tz TEXT NOT NULL,
    limit_nanos INTEGER,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_budget PRIMARY KEY (id),
    CONSTRAINT uq_budget_scope_currency_window_tz UNIQUE (scope, currency, window, tz),
    CONSTRAINT ck_budget_window_known CHECK (window IN ('total', 'month')),
    CONSTRAINT ck_budget_limit_not_negative CHECK (limit_nanos IS NULL OR limit_nanos >= 0)
) STRICT

CREATE TABLE quote (
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT pk_quote PRIMARY KEY (id)
) STRICT

CREATE TABLE refusal (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    job TEXT NOT NULL,
    "key" TEXT NOT NULL,
    scope TEXT NOT NULL,
    offer TEXT NOT NULL,
    reason TEXT NOT NULL,
    currency TEXT,
    limit_nanos INTEGER,
    available_nanos INTEGER,
    asked_nanos INTEGER,
    detail TEXT NOT NULL,
    CONSTRAINT pk_refusal PRIMARY KEY (id)
) STRICT

CREATE TABLE store (
    id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_store PRIMARY KEY (id),
    CONSTRAINT ck_store_one CHECK (id = 1)
) STRICT

CREATE TABLE job (
    id TEXT NOT NULL,
    "key" TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    scope TEXT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    step INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    offer TEXT NOT NULL,
    settings TEXT NOT NULL,
    outputs_asked INTEGER NOT NULL,
    first_quote_id TEXT NOT NULL,
    quote_id TEXT NOT NULL,
    low_nanos INTEGER NOT NULL,
    expected_nanos INTEGER NOT NULL,
    high_nanos INTEGER NOT NULL,
    held_nanos INTEGER NOT NULL,
    open_nanos INTEGER NOT NULL,
    charged_nanos INTEGER,
    native_nanos INTEGER,
    native_currency TEXT,
    reported_nanos INTEGER,
    reported_currency TEXT,
    parked_nanos INTEGER NOT NULL,
    evidence TEXT,
    final INTEGER,
    cause TEXT,
    reason TEXT NOT NULL,
    proof TEXT NOT NULL,
    tags TEXT NOT NULL,
    request TEXT NOT NULL,
    outputs TEXT NOT NULL,
    owner TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    silent_since INTEGER,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT uq_job_key UNIQUE ("key"),
    CONSTRAINT ck_job_state_known CHECK (state IN ('held', 'submitting', 'submitted', 'unknown', 'settled',
        'released', 'expired', 'written_off')),
    CONSTRAINT ck_job_open_within_held CHECK (open_nanos >= 0 AND open_nanos <= held_nanos),
    CONSTRAINT ck_job_open_has_owner CHECK (open_nanos = 0 OR state IN ('held', 'submitting', 'submitted',
        'unknown')),
    CONSTRAINT ck_job_parked_not_negative CHECK (parked_nanos >= 0),
    CONSTRAINT fk_job_first_quote_id FOREIGN KEY(first_quote_id) REFERENCES quote (id),
    CONSTRAINT fk_job_quote_id FOREIGN KEY(quote_id) REFERENCES quote (id)
) STRICT

CREATE TABLE period (
    id INTEGER NOT NULL,
    budget_id INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    limit_nanos INTEGER,
    spent_nanos INTEGER NOT NULL,
    held_nanos INTEGER NOT NULL,
    CONSTRAINT pk_period PRIMARY KEY (id),
    CONSTRAINT uq_period_budget_id_starts_at UNIQUE (budget_id, starts_at),
    CONSTRAINT ck_period_rises CHECK (ends_at > starts_at),
    CONSTRAINT ck_period_held_not_negative CHECK (held_nanos >= 0),
    CONSTRAINT fk_period_budget_id FOREIGN KEY(budget_id) REFERENCES budget (id)
) STRICT

CREATE TABLE attempt (
    id TEXT NOT NULL,
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    provider TEXT NOT NULL,
    offer TEXT NOT NULL,
    settings TEXT NOT NULL,
    outputs_asked INTEGER NOT NULL,
    quote_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    low_nanos INTEGER NOT NULL,
    expected_nanos INTEGER NOT NULL,
    high_nanos INTEGER NOT NULL,
    rate TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    outcome TEXT,
    provider_job TEXT,
    handle TEXT NOT NULL,
    reason TEXT NOT NULL,
    posted_nanos INTEGER,
    posted_native_nanos INTEGER,
    started_at INTEGER NOT NULL,
    CONSTRAINT pk_attempt PRIMARY KEY (id),
    CONSTRAINT uq_attempt_job_number UNIQUE (job, number),
    CONSTRAINT uq_attempt_provider_provider_job UNIQUE (provider, provider_job),
    CONSTRAINT ck_attempt_outcome_known CHECK (outcome IS NULL OR outcome IN ('not_sent', 'refused', 'accepted',
        'unknown')),
    CONSTRAINT fk_attempt_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_attempt_quote_id FOREIGN KEY(quote_id) REFERENCES quote (id)
) STRICT

CREATE TABLE event (
    id INTEGER NOT NULL,
    job TEXT NOT NULL,
    attempt TEXT,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT,
    state TEXT NOT NULL,
    open_nanos INTEGER NOT NULL,
    detail TEXT NOT NULL,
    proof TEXT NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (id),
    CONSTRAINT fk_event_job FOREIGN KEY(job) REFERENCES job (id)
) STRICT

CREATE TABLE observation (
    id INTEGER NOT NULL,
    job TEXT NOT NULL,
    attempt TEXT,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    amount_nanos INTEGER,
    currency TEXT,
    final INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    units TEXT,
    external_id TEXT,
    outputs TEXT NOT NULL,
    note TEXT NOT NULL,
    verdict TEXT,
    author TEXT,
    proof TEXT NOT NULL,
    state TEXT NOT NULL,
    open_nanos INTEGER NOT NULL,
    CONSTRAINT pk_observation PRIMARY KEY (id),
    CONSTRAINT ck_observation_evidence_known CHECK (evidence IN ('quote', 'units', 'inline', 'billing_event',
        'invoice', 'resolve')),
    CONSTRAINT fk_observation_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_observation_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
) STRICT

CREATE TABLE txn (
    id INTEGER NOT NULL,
    job TEXT NOT NULL,
    attempt TEXT NOT NULL,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    granted_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    evidence TEXT NOT NULL,
    CONSTRAINT pk_txn PRIMARY KEY (id),
    CONSTRAINT fk_txn_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_txn_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
) STRICT

CREATE TABLE entry (
    txn INTEGER NOT NULL,
    line INTEGER NOT NULL,
    book TEXT NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_nanos INTEGER NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (txn, line),
    CONSTRAINT ck_entry_says_something CHECK (amount_nanos <> 0),
    CONSTRAINT ck_entry_book_known CHECK (book IN ('money', 'envelope')),
    CONSTRAINT fk_entry_txn FOREIGN KEY(txn) REFERENCES txn (id)
) STRICT

CREATE INDEX ix_job_open ON job (granted_at) WHERE open_nanos > 0

CREATE INDEX ix_job_scope ON job (scope, granted_at)

CREATE INDEX ix_event_job ON event (job, step)

CREATE INDEX ix_observation_job ON observation (job)

CREATE INDEX ix_txn_job ON txn (job)

CREATE INDEX ix_entry_account ON entry (account)

CREATE TRIGGER quote_keeps_update BEFORE UPDATE ON quote
    BEGIN
    SELECT RAISE(ABORT, 'quote holds facts: rows are only added');
    END

CREATE TRIGGER quote_keeps_delete BEFORE DELETE ON quote
    BEGIN
    SELECT RAISE(ABORT, 'quote holds facts: rows are only added');
    END

CREATE TRIGGER quote_keeps_insert BEFORE INSERT ON quote
    WHEN EXISTS (SELECT 1 FROM quote WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'quote holds facts: rows are only added');
    END

CREATE TRIGGER refusal_keeps_update BEFORE UPDATE ON refusal
    BEGIN
    SELECT RAISE(ABORT, 'refusal holds facts: rows are only added');
    END

CREATE TRIGGER refusal_keeps_delete BEFORE DELETE ON refusal
    BEGIN
    SELECT RAISE(ABORT, 'refusal holds facts: rows are only added');
    END

CREATE TRIGGER refusal_keeps_insert BEFORE INSERT ON refusal
    WHEN EXISTS (SELECT 1 FROM refusal WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'refusal holds facts: rows are only added');
    END

CREATE TRIGGER event_keeps_update BEFORE UPDATE ON event
    BEGIN
    SELECT RAISE(ABORT, 'event holds facts: rows are only added');
    END

CREATE TRIGGER event_keeps_delete BEFORE DELETE ON event
    BEGIN
    SELECT RAISE(ABORT, 'event holds facts: rows are only added');
    END

CREATE TRIGGER event_keeps_insert BEFORE INSERT ON event
    WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'event holds facts: rows are only added');
    END

CREATE TRIGGER observation_keeps_update BEFORE UPDATE ON observation
    BEGIN
    SELECT RAISE(ABORT, 'observation holds facts: rows are only added');
    END

CREATE TRIGGER observation_keeps_delete BEFORE DELETE ON observation
    BEGIN
    SELECT RAISE(ABORT, 'observation holds facts: rows are only added');
    END

CREATE TRIGGER observation_keeps_insert BEFORE INSERT ON observation
    WHEN EXISTS (SELECT 1 FROM observation WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'observation holds facts: rows are only added');
    END

CREATE TRIGGER txn_keeps_update BEFORE UPDATE ON txn
    BEGIN
    SELECT RAISE(ABORT, 'txn holds facts: rows are only added');
    END

CREATE TRIGGER txn_keeps_delete BEFORE DELETE ON txn
    BEGIN
    SELECT RAISE(ABORT, 'txn holds facts: rows are only added');
    END

CREATE TRIGGER txn_keeps_insert BEFORE INSERT ON txn
    WHEN EXISTS (SELECT 1 FROM txn WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'txn holds facts: rows are only added');
    END

CREATE TRIGGER entry_keeps_update BEFORE UPDATE ON entry
    BEGIN
    SELECT RAISE(ABORT, 'entry holds facts: rows are only added');
    END

CREATE TRIGGER entry_keeps_delete BEFORE DELETE ON entry
    BEGIN
    SELECT RAISE(ABORT, 'entry holds facts: rows are only added');
    END

CREATE TRIGGER entry_keeps_insert BEFORE INSERT ON entry
    WHEN EXISTS (SELECT 1 FROM entry WHERE txn = NEW.txn AND line = NEW.line)
    BEGIN
    SELECT RAISE(ABORT, 'entry holds facts: rows are only added');
    END
