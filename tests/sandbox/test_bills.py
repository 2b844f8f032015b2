"""What is truly billed, and what each provider's own bills show of it, and when."""

from decimal import Decimal
from typing import cast

import pytest

from router.sandbox.latency import Latency
from router.sandbox.wire import Ask, dumps

from .direct import BORN, ENV, KEYS, Direct
from .talker import Json, items, member, task

CREDIT = "creatify-credit"
WORTH = {"fal": ("USD", "1.4"), "runware": ("USD", "1.4"), "creatify": (CREDIT, "10")}
PROVIDERS = tuple(WORTH)


def billed(direct: Direct, index: int = 0) -> list[tuple[str, str]]:
    return [(str(row["what"]), str(row["amount"])) for row in items(direct.jobs()[index]["billed"])]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("fault", "status", "due"),
    [
        ("double-bill", "done", 2),
        ("bill-failed", "failed", 1),
        ("fail", "failed", 0),
        ("late-bill-100", "failed", 0),
        ("stuck", "running", 0),
        ("cost-zero", "done", 1),
    ],
)
def test_the_truth_is_what_the_fault_says(provider: str, fault: str, status: str, due: int) -> None:
    direct = Direct(f"{fault}:{provider}")
    direct.submit(provider)
    direct.hand.pass_s(11)
    currency, price = WORTH[provider]
    prepaid = 1 if (provider, fault) == ("creatify", "stuck") else 0
    assert direct.jobs()[0]["status"] == status
    assert Decimal(direct.total(currency)) == Decimal(price) * (due + prepaid)
    direct.hand.pass_s(100)
    late = 1 if fault == "late-bill-100" else 0
    assert Decimal(direct.total(currency)) == Decimal(price) * (due + prepaid + late)
    assert billed(direct) == [] or sum(Decimal(amount) for _, amount in billed(direct)) == Decimal(
        direct.total(currency)
    )


def test_a_failed_job_at_creatify_is_debited_and_refunded() -> None:
    direct = Direct("fail:creatify")
    direct.submit("creatify")
    balance = f"{ENV['FAREGATE_CREATIFY_URL']}/api/remaining_credits/"
    assert direct.ask("GET", balance, "creatify").json == {"remaining_credits": 9990}
    direct.hand.pass_s(10)
    assert direct.ask("GET", balance, "creatify").json == {"remaining_credits": 10_000}
    assert billed(direct) == [("debit", "10"), ("refund", "-10")]


@pytest.mark.parametrize(
    ("fault", "status", "word"), [("rejected", "rejected", "reject"), ("credits-gone", "failed", "credits")]
)
def test_creatify_ends_a_job_in_its_own_ways(fault: str, status: str, word: str) -> None:
    direct = Direct(fault)
    direct.submit("creatify")
    direct.hand.pass_s(10)
    told = direct.look().json
    assert (told["status"], told["credits_used"]) == (status, 0)
    assert word in str(told["failed_reason"])
    assert direct.total(CREDIT) == "0"


def test_creatify_rejects_and_keeps_the_credits_where_both_are_asked_for() -> None:
    direct = Direct("rejected", "bill-failed:creatify")
    direct.submit("creatify")
    direct.hand.pass_s(10)
    assert direct.look().json["status"] == "rejected"
    assert direct.total(CREDIT) == "10"


def test_a_refusal_for_its_content_is_billed_at_fal_only() -> None:
    direct = Direct("fail-422:*:3")
    for provider in PROVIDERS:
        direct.submit(provider)
    direct.hand.pass_s(10)
    told = direct.look(0)
    assert (told.status, told.answer.headers["x-fal-billable-units"]) == (422, "1.4")
    assert items(told.json["detail"])[0]["type"] == "content_policy_violation"
    assert items(direct.look(1).json["errors"])[0]["code"] == "contentPolicyViolation"
    assert direct.look(2).json["status"] == "failed"
    assert (direct.total(), direct.total(CREDIT)) == ("1.4", "0")


@pytest.mark.parametrize(
    ("kind", "units"),
    [("cost-zero", "0"), ("cost-negative", "-1.4"), ("cost-huge", "1400"), ("cost-word", "n/a"), ("no-cost", None)],
)
def test_fal_says_wrong_units_and_bills_the_right_ones(kind: str, units: str | None) -> None:
    direct = Direct(f"{kind}:fal")
    direct.submit("fal")
    direct.hand.pass_s(10)
    assert direct.look().answer.headers.get("x-fal-billable-units") == units
    assert direct.total() == "1.4"


@pytest.mark.parametrize(
    ("kind", "said"), [("cost-zero", 0), ("cost-negative", -10), ("cost-huge", 10_000), ("cost-word", "n/a")]
)
def test_the_others_say_wrong_costs_too(kind: str, said: object) -> None:
    direct = Direct(f"{kind}:*:2")
    direct.submit("creatify")
    direct.submit("runware")
    direct.hand.pass_s(10)
    assert direct.look(0).json["credits_used"] == said
    cost = items(direct.look(1).json["data"])[0]["cost"]
    assert cost == (said if said in (0, "n/a") else Decimal(str(said)) * Decimal("0.14"))
    assert (direct.total(), direct.total(CREDIT)) == ("1.4", "10")


@pytest.mark.parametrize(("failing", "good"), [(1, 2), (2, 1), (3, 0), (9, 0)])
def test_some_results_fail_and_only_the_others_cost(failing: int, good: int) -> None:
    direct = Direct(f"partial-{failing}")
    direct.submit("runware", numberResults=3)
    direct.hand.pass_s(10)
    told = direct.look().json
    assert len(items(told["data"])) == good
    assert [error["resultIndex"] for error in items(told["errors"])] == list(range(good, 3))
    assert Decimal(direct.total()) == good * Decimal("1.4")
    assert direct.jobs()[0]["status"] == ("done" if good else "failed")


def test_a_poll_repeats_what_is_finished_and_bills_it_once() -> None:
    direct = Direct("repeated")
    direct.submit("runware", numberResults=2)
    direct.hand.pass_s(5)
    assert [item["status"] for item in items(direct.look().json["data"])] == ["success", "success", "processing"]
    direct.hand.pass_s(5)
    data = items(direct.look().json["data"])
    assert [item["resultIndex"] for item in data] == [0, 0, 1, 1]
    assert data[0] == data[1]
    assert direct.total() == "2.8"


def test_a_conflict_hides_an_accepted_task() -> None:
    direct = Direct("conflict")
    told = direct.submit("runware")
    assert (told.status, items(told.json["errors"])[0]["code"]) == (400, "conflictTaskUUID")
    direct.hand.pass_s(10)
    assert len(items(direct.look().json["data"])) == 1
    assert direct.total() == "1.4"


@pytest.mark.parametrize(("faults", "due"), [((), "0"), (("cancel-billed",), "1.4")])
def test_a_cancel_in_the_queue(faults: tuple[str, ...], due: str) -> None:
    direct = Direct(*faults)
    receipt = direct.submit("fal").json
    assert direct.ask("PUT", str(receipt["cancel_url"]), "fal").status == 202
    direct.hand.pass_s(100)
    told = direct.look()
    assert (told.status, told.answer.headers["x-fal-billable-units"]) == (499, "0")
    assert direct.total() == due
    assert len(events(direct)) == (1 if faults else 0)


def test_a_cancel_while_it_runs_stops_nothing() -> None:
    direct = Direct()
    receipt = direct.submit("fal").json
    direct.hand.pass_s(5)
    assert direct.ask("PUT", str(receipt["cancel_url"]), "fal").status == 202
    direct.hand.pass_s(5)
    assert direct.look().status == 200
    assert direct.total() == "1.4"


def events(direct: Direct, **query: str) -> list[Json]:
    return items(direct.platform("models/billing-events", **query).json["billing_events"])


def test_fals_billing_events_show_every_charge_after_a_while() -> None:
    direct = Direct("double-bill:fal", "bill-failed:fal")
    direct.submit("fal")
    direct.submit("fal", resolution="480p")
    direct.submit("fal")
    direct.hand.pass_s(29.9)
    assert events(direct) == []
    direct.hand.pass_s(0.1)
    rows = events(direct)
    first, second, third = (str(job["id"]) for job in direct.jobs())
    assert sorted(str(row["request_id"]) for row in rows) == sorted([first, first, second, third])
    assert rows[0] == {
        "request_id": first,
        "endpoint_id": "fal-ai/creatify/aurora",
        "timestamp": "2026-11-30T12:00:10+00:00",
        "output_units": Decimal("1.4"),
        "unit_price": 1,
        "percent_discount": 0,
        "cost_subtotal": Decimal("1.4"),
        "cost_discount": 0,
        "cost_total": Decimal("1.4"),
        "cost_estimate_nano_usd": 1_400_000_000,
    }
    assert sum(Decimal(str(row["cost_total"])) for row in rows) == Decimal(direct.total())
    assert [row["request_id"] for row in events(direct, request_id=second)] == [second]


def test_billing_events_come_in_pages_and_spans() -> None:
    direct = Direct(billing_lag_s=0)
    for _ in range(5):
        direct.submit("fal")
    direct.hand.pass_s(10)
    page = direct.platform("models/billing-events", limit="2").json
    assert (len(items(page["billing_events"])), page["has_more"]) == (2, True)
    last = direct.platform("models/billing-events", limit="2", cursor="Mw==").json
    assert (len(items(last["billing_events"])), last["has_more"], last["next_cursor"]) == (1, False, None)
    assert events(direct, end="2026-11-30T12:00:10+00:00") == []
    assert len(events(direct, start="2026-11-30T12:00:10Z")) == 5
    for bad in (
        {"limit": "0"},
        {"limit": "x"},
        {"start": "x"},
        {"cursor": "%%"},
        {"start": "2026-01-01", "end": "2026-11-30"},
    ):
        assert direct.platform("models/billing-events", **bad).status == 400


@pytest.mark.parametrize("path", ["models/billing-events", "models/usage", "account/billing"])
def test_fals_bills_want_the_admin_key(path: str) -> None:
    direct = Direct()
    told = direct.platform(path, "fal")
    assert told.status == 403
    assert "Admin API key" in str(member(told.json, "error")["message"])
    assert direct.platform(path, "runware").status == 401
    assert direct.platform(path).status == 200
    assert direct.platform("models/pricing", endpoint_id="fal-ai/creatify/aurora").status == 200


def test_fals_usage_is_the_sum_of_its_events_by_hour() -> None:
    direct = Direct(billing_lag_s=0)
    for _ in range(3):
        direct.submit("fal")
        direct.hand.pass_s(3600)
    told = direct.platform("models/usage", expand="time_series,summary").json
    series = items(told["time_series"])
    assert [row["bucket"] for row in series] == [BORN.replace(hour=12 + n).isoformat() for n in range(3)]
    assert [items(row["results"])[0]["cost_total"] for row in series] == [Decimal("1.4")] * 3
    assert items(told["summary"])[0]["cost_total"] == Decimal(direct.total())
    day = direct.platform("models/usage", timeframe="day").json
    assert len(items(day["time_series"])) == 1
    assert direct.platform("models/usage", timeframe="year").status == 400
    balance = member(direct.platform("account/billing", expand="credits").json, "credits")
    assert balance == {"current_balance": Decimal("9995.8"), "currency": "USD"}


@pytest.mark.parametrize(("kind", "units", "due"), [("price-rise", "10", "1.75"), ("price-later", "10", "1.4")])
def test_a_price_may_change_while_a_job_runs(kind: str, units: str, due: str) -> None:
    """Where a unit is a second, what the pricing API says afterwards is not always what was billed."""
    direct = Direct(f"{kind}:fal", fal_unit="seconds", billing_lag_s=0)
    direct.submit("fal")
    direct.hand.pass_s(10)
    (price,) = items(direct.platform("models/pricing", endpoint_id="fal-ai/creatify/aurora").json["prices"])
    assert price["unit_price"] == Decimal("0.175"), "the new one, in both cases"
    assert direct.look().answer.headers["x-fal-billable-units"] == units
    assert direct.total() == due
    (event,) = events(direct)
    assert Decimal(str(event["output_units"])) * Decimal(str(event["unit_price"])) == Decimal(due)


@pytest.mark.parametrize("provider", ["runware", "creatify"])
def test_a_price_rise_is_in_what_is_said_and_stays(provider: str) -> None:
    direct = Direct(f"price-rise:{provider}")
    for _ in range(2):
        direct.submit(provider)
    direct.hand.pass_s(10)
    currency, price = WORTH[provider]
    assert Decimal(direct.total(currency)) == Decimal(price) * Decimal("2.5")


def test_runwares_account_and_activity() -> None:
    direct = Direct("fail:runware~failing", "double-bill:runware~doubled", billing_lag_s=60)
    for prompt in ("failing", "doubled", "good"):
        direct.submit("runware", positivePrompt=prompt)
    direct.submit("runware", model="creatify:aurora@fast", numberResults=2)
    direct.hand.pass_s(10)
    details = items(direct.managed("accountManagement", operation="getDetails").json["data"])[0]
    assert member(details, "balance") == {"amount": Decimal("9994.4"), "freeBalance": 0, "currency": "USD"}
    assert member(member(details, "usage"), "today") == {"credits": 0, "requests": 0}, "not shown yet"
    direct.hand.pass_s(60)
    details = items(direct.managed("accountManagement", operation="getDetails").json["data"])[0]
    assert member(member(details, "usage"), "total") == {"credits": Decimal("5.6"), "requests": 4}
    span = {"startDate": "2026-11-29", "endDate": "2026-11-30"}
    (told,) = items(
        direct.managed("accountManagement", operation="getUsageActivity", groupBy="model", **span).json["data"]
    )
    assert [(row["model"], row["count"], row["spend"], row["serverErrors"]) for row in items(told["rows"])] == [
        ("creatify:aurora@0", 3, Decimal("4.2"), 1),
        ("creatify:aurora@fast", 1, Decimal("1.4"), 0),
    ]
    assert member(told, "meta")["totalSpend"] == Decimal(direct.total())
    (days,) = items(direct.managed("accountManagement", operation="getUsageActivity", **span).json["data"])
    assert [row["date"] for row in items(days["rows"])] == ["2026-11-30"]
    for bad in ({"startDate": "2026-10-01", "endDate": "2026-11-30"}, {}, {**span, "groupBy": "moon"}):
        assert direct.managed("accountManagement", operation="getUsageActivity", **bad).status == 400


def test_money_runs_out_everywhere() -> None:
    direct = Direct(usd="2", creatify_credits=15)
    codes = {name: [direct.submit(name).status for _ in range(1)] for name in PROVIDERS}
    direct.hand.pass_s(10)
    for name in PROVIDERS:
        codes[name].append(direct.submit(name).status)
        direct.hand.pass_s(10)
        codes[name].append(direct.submit(name).status)
    assert codes == {"fal": [200, 200, 403], "runware": [200, 402, 402], "creatify": [201, 402, 402]}


def test_a_dry_run_prices_and_makes_nothing() -> None:
    direct = Direct()
    assert direct.submit("runware").status == 200
    headers = {**KEYS["runware"], "X-Runware-Dry-Run": "1"}
    asked = Ask.of("POST", ENV["FAREGATE_RUNWARE_URL"], headers, dumps([task(numberResults=2)]).encode())
    answer = direct.market.answer(asked)
    assert b'"cost":2.8' in answer.body
    assert direct.market.bill()["accepted"] == 1


@pytest.mark.parametrize(
    ("fields", "seconds", "credits_"),
    [
        ({"resolution": "480p"}, "59.7", "24"),
        ({}, "10", "7"),
        ({"resolution": "1080p"}, "0.5", "1.4"),
        ({"resolution": "2k"}, "14.375", "42"),
        ({"resolution": "2k"}, "14.376", None),
        ({"resolution": "4k"}, "1", None),
        ({"resolution": []}, "1", None),
        ({}, "59.8", None),
    ],
)
def test_aurora_v2_by_resolution_and_length(fields: Json, seconds: str, credits_: str | None) -> None:
    direct = Direct()
    audio = f"https://x.example/a.mp3?seconds={seconds}"
    told = direct.submit("creatify", hook=None, model_version="aurora_v2", audio=audio, **fields)
    assert told.status == (400 if credits_ is None else 201)
    assert direct.total(CREDIT) == (credits_ or "0")


def test_latency_is_by_provider_by_length_and_drawn_alike_with_a_seed() -> None:
    latency = {
        "creatify": Latency(5, per_second_s=10),
        "fal": Latency(10, queue_s=30, spread=2),
    }
    first, second, other = (Direct(seed=seed, latency=latency) for seed in (7, 7, 8))
    ends: list[list[object]] = []
    for direct in (first, second, other):
        direct.submit("creatify")
        direct.submit("fal")
        status_url = f"{ENV['FAREGATE_FAL_QUEUE_URL']}/fal-ai/creatify/requests/{direct.jobs()[1]['id']}/status"
        seen: list[object] = []
        for _ in range(90):
            direct.hand.pass_s(1)
            seen.append(direct.ask("GET", status_url, "fal").json["status"])
        ends.append(seen)
        assert direct.jobs()[0]["status"] == "running", "5 s and 10 s for each of the 9.4 s"
        direct.hand.pass_s(9.1)
        assert direct.jobs()[0]["status"] == "done"
    assert ends[0] == ends[1] != ends[2]
    assert 15 <= ends[0].count("IN_QUEUE") <= 60
    assert 5 <= ends[0].count("IN_PROGRESS") + 1 <= 21
    for bad in (lambda: Latency(-1), lambda: Latency(spread=0.5), lambda: Direct(latency={"acme": Latency()})):
        with pytest.raises(ValueError, match=r".+"):
            cast("object", bad())
