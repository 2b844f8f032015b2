"""The front door's verbs for what leaves the ledger: files for others, past jobs to price again. Changes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pricing import Past

from .store import Store

if TYPE_CHECKING:
    from .export.run import Form


class Exporting:
    """What `Ledger` offers to those who take it elsewhere."""

    _store: Store

    def export(
        self,
        form: "Form",
        out: Path | str | BinaryIO,
        *,
        since: date | None = None,
        until: date | None = None,
        scope: str | None = None,
    ) -> int:
        """Write one consistent look at the ledger, whole or not at all; answers how many rows (hledger: transactions).

        csv, parquet: a row for each attempt of the jobs made in these days (UTC; `until`: the first day after). focus:
        FOCUS 1.2 rows of the billing periods' days, as Parquet where `out` ends so, with its metadata in a second file;
        `draw_credits` first. hledger: the transactions posted in these days. `scope`: it and what is below it; of
        credits, only what its jobs used. Raises BadRequest, BadScope, StorageError.
        """
        from .export import reading, run  # only where it is asked for

        out = Path(out) if isinstance(out, str) else out
        as_parquet = run.takes_parquet(form, out if isinstance(out, Path) else None)
        wanted = reading.Wanted(since, until, scope)
        with ExitStack() as stack:
            file = run.place(out, stack)
            count = self._store.read(lambda work: run.write(work, form, wanted, file, as_parquet=as_parquet))
        if form == "focus" and isinstance(out, Path) and out.is_file():  # a device has no place beside it
            run.companion(out, self._store.now())
        return count

    def past_jobs(
        self, *, since: date | None = None, until: date | None = None, scope: str | None = None
    ) -> Iterator[Past]:
        """The settled jobs made in these days (UTC; `until`: the first day after), for `pricing.whatif`; read as asked.

        Raises BadScope.
        """
        from . import past
        from .export.reading import Wanted

        return past.jobs(self._store, Wanted(since, until, scope))

    def past_requests(
        self, *, since: date | None = None, until: date | None = None, scope: str | None = None
    ) -> Iterator[tuple[Past, Mapping[str, Any]]]:
        """The same, each with the request it was made for. Raises BadScope."""
        from . import past
        from .export.reading import Wanted

        return past.asked(self._store, Wanted(since, until, scope))

    def unsettled(
        self, *, since: date | None = None, until: date | None = None, scope: str | None = None
    ) -> dict[str, int]:
        """How many jobs made in these days are in which state other than settled. Raises BadScope."""
        from . import past
        from .export.reading import Wanted

        return past.others(self._store, Wanted(since, until, scope))
