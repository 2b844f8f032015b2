"""`pricing.check` tells every fault at once, with file, line, key and fix; and the shipped schema is current."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pricing
from pricing import BadCard, PriceBook
from pricing.language.card import RateCard
from pricing.language.checking import check_texts
from pricing.language.load import read_card
from pricing.language.positions import line_of, positions
from pricing.language.schema import schema_text
from tests.pricing.cardtexts import GOOD, row, spoiled
from tests.pricing.test_card import ROWS, SPOILED


def test_the_shipped_cards_are_good() -> None:
    assert pricing.check(Path(str(files("pricing") / "cards"))) == ()


@pytest.mark.parametrize("name", SPOILED)
def test_every_spoiled_card_has_its_fault(name: str) -> None:
    old, new, _ = SPOILED[name]
    found = check_texts({"acme.toml": spoiled(old, new)})
    assert found
    for fault in found:
        assert fault.file == "acme.toml"
        if name != "price an endless integer":  # Python's own refusal says no line
            assert fault.line is not None
            assert 1 <= fault.line <= spoiled(old, new).count("\n") + 1
        assert fault.key
        assert fault.message
        assert fault.fix
        assert "\n" not in str(fault)


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_do_not_fit(name: str) -> None:
    rows, key = ROWS[name]
    assert any(re.search(key, str(fault)) for fault in check_texts({"acme.toml": GOOD + rows}))


MANY = """\
provider = "acme"
currency = "USD"
checked_on = "2026-11-20"

[[offers]]
id = "one"
name = "one"
measure = "minutes"
vendor = "x"
[[offers.rates]]
id = "r1"
effective_from = "2026-13"
sources = [
    { url = "https://acme.example/1", evidence = "published" },
    { url = "https://acme.example/2", evidence = "rumour" },
]
components = [
    { label = "a", tariff = { kind = "flat", price = "1" } },
]

[[offers]]
id = "two"
name = "two"
measure = "requested_seconds"
[offers.settings.mode]
values = ["a", "b"]
default = "a"
[[offers.derive]]
name = "frames"
expression = "frames + 1"
unit = "frame"
[[offers.rates]]
id = "r2"
effective_from = "2026-01"
sources = [{ url = "https://acme.example/1", evidence = "published" }]
[[offers.rates.components]]
label = "a"
measure = "widht"
tariff = { kind = "table", cells = [
    { when = { mode = "a" }, price = 1 },
    { when = { mode = "c" }, price = 1 },
] }

[[offers]]
id = "three"
name = "three"
measure = "requested_seconds"
[[offers.rates]]
id = "r2"
effective_from = "2026-01"
sources = [{ url = "https://acme.example/1", evidence = "published" }]
[[offers.rates.components]]
label = "a"
tariff = { kind = "flat", price = 1 }
"""


def test_all_faults_at_once_each_at_its_line() -> None:
    found = [(fault.line, fault.key) for fault in check_texts({"acme.toml": MANY})]
    assert found == [
        (8, "offers.0.measure"),
        (9, "offers.0.vendor"),
        (12, "offers.0.rates.0.effective_from"),
        (15, "offers.0.rates.0.sources.1.evidence"),
        (18, "offers.0.rates.0.components.0.tariff.price"),
        (30, "offers.1.derive.0.expression"),
        (38, "offers.1.rates.0.components.0.measure"),
        (41, "offers.1.rates.0.components.0.tariff.cells.1.when.mode"),
        (49, "offers.2.rates.0.id"),
    ]


def test_files_that_are_no_cards(tmp_path: Path) -> None:
    (tmp_path / "a-broken.toml").write_text("x = 1\ny = =\n", encoding="utf-8")
    (tmp_path / "b-open.toml").write_text("x = [1\n", encoding="utf-8")
    (tmp_path / "c-huge.toml").write_text("#" * 10_000_000, encoding="utf-8")
    (tmp_path / "d-latin.toml").write_bytes(b"provider = '\xe9'")
    (tmp_path / "e-deep.toml").write_text("x = " + "[" * 50_000, encoding="utf-8")
    (tmp_path / "f-good.toml").write_text(GOOD, encoding="utf-8")
    found = pricing.check(tmp_path)
    assert [(Path(fault.file).name[0], fault.line) for fault in found] == [
        ("a", 2), ("b", 2), ("c", None), ("d", None), ("e", None),
    ]  # fmt: skip
    assert "too large" in found[2].message
    assert pricing.check(tmp_path / "f-good.toml") == ()
    (nothing,) = pricing.check(tmp_path / "none.toml")
    assert "cannot be read" in nothing.message
    (tmp_path / "empty").mkdir()
    (empty,) = pricing.check(tmp_path / "empty")
    assert "no *.toml" in empty.message


def test_what_lies_over_shipped_cards_is_judged_with_them() -> None:
    over = 'checked_on = "2026-11-20"\n[[confirm]]\nrate = "fal-aurora-newer-copy"\n'
    assert check_texts({"my.toml": over}) == ()
    (fault,) = check_texts({"my.toml": over.replace("newer", "newest")})
    assert (fault.line, fault.key) == (3, "confirm.0.rate")


def test_two_files_are_one_book() -> None:
    found = check_texts({"a.toml": GOOD, "b.toml": GOOD.replace("acme-clip-2026", "other")})
    assert [(fault.file, fault.line, fault.key) for fault in found] == [("b.toml", 6, "offers.0.id")]
    text = GOOD + row("b", "2026-01-01")
    (fault,) = check_texts({"a.toml": text})
    assert text.splitlines()[(fault.line or 0) - 1] == 'effective_from = "2026-01-01"'


PART = 'label = "clip"\n'
COMPONENT = "offers.0.rates.0.components.0"
TIPS = {
    "a key of the row below its component": (
        PART, PART + 'assumptions = ["x"]\n',
        f"{COMPONENT}.assumptions: unknown key; belongs in [[offers.rates]]; move it up",
    ),
    "a key of the offer below its settings": (
        'default = "720p"\n', 'default = "720p"\nduration = { min = 1 }\n',
        "offers.0.settings.resolution.duration: unknown key; belongs in [[offers]]; move it up",
    ),
    "a key of a tariff outside it": (
        PART, PART + "price = 5\n",
        f"{COMPONENT}.price: unknown key; belongs in a tariff or its cells; move it there",
    ),
    "a key of the row in another list": (
        "[[offers]]", '[[discounts]]\ncomponents = 1\n[[offers]]',
        "discounts.0.components: unknown key; belongs in [[offers.rates]]; move it there",
    ),
    "maximum": (PART, PART + "maximum = 5\n", f"{COMPONENT}.maximum: unknown key; did you mean cap?"),
    "minimum_seconds": (
        PART, PART + "minimum_seconds = 5\n", f"{COMPONENT}.minimum_seconds: unknown key; did you mean minimum?",
    ),
    "shuffled letters": ("per = 1,", "pre = 1,", f"{COMPONENT}.tariff.pre: unknown key; did you mean per?"),
    "misspelled, and belongs elsewhere": (
        PART, PART + 'effective_form = "2026"\n',
        "unknown key; did you mean effective_from? it belongs in [[offers.rates]]; move it up",
    ),
    "nothing like it": (PART, PART + "xyzzy = 5\n", f"{COMPONENT}.xyzzy: unknown key; remove it"),
    "a condition on a measure": (
        PART, PART + 'when = { height = "5" }\n',
        ("when.height: 'height' is not a setting of the offer; conditions on measures go into above/at_most of a "
        "multiplier, never into when"),
    ),
    "a number as condition on a measure": (
        PART, PART + "when = { height = 5 }\n",
        ("when.height: 'height' is not a setting; conditions on measures go into above/at_most of a multiplier, "
        "never into when"),
    ),
    "numbers as condition on a measure": (
        PART, PART + "when = { height = [5, 6] }\n", "when.height.0: 'height' is not a setting; conditions on measures",
    ),
    "sources for source": (
        "[[offers]]", '[[plans]]\nsources = 1\n[[offers]]', "plans.0.sources: unknown key; did you mean source?",
    ),
    "true for yes": (PART, PART + "when = { resolution = true }\n", ': must be a word in quotes; write "yes"'),
    "false for no": (PART, PART + "when = { resolution = [false] }\n", '.0: must be a word in quotes; write "no"'),
    "a number for a word": ('["480p", "720p"]', "[480, 720]", 'values.0: must be a word in quotes; write "480"'),
    "a provider in capitals": ('"acme"', '"Acme Inc"', "write a lower-case word of letters, digits and -"),
    "an id with a blank": ('id = "clip"', 'id = "a clip"', "write letters, digits and . _ : / @ + - without blanks"),
    "a misspelled tariff": (
        'kind = "table"', 'kind = "tabel"',
        (f"{COMPONENT}.tariff: 'tabel' is not a kind of tariff; did you mean table? "
        "kind is flat, per-unit, table, ladder, intervals or tiers"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), TIPS.values(), ids=list(TIPS))
def test_a_fault_tells_its_fix(old: str, new: str, said: str) -> None:
    assert said in "\n".join(map(str, check_texts({"acme.toml": spoiled(old, new)})))


def with_tariff(tariff: str, keys: str = "") -> str:
    return f"{GOOD[: GOOD.index('quantise')]}{keys}\ntariff = {{ {tariff} }}\n"


def faults_of(text: str) -> list[str]:
    return [f"{fault.key}: {fault.message}; {fault.fix}" for fault in check_texts({"acme.toml": text})]


ANY = '{ when = { resolution = ["480p", "720p"] }, price = 1 }'
UNMETERED = {
    "flat": 'kind = "flat", price = 1',
    "table": f'kind = "table", cells = [{ANY}]',
    "ladder": 'kind = "ladder", axis = "width", cells = [{ at = 5, price = 1 }]',
    "intervals": 'kind = "intervals", axis = "width", cells = [{ up_to = "inf", price = 1 }]',
}
METERED = {
    "per-unit": 'kind = "per-unit", price = 1',
    "table": UNMETERED["table"] + ", per = 1",
    "intervals": UNMETERED["intervals"] + ", per = 2",
    "tiers": 'kind = "tiers", mode = "cliff", cells = [{ up_to = "inf", flat = 1 }]',
}
QUANTITY = {
    "quantise": 'quantise = { step = 1, mode = "ceil" }', "minimum": "minimum = 5", "cap": "cap = 5",
    "included": "included = 1",
}  # fmt: skip


@pytest.mark.parametrize("key", QUANTITY)
@pytest.mark.parametrize("kind", UNMETERED)
def test_nothing_rounds_a_quantity_that_no_tariff_asks_for(kind: str, key: str) -> None:
    text = with_tariff(UNMETERED[kind], QUANTITY[key])
    (said,) = faults_of(text)
    assert said.startswith(f"{COMPONENT}.{key}: {key} has no effect: a tariff that is {kind}")
    assert said.endswith(f"or leave {key} out")
    assert ("add per = 1" in said) == (kind in METERED)
    with pytest.raises(BadCard, match=f"{COMPONENT}.{key}"):
        PriceBook.from_texts({"acme.toml": text})
    assert faults_of(with_tariff(UNMETERED[kind])) == []


@pytest.mark.parametrize("kind", METERED)
def test_a_tariff_that_asks_for_the_quantity_may_round_it(kind: str) -> None:
    assert faults_of(with_tariff(METERED[kind], "\n".join(QUANTITY.values()))) == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("up_to = inf, price = 1", 'up_to: no end is written in quotes; write "inf"'),
        ("price = 1", 'up_to: is missing; add it, or up_to = "inf" for no end'),
        ('up_to = "inf", price = 1, flat = 2', "flat: unknown key; belongs in the cells of tiers; move it there"),
    ],
)
def test_the_last_cell(cell: str, said: str) -> None:
    (fault,) = faults_of(with_tariff(f'kind = "intervals", axis = "width", cells = [{{ {cell} }}]'))
    assert fault == f"{COMPONENT}.tariff.cells.0.{said}"


def test_a_hole_names_only_what_the_table_asks_for() -> None:
    other = '[offers.settings.audio]\nvalues = ["yes", "no"]\ndefault = "no"\n\n[[offers.rates]]'
    text = GOOD.replace("[[offers.rates]]", other).replace(
        '    { when = { resolution = "480p" }, price = 0.05 },\n', ""
    )
    (fault,) = faults_of(text)
    assert fault.endswith("the table has a hole: nothing for resolution 480p; add the cell")


def test_a_derived_measure_is_used() -> None:
    derive = '[[offers.derive]]\nname = "a"\nexpression = "2 * width"\nunit = "x"\n'
    derive += '[[offers.derive]]\nname = "b"\nexpression = "2 * a"\nunit = "x"\n\n[[offers.rates]]'
    text = GOOD.replace("[[offers.rates]]", derive)
    assert [one.split(";")[0] for one in faults_of(text)] == [
        "offers.0.derive.0.name: 'a' is not used",
        "offers.0.derive.1.name: 'b' is not used",
    ]
    assert faults_of(text.replace(PART, PART + 'measure = "b"\n')) == []
    hole = text.replace('    { when = { resolution = "480p" }, price = 0.05 },\n', "")
    assert "nothing for resolution 480p" in faults_of(hole)[-1]  # and hides no other fault


def test_many_unknown_keys_are_told_soon() -> None:
    found = check_texts({"x.toml": "\n".join(f"compnoent{n} = 1" for n in range(5000))})
    assert len(found) == 5000
    assert found[0].fix.startswith("did you mean components?")
    assert found[-1].fix == "remove it"


@given(st.text(max_size=300) | st.text('[]{}=",.\n #abc\'\\"', max_size=300))
def test_any_text_is_checked_without_an_exception(text: str) -> None:
    for fault in check_texts({"x.toml": text}):
        assert fault.message
    assert all(line >= 1 for line in positions(text).values())


def test_positions() -> None:
    text = 'a = 1\n[b]\n"c d".e = """\nx\n"""\n[[f]]\ng = [\n 1, # one\n { h = 2,\n i = [3] },\n]\n'
    text += "[[f]]\n[f.j]\nk = '''\n'''\nl = 2\n"
    lines = positions(text)
    assert lines[("a",)] == 1
    assert lines[("b", "c d", "e")] == 3
    assert lines[("f", 0, "g", 0)] == 8
    assert lines[("f", 0, "g", 1, "h")] == 9
    assert lines[("f", 0, "g", 1, "i", 0)] == 10
    assert lines[("f", 1)] == 12
    assert lines[("f", 1, "j", "l")] == 16
    assert line_of(lines, ("f", 0, "g", 1, "nothing", 3)) == 9
    assert line_of(lines, ("nothing",)) == 1


def test_the_schema_is_current() -> None:
    shipped = (files("pricing") / "cards" / "schema.json").read_text("utf-8")
    assert shipped == schema_text(), "python -m pricing.language.schema > pricing/cards/schema.json"
    schema = json.loads(shipped)
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(RateCard.model_fields)


def test_a_card_may_name_its_schema() -> None:
    assert read_card("acme.toml", "#:schema ./schema.json\n" + GOOD) == read_card("acme.toml", GOOD)
