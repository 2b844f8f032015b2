"""Readers against the shapes that the providers publish and that were recorded, and against files gone wrong."""

import importlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from ledger.errors import BadStatement
from ledger.statement.creatify import job_list
from ledger.statement.fal import billing_events, usage
from ledger.statement.focus import focus_csv, focus_parquet
from ledger.statement.lines import SOURCES, Source, Statement
from ledger.statement.mapping import read_mapping
from ledger.statement.reading import read_statement
from ledger.statement.runware import usage_activity
from pricing import Money, usd
from tests.strategies import json_texts

AT = datetime(2026, 11, 20, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1), date(2026, 12, 1)

# The documentation's own example: https://fal.ai/docs/platform-apis/v1/models/billing-events
EVENT: dict[str, Any] = {
    "request_id": "0199-a",
    "endpoint_id": "fal-ai/flux/dev",
    "timestamp": "2026-11-18T09:30:00Z",
    "output_units": 2,
    "unit_price": 0.025,
    "percent_discount": 10,
    "cost_subtotal": 0.05,
    "cost_discount": 0.005,
    "cost_total": 0.045,
    "cost_estimate_nano_usd": 45000000,
}


def events(*rows: Mapping[str, object], **page: object) -> str:
    return json.dumps({"billing_events": rows, "next_cursor": None, "has_more": False, **page})


def test_fal_billing_events() -> None:
    statement = billing_events([events(EVENT)], fetched_at=AT, period=NOVEMBER)
    (line,) = statement.lines
    assert (line.amount, line.list_amount) == (usd("0.045"), usd("0.05"))
    assert (line.provider_job, line.sku) == ("0199-a", "fal-ai/flux/dev")
    assert (line.quantity, line.unit, line.unit_price) == (Decimal(2), "", Decimal("0.025"))
    assert line.period == (date(2026, 11, 18), date(2026, 11, 19))
    assert statement.complete
    assert json.loads(line.raw)["unit_price"] == "0.025"


def test_the_nano_dollars_are_believed_before_a_float() -> None:
    """sexyvoice's $0.002600646, and the noise that a float brings."""
    noisy = {**EVENT, "cost_total": 0.0026006460000000003, "cost_estimate_nano_usd": 2600646}
    (line,) = billing_events([events(noisy)], fetched_at=AT).lines
    assert line.amount == usd("0.002600646")
    without = {key: value for key, value in noisy.items() if key != "cost_estimate_nano_usd"}
    (line,) = billing_events([events(without)], fetched_at=AT).lines
    assert line.amount == usd("0.002600646")


def test_pages_are_one_statement_and_more_to_come_is_not_complete() -> None:
    other = {**EVENT, "request_id": "0199-b"}
    pages = [events(EVENT, next_cursor="Mg", has_more=True), events(other)]
    whole = billing_events(pages, fetched_at=AT, period=NOVEMBER)
    assert (len(whole.lines), whole.complete, whole.cursor) == (2, True, None)
    cut = billing_events(pages[:1], fetched_at=AT, period=NOVEMBER)
    assert (cut.complete, cut.cursor) == (False, "Mg")
    assert not billing_events(pages, fetched_at=AT).complete  # nobody says of which period it is all


def test_an_answer_without_rows_is_a_statement_too() -> None:
    """As recorded 2026-04-16."""
    empty = '{"items":[],"next_cursor":null,"has_more":false}'
    assert billing_events([empty], fetched_at=AT, period=NOVEMBER).lines == ()


def test_read_twice_the_keys_are_the_same_and_equal_lines_stay_two() -> None:
    first = billing_events([events(EVENT, EVENT)], fetched_at=AT).lines
    again = billing_events([events(EVENT), events({**EVENT, "request_id": "z"}, EVENT)], fetched_at=AT).lines
    assert len({line.key for line in first}) == 2
    assert {line.key for line in first} <= {line.key for line in again}


def test_fal_usage_by_bucket_and_by_summary() -> None:
    row = {
        "endpoint_id": "fal-ai/infinitalk",
        "unit": "seconds",
        "quantity": 12.5,
        "unit_price": 0.2,
        "percent_discount": None,
        "cost_subtotal": 2.5,
        "cost_discount": 0,
        "cost_total": 2.5,
        "currency": "USD",
    }
    buckets = {"time_series": [{"bucket": "2026-11-15T07:00:00+00:00", "results": [row]}], "has_more": False}
    statement = usage([json.dumps(buckets)], fetched_at=AT, period=NOVEMBER)
    (line,) = statement.lines
    assert (line.amount, line.quantity, line.unit, line.aggregate) == (usd("2.5"), Decimal("12.5"), "seconds", True)
    assert (line.period, statement.per_job) == ((date(2026, 11, 15), date(2026, 11, 16)), False)
    (line,) = usage([json.dumps({"summary": [row]})], fetched_at=AT, period=NOVEMBER).lines
    assert line.period == NOVEMBER
    with pytest.raises(BadStatement, match="says nothing of time; name the period"):
        usage([json.dumps({"summary": [row]})], fetched_at=AT)


def test_runware_usage() -> None:
    row = {"date": "2026-11-18", "model": "creatify:aurora@0", "modelName": "Aurora", "count": 3, "spend": 4.76}
    answer = {"data": [{"taskType": "accountManagement", "activity": [row]}]}
    statement = usage_activity([json.dumps(answer)], fetched_at=AT, period=NOVEMBER)
    (line,) = statement.lines
    assert (line.amount, line.count, line.sku) == (usd("4.76"), 3, "creatify:aurora@0")
    assert (line.aggregate, statement.per_job, statement.complete) == (True, False, True)
    assert usage_activity([json.dumps([row])], fetched_at=AT).lines == statement.lines
    with pytest.raises(BadStatement, match="the answer is a refusal"):
        usage_activity([json.dumps({"errors": [{"code": "invalidApiKey"}]})], fetched_at=AT)


# R1 to R3 of the published charges: 11, 5.5 and 30.8 credits for 10.4 s.
DONE = {
    "id": "j1",
    "name": "attempt-1",
    "status": "done",
    "created_at": "2026-11-18T09:30:00Z",
    "audio": "https://x/a.mp3",
}


def test_creatify_jobs() -> None:
    rows = [
        {**DONE, "model_version": "aurora_v1", "credits_used": 11},
        {**DONE, "id": "j2", "model_version": "aurora_v1_fast", "credits_used": 5.5},
        {**DONE, "id": "j3", "model_version": "aurora_v2", "credits_used": "30.8"},
        {**DONE, "id": "j4", "status": "failed", "credits_used": 123},
    ]
    statement = job_list([json.dumps(rows)], fetched_at=AT, period=NOVEMBER, credit_value=Fraction(99, 500))
    amounts = [str(line.amount.amount) for line in statement.lines]
    assert amounts == ["11", "5.5", "30.8", "0"]
    assert [line.kind for line in statement.lines] == ["usage", "usage", "usage", "refund"]
    assert [line.sku for line in statement.lines][:2] == ["aurora_v1", "aurora_v1_fast"]
    assert (statement.lines[0].attempt, statement.lines[0].provider_job) == ("attempt-1", "j1")
    assert statement.complete
    running = json.dumps([*rows, {**DONE, "id": "j5", "status": "in_queue"}])
    assert not job_list([running], fetched_at=AT, period=NOVEMBER).complete


def test_a_template_job_is_of_its_model() -> None:
    row = {key: value for key, value in DONE.items() if key != "audio"} | {
        "credits_used": 5,
        "model_version": "standard",
    }
    (line,) = job_list([json.dumps({"count": 1, "next": None, "results": [row]})], fetched_at=AT).lines
    assert line.sku == "custom_template:standard"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cost_estimate_nano_usd": None, "cost_total": "NaN"}, "cost_total: is not a plain number: 'NaN'"),
        ({"cost_estimate_nano_usd": None, "cost_total": "5,5"}, "cost_total: is not a plain number: '5,5'"),
        ({"cost_estimate_nano_usd": None, "cost_total": ""}, "cost_total: is not a plain number: ''"),
        ({"cost_estimate_nano_usd": None, "cost_total": None}, "cost_total: is missing; write a number"),
        ({"cost_estimate_nano_usd": None, "cost_total": True}, "cost_total: is not a number: True"),
        ({"cost_estimate_nano_usd": 1.5}, "is not a whole number of nano-dollars: 1.5"),
        ({"request_id": None}, "request_id: is missing"),
        ({"request_id": ["a"]}, "request_id: is not a text"),
        ({"timestamp": "2026-11-18T09:30:00"}, "is not a date and time with its zone"),
        ({"timestamp": "yesterday"}, "is not a date and time with its zone"),
        ({"output_units": "x" * 10_000}, "output_units: is not a plain number"),
        ({"cost_estimate_nano_usd": 10**30}, "an amount beyond what can be kept"),
        ({"timestamp": "9999-12-31T23:59:59Z"}, "timestamp: is no day from 2000-01-01 to before 2100-01-01: '9999-12"),
        ({"timestamp": "1970-01-01T00:00:00Z"}, "timestamp: is no day from 2000-01-01 to before 2100-01-01: '1970-01"),
    ],
)
def test_a_bad_event_is_one_line_that_says_where(change: dict[str, object], said: str) -> None:
    with pytest.raises(BadStatement) as error:
        billing_events([events(EVENT, {**EVENT, **change})], fetched_at=AT, name="events.json")
    text = str(error.value)
    assert text.startswith("events.json, billing_events item 2, ")
    assert said in text
    assert "\n" not in text
    assert len(text) < 300


@pytest.mark.parametrize(
    "page",
    [
        "",
        "[",
        "null",
        "[]",
        "{}",
        '{"billing_events": {}}',
        '{"billing_events": [1]}',
        '{"billing_events": [], "has_more": "yes"}',
        '{"billing_events": [{"cost_total": NaN}]}',
        '{"billing_events": [{"cost_total": 1e999}]}',
        '{"billing_events": [], "billing_events": []}',
        "[" * 100_000,
        '{"billing_events": [{"cost_total": ' + "9" * 5000 + "}]}",
        b"\xff\xfe{}",
    ],
)
def test_an_answer_gone_wrong_is_refused_in_one_line(page: str | bytes) -> None:
    with pytest.raises(BadStatement) as error:
        billing_events([page], fetched_at=AT, name="events.json")
    assert str(error.value).startswith("events.json")
    assert "\n" not in str(error.value)


def test_half_a_character_that_json_escapes_is_read() -> None:
    (line,) = billing_events([events({**EVENT, "request_id": "a\ud800b"})], fetched_at=AT).lines
    assert line.provider_job == "a\ud800b"


def test_a_float_that_somebody_read_himself_is_refused() -> None:
    page = {"billing_events": [{**EVENT, "cost_estimate_nano_usd": None}], "has_more": False}
    with pytest.raises(BadStatement, match="is a float, which is not exact"):
        billing_events([page], fetched_at=AT)


@given(text=json_texts())
def test_whatever_an_answer_holds_it_is_read_or_refused(text: str) -> None:
    for read in (billing_events, usage, usage_activity, job_list):
        said = ""
        try:
            read([text], fetched_at=AT)
        except BadStatement as error:
            said = str(error)
        assert "\n" not in said


FOCUS = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargeCategory,ChargeClass,ChargePeriodStart,ChargePeriodEnd,"
    "ProviderName,SkuId,PricingQuantity,PricingUnit,ContractedUnitPrice,PricingCurrency,PricingCurrencyEffectiveCost,"
    "PricingCurrencyContractedUnitPrice,InvoiceId,x_ProviderJobId\n"
)


def focus(*rows: str, **more: Any) -> Statement:
    return focus_csv("\ufeff" + FOCUS + "\n".join(rows) + "\n", fetched_at=AT, **more)


def test_focus_pay_as_you_go() -> None:
    row = (
        "1.26,1.26,1.40,USD,Usage,,2026-11-18T09:00:00Z,2026-11-18T10:00:00Z,fal,aurora,10.0,Seconds,0.126,USD,,,R-1,q1"
    )
    (line,) = focus(row).lines
    assert (line.provider, line.amount, line.list_amount) == ("fal", usd("1.26"), usd("1.40"))
    assert (line.quantity, line.unit, line.unit_price) == (Decimal("10.0"), "Seconds", Decimal("0.126"))
    assert (line.invoice, line.provider_job, line.aggregate) == ("R-1", "q1", False)


def test_focus_prepaid_credits_are_not_counted_twice() -> None:
    """As the specification's own example has them: bought at BilledCost, used at EffectiveCost."""
    day = "2026-11-01T00:00:00Z,2026-12-01T00:00:00Z"
    bought = f"99,0,99,USD,Purchase,,{day},Creatify,credits,500.0,Credits,0.198,USD,,,R-2,"
    used = f"0,1.98,1.98,USD,Usage,,{day},Creatify,aurora_v1,10.0,Seconds,0.198,Creatify Credits,10,1,,"
    purchase, usage_ = focus(bought, used).lines
    assert (purchase.kind, purchase.amount) == ("purchase", usd("99"))
    assert (usage_.amount, usage_.credit_value) == (Money.of(10, "creatify-credit"), Fraction(198, 1000))
    assert usage_.aggregate


def test_focus_in_another_currency_and_versions() -> None:
    row = (
        "1.30,1.30,1.40,EUR,Usage,,2026-11-18T09:00:00Z,2026-11-18T10:00:00Z,fal,aurora,10.0,Seconds,,USD,1.40,,R-1,q1"
    )
    (line,) = focus(row).lines
    assert (line.amount, line.priced) == (Money.of("1.30", "EUR"), usd("1.40"))
    newer = (FOCUS + row).replace("ProviderName", "ServiceProviderName")
    (line,) = focus_csv(newer, fetched_at=AT).lines
    assert line.provider == "fal"
    (line,) = focus_csv(newer, fetched_at=AT, provider="acme").lines
    assert line.provider == "acme"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Usage", "usages", "ChargeCategory: is none of FOCUS: 'usages'"),
        ("1.26,1.26", "$1.26,$1.26", "EffectiveCost: is not a plain number: '$1.26'"),
        ("USD,Usage", "€,Usage", "is not the name of a currency"),
        ("2026-11-18T10:00:00Z", "2026-11-17T10:00:00Z", "ChargePeriodEnd: is before 2026-11-18"),
        (",fal,", ",,", "names no provider"),
        ("2026-11-18T09:00:00Z", "18/11/2026", "ChargePeriodStart: is not a date and time with its zone"),
    ],
)
def test_a_bad_focus_row_is_one_line(old: str, new: str, said: str) -> None:
    row = (
        "1.26,1.26,1.40,USD,Usage,,2026-11-18T09:00:00Z,2026-11-18T10:00:00Z,fal,aurora,10.0,Seconds,0.126,USD,,,R-1,q1"
    )
    with pytest.raises(BadStatement, match=r"^FOCUS, line 2, ") as error:
        focus(row.replace(old, new, 1))
    assert said in str(error.value)


def test_one_door_for_all() -> None:
    mapping = read_mapping(
        'provider = "a"\n[columns]\namount = "x"\ncharged_at = "d"\n[constants]\ncurrency = "USD"', "m"
    )
    saved: dict[Source, str | bytes] = {
        "fal-billing-events": events(EVENT),
        "fal-usage": '{"time_series": []}',
        "runware-usage": "[]",
        "creatify-jobs": json.dumps([{**DONE, "credits_used": 1}]),
        "csv": "d,x\n2026-11-18,1\n",
        "focus": (FOCUS + "1,1,1,USD,Tax,,2026-11-18,2026-11-19,fal,,,,,,,,,\n").encode(),
    }
    assert set(saved) == set(SOURCES)
    for source, data in saved.items():
        found = read_statement(source, [data], fetched_at=AT, mapping=mapping)
        assert (found.source, len(found.lines)) == (source, 0 if source in ("fal-usage", "runware-usage") else 1)
    with pytest.raises(BadStatement, match="a CSV needs a mapping; name its TOML file"):
        read_statement("csv", ["a,b"], fetched_at=AT)
    with pytest.raises(BadStatement, match="is no source; known: fal-billing-events"):
        read_statement("fal", ["{}"], fetched_at=AT)  # type: ignore[arg-type]
    with pytest.raises(BadStatement, match="Parquet"):
        read_statement("focus", [b"PAR1 and nothing more"], fetched_at=AT)


def test_parquet_takes_pyarrow_or_says_so() -> None:
    with pytest.raises(BadStatement, match="Parquet"):
        focus_parquet(b"not one", fetched_at=AT)


def test_parquet_is_read_as_the_same_rows() -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    cents = arrow.decimal128(20, 9)
    columns: dict[str, Any] = {
        "BilledCost": arrow.array([Decimal("1.26")], cents),
        "BillingCurrency": ["USD"],
        "ChargeCategory": ["Usage"],
        "ChargePeriodStart": arrow.array([datetime(2026, 11, 18, 9, tzinfo=UTC)]),
        "ChargePeriodEnd": arrow.array([datetime(2026, 11, 18, 10, tzinfo=UTC)]),
        "ServiceProviderName": ["fal"],
        "PricingQuantity": arrow.array([Decimal(10)], cents),
        "InvoiceId": arrow.array([None], arrow.string()),
    }
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(columns), sink)
    (line,) = focus_parquet(sink.getvalue().to_pybytes(), fetched_at=AT).lines
    assert (line.amount, line.quantity, line.invoice) == (usd("1.26"), Decimal(10), None)
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(columns | {"BilledCost": [1.26]}), sink)
    with pytest.raises(BadStatement, match="row 1, BilledCost: is a float, which is not exact"):
        focus_parquet(sink.getvalue().to_pybytes(), fetched_at=AT)
