"""`faregate demo`: a dozen jobs with their accidents, and the proof that the books are the bill."""

import pytest

from .world import Doc, Runner, World, amount, environment


@pytest.fixture(scope="module")
def shown(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Doc:
    folder = tmp_path_factory.mktemp("demo")
    outcome = runner.launch(["demo", "--json"], env=environment(folder), cwd=folder).wait(60)
    assert outcome.err == ""
    return outcome.ok()


def test_at_least_a_dozen_jobs(shown: Doc) -> None:
    assert len(shown["jobs"]) >= 12
    for job in shown["jobs"]:
        assert job["decision"]["candidates"] or job["decision"]["rejections"]
        assert (job["result"] is None) == (job["error"] is not None)
    offers = {job["result"]["offer"] for job in shown["jobs"] if job["result"]}
    assert {offer.partition("/")[0] for offer in offers} == {"creatify", "fal", "runware"}
    assert any("custom_template" in offer for offer in offers)


def test_one_is_refused_by_its_budget(shown: Doc) -> None:
    refused = [job for job in shown["jobs"] if job["error"] and job["error"]["code"] == "refused"]
    assert refused
    assert all(job["job"] is None for job in refused)
    assert all(any(one["reason"] == "budget" for one in job["decision"]["rejections"]) for job in refused)


def test_one_falls_back_after_a_refusal(shown: Doc) -> None:
    back = [job for job in shown["jobs"] if job["attempts"] and job["attempts"][0]["outcome"] == "refused"]
    assert back
    for job in back:
        assert job["attempts"][1]["outcome"] == "accepted"
        assert job["attempts"][1]["provider"] != job["attempts"][0]["provider"]
        assert job["result"]["state"] == "settled"


def test_one_is_billed_a_second_more(shown: Doc) -> None:
    more = [job for job in shown["jobs"] if job["result"] and job["result"]["variance"]["cause"] == "quantity"]
    assert any(amount(job["result"]["variance"]["amount"]) > 0 for job in more)


def test_one_loses_its_answer_and_is_found(shown: Doc) -> None:
    found = [job for job in shown["jobs"] if any(one["reason"] == "found by a probe" for one in job["attempts"])]
    assert found
    assert all(len(job["attempts"]) == 1 and job["result"]["state"] == "settled" for job in found)


def test_the_books_are_the_bill(shown: Doc) -> None:
    assert shown["proven"] is True
    assert shown["bill"]["equal"] is True
    assert shown["bill"]["ledger"] == shown["bill"]["sandbox"] != {}
    assert amount(shown["bill"]["exposed"]) == 0
    assert shown["verify"]["ok"] is True
    assert shown["verify"]["faults"] == []
    spent = sum(amount(job["job"]["charged"]) for job in shown["jobs"] if job["job"] and job["job"]["charged"])
    root = next(budget for budget in shown["budgets"] if budget["scope"] == "acme")
    assert amount(root["spent"]) == spent
    assert amount(root["held"]) == 0


def test_a_person_sees_it_too(world: World) -> None:
    outcome = world.run("demo", "--human", env={})
    assert outcome.code == 0, outcome
    assert outcome.err == ""
    assert "verify: clean" in outcome.out
    assert ": equal" in outcome.out
    assert "DIFFERENT" not in outcome.out
    assert "attempt at fal: refused" in outcome.out
