"""The whole page of a report, as text. Writes no file and asks nobody: the same report is the same page."""

from typing import Any

from ..report.values import Report
from . import ahead, budgets, credit, faults, quotes, spend
from .headline import headline
from .parts import Section
from .svg import Ids
from .text import moment, plain, span


def page(report: Report) -> str:
    """A report as one HTML document that needs nothing beside it, to be read, printed and listened to.

    Amounts are exact: one that is shown cut has all its digits in its tooltip. Long lists are cut, and say so.
    Raises ModuleNotFoundError where the extra `faregate[report]` is not installed.
    """
    ids = Ids()
    made: str = _template().render(
        title=plain(report.title),
        scope=None if report.scope is None else plain(report.scope),
        period=span(*report.period),
        tz=plain(report.tz),
        made_at=moment(report.made_at),
        headline=headline(report, ids),
        sections=_sections(report, ids),
        notes=[plain(note) for note in report.notes],
    )
    return made


def _sections(report: Report, ids: Ids) -> list[Section]:
    return [
        ahead.section(report, ids),
        spend.by_day(report, ids),
        *spend.by_kind(report, ids),
        budgets.section(report, ids),
        credit.section(report, ids),
        quotes.accuracy(report, ids),
        faults.exposures(report, ids),
        faults.breaks(report, ids),
        quotes.drift(report, ids),
        faults.anomalies(report, ids),
        faults.refusals(report, ids),
    ]


def _template() -> Any:
    try:
        import jinja2  # an extra, and `import ledger` stays light
    except ModuleNotFoundError as missing:
        if missing.name != "jinja2":
            raise
        line = "the page of a report needs jinja2: pip install 'faregate[report]'"
        raise ModuleNotFoundError(line, name=missing.name) from missing
    loader = jinja2.PackageLoader(__name__.rpartition(".")[0], "templates")
    made = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("page.html")
