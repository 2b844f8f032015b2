"""Every kind of fault: its word, its number, when it strikes, what it does. Data only; acts on nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Phase = Literal["connect", "request", "instead", "reply", "job", "hook"]
"""connect: before a byte is read. request: nothing is accepted or answered. instead: nothing is accepted, this is
answered. reply: all is done, the reply is spoilt. job and hook: decided at the submit, for one accepted job."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. A name that ends in -N (whole), -S (seconds) or -NNN (HTTP status) takes a number there."""

    name: str
    phase: Phase
    about: str
    only: str = ""
    """The one provider it is of; empty: all."""

    @property
    def stem(self) -> str:
        """The name without its number's letter."""
        return self.name.rpartition("-")[0] if self.letter else self.name

    @property
    def letter(self) -> str:
        last = self.name.rpartition("-")[2]
        return last if last in ("N", "S", "NNN") else ""


_ALL = (
    Kind("down-for-S", "connect", "connections are refused, from now on for S seconds (takes no TIMES)"),
    Kind("reset-at-connect", "connect", "the connection is taken and reset before a byte is read"),
    Kind("reset-at-N", "request", "reset after N bytes of the request's body; 0: before it; past its end: after it"),
    Kind("lost-request", "request", "the request is read, forgotten, and the connection closed"),
    Kind("refuse", "instead", "no money left: fal 403, Runware and Creatify 402"),
    Kind("html", "instead", "somebody else's web page, status 200"),
    Kind("status-NNN", "instead", "this HTTP status, 200 to 599"),
    Kind("throttle-S", "instead", "429 with Retry-After: S"),
    Kind("throttle-date-S", "instead", "429 with Retry-After as a date, S seconds ahead"),
    Kind("5xx-after", "reply", "HTTP 500"),
    Kind("after-NNN", "reply", "this HTTP status, 200 to 599"),
    Kind("lost-answer", "reply", "nothing: the connection is closed"),
    Kind("reset-answer", "reply", "nothing: the connection is reset"),
    Kind("cut-head-N", "reply", "the first N bytes of the reply, from its status line on"),
    Kind("cut-body-N", "reply", "the head and the first N bytes of the body"),
    Kind("truncated", "reply", "half of the body, as if it were whole"),
    Kind("malformed", "reply", "a body that is nearly JSON"),
    Kind("empty", "reply", "an empty body"),
    Kind("html-after", "reply", "somebody else's web page, status 200"),
    Kind("late-S", "reply", "the reply, S seconds late"),
    Kind("slow-S", "reply", "the reply, its body spread over S seconds"),
    Kind("conflict", "job", "its first POST is answered conflictTaskUUID", "runware"),
    Kind("extra-second", "job", "a second more is billed"),
    Kind("render-S", "job", "takes S seconds"),
    Kind("stuck", "job", "never ends"),
    Kind("fail", "job", "fails, and is free"),
    Kind("fail-422", "job", "fails for its content; fal bills it and says so in its units, the others do not"),
    Kind("rejected", "job", "ends rejected, refunded", "creatify"),
    Kind("credits-gone", "job", "fails half-way for want of credits, refunded", "creatify"),
    Kind("partial-N", "job", "N of the results fail", "runware"),
    Kind("repeated", "job", "each poll tells every finished result twice", "runware"),
    Kind("hide", "job", "never shows in probes"),
    Kind("no-cost", "job", "billed, but the cost is not said"),
    Kind("cost-zero", "job", "billed, but the cost is said to be 0"),
    Kind("cost-negative", "job", "billed, but the cost is said to be below 0"),
    Kind("cost-huge", "job", "billed, but the cost is said to be a thousandfold"),
    Kind("cost-word", "job", "billed, but the cost is said to be no number"),
    Kind("double-bill", "job", "billed twice, said once"),
    Kind("bill-failed", "job", "fails, and is billed all the same"),
    Kind("late-bill-S", "job", "fails, is free at first, and is billed S seconds later"),
    Kind("cancel-billed", "job", "a cancel before it starts stops it, but it is billed", "fal"),
    Kind("price-rise", "job", "all prices rise by a quarter as it is accepted: it is billed at the new ones"),
    Kind("price-later", "job", "all prices rise by a quarter as it ends: it is billed at the old ones"),
    Kind("hook-twice", "hook", "each webhook is sent twice"),
    Kind("hook-reordered", "hook", "its webhooks come at the end, the last first"),
    Kind("hook-forged", "hook", "a stranger's webhook comes first: says it failed; at fal signed with another key"),
    Kind("hook-stale", "hook", "fal: signed ten minutes ago; the others: ten minutes late"),
    Kind("hook-never", "hook", "no webhook is sent"),
    Kind("hook-early", "hook", "it is done at once, and the webhook is sent before the submit is answered"),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
STEMS: Mapping[str, Kind] = {kind.stem: kind for kind in _ALL if kind.letter}
PROVIDERS = ("fal", "runware", "creatify")
CALLS = ("submit", "poll", "result", "probe", "cost", "upload", "download", "cancel")
"""What a call is for. Runware polls, probes and uploads by task; `result` and `cancel` are fal's only."""
FORM = "KIND[@CALL][:PROVIDER][:TIMES][~TEXT]"


def told() -> str:
    """All kinds, one a line, for help texts."""
    heads = {
        "connect": "at the connection", "request": "in the request: nothing is accepted or answered",
        "instead": "before acting: nothing is accepted, and this is answered",
        "reply": "after acting: accepted, and this is the reply", "job": "what becomes of an accepted job",
        "hook": "what becomes of its webhooks",
    }  # fmt: skip
    lines: list[str] = []
    for phase, head in heads.items():
        lines.append(f"{head}:")
        lines += [
            f"  {kind.name:<17} {kind.about}{f' ({kind.only} only)' if kind.only else ''}"
            for kind in _ALL
            if kind.phase == phase
        ]
    return "\n".join(lines)
