"""Twelve processes and money for five: never six, however they meet."""

from decimal import Decimal

import pytest

from .world import World, amount


@pytest.mark.parametrize("plain", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_twelve_race_for_a_budget_of_five(world: World, *, plain: bool) -> None:
    world.budget("7.00 USD")
    before = {job["id"] for job in world.bill()["jobs"]}
    racing = [
        world.launch(*world.clip("--resolution", "720p", "--key", f"k{number}", "--json"), plain=plain)
        for number in range(12)
    ]
    outcomes = [process.wait(90) for process in racing]
    won = [outcome for outcome in outcomes if outcome.code == 0]
    lost = [outcome for outcome in outcomes if outcome.code != 0]
    assert (len(won), len(lost)) == (5, 7)
    for outcome in lost:
        said = outcome.failed(1, "refused")
        assert "1.40 USD" in said["message"] or "1.4" in str(said["value"])
    charged = sum(amount(outcome.ok()["charged"]) for outcome in won)
    assert charged == 7
    made = {attempt["provider_job"] for outcome in won for attempt in outcome.doc["attempts"]}
    billed = {job["id"]: Decimal(job["amount"]) for job in world.bill()["jobs"] if job["id"] not in before}
    assert billed.keys() == made, "who lost sent nothing, who won sent once"
    assert sum(billed.values()) == charged
    (budget,) = world.run("budget", "show", "acme").ok()["budgets"]
    assert [amount(budget[word]) for word in ("spent", "held", "available")] == [7, 0, 0]
    assert len(world.jobs()) == 5
    world.verified()
