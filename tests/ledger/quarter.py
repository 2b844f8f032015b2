"""A quarter of made-up business: three providers, credits and dollars, bills that agree, and errors planted in them.

`quarter(jobs, each)` plants `each` errors of every cause and says which, where and of what exact amount. The bills are
made as the providers write them and go through the readers.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from ledger.reconcile.values import Cause, Claimed, QuotedLine
from ledger.statement.creatify import job_list
from ledger.statement.fal import billing_events
from ledger.statement.lines import Statement
from ledger.statement.mapped import mapped_csv
from ledger.statement.mapping import read_mapping
from ledger.statement.runware import usage_activity
from pricing import Money, Span, usd

FIRST, END = date(2026, 7, 1), date(2026, 10, 1)
FETCHED = datetime(2026, 10, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
STARTER = Fraction(99, 500)
EUR = Fraction(108, 100)
CREDIT = "creatify-credit"
_ONE = Fraction(1)
_FRACTIONS = dict[Decimal, Fraction]()
_FAL = {
    "fal-ai/creatify/aurora": Decimal("0.14"),
    "veed/fabric-1.0": Decimal("0.08"),
    "fal-ai/flashtalk": Decimal("0.02"),
}
_CREATIFY = {"aurora_v1": Decimal(1), "aurora_v1_fast": Decimal("0.5"), "aurora_v2": Decimal("0.7")}
_RUNWARE = {"creatify:aurora@0": Decimal("0.14"), "creatify:aurora@fast": Decimal("0.07")}
_SPARE = tuple(f"acme:avatar@{number}" for number in range(12))
"""Models of Runware that only planted sums are of, one a month."""
MAPPING = """
provider = "fal"
[file]
delimiter = ";"
decimal = ","
thousands = "."
date = "%d.%m.%Y %H:%M"
zone = "UTC"
[columns]
amount = "Betrag"
currency = "Währung"
charged_at = "Datum"
provider_job = "Auftrag"
quantity = "Menge"
priced = "Preis"
kind = "Art"
invoice = "Rechnung"
[constants]
unit = "s"
priced_currency = "USD"
[kinds]
"Nutzung" = "usage"
"Steuer" = "tax"
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """One error: its cause, where it is, and its exact amount."""

    cause: Cause
    job: str | None
    where: str
    """The provider's job, or SKU and month of a sum."""
    amount: Money


@dataclass(slots=True)
class Quarter:
    """What goes in, and what has to come out."""

    claims: list[Claimed] = field(default_factory=list[Claimed])
    statements: list[Statement] = field(default_factory=list[Statement])
    planted: list[Planted] = field(default_factory=list[Planted])


@dataclass(slots=True)
class _Job:
    """One job while it is made: our side, and its line, which planting bends."""

    claim: Claimed
    seconds: int
    price: Decimal
    line: dict[str, object]
    more: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    billed: bool = True
    credit_value: Fraction | None = None


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.quarter = Quarter()
        self.jobs = dict[str, list[_Job]](fal=[], creatify=[])
        self.invoice = list[str]()
        self.usage: dict[tuple[date, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
        self.number = 0

    def plant(self, cause: Cause, job: str | None, where: str, amount: Money) -> None:
        self.quarter.planted.append(Planted(cause, job, where, amount))

    def claim(self, provider: str, sku: str, seconds: int, price: Decimal, at: datetime | None = None) -> Claimed:
        self.number += 1
        in_credits = provider == "creatify"
        rate = STARTER if in_credits else _ONE
        each = _FRACTIONS.setdefault(price, Fraction(price))
        cost = Money(int(seconds * price * 10**9), CREDIT if in_credits else "USD")
        begun = at or datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=self.random.randrange(92 * 86_400 - 900))
        return Claimed(
            f"job-{self.number:06d}",
            f"attempt-{self.number:06d}",
            provider,
            f"{provider}-{self.number:08x}" if provider != "runware" else None,
            f"{provider}/{sku}",
            {},
            "acme/campaign-7",
            "settled",
            "accepted",
            1,
            1,
            Span(cost, cost, cost),
            (QuotedLine(Fraction(seconds), "s", each),),
            Money(-(-cost.nanos * rate.numerator // rate.denominator), "USD"),
            cost,
            cost,
            rate,
            begun,
            begun + timedelta(seconds=self.random.randrange(40, 800)),
        )

    def fal(self) -> _Job:
        sku, price = self.random.choice(list(_FAL.items()))
        seconds = self.random.randrange(4, 90)
        claim = self.claim("fal", sku, seconds, price)
        ended = claim.ended_at + timedelta(seconds=self.random.randrange(60))
        opaque = self.random.random() < 0.2  # units that are dollars, as the pricing API has Aurora's
        quantity, unit_price = (seconds * price, Decimal(1)) if opaque else (Decimal(seconds), price)
        line = _event(claim, sku, ended, quantity, unit_price)
        return _Job(claim, seconds, price, line)

    def creatify(self) -> _Job:
        sku, price = self.random.choice(list(_CREATIFY.items()))
        seconds = self.random.randrange(4, 60)
        claim = self.claim("creatify", sku, seconds, price)
        line: dict[str, object] = {
            "id": claim.provider_job,
            "name": claim.attempt,
            "created_at": claim.submitted_at.isoformat(),
            "status": "done",
            "credits_used": seconds * price,
            "model_version": sku,
            "audio": "https://files.example/talk.mp3",
        }
        return _Job(claim, seconds, price, line)

    def runware(self, sku: str, price: Decimal, at: datetime | None = None, seconds: int | None = None) -> Claimed:
        length = seconds or self.random.randrange(4, 90)
        claim = self.claim("runware", sku, length, price, at)
        self.quarter.claims.append(claim)
        self.bill_runware(claim.ended_at.date(), sku, length * price)
        return claim

    def bill_runware(self, day: date, sku: str, amount: Decimal, count: int = 1) -> None:
        number, spend = self.usage[day, sku]
        self.usage[day, sku] = number + count, spend + amount

    def add_jobs(self, jobs: int) -> None:
        for index in range(jobs):
            if index % 3 == 2:
                self.runware(*self.random.choice(list(_RUNWARE.items())))
            else:
                self.jobs["creatify" if index % 3 else "fal"].append(self.creatify() if index % 3 else self.fal())

    def finish(self) -> Quarter:
        made = self.quarter
        made.claims += [job.claim for jobs in self.jobs.values() for job in jobs]
        self.random.shuffle(made.claims)
        events = [line for job in self.jobs["fal"] if job.billed for line in (job.line, *job.more)]
        self.random.shuffle(events)
        pages: list[dict[str, object]] = [
            {"billing_events": events[first : first + 10_000], "next_cursor": str(first), "has_more": True}
            for first in range(0, len(events), 10_000)
        ]
        pages[-1] |= {"next_cursor": None, "has_more": False}
        period = FIRST, END
        made.statements.append(billing_events(pages, fetched_at=FETCHED, period=period))
        listed = [line for job in self.jobs["creatify"] if job.billed for line in (job.line, *job.more)]
        bill = job_list([listed], fetched_at=FETCHED, period=period, credit_value=STARTER)
        values = {job.claim.provider_job: job.credit_value for job in self.jobs["creatify"] if job.credit_value}
        lines = tuple(replace(one, credit_value=values.get(one.provider_job, STARTER)) for one in bill.lines)
        made.statements.append(replace(bill, lines=lines))
        rows = [
            {"date": day.isoformat(), "model": sku, "count": count, "spend": spend}
            for (day, sku), (count, spend) in self.usage.items()
        ]
        made.statements.append(usage_activity([{"data": rows}], fetched_at=FETCHED, period=period))
        text = "Datum;Auftrag;Art;Menge;Betrag;Währung;Preis;Rechnung\n" + "\n".join(self.invoice)
        made.statements.append(mapped_csv(text, read_mapping(MAPPING, "fal.toml"), fetched_at=FETCHED, name="fal.csv"))
        return made


def quarter(jobs: int = 50_000, each: int = 3, seed: int = 7) -> Quarter:
    """So many jobs, and `each` planted errors of every one of the fifteen causes and of what sums can show."""
    maker = _Maker(seed)
    maker.add_jobs(jobs)
    bent = {name: iter(maker.random.sample(found, len(found))) for name, found in maker.jobs.items()}
    for _ in range(each):
        for provider, bend in _BENDS:
            bend(maker, next(bent[provider]))
    _plant_sums(maker)
    return maker.finish()


def _event(claim: Claimed, sku: str, at: datetime, quantity: Decimal, price: Decimal) -> dict[str, object]:
    total = quantity * price
    return {
        "request_id": claim.provider_job,
        "endpoint_id": sku,
        "timestamp": at.isoformat(),
        "output_units": quantity,
        "unit_price": price,
        "percent_discount": None,
        "cost_subtotal": total,
        "cost_discount": None,
        "cost_total": total,
        "cost_estimate_nano_usd": int(total * 10**9),
    }


def _rebill(job: _Job, quantity: Decimal, price: Decimal, *, off: Decimal = Decimal(0), nanos: int = 0) -> Money:
    """The event anew; answers what the bill now differs by."""
    total = quantity * price - off
    exact = int(total * 10**9) + nanos
    job.line |= {
        "output_units": quantity,
        "unit_price": price,
        "cost_subtotal": quantity * price,
        "cost_discount": off or None,
        "cost_total": total,
        "cost_estimate_nano_usd": exact,
    }
    return Money(exact, "USD") - job.claim.owed


def _duplicate(maker: _Maker, job: _Job) -> None:
    job.more.append({**job.line, "timestamp": (job.claim.ended_at + timedelta(seconds=90)).isoformat()})
    maker.plant("duplicate", job.claim.job, str(job.claim.provider_job), job.claim.owed)


def _missing(maker: _Maker, job: _Job) -> None:
    job.billed = False
    maker.plant("missing_invoice", job.claim.job, str(job.claim.provider_job), -job.claim.owed)


def _unknown(maker: _Maker, job: _Job) -> None:
    stranger = f"{job.claim.provider_job}-stranger"
    name = "request_id" if job.claim.provider == "fal" else "id"
    job.more.append({**job.line, name: stranger, "name": None})
    maker.plant("unknown_charge", None, stranger, job.claim.owed)


def _late(maker: _Maker, job: _Job) -> None:
    owed, ended = job.claim.owed, job.claim.ended_at
    job.claim = replace(job.claim, posted=None, state="released", settled_at=None, released_at=ended)
    maker.plant("late_charge_after_release", job.claim.job, str(job.claim.provider_job), owed)


def _wrong_period(maker: _Maker, job: _Job) -> None:
    month = job.claim.ended_at.month
    moved = datetime(2026, 9 if month < 9 else 7, 15, tzinfo=UTC)
    job.line["timestamp"] = moved.isoformat()
    maker.plant("wrong_period", job.claim.job, str(job.claim.provider_job), job.claim.owed)


def _quantity(maker: _Maker, job: _Job) -> None:
    seconds = job.seconds + maker.random.choice((-2, 1, 3))
    maker.plant("quantity", job.claim.job, str(job.claim.provider_job), _rebill(job, Decimal(seconds), job.price))


def _quantity_of_credits(maker: _Maker, job: _Job) -> None:
    used = (job.seconds + maker.random.choice((-2, 1, 3))) * job.price
    job.line["credits_used"] = used
    amount = Money.of(used, CREDIT) - job.claim.owed
    maker.plant("quantity", job.claim.job, str(job.claim.provider_job), amount)


def _unit_price(maker: _Maker, job: _Job) -> None:
    price = job.price * maker.random.choice((Decimal("0.75"), Decimal("1.5")))
    maker.plant("unit_price", job.claim.job, str(job.claim.provider_job), _rebill(job, Decimal(job.seconds), price))


def _discount(maker: _Maker, job: _Job) -> None:
    off = job.seconds * job.price / 10
    amount = _rebill(job, Decimal(job.seconds), job.price, off=off)
    maker.plant("discount_or_plan", job.claim.job, str(job.claim.provider_job), amount)


def _credit_rate(maker: _Maker, job: _Job) -> None:
    job.credit_value = maker.random.choice((Fraction(299, 2000), Fraction(1, 4)))
    amount = Money.rounded(Fraction(job.claim.owed.amount) * job.credit_value, "USD", "half-even")
    was = Money.rounded(Fraction(job.claim.owed.amount) * STARTER, "USD", "half-even")
    maker.plant("credit_rate", job.claim.job, str(job.claim.provider_job), amount - was)


def _german(amount: Decimal) -> str:
    return f"{amount:,.4f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def _fx(maker: _Maker, job: _Job) -> None:
    """An invoice in euros for the same dollars, at another rate than ours."""
    owed = job.claim.owed.amount
    euros = (owed / maker.random.choice((Decimal("1.02"), Decimal("1.15")))).quantize(Decimal("0.0001"))
    cells = (
        job.claim.ended_at.strftime("%d.%m.%Y %H:%M"),
        str(job.claim.provider_job),
        "Nutzung",
        _german(Decimal(job.seconds)),
        _german(euros),
        "EUR",
        _german(owed),
        "R-1",
    )
    maker.invoice.append(";".join(cells))
    amount = Money.rounded(Fraction(euros) * EUR, "USD", "half-even") - job.claim.owed
    maker.plant("fx", job.claim.job, str(job.claim.provider_job), amount)


def _tax(maker: _Maker, job: _Job) -> None:
    tax = (job.claim.owed.amount * Decimal("0.19")).quantize(Decimal("0.0001"))
    cells = (job.claim.ended_at.strftime("%d.%m.%Y %H:%M"), str(job.claim.provider_job), "Steuer", "", _german(tax))
    maker.invoice.append(";".join((*cells, "USD", "", "")))
    maker.plant("tax_or_fee", job.claim.job, str(job.claim.provider_job), usd(tax))


def _minimum(maker: _Maker, job: _Job) -> None:
    quoted = replace(job.claim.quoted_lines[0], minimum=Fraction(75))
    job.claim = replace(job.claim, quoted_lines=(quoted,))
    job.line["credits_used"] = 75
    amount = Money.of(75, CREDIT) - job.claim.owed
    maker.plant("minimum_or_block_rounding", job.claim.job, str(job.claim.provider_job), amount)


def _rounding(maker: _Maker, job: _Job) -> None:
    amount = _rebill(job, Decimal(job.seconds), job.price, nanos=maker.random.choice((-3, -1, 1, 2, 4)))
    maker.plant("rounding", job.claim.job, str(job.claim.provider_job), amount)


def _partial(maker: _Maker, job: _Job) -> None:
    job.line |= {"status": "failed", "credits_used": 0}
    maker.plant("partial_failure_refund", job.claim.job, str(job.claim.provider_job), -job.claim.owed)


def _unexplained(maker: _Maker, job: _Job) -> None:
    used = job.seconds * job.price + maker.random.choice((Decimal("-1.234"), Decimal("1.234")))
    job.line["credits_used"] = used
    amount = Money.of(used, CREDIT) - job.claim.owed
    maker.plant("unexplained", job.claim.job, str(job.claim.provider_job), amount)


_BENDS: tuple[tuple[str, Callable[[_Maker, _Job], None]], ...] = (
    ("fal", _duplicate),
    ("fal", _missing),
    ("creatify", _missing),
    ("fal", _unknown),
    ("creatify", _unknown),
    ("fal", _late),
    ("creatify", _late),
    ("fal", _wrong_period),
    ("fal", _quantity),
    ("creatify", _quantity_of_credits),
    ("fal", _unit_price),
    ("fal", _discount),
    ("creatify", _credit_rate),
    ("fal", _fx),
    ("fal", _tax),
    ("creatify", _minimum),
    ("fal", _rounding),
    ("creatify", _partial),
    ("creatify", _unexplained),
)


def _plant_sums(maker: _Maker) -> None:
    """What Runware's sums can show: a model of its own for each."""
    spare, price = iter(_SPARE), Decimal("0.14")

    def some(sku: str) -> Iterator[Claimed]:
        for day in (3, 11, 20):
            yield maker.runware(sku, price, datetime(2026, 8, day, 12, tzinfo=UTC), 10 + day)

    day = date(2026, 8, 20)
    sku = next(spare)
    lost = list(some(sku))[-1]
    maker.bill_runware(lost.ended_at.date(), sku, -lost.owed.amount, -1)
    maker.plant("missing_invoice", None, f"{sku} 2026-08", -lost.owed)
    sku = next(spare)
    maker.bill_runware(day, sku, Decimal("2.80"), 2)
    maker.plant("unknown_charge", None, f"{sku} 2026-08", usd("2.80"))
    sku = next(spare)
    list(some(sku))
    maker.bill_runware(day, sku, Decimal("1.40"))
    maker.plant("unknown_charge", None, f"{sku} 2026-08", usd("1.40"))
    sku = next(spare)
    list(some(sku))
    maker.bill_runware(day, sku, Decimal("0.42"), 0)
    maker.plant("quantity", None, f"{sku} 2026-08", usd("0.42"))
    sku = next(spare)
    claims = list(some(sku))
    half = -sum((claim.owed.amount for claim in claims), Decimal(0)) / 2
    for claim in claims:
        maker.bill_runware(claim.ended_at.date(), sku, -claim.owed.amount / 2, 0)
        lines = (replace(claim.quoted_lines[0], other_prices=(Fraction(7, 100),)),)
        maker.quarter.claims[maker.quarter.claims.index(claim)] = replace(claim, quoted_lines=lines)
    maker.plant("unit_price", None, f"{sku} 2026-08", usd(half))
