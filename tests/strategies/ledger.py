"""What is said about attempts, and traces of calls to a ledger."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

LEDGER_SCOPES = ("acme", "acme/a", "acme/b", "acme/a/deep")
LEDGER_PRICES = ("1.40", "2.80", "0.70")
"""Quotes whose high is the expected price, so that a charge of twice it is believable and more is not."""


@dataclass(frozen=True)
class Said:
    """Something a provider, or the way to it, says about one attempt. Never two definite outcomes of one attempt."""

    verb: Literal["outcome", "settle", "unknown"]
    outcome: str = "accepted"
    evidence: str = "inline"
    amount: str | None = None
    final: bool = True
    delivered: int = 1


def observations() -> st.SearchStrategy[Said]:
    """Believable, absurd, zero and absent amounts from every source."""
    amounts = st.sampled_from([None, "0", "0.70", "1.40", "1.54", "2.80", "99"])
    sources = st.sampled_from(["invoice", "billing_event", "inline", "units"])
    told = st.builds(
        Said, st.just("settle"), st.just(""), sources, amounts, final=st.booleans(), delivered=st.sampled_from([0, 1])
    )
    return told | st.just(Said("settle", evidence="quote", amount="1.40", final=False))


@st.composite
def provider_events(draw: st.DrawFn, *, most: int = 4) -> tuple[Said, ...]:
    """Up to `most` events of one attempt of 1.40 USD."""
    told = draw(st.lists(observations(), max_size=most - 1))
    ends = draw(st.sampled_from([(), ("accepted",), ("unknown",), ("unknown", "accepted")]))
    lost = [Said("unknown")] if draw(st.booleans()) else []
    events = [*told, *(Said("outcome", outcome=word) for word in ends), *lost]
    return tuple(events[-most:])


@dataclass(frozen=True)
class Verb:
    """One call to a ledger: which verb, about which of a few jobs, with a few small choices."""

    name: str
    job: int
    choice: int
    said: Said


def verbs() -> st.SearchStrategy[Verb]:
    names = ("hold", "hold", "begin", "begin", "outcome", "settle", "settle", "release", "unknown", "resolve")
    said = observations()
    rare = ("extend", "batch", "set_budget", "gate", "expire", "tick", "buy", "draw", "rebuild")
    return st.builds(Verb, st.sampled_from((*names, *rare)), st.integers(0, 3), st.integers(0, 11), said)


def traces(most: int = 25) -> st.SearchStrategy[list[Verb]]:
    """Three jobs are held and two have begun; then anything, in any order."""
    plain = Said("settle", amount="1.40")
    opening = [Verb("hold", job, 0, plain) for job in range(3)] + [Verb("begin", job, 0, plain) for job in range(2)]
    return st.lists(verbs(), min_size=6, max_size=most).map(lambda more: [*opening, *more])


def groupings() -> st.SearchStrategy[tuple[str, ...]]:
    """What a report may be grouped by, each once, in any order; also nothing."""
    words = ("day", "week", "month", "provider", "offer", "scope", "scope:1", "scope:2", "tag:team", "tag:absent")
    return st.lists(st.sampled_from(words), unique=True, max_size=4).map(tuple)
