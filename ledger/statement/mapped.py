"""A CSV of anybody's as a statement, by a declared mapping. What the mapping does not cover is refused."""

import re
from collections.abc import Mapping as Cells
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from pricing import BadMoney, Money

from ..instants import zone
from .lines import KINDS, LineKind, Period, Statement, StatementLine
from .mapping import Mapping, Word
from .raw import Keys, Place, day_of, instant, money, number, one_day, raw_of, spanning, within
from .table import csv_rows

_DAY = timedelta(days=1)


def mapped_csv(
    data: str | bytes, mapping: Mapping, *, fetched_at: datetime, period: Period | None = None, name: str = "statement"
) -> Statement:
    """One line for each row. Raises BadStatement.

    `period` is what the file is of; None: from its first to its last day, which then is not known to be complete.
    """
    keys, lines = Keys(), list[StatementLine]()
    shape, needed = mapping.file, {column: word for word, column in mapping.columns.items()}
    for place, cells in csv_rows(data, name, delimiter=shape.delimiter, skip=shape.skip, needed=needed):
        lines.append(_Reading(mapping, cells, place).line(keys))
    span = period or spanning(lines) or one_day(fetched_at.date())
    whole = mapping.complete and period is not None
    return Statement(mapping.provider, "csv", span, tuple(lines), whole, fetched_at, per_job=mapping.per_job)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One row under a mapping."""

    mapping: Mapping
    cells: Cells[str, str]
    place: Place

    def line(self, keys: Keys) -> StatementLine:
        amount = self.money("amount", "currency")
        if amount is None:
            raise self.place.fault(self.column("amount"), "is missing", next="a line without an amount says nothing")
        at, period = self.when()
        kind = self.kind(amount)
        own = self.text("key")
        return StatementLine(
            self.mapping.provider,
            "csv",
            keys.own(own, self.place, self.column("key"))
            if own
            else keys.of(*(f"{name}={cell.strip()}" for name, cell in sorted(self.cells.items()))),
            kind,
            amount,
            at,
            period,
            provider_job=self.text("provider_job") or None,
            attempt=self.text("attempt") or None,
            sku=self.text("sku"),
            quantity=self.number("quantity"),
            unit=self.text("unit"),
            unit_price=self.number("unit_price"),
            list_amount=self.money("list_amount", "currency"),
            credit_value=self.fraction("credit_value"),
            invoice=self.text("invoice") or None,
            raw=raw_of(self.cells),
            aggregate=not self.mapping.per_job and kind in ("usage", "refund"),
            count=self.whole("count"),
            priced=self.money("priced", "priced_currency"),
        )

    def column(self, word: Word) -> str:
        return self.mapping.columns.get(word, f"[constants] {word}")

    def text(self, word: Word) -> str:
        columns, constants = self.mapping.columns, self.mapping.constants
        text = self.cells[columns[word]].strip() if word in columns else constants.get(word, "")
        if len(text) > 500 or "\n" in text:
            raise self.place.fault(self.column(word), "is not one short line of text", text)
        return text

    def number(self, word: Word) -> Decimal | None:
        """None where the cell is empty. Thousands only where they part three digits: 1.234,5 and not 12.34,5."""
        text = self.text(word)
        if not text:
            return None
        shape, plain = self.mapping.file, text.replace("\u00a0", " ").replace("\u2212", "-")
        whole, mark, rest = plain.partition(shape.decimal)
        if shape.thousands and shape.thousands in whole:
            groups = whole.lstrip("+-").split(shape.thousands)
            if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
                raise self.place.fault(
                    self.column(word), f"is not a number with {shape.thousands!r} for thousands", text
                )
            whole = whole.replace(shape.thousands, "")
        if (shape.decimal == "," and "." in plain.replace(shape.thousands or "\x00", "")) or "," in rest + whole:
            wanted = f"decimals are written with {shape.decimal!r} by this mapping"
            raise self.place.fault(
                self.column(word), f"is not a plain number: {wanted}", text, "correct it, or the mapping"
            )
        return number(whole + ("." if mark else "") + rest, self.place, self.column(word))

    def fraction(self, word: Word) -> Fraction | None:
        found = self.number(word)
        if found is not None and found < 0:
            raise self.place.fault(self.column(word), "is less than 0", found)
        return None if found is None else Fraction(found)

    def whole(self, word: Word) -> int | None:
        found = self.number(word)
        if found is not None and (found != found.to_integral_value() or found < 0):
            raise self.place.fault(self.column(word), "is not a count", found)
        return None if found is None else int(found)

    def money(self, word: Word, currency: Word) -> Money | None:
        found = self.number(word)
        if found is None:
            return None
        code = self.text(currency)
        try:
            Money.zero(code)
        except BadMoney as error:
            raise self.place.fault(self.column(currency), error.message, next=error.next) from None
        signed = -found if self.mapping.file.sign == "negative" and word != "priced" else found
        return money(signed, code, self.place, self.column(word))

    def kind(self, amount: Money) -> LineKind:
        said = self.text("kind")
        if not said:
            return "refund" if amount.nanos < 0 else "usage"
        if said in self.mapping.kinds:
            return self.mapping.kinds[said]
        if said in KINDS and "kind" in self.mapping.constants:
            return said
        known = ", ".join(self.mapping.kinds) or ", ".join(KINDS)
        raise self.place.fault(
            self.column("kind"), "is no kind this mapping knows", said, f"known: {known}; add it to [kinds]"
        )

    def when(self) -> tuple[datetime | None, Period]:
        at = self.instant("charged_at") if self.text("charged_at") else None
        if self.text("period_start") or at is None:
            first, end = self.instant("period_start").date(), self.instant("period_end").date()
            if first >= end:
                raise self.place.fault(
                    self.column("period_end"), f"is not after {first}", end, "it is the first day after the period"
                )
            return at, (first, end)
        return at, one_day(at.date())

    def instant(self, word: Word) -> datetime:
        shape, text = self.mapping.file, self.text(word)
        if shape.date is None:
            if len(text) == 10:
                day = day_of(text, self.place, self.column(word))
                return datetime(day.year, day.month, day.day, tzinfo=zone(shape.zone)).astimezone(UTC)
            return instant(text, self.place, self.column(word))
        try:
            read = datetime.strptime(text, shape.date)  # noqa: DTZ007 - its zone is the next line
            found = (read if read.tzinfo else read.replace(tzinfo=zone(shape.zone))).astimezone(UTC)
        except (ValueError, OverflowError, re.error):  # the last: a format that names a part twice
            wanted = f"does not read as {shape.date}"
            raise self.place.fault(self.column(word), wanted, text, "correct it, or `date` in the mapping") from None
        within(found.date(), self.place, self.column(word), text)
        return found
