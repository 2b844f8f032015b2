"""A report of a usual month, always the same: three providers, credits, breaks; its sums agree. No chance, no clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from ledger.forecast.values import Forecast, Track
from ledger.reconcile.values import Break, BreakStatus, Cause, Word
from ledger.report.values import (
    Accuracy,
    Anomaly,
    BurnDown,
    BurnPoint,
    Cell,
    Drift,
    Exposure,
    LotLeft,
    Refused,
    Report,
    Runway,
    Totals,
)
from pricing import Money

FIRST, AFTER = date(2026, 11, 1), date(2026, 12, 1)
NOW = datetime(2026, 11, 24, 9, 20, tzinfo=UTC)
DAYS = (NOW.date() - FIRST).days + 1
ZERO = Money.zero("USD")


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def _total(amounts: "list[Money]") -> Money:
    return sum(amounts, ZERO)


OFFERS = (
    # provider, offer, price of a job, jobs on a usual weekday
    ("creatify", "creatify/aurora_v1", usd("4.6046"), 5),
    ("creatify", "creatify/aurora_v1_fast", usd("2.3023"), 3),
    ("fal", "fal/fal-ai/creatify/aurora", usd("1.40"), 9),
    ("runware", "runware/creatify:aurora@fast", usd("0.5643"), 14),
    ("runware", "runware/creatify:aurora@0", usd("1.1286"), 6),
)
SHARES = (("acme/autumn", 4), ("acme/always-on", 3), ("acme/research/voices", 2), ("globex/launch", 3))


TEAMS = (("ads", 7), ("learning", 3), ("", 2))


def _jobs(day: int, usual: int, place: int) -> int:
    weekday = (FIRST + timedelta(days=day)).weekday()
    shape = (10, 11, 12, 11, 9, 3, 2)[weekday]
    burst = 3 if (day, place) == (16, 2) else 1
    return usual * shape * burst * (90 + (day * 37 + place * 53) % 25) // 1000


def _part(jobs: int, twelfths: tuple[int, int]) -> int:
    """Those from one twelfth to another: the parts of a whole sum to it."""
    first, after = twelfths
    return jobs * after // 12 - jobs * first // 12


def _cells(key: Callable[[int, int], dict[str, str]], part: tuple[int, int] = (0, 12)) -> list[Cell]:
    found: dict[tuple[tuple[str, str], ...], Cell] = {}
    for day in range(DAYS):
        for place, (_, _, price, usual) in enumerate(OFFERS):
            jobs = _part(_jobs(day, usual, place), part)
            open_jobs = _part(min(_jobs(day, usual, place), 2), part) if day == DAYS - 1 else 0
            settled, billed = price * (jobs - open_jobs), day < DAYS - 3
            keys = key(day, place)
            cell = Cell(
                keys,
                "USD",
                jobs,
                held=price * open_jobs,
                settled=settled,
                provisional=ZERO if billed else settled,
                invoiced=settled if billed else None,
            )
            old = found.get(tuple(keys.items()))
            found[tuple(keys.items())] = cell if old is None else _plus(old, cell)
    return list(found.values())


def _parts(name: str, parts: tuple[tuple[str, int], ...]) -> tuple[Cell, ...]:
    """A cell for each value, of as many twelfths of all jobs."""
    found, first = list[Cell](), 0
    for value, twelfths in parts:

        def key(_day: int, _place: int, value: str = value) -> dict[str, str]:
            return {name: value}

        found += _cells(key, (first, first + twelfths))
        first += twelfths
    return tuple(found)


def _plus(one: Cell, other: Cell) -> Cell:
    billed = [each.invoiced for each in (one, other) if each.invoiced is not None]
    return replace(
        one,
        jobs=one.jobs + other.jobs,
        held=one.held + other.held,
        settled=one.settled + other.settled,
        provisional=one.provisional + other.provisional,
        invoiced=_total(billed) if billed else None,
    )


def _burn(scope: str, limit: Money | None, twelfths: int, ahead: tuple[str, str, str] | None) -> BurnDown:
    points: list[BurnPoint] = []
    days = _cells(lambda day, _: {"day": str(day)})
    spent = 0
    for place, cell in enumerate(days):
        spent += cell.settled.nanos * twelfths // 12
        held = (
            cell.held.nanos * twelfths // 12
            if place == DAYS - 1
            else (4_000_000_000 + place % 5 * 1_900_000_000) * twelfths // 12
        )
        points.append(BurnPoint(FIRST + timedelta(days=place), Money(spent, "USD"), Money(held, "USD")))
    burn = BurnDown(scope, "month", "USD", FIRST, AFTER, limit, tuple(points), None)
    return burn if ahead is None else replace(burn, forecast=_forecast(burn, *ahead))


def _forecast(burn: BurnDown, expected: str, low: str, high: str) -> Forecast:
    now, past = burn.points[-1], burn.limit is not None and usd(expected) > burn.limit
    return Forecast(
        scope=burn.scope,
        currency="USD",
        window=(FIRST, AFTER),
        at=NOW,
        spent=now.spent,
        held=now.held,
        planned=ZERO,
        credits=usd("18.40"),
        expected=usd(expected),
        low=usd(low) if low else None,
        high=usd(high) if high else None,
        coverage=(31, 38) if low else None,
        limit=burn.limit,
        burn_rate=usd("34.118204"),
        exhausts_on=date(2026, 11, 28) if past else None,
        runway_days=4 if past else 11,
        basis=f"mean of 42 days in the shape of a week; {now.held} of open holds is part of the usual pace",
        method="weekday mean",
        changed_on=None,
        naive=usd(expected),
        track=Track(6, Fraction(87, 1000), Fraction(3, 4), (5, 6)),
    )


def _break(number: int, kind: Cause, amount: Money, days: int, status: BreakStatus, why: str, todo: str = "") -> Break:
    due = NOW - timedelta(days=days)
    said = Word(f"break-{number}", "disputed", "ines", "asked fal on 2026-11-19", NOW, f"print-{number}")
    return Break(
        id=f"break-{number}",
        kind=kind,
        provider=("fal", "runware", "creatify")[number % 3],
        job=f"job-{4100 + 7 * number}",
        amount=amount,
        expected_by=due if status != "pending" else NOW + timedelta(days=2),
        age_days=days,
        status=status,
        evidence=(f"line-{number}",),
        suggestion=todo,
        why=why,
        fingerprint=f"print-{number}",
        month="2026-11",
        word=said if status == "disputed" else None,
    )


def _breaks() -> tuple[Break, ...]:
    return (
        _break(0, "unit_price", usd("-1.23"), 22, "open", "41 charges at 0.07 USD a second, not 0.10", "see drift"),
        _break(1, "duplicate", usd("1.1286"), 9, "open", "two lines bear the same task", "dispute it with Runware"),
        _break(2, "unknown_charge", Money.of("30.8", "creatify-credit"), 4, "open", "no job of ours has this id",
               "might be job-3991: same length, 3 minutes earlier"),
        _break(3, "missing_invoice", usd("-1.40"), 1, "open", "settled on 2026-11-21, billed nowhere"),
        _break(4, "quantity", usd("0.5643"), 34, "disputed", "billed 12 s, delivered 9.4 s"),
        _break(5, "late_charge_after_release", usd("2.3023"), 12, "accepted", "charged 40 minutes after its release"),
        _break(6, "missing_invoice", usd("-4.6046"), 0, "pending", "not due before 2026-11-26"),
    )  # fmt: skip


def sample() -> Report:
    """November 2026, as it stood on the 24th."""
    by_day = _cells(lambda day, place: {"day": str(FIRST + timedelta(days=day)), "provider": OFFERS[place][0]})
    by_offer = _cells(lambda _, place: {"provider": OFFERS[place][0], "offer": OFFERS[place][1]})
    exposures = _exposures()
    settled = _total([cell.settled for cell in by_day])
    totals = Totals(
        currency="USD",
        jobs=sum(cell.jobs for cell in by_day),
        held=_total([cell.held for cell in by_day]),
        settled=settled,
        provisional=_total([cell.provisional for cell in by_day]),
        invoiced=_total([cell.invoiced for cell in by_day if cell.invoiced is not None]),
        exposed=_total([one.amount for one in exposures]),
        before=usd("911.277"),
    )
    return Report(
        title="November 2026",
        made_at=NOW,
        period=(FIRST, AFTER),
        tz="UTC",
        scope=None,
        totals=(totals,),
        by_day=tuple(by_day),
        by_offer=tuple(by_offer),
        by_scope=_parts("scope", SHARES),
        by_tag=_parts("tag:team", TEAMS),
        burn_downs=_burn_downs(settled),
        runways=_runways(),
        accuracy=_accuracy(),
        exposures=exposures,
        breaks=_breaks(),
        drift=_drift(),
        anomalies=_anomalies(),
        refusals=_refusals(),
        notes=(
            "No bill was imported for the days from 2026-11-22 on: their invoiced amounts are not known.",
            "globex/launch has no band: fewer than 10 checks of one could be made.",
        ),
        forecasts=(_all_of(totals),),
    )


def _all_of(totals: Totals) -> Forecast:
    """Where all of it is headed: some of it no budget is set for."""
    burn = BurnDown(
        "*", "month", "USD", FIRST, AFTER, None, (BurnPoint(NOW.date(), totals.settled, totals.held),), None
    )
    ahead = _forecast(burn, "1294.113827", "1240.36", "1371.9")
    return replace(ahead, exhausts_on=None, runway_days=None, burn_rate=usd("43.476"), naive=usd("1311.742"),
                   changed_on=date(2026, 10, 21), planned=usd("12.50"))  # fmt: skip


def _burn_downs(settled: Money) -> tuple[BurnDown, ...]:
    def of(percent: int) -> str:
        return str(Money(settled.nanos * percent // 100, "USD").amount)

    return (
        _burn("acme", usd("1000"), 9, (of(93), of(89), of(98))),
        _burn("acme/autumn", usd("400"), 4, (of(42), of(39), of(45))),
        _burn("acme/always-on", usd("400"), 3, (of(31), of(29), of(33))),
        _burn("globex/launch", usd("500"), 3, (of(31), "", "")),
        _burn("acme/research/voices", None, 2, None),
    )


def _runways() -> tuple[Runway, ...]:
    def credits_(amount: str) -> Money:
        return Money.of(amount, "creatify-credit")

    lots = (
        LotLeft("2026-09 API Starter", credits_("84.5"), usd("83.655"), date(2026, 12, 2)),
        LotLeft("2026-10 API Pro", credits_("1310"), usd("195.845"), date(2027, 1, 14)),
        LotLeft("2026-11 API Pro", credits_("2000"), usd("299"), date(2027, 2, 12)),
    )
    return (
        Runway(
            "creatify", "creatify-credit", credits_("3394.5"), usd("578.5"), credits_("61.27"), date(2027, 1, 18), lots
        ),
    )


def _accuracy() -> tuple[Accuracy, ...]:
    def of(offer: str, resolution: str, jobs: int, *thousandths: int) -> Accuracy:
        p10, p50, p90, worst = (Fraction(one, 1000) for one in thousandths)
        return Accuracy(offer, {"resolution": resolution}, jobs, p10, p50, p90, worst)

    return (
        of("creatify/aurora_v1", "720p", 141, 1000, 1000, 1000, 1000),
        of("fal/fal-ai/creatify/aurora", "480p", 41, 700, 700, 712, 1013),
        of("fal/fal-ai/creatify/aurora", "720p", 162, 988, 1003, 1041, 1187),
        of("runware/creatify:aurora@fast", "720p", 288, 996, 1000, 1009, 1064),
        of("runware/creatify:aurora@0", "720p", 117, 980, 1016, 1092, 1310),
    )


def _exposures() -> tuple[Exposure, ...]:
    def of(job: str, scope: str, provider: str, state: str, amount: str, hours: int, reason: str) -> Exposure:
        return Exposure(job, scope, provider, state, usd(amount), NOW - timedelta(hours=hours), reason)

    return (
        of("job-4188", "acme/autumn", "fal", "unknown", "5.60", 61, "the connection broke after the request was sent"),
        of("job-4203", "globex/launch", "creatify", "parked", "9.2092", 30, "billed 11.80 USD, above twice its quote"),
        of("job-4219", "acme/always-on", "runware", "unknown", "1.1286", 3, "answered with status 502"),
    )


def _drift() -> tuple[Drift, ...]:
    said = "fal/fal-ai/creatify/aurora 480p: 41 charges support 0.07 USD per second, none 0.1 since 2026-11-02"
    return (Drift("fal/fal-ai/creatify/aurora", {"resolution": "480p"}, "0.1", "0.07", 41, date(2026, 11, 2), said),)


def _anomalies() -> tuple[Anomaly, ...]:
    return (
        Anomaly(date(2026, 11, 17), "spend", "fal 42.00 USD", "14.10 USD", "three times its usual Tuesday"),
        Anomaly(date(2026, 11, 20), "failures", "14 of 58 jobs", "1 of 52 jobs", "Runware answered 502 for two hours"),
    )


def _refusals() -> tuple[Refused, ...]:
    return (
        Refused(
            "acme/autumn", "budget", 7, usd("32.2322"), NOW - timedelta(hours=5), "4.6046 USD asked, 2.18 USD left"
        ),
        Refused(
            "globex/launch", "frozen", 2, None, NOW - timedelta(days=3), "frozen by ines: wait for the new contract"
        ),
    )


def bare() -> Report:
    """A period of which nothing is known."""
    empty: tuple[()] = ()
    return Report(
        "Nothing yet", NOW, (FIRST, AFTER), "UTC", None, empty, empty, empty, empty, empty, empty, empty, empty, empty,
        empty, empty, empty, empty, empty,
    )  # fmt: skip
