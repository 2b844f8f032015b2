"""How faults are written, and which submits they strike."""

import pytest

from router.sandbox.faults import ANSWERS, EARLY, JOBS, Fault, Faults


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("refuse", Fault("refuse")),
        ("refuse:fal", Fault("refuse", "fal")),
        ("lost-answer:creatify:3", Fault("lost-answer", "creatify", 3)),
        ("hide:2", Fault("hide", "*", 2)),
        ("fail:*", Fault("fail", "*", 1)),
        ("fail:*:*", Fault("fail", "*", None)),
        ("no-cost:runware:*~a:b~c", Fault("no-cost", "runware", None, "a:b~c")),
        ("extra-second~clip-7", Fault("extra-second", text="clip-7")),
        ("status-503:fal", Fault("status-503", "fal", status=503)),
    ],
)
def test_a_spec_is_read(spec: str, fault: Fault) -> None:
    assert Fault.parse(spec) == fault


@pytest.mark.parametrize(
    "spec",
    [
        *("", "refused", "REFUSE", "refuse~", "status-", "status-99", "status-600", "status-5xx"),
        *("refuse:", "refuse:openai", "refuse:fal:0", "refuse:fal:-1", "refuse:fal:x", "refuse:fal:1.5"),
        *("refuse:fal:1:1", "refuse:1:fal"),
    ],
)
def test_a_bad_spec_is_one_clear_line(spec: str) -> None:
    with pytest.raises(ValueError, match="bad fault") as raised:
        Fault.parse(spec)
    line = str(raised.value)
    assert repr(spec) in line
    assert "\n" not in line


def test_a_fault_strikes_as_often_as_it_says() -> None:
    faults = Faults(("refuse:fal:2",))
    assert [faults.early("fal", "") is not None for _ in range(4)] == [True, True, False, False]
    forever = Faults(("refuse:*:*",))
    assert all(forever.early("creatify", "") for _ in range(50))


def test_a_fault_strikes_its_provider_and_its_text_only() -> None:
    faults = Faults(("refuse:fal~clip-7",))
    assert faults.early("runware", "clip-7") is None
    assert faults.early("fal", "clip-8") is None
    assert faults.early("fal", '{"prompt": "clip-7"}') == Fault("refuse", "fal", 1, "clip-7")
    assert faults.early("fal", "clip-7") is None, "it was used up"


def test_early_and_late_faults_do_not_use_up_each_other() -> None:
    faults = Faults(("lost-answer", "refuse"))
    assert faults.early("fal", "") == Fault("refuse")
    assert faults.late("fal", "") == {"lost-answer"}
    assert faults.late("fal", "") == frozenset()


def test_job_faults_combine_but_an_answer_is_spoilt_once() -> None:
    faults = Faults(("hide", "lost-answer", "truncated", "extra-second", "extra-second"))
    assert faults.late("fal", "") == {"hide", "lost-answer", "extra-second"}
    assert faults.late("fal", "") == {"truncated", "extra-second"}
    assert faults.late("fal", "") == frozenset()


def test_equal_faults_are_used_up_one_by_one() -> None:
    faults = Faults(("fail", "fail"))
    assert [faults.late("fal", "") for _ in range(3)] == [{"fail"}, {"fail"}, frozenset()]


def test_every_kind_is_of_one_sort() -> None:
    assert not EARLY & ANSWERS | EARLY & JOBS | ANSWERS & JOBS
    assert len(EARLY | ANSWERS | JOBS) == 9
