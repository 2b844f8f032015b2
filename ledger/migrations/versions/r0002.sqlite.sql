-- Schema 0002, SQLite. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE budget (
    id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    currency TEXT NOT NULL,
    window TEXT NOT NULL,
    tz TEXT NOT NULL,
    week_start TEXT NOT NULL,
    limit_nanos INTEGER,
    overrun TEXT NOT NULL,
    gate TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_budget PRIMARY KEY (id),
    CONSTRAINT uq_budget_scope_currency_window_tz_week_start UNIQUE (scope, currency, window, tz, week_start),
    CONSTRAINT ck_budget_window_known CHECK ("window" IN ('total', 'month', 'week', 'day')),
    CONSTRAINT ck_budget_week_start_known CHECK ("week_start" IN ('', 'monday', 'tuesday', 'wednesday', 'thursday',
        'friday', 'saturday', 'sunday')),
    CONSTRAINT ck_budget_overrun_known CHECK ("overrun" IN ('freeze', 'allow_to_limit', 'alert')),
    CONSTRAINT ck_budget_gate_known CHECK ("gate" IN ('open', 'frozen', 'closed')),
    CONSTRAINT ck_budget_limit_not_negative CHECK (limit_nanos IS NULL OR limit_nanos >= 0)
) STRICT

CREATE TABLE inbox (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    provider TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    provider_job TEXT,
    body TEXT NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (id),
    CONSTRAINT uq_inbox_provider_dedup_key UNIQUE (provider, dedup_key),
    CONSTRAINT ck_inbox_channel_known CHECK ("channel" IN ('poll', 'webhook', 'billing', 'invoice'))
) STRICT

CREATE TABLE lot (
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    currency TEXT NOT NULL,
    quantity_nanos INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    cost_currency TEXT NOT NULL,
    priority INTEGER NOT NULL,
    bought_at INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    remaining_nanos INTEGER NOT NULL,
    remaining_cost_nanos INTEGER NOT NULL,
    CONSTRAINT pk_lot PRIMARY KEY (id),
    CONSTRAINT ck_lot_quantity_positive CHECK (quantity_nanos > 0),
    CONSTRAINT ck_lot_cost_not_negative CHECK (cost_nanos >= 0),
    CONSTRAINT ck_lot_remaining_within CHECK (remaining_nanos >= 0 AND remaining_nanos <= quantity_nanos),
    CONSTRAINT ck_lot_remaining_cost_within CHECK (remaining_cost_nanos >= 0 AND remaining_cost_nanos <= cost_nanos),
    CONSTRAINT ck_lot_expires_later CHECK (expires_at > effective_at)
) STRICT

CREATE TABLE store (
    id INTEGER NOT NULL,
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
    batch TEXT NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT uq_job_key UNIQUE ("key"),
    CONSTRAINT ck_job_state_known CHECK ("state" IN ('held', 'submitting', 'submitted', 'unknown', 'settled',
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
    overrun TEXT NOT NULL,
    gate TEXT NOT NULL,
    spent_nanos INTEGER NOT NULL,
    held_nanos INTEGER NOT NULL,
    reached INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    CONSTRAINT pk_period PRIMARY KEY (id),
    CONSTRAINT uq_period_budget_id_starts_at UNIQUE (budget_id, starts_at),
    CONSTRAINT ck_period_rises CHECK (ends_at > starts_at),
    CONSTRAINT ck_period_held_not_negative CHECK (held_nanos >= 0),
    CONSTRAINT ck_period_overrun_known CHECK ("overrun" IN ('freeze', 'allow_to_limit', 'alert')),
    CONSTRAINT ck_period_gate_known CHECK ("gate" IN ('open', 'frozen', 'closed', 'over')),
    CONSTRAINT fk_period_budget_id FOREIGN KEY(budget_id) REFERENCES budget (id)
) STRICT

CREATE TABLE notice (
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    budget_id INTEGER NOT NULL,
    period_id INTEGER,
    kind TEXT NOT NULL,
    threshold INTEGER,
    limit_nanos INTEGER,
    spent_nanos INTEGER,
    held_nanos INTEGER,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT ck_notice_kind_known CHECK ("kind" IN ('set', 'open', 'frozen', 'closed', 'over', 'threshold')),
    CONSTRAINT fk_notice_budget_id FOREIGN KEY(budget_id) REFERENCES budget (id),
    CONSTRAINT fk_notice_period_id FOREIGN KEY(period_id) REFERENCES period (id)
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
    revision INTEGER NOT NULL,
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
    CONSTRAINT ck_observation_evidence_known CHECK ("evidence" IN ('quote', 'units', 'inline', 'billing_event',
        'invoice', 'resolve')),
    CONSTRAINT fk_observation_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_observation_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
) STRICT

CREATE TABLE txn (
    id INTEGER NOT NULL,
    job TEXT,
    attempt TEXT,
    step INTEGER NOT NULL,
    at INTEGER NOT NULL,
    granted_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    evidence TEXT NOT NULL,
    CONSTRAINT pk_txn PRIMARY KEY (id),
    CONSTRAINT fk_txn_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_txn_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
) STRICT

CREATE TABLE draw (
    txn INTEGER NOT NULL,
    line INTEGER NOT NULL,
    lot TEXT,
    quantity_nanos INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_draw PRIMARY KEY (txn, line),
    CONSTRAINT ck_draw_says_something CHECK (quantity_nanos <> 0),
    CONSTRAINT fk_draw_txn FOREIGN KEY(txn) REFERENCES txn (id),
    CONSTRAINT fk_draw_lot FOREIGN KEY(lot) REFERENCES lot (id)
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
    CONSTRAINT ck_entry_book_known CHECK ("book" IN ('money', 'envelope')),
    CONSTRAINT fk_entry_txn FOREIGN KEY(txn) REFERENCES txn (id)
) STRICT

CREATE INDEX ix_inbox_provider_job ON inbox (provider_job)

CREATE INDEX ix_job_free ON job (lease_until, granted_at) WHERE held_nanos = 0

CREATE INDEX ix_job_lapses ON job (expires_at) WHERE open_nanos > 0 AND state = 'held'

CREATE INDEX ix_job_open ON job (lease_until, granted_at) WHERE open_nanos > 0

CREATE INDEX ix_job_scope ON job (scope, granted_at)

CREATE INDEX ix_event_job ON event (job, step)

CREATE INDEX ix_notice_budget ON notice (budget_id)

CREATE INDEX ix_observation_job ON observation (job)

CREATE INDEX ix_txn_job ON txn (job)

CREATE INDEX ix_draw_lot ON draw (lot)

CREATE INDEX ix_entry_account ON entry (account)

CREATE TRIGGER notice_keeps_update BEFORE UPDATE ON notice
    BEGIN
    SELECT RAISE(ABORT, 'notice holds facts: rows are only added');
    END

CREATE TRIGGER notice_keeps_delete BEFORE DELETE ON notice
    BEGIN
    SELECT RAISE(ABORT, 'notice holds facts: rows are only added');
    END

CREATE TRIGGER notice_keeps_insert BEFORE INSERT ON notice
    WHEN EXISTS (SELECT 1 FROM notice WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'notice holds facts: rows are only added');
    END

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

CREATE TRIGGER inbox_keeps_update BEFORE UPDATE ON inbox
    BEGIN
    SELECT RAISE(ABORT, 'inbox holds facts: rows are only added');
    END

CREATE TRIGGER inbox_keeps_delete BEFORE DELETE ON inbox
    BEGIN
    SELECT RAISE(ABORT, 'inbox holds facts: rows are only added');
    END

CREATE TRIGGER inbox_keeps_insert BEFORE INSERT ON inbox
    WHEN EXISTS (SELECT 1 FROM inbox WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'inbox holds facts: rows are only added');
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

CREATE TRIGGER draw_keeps_update BEFORE UPDATE ON draw
    BEGIN
    SELECT RAISE(ABORT, 'draw holds facts: rows are only added');
    END

CREATE TRIGGER draw_keeps_delete BEFORE DELETE ON draw
    BEGIN
    SELECT RAISE(ABORT, 'draw holds facts: rows are only added');
    END

CREATE TRIGGER draw_keeps_insert BEFORE INSERT ON draw
    WHEN EXISTS (SELECT 1 FROM draw WHERE txn = NEW.txn AND line = NEW.line)
    BEGIN
    SELECT RAISE(ABORT, 'draw holds facts: rows are only added');
    END

CREATE TRIGGER lot_keeps_update BEFORE UPDATE OF id, provider, currency, quantity_nanos, cost_nanos, cost_currency,
        priority, bought_at, effective_at, expires_at, author, note ON lot
    BEGIN
    SELECT RAISE(ABORT, 'lot holds facts: rows are only added');
    END

CREATE TRIGGER lot_keeps_delete BEFORE DELETE ON lot
    BEGIN
    SELECT RAISE(ABORT, 'lot holds facts: rows are only added');
    END

CREATE TRIGGER lot_keeps_insert BEFORE INSERT ON lot
    WHEN EXISTS (SELECT 1 FROM lot WHERE id = NEW.id)
    BEGIN
    SELECT RAISE(ABORT, 'lot holds facts: rows are only added');
    END

CREATE TRIGGER period_notices AFTER UPDATE ON period
    WHEN NEW.reached > OLD.reached OR (NEW.gate = 'over' AND OLD.gate <> 'over')
    BEGIN
    INSERT INTO notice (at, budget_id, period_id, kind, threshold, limit_nanos, spent_nanos, held_nanos, author,
        note) SELECT NEW.changed_at, NEW.budget_id, NEW.id, 'threshold', step, NEW.limit_nanos, NEW.spent_nanos,
        NEW.held_nanos, '', ''
    FROM (SELECT 50 AS step UNION ALL SELECT 80 AS step UNION ALL SELECT 100 AS step) AS steps
    WHERE step > OLD.reached AND step <= NEW.reached ORDER BY step;
    INSERT INTO notice (at, budget_id, period_id, kind, threshold, limit_nanos, spent_nanos, held_nanos, author,
        note) SELECT NEW.changed_at, NEW.budget_id, NEW.id, 'over', NULL, NEW.limit_nanos, NEW.spent_nanos,
        NEW.held_nanos, '', '' WHERE NEW.gate = 'over' AND OLD.gate <> 'over';
    END
