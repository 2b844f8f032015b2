"""What every table of ours is made of: names of constraints, text, whole numbers. The same for both databases."""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Ordered by code point on both: the paths below a scope are one stretch of it."""
STRICT = {"sqlite_strict": True}


def text(**options: Any) -> Any:
    return Field(sa_type=_TEXT, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]


def whole(**options: Any) -> Any:
    return Field(sa_type=_BIG, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]  # an instance is fine


def check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=name)


def index_where(name: str, rule: str, *columns: str) -> sa.Index:
    """An index of the few rows for which the rule holds."""
    return sa.Index(name, *columns, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule))


def one_of(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    return check(f"{column}_known", f'"{column}" IN ({", ".join(repr(word) for word in words)})')


class LedgerRow(SQLModel):
    """A table named after its class: `BudgetRow` is `budget`. Its metadata stay apart from the user's models."""

    metadata: ClassVar[sa.MetaData] = METADATA  # pyright: ignore[reportIncompatibleVariableOverride]  # as documented

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore  # SQLModel declares it the older way
        return cls.__name__.removesuffix("Row").lower()
