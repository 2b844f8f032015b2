"""How faults are written, and which calls they strike."""

from decimal import Decimal

import pytest

from router.sandbox.faults import Fault, Faults
from router.sandbox.kinds import CALLS, KINDS, PROVIDERS, Phase, told

BEFORE: tuple[Phase, ...] = ("request", "instead")


def faults(*specs: str) -> Faults:
    return Faults(specs, lambda: 0.0)


def early(left: Faults, provider: str, text: str = "", call: str = "submit") -> str | None:
    """The kind that strikes before anything is done."""
    fault = left.strike(BEFORE, provider, call, lambda: text)
    return None if fault is None else fault.kind.name


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("refuse", Fault(KINDS["refuse"])),
        ("refuse:fal", Fault(KINDS["refuse"], "fal")),
        ("lost-answer:creatify:3", Fault(KINDS["lost-answer"], "creatify", 3)),
        ("lost-answer@poll:creatify:3", Fault(KINDS["lost-answer"], "creatify", 3, call="poll")),
        ("status-500@*:*:*", Fault(KINDS["status-NNN"], "*", None, call="*", number=Decimal(500))),
        ("hide:2", Fault(KINDS["hide"], "*", 2)),
        ("fail:*", Fault(KINDS["fail"], "*", 1)),
        ("fail:*:*", Fault(KINDS["fail"], "*", None)),
        ("fail-422:fal", Fault(KINDS["fail-422"], "fal")),
        ("no-cost:runware:*~a:b~c", Fault(KINDS["no-cost"], "runware", None, "a:b~c")),
        ("extra-second~clip-7", Fault(KINDS["extra-second"], text="clip-7")),
        ("status-503:fal", Fault(KINDS["status-NNN"], "fal", number=Decimal(503))),
        ("slow-0.25@download", Fault(KINDS["slow-S"], call="download", number=Decimal("0.25"))),
        ("throttle-date-90", Fault(KINDS["throttle-date-S"], number=Decimal(90))),
        ("late-bill-3600:creatify", Fault(KINDS["late-bill-S"], "creatify", number=Decimal(3600))),
        ("reset-at-0", Fault(KINDS["reset-at-N"], number=Decimal(0))),
        ("rejected", Fault(KINDS["rejected"], "creatify")),
        ("partial-1:*:2", Fault(KINDS["partial-N"], "runware", 2, number=Decimal(1))),
    ],
)
def test_a_spec_is_read(spec: str, fault: Fault) -> None:
    assert Fault.parse(spec) == fault


@pytest.mark.parametrize(
    "spec",
    [
        *("", "refused", "REFUSE", "refuse~", "status-", "status-99", "status-600", "status-5xx", "status-NNN"),
        *("refuse:", "refuse:openai", "refuse:fal:0", "refuse:fal:-1", "refuse:fal:x", "refuse:fal:1.5"),
        *(
            "refuse:fal:1:1",
            "refuse:1:fal",
            "refuse@",
            "refuse@pay",
            "refuse@poll@poll",
            "fail@poll",
            "hook-twice@poll",
        ),
        *("rejected:fal", "partial-1:creatify", "partial-x", "partial-1.5", "slow-", "slow--1", "slow-1e9", "slow-NaN"),
        *("down-for-5~clip", "down-for-5@poll", "reset-at-connect~clip", "cut-body--1", "late-bill", "refuse-5"),
    ],
)
def test_a_bad_spec_is_one_clear_line(spec: str) -> None:
    with pytest.raises(ValueError, match="bad fault") as raised:
        Fault.parse(spec)
    line = str(raised.value)
    assert repr(spec) in line
    assert "\n" not in line


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_asked_for_and_is_told(name: str) -> None:
    kind = KINDS[name]
    spec = kind.stem + {"": "", "N": "-3", "S": "-1.5", "NNN": "-500"}[kind.letter]
    fault = Fault.parse(spec)
    assert (fault.kind, fault.provider) == (kind, kind.only or "*")
    assert f"  {name} " in told()


def test_a_fault_strikes_as_often_as_it_says() -> None:
    twice = faults("refuse:fal:2")
    assert [early(twice, "fal") for _ in range(4)] == ["refuse", "refuse", None, None]
    forever = faults("refuse:*:*")
    assert all(early(forever, "creatify") for _ in range(50))


def test_a_fault_strikes_its_provider_its_call_and_its_text_only() -> None:
    left = faults("refuse:fal~clip-7")
    assert early(left, "runware", "clip-7") is None
    assert early(left, "fal", "clip-8") is None
    assert early(left, "fal", "clip-7", "poll") is None
    assert early(left, "fal", '{"prompt": "clip-7"}') == "refuse"
    assert early(left, "fal", "clip-7") is None, "it was used up"


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_struck_by_name_or_by_star(call: str) -> None:
    for provider in PROVIDERS:
        assert early(faults(f"status-500@{call}"), provider, call=call) == "status-NNN"
        assert early(faults("status-500@*"), provider, call=call) == "status-NNN"
        assert (early(faults("status-500"), provider, call=call) is None) == (call != "submit")


def test_faults_of_different_phases_do_not_use_up_each_other() -> None:
    left = faults("lost-answer", "refuse", "hide")
    assert early(left, "fal") == "refuse"
    assert left.of_job("fal", str) == {"hide": None}
    fault = left.strike(("reply",), "fal", "submit", str)
    assert fault is not None
    assert fault.kind.name == "lost-answer"
    assert left.strike(("reply",), "fal", "submit", str) is None


def test_the_faults_of_a_job_combine_each_kind_once() -> None:
    left = faults("hide", "extra-second", "extra-second", "late-bill-5", "late-bill-6", "hook-never")
    assert left.of_job("fal", str) == {
        "hide": None, "extra-second": None, "late-bill": Decimal(5), "hook-never": None
    }  # fmt: skip
    assert left.of_job("fal", str) == {"extra-second": None, "late-bill": Decimal(6)}
    assert left.of_job("fal", str) == {}


def test_equal_faults_are_used_up_one_by_one() -> None:
    left = faults("fail", "fail")
    assert [len(left.of_job("fal", str)) for _ in range(3)] == [1, 1, 0]


def test_an_outage_lasts_its_seconds_from_when_it_was_added() -> None:
    now = [100.0]
    left = Faults(("down-for-5:fal",), lambda: now[0])
    now[0] = 104
    left.add("down-for-2:runware")
    assert [left.down(name) for name in (*PROVIDERS, "")] == [True, True, False, False]
    now[0] = 105
    assert [left.down(name) for name in PROVIDERS] == [False, True, False]
    left.add("down-for-1")
    assert all(left.down(name) for name in (*PROVIDERS, ""))
