"""A choice in words for a terminal: the choice, every other candidate, its price and why not. Decides nothing."""

from collections.abc import Sequence
from textwrap import wrap

from pricing import Quote

from .candidates import Candidate, Rejection

WIDTH = 120
_Row = tuple[str, str, str, str, str]
"""Mark, offer, price, why, and a note beside it."""


def explain(
    candidates: Sequence[Candidate],
    rejections: Sequence[Rejection],
    pareto: Sequence[Candidate],
    objective: str,
    *,
    details: bool = False,
) -> str:
    """A row for each candidate and each rejection; `details`: then what the choice rests on."""
    rows: list[_Row] = []
    for place, one in enumerate(candidates):
        why = f"{_latency(one)}, {_quality(one)}" + (f" ({objective})" if place == 0 else "")
        notes = [] if one.expiring is None else [f"paid from credits that expire on {one.expiring:%Y-%m-%d}"]
        notes += [f"not ready: {one.not_ready}"] if one.not_ready else []
        rows.append(("instead" if place else "chosen", named(one), _price(one.quote), why, "; ".join(notes)))
    for no in rejections:
        price = _price(no.quote) if no.quote is not None and no.quote.dollars is not None else "no price"
        rows.append(("no", named(no), price, _why(no), ""))
    lines = _table(rows)
    if not candidates:
        lines.insert(0, "nothing is eligible")
    if details and candidates:
        lines += ["", *_rests_on(candidates, pareto, objective)]
    return "\n".join(lines)


def why_not(rejections: Sequence[Rejection]) -> str:
    """One line: each broken limit once, with the first candidate it stopped."""
    first = {one.reason: one for one in reversed(rejections)}
    said = [
        f"{reason} {one.value}{f', limit {one.limit}' if one.limit else ''} ({one.offer})"
        for reason, one in first.items()
    ]
    return "no candidate keeps every limit: " + ("; ".join(said) or "no offer makes this")


def named(one: Candidate | Rejection) -> str:
    settings = ", ".join(value for _, value in sorted(one.settings.items()))
    return f"{one.offer} ({settings})" if settings else one.offer


def _table(rows: Sequence[_Row]) -> list[str]:
    """Columns as wide as they must be; what would pass the line's end goes on below."""
    wide = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    indent = " " * (wide[0] + 2)
    lines: list[str] = []
    for mark, offer, price, why, note in rows:
        line, below = f"{mark:{wide[0]}}  {offer:{wide[1]}}  {price:{wide[2]}}", ""
        for text, joint in ((why, "  "), (note, "; ")):
            if below or len(line) + len(joint) + len(text) > WIDTH:
                below += f"; {text}" if below and text else text
            elif text:
                line += joint + text
        lines.append(line.rstrip())
        lines += wrap(below, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return lines


def _rests_on(candidates: Sequence[Candidate], pareto: Sequence[Candidate], objective: str) -> list[str]:
    """What the choice rests on: the objective and the next best, the figures' sources, the front, the price."""
    best, count = candidates[0], len(candidates)
    keep = "keeps" if count == 1 else "keep"
    lines = [f"{named(best)} is the {_SUPERLATIVES[objective]} of {count} that {keep} every limit"]
    grade = best.grade
    lines.append(f"  latency: {_SOURCES[best.estimate.source].format(n=_jobs(best.estimate.samples))}")
    lines.append(f"  quality: {_GRADES[grade.source].format(n=_ratings(grade.ratings))}")
    others = [named(one) for one in pareto if one is not best]
    if others:
        text = f"not beaten on cost, latency and quality at once: {', '.join(others)}"
        lines += wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    for line in best.quote.explain().splitlines():
        lines += wrap(line.strip(), WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return lines


_SUPERLATIVES = {
    "cheapest": "cheapest",
    "fastest": "fastest",
    "best": "best",
    "balanced": "best balanced",
}
_SOURCES = {
    "prior": "assumed, nothing was learned yet",
    "mixed": "learned from {n}, still mixed with what is assumed",
    "learned": "learned from {n}",
}
_GRADES = {
    "yours": "your own score",
    "rated": "{n}, drawn towards the assumed tier",
    "assumed": "assumed from its tier, nobody rated it yet",
    "unknown": "unknown",
}


def _latency(one: Candidate) -> str:
    text = f"within {one.latency_s.normalize():f} s"
    found = one.estimate
    return text if found.source == "prior" else f"{text} ({found.source}, {_jobs(found.samples)})"


def _quality(one: Candidate) -> str:
    if one.quality is None:
        return "quality unknown"
    text = f"quality {one.quality}"
    match one.grade.source:
        case "yours":
            return f"{text} (yours)"
        case "rated":
            return f"{text} ({_ratings(one.grade.ratings)})"
        case _:
            return text


def _why(no: Rejection) -> str:
    return f"{no.reason}: {no.value}" + (f" (limit {no.limit})" if no.limit else "")


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"


def _ratings(count: int) -> str:
    return f"{count} rating{'' if count == 1 else 's'}"


def _price(quote: Quote) -> str:
    """The expected price in USD with its range, and in the provider's own currency where that is another."""
    usd, native = quote.usd, quote.expected
    return str(usd) if native.currency == usd.expected.currency else f"{native} = {usd}"
