"""The journal of both books as hledger reads it: one transaction for each of ours, every digit. Pure.

Accounts are paths, `money:expense:fal`, `envelope:spent:acme:campaign-7`; each kind of credits is its own commodity.
Source: https://hledger.org/hledger.html, "Journal".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .cells import amount, moment

_PLAIN = re.compile(r"[A-Za-z]+")
_ODD = re.compile(r"[^A-Za-z0-9._~/:@+=()<>-]")
"""What would end a tag, a comment or an account's name, or need a locale to be read."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry. `nanos` of `currency`."""

    book: str
    account: str
    currency: str
    nanos: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One of the journal, with what it is about; a purchase, an expiry or a draw of credits names no job."""

    number: int
    at: int
    """Microseconds since 1970."""
    kind: str
    evidence: str
    job: str | None
    key: str | None
    attempt: str | None
    provider_job: str | None
    offer: str | None
    legs: tuple[Leg, ...]


def text(
    accounts: Iterable[tuple[str, str]], currencies: Iterable[str], journal: Iterable[Transaction]
) -> Iterator[str]:
    """The file, piece by piece: what is declared first, then the transactions in order."""
    yield "; the journal of a faregate ledger, both books\n"
    yield "decimal-mark .\n\n"
    for currency in currencies:
        yield f"commodity 1000.000000000 {commodity(currency)}\n"
    for book, name in accounts:
        yield f"account {account(book, name)}\n"
    for one in journal:
        yield _transaction(one)


def account(book: str, name: str) -> str:
    """Its path: a colon between the parts, also of a scope; odd characters as %XX, so that no two accounts meet."""
    return ":".join([book, *(escaped(part) for part in name.replace("/", ":").split(":"))])


def commodity(currency: str) -> str:
    return currency if _PLAIN.fullmatch(currency) else f'"{currency}"'


def escaped(said: str) -> str:
    """The text where only letters, digits and a few signs are left; the rest as the %XX of its UTF-8."""
    return _ODD.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass")), said)


def _transaction(one: Transaction) -> str:
    about = one.kind if one.offer is None else f"{one.kind} {escaped(one.offer)}"
    tags: list[tuple[str, str | None]] = [("at", moment(one.at)), ("evidence", one.evidence)]
    tags += [("job", one.job), ("key", one.key), ("attempt", one.attempt), ("provider_job", one.provider_job)]
    lines = [f"\n{moment(one.at)[:10]} ({one.number}) {about}"]
    lines += [f"    ; {name}:{escaped(value)}" for name, value in tags if value]
    lines += [
        f"    {account(leg.book, leg.account)}  {amount(leg.nanos)} {commodity(leg.currency)}" for leg in one.legs
    ]
    return "\n".join(lines) + "\n"
