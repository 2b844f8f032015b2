-- Schema 0002, PostgreSQL. Not to be changed once it is released. An empty line ends a statement.

CREATE TABLE budget (
    id BIGSERIAL NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    "window" TEXT COLLATE "C" NOT NULL,
    tz TEXT COLLATE "C" NOT NULL,
    week_start TEXT COLLATE "C" NOT NULL,
    limit_nanos BIGINT,
    overrun TEXT COLLATE "C" NOT NULL,
    gate TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_budget PRIMARY KEY (id),
    CONSTRAINT uq_budget_scope_currency_window_tz_week_start UNIQUE (scope, currency, "window", tz, week_start),
    CONSTRAINT ck_budget_window_known CHECK ("window" IN ('total', 'month', 'week', 'day')),
    CONSTRAINT ck_budget_week_start_known CHECK ("week_start" IN ('', 'monday', 'tuesday', 'wednesday', 'thursday',
        'friday', 'saturday', 'sunday')),
    CONSTRAINT ck_budget_overrun_known CHECK ("overrun" IN ('freeze', 'allow_to_limit', 'alert')),
    CONSTRAINT ck_budget_gate_known CHECK ("gate" IN ('open', 'frozen', 'closed')),
    CONSTRAINT ck_budget_limit_not_negative CHECK (limit_nanos IS NULL OR limit_nanos >= 0)
)

CREATE TABLE inbox (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    dedup_key TEXT COLLATE "C" NOT NULL,
    provider_job TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (id),
    CONSTRAINT uq_inbox_provider_dedup_key UNIQUE (provider, dedup_key),
    CONSTRAINT ck_inbox_channel_known CHECK ("channel" IN ('poll', 'webhook', 'billing', 'invoice'))
)

CREATE INDEX ix_inbox_provider_job ON inbox (provider_job)

CREATE TABLE lot (
    id TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    quantity_nanos BIGINT NOT NULL,
    cost_nanos BIGINT NOT NULL,
    cost_currency TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    bought_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    remaining_nanos BIGINT NOT NULL,
    remaining_cost_nanos BIGINT NOT NULL,
    CONSTRAINT pk_lot PRIMARY KEY (id),
    CONSTRAINT ck_lot_quantity_positive CHECK (quantity_nanos > 0),
    CONSTRAINT ck_lot_cost_not_negative CHECK (cost_nanos >= 0),
    CONSTRAINT ck_lot_remaining_within CHECK (remaining_nanos >= 0 AND remaining_nanos <= quantity_nanos),
    CONSTRAINT ck_lot_remaining_cost_within CHECK (remaining_cost_nanos >= 0 AND remaining_cost_nanos <= cost_nanos),
    CONSTRAINT ck_lot_expires_later CHECK (expires_at > effective_at)
)

CREATE TABLE quote (
    id TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_quote PRIMARY KEY (id)
)

CREATE TABLE refusal (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C",
    limit_nanos BIGINT,
    available_nanos BIGINT,
    asked_nanos BIGINT,
    detail TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_refusal PRIMARY KEY (id)
)

CREATE TABLE store (
    id BIGSERIAL NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_store PRIMARY KEY (id),
    CONSTRAINT ck_store_one CHECK (id = 1)
)

CREATE TABLE job (
    id TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    request_hash TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    step BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    outputs_asked BIGINT NOT NULL,
    first_quote_id TEXT COLLATE "C" NOT NULL,
    quote_id TEXT COLLATE "C" NOT NULL,
    low_nanos BIGINT NOT NULL,
    expected_nanos BIGINT NOT NULL,
    high_nanos BIGINT NOT NULL,
    held_nanos BIGINT NOT NULL,
    open_nanos BIGINT NOT NULL,
    charged_nanos BIGINT,
    native_nanos BIGINT,
    native_currency TEXT COLLATE "C",
    reported_nanos BIGINT,
    reported_currency TEXT COLLATE "C",
    parked_nanos BIGINT NOT NULL,
    evidence TEXT COLLATE "C",
    final BIGINT,
    cause TEXT COLLATE "C",
    reason TEXT COLLATE "C" NOT NULL,
    proof TEXT COLLATE "C" NOT NULL,
    tags TEXT COLLATE "C" NOT NULL,
    request TEXT COLLATE "C" NOT NULL,
    outputs TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    granted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    silent_since BIGINT,
    batch TEXT COLLATE "C" NOT NULL,
    lease_owner TEXT COLLATE "C" NOT NULL,
    lease_until BIGINT NOT NULL,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT uq_job_key UNIQUE (key),
    CONSTRAINT ck_job_state_known CHECK ("state" IN ('held', 'submitting', 'submitted', 'unknown', 'settled',
        'released', 'expired', 'written_off')),
    CONSTRAINT ck_job_open_within_held CHECK (open_nanos >= 0 AND open_nanos <= held_nanos),
    CONSTRAINT ck_job_open_has_owner CHECK (open_nanos = 0 OR state IN ('held', 'submitting', 'submitted',
        'unknown')),
    CONSTRAINT ck_job_parked_not_negative CHECK (parked_nanos >= 0),
    CONSTRAINT fk_job_first_quote_id FOREIGN KEY(first_quote_id) REFERENCES quote (id),
    CONSTRAINT fk_job_quote_id FOREIGN KEY(quote_id) REFERENCES quote (id)
)

CREATE INDEX ix_job_free ON job (lease_until, granted_at) WHERE held_nanos = 0

CREATE INDEX ix_job_lapses ON job (expires_at) WHERE open_nanos > 0 AND state = 'held'

CREATE INDEX ix_job_open ON job (lease_until, granted_at) WHERE open_nanos > 0

CREATE INDEX ix_job_scope ON job (scope, granted_at)

CREATE TABLE period (
    id BIGSERIAL NOT NULL,
    budget_id BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    limit_nanos BIGINT,
    overrun TEXT COLLATE "C" NOT NULL,
    gate TEXT COLLATE "C" NOT NULL,
    spent_nanos BIGINT NOT NULL,
    held_nanos BIGINT NOT NULL,
    reached BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    CONSTRAINT pk_period PRIMARY KEY (id),
    CONSTRAINT uq_period_budget_id_starts_at UNIQUE (budget_id, starts_at),
    CONSTRAINT ck_period_rises CHECK (ends_at > starts_at),
    CONSTRAINT ck_period_held_not_negative CHECK (held_nanos >= 0),
    CONSTRAINT ck_period_overrun_known CHECK ("overrun" IN ('freeze', 'allow_to_limit', 'alert')),
    CONSTRAINT ck_period_gate_known CHECK ("gate" IN ('open', 'frozen', 'closed', 'over')),
    CONSTRAINT fk_period_budget_id FOREIGN KEY(budget_id) REFERENCES budget (id)
)

CREATE TABLE attempt (
    id TEXT COLLATE "C" NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    outputs_asked BIGINT NOT NULL,
    quote_id TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    low_nanos BIGINT NOT NULL,
    expected_nanos BIGINT NOT NULL,
    high_nanos BIGINT NOT NULL,
    rate TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C",
    provider_job TEXT COLLATE "C",
    handle TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    posted_nanos BIGINT,
    posted_native_nanos BIGINT,
    started_at BIGINT NOT NULL,
    CONSTRAINT pk_attempt PRIMARY KEY (id),
    CONSTRAINT uq_attempt_job_number UNIQUE (job, number),
    CONSTRAINT uq_attempt_provider_provider_job UNIQUE (provider, provider_job),
    CONSTRAINT ck_attempt_outcome_known CHECK (outcome IS NULL OR outcome IN ('not_sent', 'refused', 'accepted',
        'unknown')),
    CONSTRAINT fk_attempt_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_attempt_quote_id FOREIGN KEY(quote_id) REFERENCES quote (id)
)

CREATE TABLE event (
    id BIGSERIAL NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    attempt TEXT COLLATE "C",
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    open_nanos BIGINT NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    proof TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (id),
    CONSTRAINT fk_event_job FOREIGN KEY(job) REFERENCES job (id)
)

CREATE INDEX ix_event_job ON event (job, step)

CREATE TABLE notice (
    id BIGSERIAL NOT NULL,
    at BIGINT NOT NULL,
    budget_id BIGINT NOT NULL,
    period_id BIGINT,
    kind TEXT COLLATE "C" NOT NULL,
    threshold BIGINT,
    limit_nanos BIGINT,
    spent_nanos BIGINT,
    held_nanos BIGINT,
    author TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT ck_notice_kind_known CHECK ("kind" IN ('set', 'open', 'frozen', 'closed', 'over', 'threshold')),
    CONSTRAINT fk_notice_budget_id FOREIGN KEY(budget_id) REFERENCES budget (id),
    CONSTRAINT fk_notice_period_id FOREIGN KEY(period_id) REFERENCES period (id)
)

CREATE INDEX ix_notice_budget ON notice (budget_id)

CREATE TABLE observation (
    id BIGSERIAL NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    attempt TEXT COLLATE "C",
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    amount_nanos BIGINT,
    currency TEXT COLLATE "C",
    revision BIGINT NOT NULL,
    final BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    units TEXT COLLATE "C",
    external_id TEXT COLLATE "C",
    outputs TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C",
    author TEXT COLLATE "C",
    proof TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    open_nanos BIGINT NOT NULL,
    CONSTRAINT pk_observation PRIMARY KEY (id),
    CONSTRAINT ck_observation_evidence_known CHECK ("evidence" IN ('quote', 'units', 'inline', 'billing_event',
        'invoice', 'resolve')),
    CONSTRAINT fk_observation_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_observation_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
)

CREATE INDEX ix_observation_job ON observation (job)

CREATE TABLE txn (
    id BIGSERIAL NOT NULL,
    job TEXT COLLATE "C",
    attempt TEXT COLLATE "C",
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_txn PRIMARY KEY (id),
    CONSTRAINT fk_txn_job FOREIGN KEY(job) REFERENCES job (id),
    CONSTRAINT fk_txn_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
)

CREATE INDEX ix_txn_job ON txn (job)

CREATE TABLE draw (
    txn BIGINT NOT NULL,
    line BIGINT NOT NULL,
    lot TEXT COLLATE "C",
    quantity_nanos BIGINT NOT NULL,
    cost_nanos BIGINT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_draw PRIMARY KEY (txn, line),
    CONSTRAINT ck_draw_says_something CHECK (quantity_nanos <> 0),
    CONSTRAINT fk_draw_txn FOREIGN KEY(txn) REFERENCES txn (id),
    CONSTRAINT fk_draw_lot FOREIGN KEY(lot) REFERENCES lot (id)
)

CREATE INDEX ix_draw_lot ON draw (lot)

CREATE TABLE entry (
    txn BIGINT NOT NULL,
    line BIGINT NOT NULL,
    book TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount_nanos BIGINT NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (txn, line),
    CONSTRAINT ck_entry_says_something CHECK (amount_nanos <> 0),
    CONSTRAINT ck_entry_book_known CHECK ("book" IN ('money', 'envelope')),
    CONSTRAINT fk_entry_txn FOREIGN KEY(txn) REFERENCES txn (id)
)

CREATE INDEX ix_entry_account ON entry (account)

CREATE FUNCTION keep_facts() RETURNS trigger LANGUAGE plpgsql AS
    $$
    BEGIN RAISE EXCEPTION '% holds facts: rows are only added', TG_TABLE_NAME;
    END $$

CREATE TRIGGER notice_keeps_rows BEFORE UPDATE OR DELETE ON notice FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER notice_keeps_all BEFORE TRUNCATE ON notice FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER quote_keeps_rows BEFORE UPDATE OR DELETE ON quote FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER quote_keeps_all BEFORE TRUNCATE ON quote FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER refusal_keeps_rows BEFORE UPDATE OR DELETE ON refusal FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER refusal_keeps_all BEFORE TRUNCATE ON refusal FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER event_keeps_rows BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER event_keeps_all BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER observation_keeps_rows BEFORE UPDATE OR DELETE ON observation FOR EACH ROW
    EXECUTE FUNCTION keep_facts()

CREATE TRIGGER observation_keeps_all BEFORE TRUNCATE ON observation FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER inbox_keeps_rows BEFORE UPDATE OR DELETE ON inbox FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER inbox_keeps_all BEFORE TRUNCATE ON inbox FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER txn_keeps_rows BEFORE UPDATE OR DELETE ON txn FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER txn_keeps_all BEFORE TRUNCATE ON txn FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER entry_keeps_rows BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER entry_keeps_all BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER draw_keeps_rows BEFORE UPDATE OR DELETE ON draw FOR EACH ROW EXECUTE FUNCTION keep_facts()

CREATE TRIGGER draw_keeps_all BEFORE TRUNCATE ON draw FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE TRIGGER lot_keeps_rows BEFORE UPDATE OF id, provider, currency, quantity_nanos, cost_nanos, cost_currency,
        priority, bought_at, effective_at, expires_at, author, note OR DELETE ON lot FOR EACH ROW
    EXECUTE FUNCTION keep_facts()

CREATE TRIGGER lot_keeps_all BEFORE TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION keep_facts()

CREATE FUNCTION notice_period() RETURNS trigger LANGUAGE plpgsql AS
    $$
    BEGIN
    INSERT INTO notice (at, budget_id, period_id, kind, threshold, limit_nanos, spent_nanos, held_nanos, author,
        note) SELECT NEW.changed_at, NEW.budget_id, NEW.id, 'threshold', step, NEW.limit_nanos, NEW.spent_nanos,
        NEW.held_nanos, '', ''
    FROM (SELECT 50 AS step UNION ALL SELECT 80 AS step UNION ALL SELECT 100 AS step) AS steps
    WHERE step > OLD.reached AND step <= NEW.reached ORDER BY step;
    INSERT INTO notice (at, budget_id, period_id, kind, threshold, limit_nanos, spent_nanos, held_nanos, author,
        note) SELECT NEW.changed_at, NEW.budget_id, NEW.id, 'over', NULL, NEW.limit_nanos, NEW.spent_nanos,
        NEW.held_nanos, '', '' WHERE NEW.gate = 'over' AND OLD.gate <> 'over'; RETURN NULL;
    END $$

CREATE TRIGGER period_notices AFTER UPDATE ON period FOR EACH ROW
    WHEN (NEW.reached > OLD.reached OR (NEW.gate = 'over' AND OLD.gate <> 'over'))
    EXECUTE FUNCTION notice_period()
