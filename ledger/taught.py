"""The rows of what jobs taught, beside those of the money (`tables.py`). Nothing decides here."""

import sqlalchemy as sa

from .columns import METADATA, STRICT, LedgerRow, check, text, whole


class TimingRow(LedgerRow, table=True):
    """A fact: how long an attempt took from its intent to its clip, by somebody who watched it finish."""

    __table_args__ = (
        check("lengths_positive", "clip_ms > 0 AND took_ms > 0"),
        sa.Index("ix_timing_offer", "offer", "settings", "at"),
        STRICT,
    )
    attempt: str = text(primary_key=True, foreign_key="attempt.id")
    at: int = whole()
    offer: str = text()
    settings: str = text()
    clip_ms: int = whole()
    took_ms: int = whole()


class RatingRow(LedgerRow, table=True):
    """A fact: somebody says how good a job's clips are. Of one author and job the newest counts."""

    __table_args__ = (
        check("score_within", "score_millionths >= 0 AND score_millionths <= 1000000"),
        sa.Index("ix_rating_job", "job", "author"),
        sa.Index("ix_rating_offer", "offer", "settings", "id"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    job: str = text(foreign_key="job.id")
    author: str = text()
    offer: str = text()
    settings: str = text()
    score_millionths: int = whole()
    note: str = text()


TIMING = METADATA.tables["timing"]
RATING = METADATA.tables["rating"]
