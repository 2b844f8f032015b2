"""The page in a real browser: three widths, dark, print, keyboard, axe; no script error, and no request leaves.

Debian's Chromium does it. Where it is absent these tests are skipped, but not in CI.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ledger.pages import page
from tests.pages.sample import bare, sample
from tests.strategies.reports import HOSTILE

CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
TIMEOUT_MS = 90_000
WIDTHS = 360, 820, 1440
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="no chromium here: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "CI must install chromium: see .ci/run"
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=TIMEOUT_MS)
        yield started
        started.close()


class Opened:
    """A page that is looked at; afterwards it must have asked nobody and said no error."""

    def __init__(self, browser: Browser, file: Path, width: int = 1440, scheme: Any = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.context.set_default_timeout(TIMEOUT_MS)
        self.page = self.context.new_page()
        self.url, self.asked, self.said = file.as_uri(), list[str](), list[str]()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def __enter__(self) -> Page:
        self.page.goto(self.url)
        return self.page

    def __exit__(self, *failed: object) -> None:
        self.context.close()
        if failed == (None, None, None):
            assert self.asked == [self.url]
            assert self.said == []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages that are looked at: of a usual month, of nothing, of hostile words."""
    usual, place = sample(), tmp_path_factory.mktemp("pages")
    long = tuple(replace(burn, scope=word) for burn, word in zip(usual.burn_downs, HOSTILE[7:], strict=False))
    words = [word for word in HOSTILE if word]
    hostile = replace(
        usual,
        title=HOSTILE[1],
        burn_downs=long,
        by_scope=tuple(replace(usual.by_scope[0], keys={"scope": word}) for word in words),
        by_day=tuple(replace(cell, keys={"day": cell.keys["day"], "provider": HOSTILE[11]}) for cell in usual.by_day),
        exposures=tuple(replace(usual.exposures[0], job=word, scope=word, reason=word) for word in words),
        refusals=tuple(replace(usual.refusals[0], scope=word, detail=word * 3) for word in words),
        notes=tuple(words),
    )
    few = {name: getattr(usual, name)[-6:] for name in ("by_day", "by_offer", "by_scope", "by_tag")}
    burns = tuple(replace(burn, points=burn.points[-3:]) for burn in usual.burn_downs[:3])
    short = replace(usual, **few, burn_downs=burns)
    found: dict[str, Path] = {}
    pages = {"usual": usual, "short": short, "bare": bare(), "hostile": hostile}
    for name, report in pages.items():
        found[name] = place / f"{name}.html"
        found[name].write_text(page(report), "utf-8")
    return found


def too_wide(shown: Page) -> Any:
    """What reaches past the right edge and cannot be scrolled to inside its own frame."""
    return shown.evaluate(
        """() => [...document.querySelectorAll("main *, header *")].filter(one => !one.closest(".scroll, .unseen, svg")
             && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
             .map(one => one.tagName + " " + one.textContent.slice(0, 60))"""
    )


@pytest.mark.parametrize("name", ["usual", "bare", "hostile"])
def test_no_width_scrolls_sideways(browser: Browser, made: dict[str, Path], name: str) -> None:
    with Opened(browser, made[name]) as shown:
        for width in WIDTHS:
            shown.set_viewport_size({"width": width, "height": 900})
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            assert too_wide(shown) == []


@pytest.mark.parametrize("name", ["short", "bare"])
@pytest.mark.timeout(400)
def test_axe_finds_no_fault(browser: Browser, made: dict[str, Path], name: str) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    with Opened(browser, made[name]) as shown:
        shown.evaluate(axe)
        shown.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        for scheme, width in (("light", 1440), ("dark", 360)):
            shown.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            shown.set_viewport_size({"width": width, "height": 900})
            rules = "{}" if scheme == "light" else "{runOnly: ['color-contrast', 'scrollable-region-focusable']}"
            found: Any = shown.evaluate(f"axe.run({rules})")
            assert found["passes"]
            assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]] == []


def test_light_and_dark_differ(browser: Browser, made: dict[str, Path]) -> None:
    with Opened(browser, made["usual"]) as shown:
        grounds: list[Any] = []
        for scheme in ("light", "dark"):
            shown.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            grounds.append(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert grounds == ["rgb(252, 251, 248)", "rgb(20, 23, 27)"]


def test_it_prints_whole(browser: Browser, made: dict[str, Path]) -> None:
    """On A4, light though the screen be dark, nothing cut at the edge, every table open."""
    with Opened(browser, made["usual"], width=695, scheme="dark") as shown:  # A4 less its margins
        shown.emulate_media(media="print")
        assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert shown.evaluate("document.documentElement.scrollWidth") <= 695
        beyond = "one => one.getBoundingClientRect().right > 696"
        assert shown.evaluate(f"[...document.querySelectorAll('svg.chart, table')].filter({beyond}).length") == 0
        rows = "() => [...document.querySelectorAll('details td')].every(one => one.checkVisibility())"
        assert shown.evaluate(rows)
        printed = shown.pdf(prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert b"/MediaBox [0 0 594" in printed or b"/MediaBox [0 0 595" in printed


def test_the_keyboard_reaches_everything(browser: Browser, made: dict[str, Path]) -> None:
    with Opened(browser, made["usual"]) as shown:
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.className") == "skip"
        assert shown.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
        shown.keyboard.press("Enter")
        assert shown.evaluate("document.activeElement.id") == "main"
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.getAttribute('href')") == "#budgets"
        assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        summary = shown.locator("summary").first
        summary.focus()
        shown.keyboard.press("Enter")
        assert shown.locator("details").first.evaluate("one => one.open")
        frame = shown.locator("details .scroll").first
        frame.focus()
        assert frame.evaluate("one => one === document.activeElement")


def test_nothing_of_the_words_runs(browser: Browser, made: dict[str, Path]) -> None:
    with Opened(browser, made["hostile"]) as shown:
        assert shown.evaluate("document.querySelectorAll('script, img, iframe, object').length") == 0
        assert shown.title().startswith("</title></svg></style><img")
        assert shown.locator("h1").inner_text() == HOSTILE[1]
