"""Everything anyone said, as it came in: kept once, raw, bounded. Decides nothing about money."""

import hashlib

import sqlalchemy as sa

from . import texts
from .errors import BadRequest
from .evidence import CHANNELS, Channel
from .instants import moment
from .store import Row, Statement, Work
from .tables import ATTEMPT, INBOX
from .values import Message

BODY_MOST = 65_536
"""Characters of a message that are kept; of a longer one also how long it was, and its hash."""
PAGE = 100

_ADD = Statement(
    sa.text(
        "INSERT INTO inbox (at, channel, provider, dedup_key, provider_job, body) "
        "VALUES (:at, :channel, :provider, :dedup_key, :provider_job, :body) "
        "ON CONFLICT (provider, dedup_key) DO NOTHING"
    )
)
_PAGE = (
    sa.select(INBOX)
    .where(INBOX.c.id > sa.bindparam("after"))
    .order_by(INBOX.c.id)
    .limit(sa.bindparam("limit", type_=sa.BigInteger))
    .offset(sa.literal_column("0"))
)
_ALL = Statement(_PAGE)
_ABOUT = Statement(_PAGE.where(INBOX.c.provider_job == sa.bindparam("provider_job")))
_OF_JOB = Statement(
    sa.select(INBOX)
    .select_from(
        ATTEMPT.join(
            INBOX, sa.and_(INBOX.c.provider_job == ATTEMPT.c.provider_job, INBOX.c.provider == ATTEMPT.c.provider)
        )
    )
    .where(ATTEMPT.c.job == sa.bindparam("job"))
    .order_by(INBOX.c.id)
)


def receive(
    work: Work,
    now: int,
    *,
    provider: str,
    channel: Channel,
    dedup_key: str,
    body: str | bytes,
    provider_job: str | None,
) -> bool:
    """Keep a message unless it is known. Raises BadRequest."""
    texts.names(provider=provider)
    if channel not in CHANNELS:
        raise BadRequest(f"{channel!r} is no channel", value=str(channel), limit=", ".join(CHANNELS))
    values = {
        "at": now,
        "channel": channel,
        "provider": provider,
        "dedup_key": texts.short(dedup_key) or f"sha256:{hashlib.sha256(_raw(body)).hexdigest()}",
        "provider_job": None if provider_job is None else texts.short(provider_job),
        "body": kept(body),
    }
    # Asked again after a lost answer it may be our own that is known: the caller has not acted on it yet.
    return work.run(_ADD, values) == 1 or work.asked_again


def kept(body: str | bytes) -> str:
    """The message as text that every database can hold, cut where it is too long."""
    text = texts.clean(body if isinstance(body, str) else body.decode("utf-8", "backslashreplace"))
    if len(text) <= BODY_MOST:
        return text
    raw = _raw(body)
    return f"{text[:BODY_MOST]}\n[cut here: {len(raw)} bytes in all, sha256 {hashlib.sha256(raw).hexdigest()}]"


def messages(work: Work, *, provider_job: str | None, after: int, limit: int) -> tuple[Message, ...]:
    """What came in after that one, in order, so many at most; None: of every job. Raises BadRequest."""
    if limit < 1:
        raise BadRequest(f"{limit} messages cannot be shown", value=str(limit), limit="1 or more")
    page = {"after": after, "limit": limit}
    if provider_job is None:
        return tuple(_message(row) for row in work.rows(_ALL, page))
    return tuple(_message(row) for row in work.rows(_ABOUT, page | {"provider_job": texts.short(provider_job)}))


def of_job(work: Work, job: str) -> list[Row]:
    """The messages about any of a job's attempts, in the order they came in."""
    return work.rows(_OF_JOB, {"job": job})


def _raw(body: str | bytes) -> bytes:
    return body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")


def _message(row: Row) -> Message:
    return Message(
        id=row["id"],
        at=moment(row["at"]),
        channel=row["channel"],
        provider=row["provider"],
        dedup_key=row["dedup_key"],
        provider_job=row["provider_job"],
        body=row["body"],
    )
