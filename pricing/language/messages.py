"""What pydantic finds in a card, in our words and with the fix. Reads nothing and judges nothing itself."""

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from ..units import BILLED, MEASURES
from .faults import Found, Path
from .keys import TAGS, advice
from .names import NOT_IN_WHEN

_KINDS = f"kind is {', '.join(TAGS[:-1])} or {TAGS[-1]}"
_FIXES = {
    "too_long": "make it shorter",
    "string_too_short": "write something",
    "string_too_long": "make it shorter",
    "string_type": "write text in quotes",
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false",
    "tuple_type": "write a list in [ ]",
    "dict_type": "write a table in { }",
    "model_type": "write a table in { }",
    "union_tag_not_found": f"add `kind`: {', '.join(TAGS[:-1])} or {TAGS[-1]}",
    "union_tag_invalid": _KINDS,
}
_VALUE_FIXES = (
    ("through a float", "read the file with parse_float=Decimal"),
    ("without quotes", "write a plain number such as 0.14"),
    ("neither a day", 'write "2026-05-14" or "2026-05"'),
    ("must be a day", 'write "2026-05-14"'),
    ("is not a measure", f"known: {', '.join(name for name in MEASURES if name != BILLED)}"),
    ("must stand at the top", 'write them first: provider = "acme", currency = "USD", checked_on = "2026-11-20"'),
    ("is before effective_from", "swap them, or correct the year"),
    ("is above", "swap them, or correct one"),
    ("no end is written", 'write "inf"'),
)
_PATTERNS = {  # by how each begins
    "^[a-z][a-z0-9-]": 'write a lower-case word of letters, digits and -, a letter first, such as "acme"',
    "^[a-z][a-z0-9_]": "write the lower-case name of a measure, such as requested_seconds",
    "^[A-Za-z][": 'write a currency of letters, digits and -, a letter first, such as "USD" or "acme-credit"',
    "^[A-Za-z0-9][": "write letters, digits and . _ : / @ + - without blanks, a letter or digit first",
    "^https?": 'write the address of a page, such as "https://acme.example/prices"',
}
_MOST_HINTS = 200
"""Beyond so many faults nobody reads the hints, and looking for near words takes long."""


def found_from(error: ValidationError) -> list[Found]:
    """Every fault of one card, in the order of the card."""
    errors = error.errors(include_url=False)
    inner = {tuple(one["loc"])[:length] for one in errors for length in range(len(one["loc"]))}
    # a list whose items are faulty is counted as too short: told of the items, nobody need be told of it
    told = [one for one in errors if one["type"] != "too_short" or tuple(one["loc"]) not in inner]
    return [_found(one, place < _MOST_HINTS) for place, one in enumerate(told)]


def _found(one: Any, hint: bool) -> Found:
    where: Path = tuple(one["loc"])
    # the kind of a tariff is pydantic's word in the path, and nobody's key
    kinds = {place for place in range(1, len(where)) if where[place - 1] == "tariff" and where[place] in TAGS}
    path = tuple(step for place, step in enumerate(where) if place not in kinds)
    return Found(path, *_said(one, where, hint))


def _said(one: Any, path: Path, hint: bool) -> tuple[str, str]:
    """The message and the fix."""
    kind, context = one["type"], one.get("ctx", {})
    message = one["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return "unknown key", advice(path) if hint else "remove it"
    if kind == "too_short":
        return "is empty", "give at least one"
    if kind == "missing":
        return "is missing", 'add it, or up_to = "inf" for no end' if path[-1] == "up_to" else "add it"
    if kind == "value_error":
        return message, next((fix for text, fix in _VALUE_FIXES if text in message), "correct it")
    if kind == "literal_error":
        return "is not one of the words", f"write {context.get('expected', 'one of them')}"
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        words = next((words for start, words in _PATTERNS.items() if pattern.startswith(start)), None)
        return "is not written as it must be", words or f"it must match {pattern}"
    if kind == "union_tag_invalid":
        tag = str(context.get("tag", ""))[:60]
        near = get_close_matches(tag, TAGS, n=1)
        return f"{tag!r} is not a kind of tariff", (f"did you mean {near[0]}? " if near else "") + _KINDS
    if kind in ("tuple_type", "string_type") and "when" in path[:-1]:
        name = path[len(path) - path[::-1].index("when")]
        if name in MEASURES:
            return f"{name!r} is not a setting", NOT_IN_WHEN
    if kind in ("tuple_type", "string_type") and (word := _word(one.get("input"))) is not None:
        return "must be a word in quotes", f'write "{word}"'
    fix = _FIXES.get(kind, "correct it")
    for key, words in (("gt", "more than"), ("ge", "at least"), ("le", "at most")):
        if key in context and kind.startswith(("greater", "less")):
            fix = f"give {words} {context[key]}"
    return message[:1].lower() + message[1:], fix


def _word(value: object) -> str | None:
    """How a yes, a no or a small number is written where words stand."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) and abs(value) < 10**9 else None
