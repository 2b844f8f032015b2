"""One look at a time per job, few at once, more only after a gap; nothing said in between goes unheard."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, cast

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.hearing import Hearing
from router.ports import JobView


@dataclass
class View:
    state: str


@dataclass
class Providers:
    """Answers each look in turn, the last one for ever; None: no open job of ours."""

    answers: list[str | None]
    takes_s: float = 0.0
    fails: int = 0
    looks: list[str] = field(default_factory=list[str])
    now: Counter[str] = field(default_factory=Counter[str])
    most: int = 0
    alone: bool = True

    async def hear(self, source: str, job: str) -> JobView | None:
        self.now[job] += 1
        self.most, self.alone = max(self.most, sum(self.now.values())), self.alone and self.now[job] == 1
        await anyio.sleep(self.takes_s)
        self.now[job] -= 1
        self.looks.append(job)
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return cast("JobView | None", None if answer is None else View(answer))


def hearing(providers: Providers, **more: object) -> Hearing:
    return Hearing(providers.hear, **{"gap_s": 0.01, "looks_s": (0.001, 0.001, 0.001), **more})  # type: ignore[arg-type]


def looks(answers: list[str | None], *, over: bool = True, fails: int = 0) -> int:
    providers = Providers(answers, fails=fails)

    async def main() -> None:
        await hearing(providers).act("fal", "j", over=over)

    anyio.run(main)
    return len(providers.looks)


@pytest.mark.parametrize("end", ["settled", "released", "written_off", "held"])
def test_one_look_is_enough_for_a_job_that_moved(end: str) -> None:
    assert looks([end]) == 1


def test_a_message_that_overtook_our_own_answer_is_looked_for_again() -> None:
    assert looks([None, None, "settled"]) == 3
    assert looks(["submitting", "submitting", "settled"]) == 3
    assert looks([None]) == 4  # not ours: the first look and three more, then it is dropped


def test_a_provider_that_is_behind_its_own_message_is_asked_again() -> None:
    assert looks(["submitted", "submitted", "settled"]) == 3
    assert looks(["unknown", "submitted", "settled"]) == 3  # our answer was lost, and the probe saw nothing yet
    assert looks(["submitted"], over=False) == 1  # it only said that it runs


def test_a_failed_look_is_repeated_and_raises_nothing() -> None:
    assert looks(["settled"], fails=1) == 2
    assert looks(["settled"], fails=99) == 4


@pytest.mark.parametrize("messages", [2, 50])
def test_many_messages_about_one_job_are_two_looks(messages: int) -> None:
    """The one under way, and one more for all that came meanwhile."""
    providers = Providers(["submitted"], takes_s=0.02)
    one = hearing(providers)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(messages):
                group.start_soon(lambda: one.act("fal", "j", over=False))

    anyio.run(main)
    assert len(providers.looks) == 2
    assert providers.alone


def test_a_flood_of_jobs_is_few_looks_at_once_and_bounded() -> None:
    providers = Providers(["settled"], takes_s=0.001)
    one = hearing(providers, at_once=3, waiting_max=40)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for n in range(100):
                group.start_soon(lambda n=n: one.act("fal", f"j{n}", over=True))
        await one.act("fal", "later", over=True)  # there is room again

    anyio.run(main)
    assert providers.most == 3
    assert len(set(providers.looks)) == len(providers.looks) == 41


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([0.0, 0.001, 0.004])), max_size=12))
def test_whatever_comes_when_the_last_word_is_followed_by_a_look(said: list[tuple[Literal["a", "b"], float]]) -> None:
    providers, told = Providers(["submitted"], takes_s=0.001), Counter[str]()
    seen_at: dict[str, int] = {}

    async def hear(source: str, job: str) -> JobView | None:
        before = told[job]  # all that was said before this look began is answered by it
        view = await providers.hear(source, job)
        seen_at[job] = before
        return view

    one = Hearing(hear, gap_s=0.002, looks_s=())

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for job, wait_s in said:
                told[job] += 1
                group.start_soon(lambda job=job: one.act("fal", job, over=False))
                await anyio.sleep(wait_s)

    anyio.run(main)
    assert seen_at == dict(told)
    assert providers.alone
    assert len(providers.looks) <= len(said)
