"""Which of fifteen causes a difference has: the first that applies, each by evidence that is written down here. Pure.

Two causes at once: the first in this order is named, and its amount is the whole difference. "Clean" says: no refund,
tax, fee or discount beside the charge, and every result was delivered.

| cause | what must be true |
| --- | --- |
| duplicate | equal charges (or refunds) of one attempt: more than results asked, or without the repeats all agrees |
| missing_invoice | we posted an amount; a complete statement of its time has no line |
| unknown_charge | a charge that names no job of ours; a sum that covers none, or more charges than we began |
| late_charge_after_release | nothing is posted, the job was released, expired or written off, and a line came |
| wrong_period | no month of the lines is one of the job's own, its source's lag added |
| quantity | the lines state another quantity in our unit (an unnamed one counts as ours where its count or price is |
| | ours, or both are within half and twice); stating none, a clean amount is whole steps of our price |
| unit_price | the lines state another price of our unit; an amount ÷ the stated quantity is a plain price; a clean |
| | amount is our quantity at another published price |
| discount_or_plan | a discount line is there, or the charge is not its list amount; or only we took something off |
| credit_rate | the price is in credits, and the lines say that one was worth something else |
| fx | the price is in a state's money, and it was billed in another at another rate than ours |
| tax_or_fee | tax or fee lines do not sum to zero |
| minimum_or_block_rounding | one side is the known minimum; or the charge is the stated quantity in whole blocks |
| rounding | the difference is within the tolerance |
| partial_failure_refund | a refund is there; or one side charged just the part of the results that was delivered |
| unexplained | none of these |

A difference within the tolerance keeps its cause, but is tolerated: summed, and no break.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction

from pricing import Money

from ..statement.lines import NANOS, StatementLine
from .case import Case, nanos_of
from .values import Cause

BLOCKS = (1, 5, 10, 15, 30, 60)
"""In seconds: what sellers are known to round lengths to (source: the shipped rate cards)."""
_PLAIN = 10**6
"""A price of at most six decimals is one that somebody publishes."""


def cause_of(case: Case, own: Collection[str], other: str | None) -> tuple[Cause, str]:
    """The cause of a row with lines, and the evidence in words. `own`: the job's months; `other`: the lines'."""
    why = _duplicate(case)
    if why:
        return "duplicate", why
    if case.basis.released and case.invoiced:
        return "late_charge_after_release", "it was let go without a charge, and a line came"
    if other is not None:
        return "wrong_period", f"the job is of {' or '.join(sorted(own))}, the line of {other}"
    if case.variance == 0 and case.value == case.settled_value:
        return "none", ""
    for cause, rule in RULES:
        why = rule(case)
        if why:
            return cause, why
    if case.within:
        return "rounding", "within the tolerance"
    why = _partial(case)
    return ("partial_failure_refund", why) if why else ("unexplained", "no evidence says why")


def plain(value: Fraction) -> str:
    """Exact where it is a decimal of up to nine places, else rounded to that."""
    nanos = round(value * NANOS)
    sign, (whole, rest) = "-" if nanos < 0 else "", divmod(abs(nanos), NANOS)
    return f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".")


def _duplicate(case: Case) -> str:
    for lines, sign in ((case.charges, 1), (case.refunds, -1)):
        if len(lines) < 2 or case.variance * sign <= 0 or lines[0].aggregate:
            continue
        copies = Counter(map(_same, lines))
        repeats = [(key, count) for key, count in copies.items() if count > 1]
        extra = sum((count - 1) * key[0] for key, count in repeats)
        for key, count in repeats:
            once = range(1, count)
            if count > case.basis.asked or extra == case.variance or any(n * key[0] == case.variance for n in once):
                what = "charge" if sign > 0 else "refund"
                return f"{count} equal lines of one {what}, of {case.basis.asked} asked"
    return ""


def _same(line: StatementLine) -> tuple[int, str, str, str]:
    return line.amount.nanos, line.amount.currency, str(line.quantity), str(line.unit_price)


def _quantity(case: Case) -> str:
    if case.factors is None or case.basis.factors is None or case.base == case.basis.posted:
        return ""
    (was, _), (now, _) = case.basis.factors, case.factors
    if was == now:
        return ""
    said = "the line states" if case.stated else "whole steps of our price make"
    return f"{said} {plain(now)} {case.basis.unit}, ours is {plain(was)}"


def _unit_price(case: Case) -> str:
    if case.factors is None or case.basis.factors is None or case.base == case.basis.posted:
        return ""
    (quantity, was), (_, now) = case.basis.factors, case.factors
    if was == now:
        return ""
    if (
        case.stated
        and case.derived
        and (
            case.within
            or _PLAIN % now.denominator
            or nanos_of(quantity, now) != case.gross
            or case.minimum_explains
            or _block(case)
        )
    ):
        return ""
    return f"{plain(now)} per {case.basis.unit or 'unit'} was charged, ours is {plain(was)}"


def _discount(case: Case) -> str:
    if case.base == case.basis.posted:
        return ""
    if case.discounts:
        return f"a discount of {Money(case.discounts, case.basis.currency)} stands on the bill"
    if case.base != case.gross:
        return f"{plain(Fraction(case.gross, NANOS))} {case.basis.currency} before discounts"
    if case.basis.factors is not None:
        full = nanos_of(*case.basis.factors)
        if full == case.base and 0 < case.basis.posted < full and case.basis.delivered >= case.basis.asked:
            return f"we took {Money(full - case.basis.posted, case.basis.currency)} off, the bill did not"
    return ""


def _credit_rate(case: Case) -> str:
    if _is_national(case.basis.currency) or case.rate == case.basis.rate:
        return ""
    return f"a {case.basis.currency} was worth {plain(case.rate)} {case.basis.budget}, ours {plain(case.basis.rate)}"


def _fx(case: Case) -> str:
    if not _is_national(case.basis.currency) or not case.foreign:
        return ""
    billed = " and ".join(sorted({line.amount.currency for line in case.charges}))
    if case.rate != case.basis.rate:
        return f"billed in {billed}, one {case.basis.currency} at {plain(case.rate)}, ours at {plain(case.basis.rate)}"
    same = case.stated is not None and case.basis.factors is not None and case.stated[0] == case.basis.factors[0]
    return f"billed in {billed} for the same quantity" if same else ""


def _tax_or_fee(case: Case) -> str:
    return f"{Money(case.fees, case.basis.currency)} of taxes and fees" if case.fees else ""


def _minimum_or_block(case: Case) -> str:
    if case.base == case.basis.posted:
        return ""
    if case.minimum_explains:
        return f"one side is the minimum of {plain(case.basis.minimum or Fraction(0))}"
    return _block(case)


def _block(case: Case) -> str:
    """The charge is the stated quantity in whole blocks of some length, while it is not their product."""
    if case.stated is None or case.basis.factors is None:
        return ""
    price = case.basis.factors[1] if case.derived else case.stated[1]
    quantity = case.stated[0]
    charged = Fraction(case.gross, NANOS) / price if price else Fraction(0)
    if charged in (quantity, 0):
        return ""
    for block in (*map(Fraction, BLOCKS), case.basis.step):
        for whole in (-(-quantity // block), quantity // block):
            if nanos_of(whole * block, price) == case.gross:
                return f"{plain(quantity)} {case.basis.unit} was charged as {plain(whole * block)}"
    return ""


def _partial(case: Case) -> str:
    if case.refunds:
        given = sum(line.amount.nanos for line in case.refunds)
        return f"given back: {Money(abs(given), case.refunds[0].amount.currency)}"
    asked, delivered, posted = case.basis.asked, case.basis.delivered, case.basis.posted
    if not 0 <= delivered < asked:
        return ""
    if case.invoiced * asked == posted * delivered or case.invoiced * delivered == posted * asked:
        return f"{delivered} of {asked} results were delivered"
    return ""


def _is_national(currency: str) -> bool:
    return len(currency) == 3 and currency.isupper()


RULES: Sequence[tuple[Cause, Callable[[Case], str]]] = (
    ("quantity", _quantity),
    ("unit_price", _unit_price),
    ("discount_or_plan", _discount),
    ("credit_rate", _credit_rate),
    ("fx", _fx),
    ("tax_or_fee", _tax_or_fee),
    ("minimum_or_block_rounding", _minimum_or_block),
)
