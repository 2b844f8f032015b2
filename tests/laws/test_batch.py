"""A batch never sets aside more than its budget, whatever providers answer, and loses no job and no money."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import usd
from router import AvatarVideo, BatchJob
from router.plan import Goal
from router.talk import Progress, Submission
from tests.router.flow_world import SCOPE, World
from tests.router.scripted import LOST, REFUSED, done

JOBS = 8
TAKEN = st.sampled_from([True, True, True, REFUSED, LOST])
ENDS = st.sampled_from(
    [done(usd("0.70")), done(usd("0.70")), done(usd("0.60")), Progress("failed", charged="no", reason="no face")]
)
GOALS: st.SearchStrategy[Goal] = st.sampled_from(["quality", "cost"])


@given(st.data(), st.integers(1, JOBS), st.integers(1, 10), GOALS)
@settings(max_examples=40, deadline=None)
def test_no_more_than_the_budget_is_ever_held(data: st.DataObject, jobs: int, dollars: int, objective: Goal) -> None:
    """Found by chance: rows planned again, cheaper, kept their old hold, though what it freed was given on."""
    world, most = World(), [usd(0)]
    with world.ledger, world.router:
        for provider in world.providers.values():
            said = data.draw(st.lists(TAKEN, min_size=3 * JOBS, max_size=3 * JOBS))
            provider.submits = [
                Submission("accepted", f"{provider.name}-{number}") if one is True else one
                for number, one in enumerate(said)
                if one is True or isinstance(one, Submission)
            ]
            provider.polls = data.draw(st.lists(ENDS, min_size=3 * JOBS, max_size=3 * JOBS))

        def watch(_step: object, _answer: object) -> None:
            budget = world.ledger.budgets(SCOPE)[0]
            most[0] = max(most[0], budget.spent + budget.held)

        world.router._on_step = watch  # pyright: ignore[reportPrivateUsage]
        batch = [
            BatchJob(AvatarVideo(f"https://x.example/{row}.png", "https://x.example/a.mp3", seconds="9.4"))
            for row in range(jobs)
        ]
        for _ in range(2):
            plan = world.router.plan(batch, budget=usd(dollars), objective=objective, scope=SCOPE)
            result = world.router.run_plan(plan, key="b")
            top = world.ledger.budgets(SCOPE)[0]
            assert [one.row for one in result.made] == list(range(1, jobs + 1))
            assert (result.charged, result.open) == (top.spent, top.held)
            assert not any(view.state == "held" for view in world.ledger.jobs())
            assert most[0] <= usd(dollars)
        assert world.ledger.verify().ok
