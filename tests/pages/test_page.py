"""The page of a report: right markup, every number, nothing from elsewhere, whatever the words in it."""

import builtins
import subprocess
import sys
from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from ledger.pages import page
from ledger.report.values import BurnDown, Cell, Report
from pricing import Money
from tests.pages.reading import Read, numbers, read, written
from tests.pages.sample import FIRST, bare, sample, usd
from tests.strategies.reports import reports

LISTS = ("exposures", "breaks", "drift", "anomalies", "refusals", "accuracy", "burn_downs", "runways")


@pytest.fixture(scope="module")
def usual() -> Read:
    return read(page(sample()))


def check(made: Read) -> None:
    """What holds for every page."""
    ids = [one.get("id") for one in made.tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert not made.all("script")
    assert not made.all("img")
    assert not made.all("link")
    for one in made.tree.iter():
        for name, value in one.items():
            assert name not in {"src", "srcset", "action", "data", "style", "xlink:href"}, name
            assert not name.startswith("on"), name
            if name == "href":
                assert value[1:] in ids
                assert value.startswith("#")
            if name in {"aria-labelledby", "aria-describedby"}:
                assert set(value.split()) <= set(ids)
    charts = [one for one in made.all("svg") if one.get("role") == "img"]
    drawings = made.drawings
    assert len(charts) == len(drawings)
    for one in drawings:
        assert [child.tag for child in one][:2] == ["title", "desc"]
        assert all("".join(child.itertext()).strip() for child in list(one)[:2])
    levels = [int(one.tag[1]) for one in made.tree.iter() if str(one.tag) in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def holds(made: Read, report: Report) -> None:
    """Every number of the report stands on the page."""
    amounts, counts, words = made.amounts, made.counts, made.words
    for name, value in numbers(report):
        if isinstance(value, Money):
            assert written(value) in amounts, f"{name}: {value}"
        elif isinstance(value, date):
            assert name in {"starts", "ends", "window", "period", "at"} or str(value) in words, f"{name}: {value}"
        else:
            assert f"{value:,}" in counts, f"{name}: {value}"


def test_the_sample_agrees_with_itself() -> None:
    made = sample()
    for cells in (made.by_day, made.by_offer, made.by_scope, made.by_tag):
        assert sum(cell.settled.nanos for cell in cells) == made.totals[0].settled.nanos
        assert sum(cell.held.nanos for cell in cells) == made.totals[0].held.nanos
        assert all(cell.settled.nanos >= 0 for cell in cells)


def test_the_usual_page(usual: Read) -> None:
    check(usual)
    holds(usual, sample())
    assert "://" not in usual.html
    assert "url(#" in usual.html
    assert usual.html.count("url(") == usual.html.count("url(#")
    assert "@import" not in usual.html
    assert len(usual.html.encode()) < 300_000


def test_the_same_report_is_the_same_page(usual: Read) -> None:
    assert page(sample()) == usual.html


def test_its_message_comes_first(usual: Read) -> None:
    main = next(usual.tree.iter("main"))
    said = " ".join("".join(main[0].itertext()).split())
    totals = sample().totals[0]
    for word in ("Spent", "Promised", "May yet come", "November ends at", "What needs a person"):
        assert word in said
    assert "November should end at about 1,294.11 USD. acme should end within its limit, with" in said
    titles = {one.get("title") for one in main[0].iter("span")}
    for amount in (totals.settled, totals.held, totals.exposed):
        assert f"{written(amount)} USD" in titles
    assert "1 budget past its limit or bound to pass it" in said
    assert "4 open breaks" in said
    assert "3 jobs that may have been charged" in said
    assert "9 holds were refused" in said


def test_without_an_outlook_of_everything_the_broadest_budget_is_the_message() -> None:
    made = read(page(replace(sample(), forecasts=())))
    check(made)
    said = " ".join("".join(next(made.tree.iter("main"))[0].itertext()).split())
    assert "acme ends at about" in said
    assert "November" not in said.partition("What needs")[0]
    other = replace(sample().forecasts[0], window=(FIRST, FIRST + timedelta(days=8)))
    assert "2026-11-01 to 2026-11-08 ends at" in page(replace(sample(), forecasts=(other,)))


def test_where_all_spend_is_heading_is_said_drawn_and_scored(usual: Read) -> None:
    (part,) = (one for one in usual.all("section") if one.get("id") == "outlook")
    said = " ".join("".join(part.itertext()).split())
    for words in (
        "The first budget to be used up is acme/autumn · month: on 2026-11-28, in 4 days.",
        "By 2026-11-30 it should come to about 1,294.11 USD, likely between 1,240.36 and 1,371.90 USD.",
        "So far: 1,043.43 USD spent, 19.99 USD held, 12.50 USD planned; a usual day is 43.47 USD.",
        "meant to hold 8 times in 10; checked on the past, it held 31 of 38 times (82 %).",
        "Past forecasts: 6 were scored, off by 9 % on the whole",
        "inside the band 5 of 6 times",
        "Every day as a week ago would end at 1,311.74 USD.",
        "The level changed on 2026-10-21.",
        "Credits that cost 18.40 USD will expire unused, on top of it.",
    ):
        assert words in said
    rows = [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in part.iter("tr")]
    assert ["2026-11-24", "1,043.43", "19.99"] in rows
    assert rows[-3:] == [
        ["at its end", "1,294.11", "–"],
        ["likely from", "1,240.36", "–"],
        ["likely to", "1,371.90", "–"],
    ]
    assert part.find(".//polygon[@class='band']") is not None
    days = sum(1 for row in rows if len(row[0]) == 10 and row[0].startswith("2026-11-"))
    assert days == 24


def test_too_early_to_look_ahead_is_said_and_nothing_is_promised() -> None:
    made = sample()
    burn = made.burn_downs[0]
    assert burn.forecast is not None
    early = replace(burn.forecast, method="none", low=None, high=None, coverage=None, burn_rate=None)
    whole = replace(made.forecasts[0], method="none", low=None, high=None, coverage=None, burn_rate=None)
    burns = tuple(replace(burn, limit=limit, forecast=early) for limit in (burn.limit, None))
    shown = read(page(replace(made, burn_downs=burns, forecasts=(whole,))))
    check(shown)
    said = " ".join("".join(next(shown.tree.iter("main")).itertext()).split())
    assert "acme has 29.60 USD of its limit left; it is too early to look ahead." in said
    assert "It has no limit; it is too early to look ahead." in said
    assert "It is too early to look ahead: that takes three finished days." in said
    assert not any(words in said for words in ("should end", "should come", "Expected by", "Likely"))


def test_without_a_bill_nothing_is_said_to_agree() -> None:
    made = replace(sample(), breaks=(), drift=())
    said = read(page(made)).words
    assert "Nowhere: no break is open, pending or remembered." in said
    assert "Every charge supports the price on its card." in said
    none = replace(made, totals=(replace(made.totals[0], invoiced=None),))
    said = read(page(none)).words
    assert said.count("Nothing could be compared: no bill of this period is known.") == 2
    assert "Nowhere" not in said


def test_credits_that_expire_before_they_are_used_run_out_then() -> None:
    made = sample()
    (runway,) = made.runways
    assert "runs out on 2027-01-18, in 55 days." in read(page(made)).words
    lost = replace(runway, exhausts_on=runway.lots[-1].expires_on)
    said = read(page(replace(made, runways=(lost,)))).words
    assert "runs out on 2027-02-12, in 80 days, as the last of it expires." in said


def test_an_outlook_of_another_period_is_drawn_from_today() -> None:
    made = sample()
    other = replace(made, by_day=made.by_day[:9], tz="Europe/Paris")
    shown = read(page(other))
    check(shown)
    (part,) = (one for one in shown.all("section") if one.get("id") == "outlook")
    assert [row[0].findtext("bdi") for row in part.iter("tr")][1] == "2026-11-24"
    no_band = replace(made.forecasts[0], low=None, high=None, coverage=None, track=None, limit=usd("1100"),
                      exhausts_on=date(2026, 11, 26), runway_days=2)  # fmt: skip
    said = read(page(replace(made, forecasts=(no_band,)))).words
    assert "No band: too few past checks tell how often it would hold." in said
    assert "No forecast is over yet, so none was scored." in said
    assert "At this pace the limit is used up in 2 days, on 2026-11-26." in said
    own = read(page(replace(made, forecasts=(), scope="acme")))
    assert "What is looked ahead stands with each budget." in own.words


def test_each_chart_has_its_numbers_beneath(usual: Read) -> None:
    figures = [one for one in usual.all("figure") if one.get("class") != "gauge"]
    assert len(figures) >= 10
    for one in figures:
        assert one.find(".//svg[@role='img']") is not None
        assert one.find(".//details//table//caption") is not None
    for table in usual.all("table"):
        assert "".join(table[0].itertext())
        assert all(head.get("scope") in {"col", "row"} for head in table.iter("th"))
        widths = {len(row) for row in table.iter("tr")}
        assert len(widths) == 1


def test_nothing_is_known(usual: Read) -> None:
    made = read(page(bare()))
    check(made)
    assert not made.all("figure")
    assert not made.all("table")
    assert "Nothing needs a person." in made.words
    assert len(made.all("section")) == len(usual.all("section")) - 1  # notes


@given(reports())
@settings(max_examples=15)
def test_no_word_breaks_out(report: Report) -> None:
    made = read(page(report))
    check(made)
    # a budget's limit is drawn, not the one that its forecast was asked with
    burns = tuple(
        burn if burn.forecast is None else replace(burn, forecast=replace(burn.forecast, limit=None))
        for burn in report.burn_downs
    )
    holds(made, replace(report, burn_downs=burns))


def test_a_long_list_is_cut_and_says_so() -> None:
    made = sample()
    parts: dict[str, Any] = {name: getattr(made, name) * 900 for name in LISTS}
    cells = tuple(
        Cell({"offer": f"fal/{number}"}, "USD", 1, usd("0"), usd(str(number)), usd("0"), None) for number in range(5000)
    )
    long = replace(made, **parts, by_offer=cells, by_scope=cells, by_tag=cells, by_day=_years(made))
    shown = read(page(long))
    check(shown)
    assert "The 60 dearest of 5,000; " in shown.words
    assert "The 60 largest of 2,700; " in shown.words
    assert "The 300 latest rows of 2,100; " in shown.words
    assert "Drawn: the 12 dearest of 5,000." in shown.words
    assert "fal/4999" in shown.words
    assert "fal/4900 " not in shown.words
    assert f"{sum(range(5000)):,}.00" in shown.amounts  # the foot sums what is not shown too
    assert len(shown.html.encode()) < 600_000


def _years(made: Report) -> tuple[Cell, ...]:
    days = (str(FIRST - timedelta(days=day)) for day in range(700))
    return tuple(
        replace(cell, keys={"day": day, "provider": name})
        for day in days
        for cell, name in zip(made.by_day[:3], ("a", "b", "c"), strict=True)
    )


def test_amounts_below_a_cent_keep_their_digits() -> None:
    made = sample()
    tiny = replace(made.totals[0], settled=Money(3, "USD"), held=Money(-1, "USD"))
    said = page(replace(made, totals=(tiny,)))
    assert "0.000000003 USD" in said
    assert "−0.000000001 USD" in said
    assert ">0.00<" not in said.partition("<h3>")[0]


def test_several_currencies_are_never_summed() -> None:
    made = sample()
    credit = Money.of("7.5", "creatify-credit")
    none = Money.zero("creatify-credit")
    other = Cell({"provider": "creatify", "offer": "creatify/x"}, "creatify-credit", 1, none, credit, none, None)
    totals = replace(made.totals[0], currency="creatify-credit", settled=credit, held=none, provisional=none,
                     invoiced=None, exposed=none, before=None)  # fmt: skip
    shown = read(page(replace(made, by_offer=(*made.by_offer, other), totals=(*made.totals, totals))))
    check(shown)
    assert "Spend by offer, USD" in shown.words
    assert "Spend by offer, creatify-credit" in shown.words
    assert len([one for one in shown.all("dl") if one.get("class") == "facts"]) == 2


@pytest.mark.parametrize(
    ("limit", "expected", "high", "said"),
    [
        ("100", "50", "60", "should end within its limit, with"),
        ("347.811453333", "438", "440", "should pass its limit"),
        ("430", "420", "440", "but may pass it"),
        ("10", "50", "60", "is past its limit by"),
    ],
)
def test_where_it_ends_is_said(limit: str, expected: str, high: str, said: str) -> None:
    made = sample()
    burn = made.burn_downs[0]
    assert burn.forecast is not None
    spent = usd("20") if limit in {"100", "10"} else burn.forecast.spent
    spent = min(spent, usd(limit)) if limit != "10" else spent
    ahead = replace(burn.forecast, spent=spent, expected=usd(expected), low=usd("20"), high=usd(high))
    shown = read(page(replace(made, burn_downs=(replace(burn, limit=usd(limit), forecast=ahead),))))
    message = next("".join(one.itertext()) for one in shown.all("p") if one.get("class") == "message")
    assert said in message


def test_a_budget_for_ever_and_one_without_a_day() -> None:
    made = sample()
    ever = replace(made.burn_downs[0], scope="ever", window="total", starts=None, ends=None)
    day = made.burn_downs[0].points[0]
    none = BurnDown("none", "month", "USD", None, None, usd("5"), (), None)
    one = BurnDown("one", "day", "USD", FIRST, FIRST + timedelta(days=1), usd("5"), (day,), None)
    long = replace(ever, scope="long", points=tuple(
        replace(day, day=FIRST - timedelta(days=900 - number)) for number in range(900)))  # fmt: skip
    shown = read(page(replace(made, burn_downs=(ever, none, one, long))))
    check(shown)
    assert "The 100 latest days of 900; " in shown.words


def test_fields_of_a_report_are_all_drawn(usual: Read) -> None:
    """Each list has a section of its own: an empty one shows as a sentence."""
    for part in fields(Report):
        value = getattr(sample(), part.name)
        if isinstance(value, tuple) and part.name not in {"period", "totals", "notes", "unread", *ASKED}:
            without = page(replace(sample(), **{part.name: ()}))
            assert len(without) < len(usual.html) - 500, part.name


ASKED = {"grouping", "cells"}
"""What only some ask for."""


def test_a_bill_that_cannot_be_told_is_said_where_breaks_are_and_needs_a_person() -> None:
    said = "line 7 of fal is in EUR, and nothing says what that is in USD"
    for breaks in (sample().breaks, ()):
        shown = read(page(replace(sample(), breaks=breaks, unread=(said,))))
        check(shown)
        assert f"Not known for all bills: {said}." in shown.words
        assert "1 bill that cannot be set beside the ledger" in shown.words
        assert "Nowhere: no break is open" not in shown.words


def test_a_grouping_that_was_asked_for_has_a_section() -> None:
    cells = tuple(
        replace(one, keys={"day": "2026-11-03", "tag:team": f"<{n}>"}) for n, one in enumerate(sample().by_offer)
    )
    html = page(replace(sample(), grouping=("day", "tag:team"), cells=cells))
    assert "Spend by day, tag:team" in html
    assert "2026-11-03 · &lt;0&gt;" in html


def test_without_jinja2_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "jinja2":
            raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ModuleNotFoundError, match=r"needs jinja2: pip install 'faregate\[report\]'"):
        page(bare())


def test_importing_it_stays_light() -> None:
    code = "import sys, ledger.pages; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False"]
