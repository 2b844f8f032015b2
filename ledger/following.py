"""The front door's verbs for who follows jobs up: claims on due work, and the messages about it. Moves no money."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from . import inbox, reading
from .evidence import Channel
from .instants import micros
from .jobs import claims
from .states import State
from .store import Store
from .values import JobView, Message


class Following:
    """What `Ledger` offers to workers and receivers of messages."""

    _store: Store

    def claim(
        self,
        owner: str,
        *,
        lease_s: int,
        limit: int = 1,
        states: Sequence[State] | None = None,
        provisional_since: datetime | None = None,
    ) -> tuple[JobView, ...]:
        """Take up due work: nobody else is given these jobs until the lease lapses, by the store's clock.

        `states`: which of the open states; None: all. `provisional_since`: after them, jobs made since then that were
        settled without the provider's word; None: none of these. Jobs come in turn: new ones first, then those given
        back longest ago. A lease guards no money: every verb still checks what it moves. Raises BadRequest.
        """
        since = None if provisional_since is None else micros(provisional_since)
        return self._store.write(
            lambda work: claims.claim(
                work, self._store.now(), owner=owner, lease_s=lease_s, limit=limit, states=states,
                provisional_since=since,
            )
        )  # fmt: skip

    def take_claim(self, job: str, *, owner: str, lease_s: int) -> bool:
        """Claim this very job, or keep it; False: another has it, or there is none. Raises BadRequest."""
        return self._store.write(
            lambda work: claims.take(work, self._store.now(), job=job, owner=owner, lease_s=lease_s)
        )

    def park_claims(self, owner: str, jobs: Mapping[str, int]) -> int:
        """Keep each job for so many seconds more, and leave it to anyone then (0: at once); in one transaction.

        Answers how many of them were the owner's still. Raises BadRequest.
        """
        return self._store.write(lambda work: claims.park(work, self._store.now(), owner=owner, jobs=jobs))

    def claimants(self) -> frozenset[str]:
        """Who has a claim that runs."""
        return self._store.read(lambda work: claims.claimants(work, self._store.now()))

    def drop_claims(self, owner: str) -> int:
        """Give back all that an owner has, because it ends or is known to have ended; answers how many jobs."""
        return self._store.write(lambda work: claims.drop(work, self._store.now(), owner=owner))

    def renew_claim(self, job: str, *, owner: str, lease_s: int) -> bool:
        """Keep a job that one has; False: the lease had lapsed, and the job may be another's. Raises BadRequest."""
        return self._store.write(
            lambda work: claims.renew(work, self._store.now(), job=job, owner=owner, lease_s=lease_s)
        )

    def release_claim(self, job: str, *, owner: str, again_in_s: int = 0) -> bool:
        """Give a job back that needs no work for `again_in_s`; False: the lease had lapsed. Raises BadRequest."""
        return self._store.write(
            lambda work: claims.release(work, self._store.now(), job=job, owner=owner, again_in_s=again_in_s)
        )

    def by_provider_job(self, provider: str, provider_job: str) -> JobView | None:
        """The job that a provider knows by this id, or by that of our attempt; None: not ours. Found by index."""
        return self._store.read(lambda work: reading.by_provider_job(work, provider, provider_job))

    def receive(
        self, provider: str, channel: Channel, dedup_key: str, body: str | bytes, provider_job: str | None = None
    ) -> bool:
        """Keep a message as it came in, once per provider and `dedup_key`; answers whether it is new.

        `dedup_key` empty: the same body is the same message. A body beyond 65,536 characters is cut, its length and
        hash are kept. After a lost answer a known message may be called new, never the other way round. Raises
        BadRequest.
        """
        return self._store.write(
            lambda work: inbox.receive(
                work, self._store.now(), provider=provider, channel=channel, dedup_key=dedup_key, body=body,
                provider_job=provider_job,
            )
        )  # fmt: skip

    def messages(
        self, *, provider_job: str | None = None, after: int = 0, limit: int = inbox.PAGE
    ) -> tuple[Message, ...]:
        """The messages about a provider's job, None: all, in the order they came in, from the one after `after` on."""
        return self._store.read(lambda work: inbox.messages(work, provider_job=provider_job, after=after, limit=limit))
