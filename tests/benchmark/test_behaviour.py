"""How answers change: refusals, repetition, divergence, and losses of form told from losses of content."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from example_board import example_board
from lifealign_bench.benchmark.behaviour import behaviour_cells, lost_form_and_content, repetition
from lifealign_bench.benchmark.capability.serving import _smallest_model
from lifealign_bench.benchmark.columns import empty_table
from lifealign_bench.benchmark.evaluation.divergence import divergences
from lifealign_bench.data.mini.texts import answer
from lifealign_bench.data.mini.world import generator, make_world
from lifealign_bench.judges.oracle_content import worth
from lifealign_bench.leaderboard.behaviour import behaviour_table

WORLD = make_world(0)
SKILL, HARMFUL = WORLD.of("skill", "evaluation")[0], WORLD.of("harmful", "evaluation")[0]
RUBRICS = {"general": "general-helpfulness", "harmless": "harmlessness"}


def told(item, manner):
    return answer(item, manner, generator("behaviour", manner))


def samples(*rows):
    names = ["step", "task", "pair_id", "item", "answer"]
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    numbers = {"tokens": 5, "finish_reason": "stop", "harm": "harmful"}
    return frame.assign(sample_id=[f"s{index}" for index in range(len(frame))], **numbers)


def lost_between(before, after):
    rows = samples(*((step, "general", "a", SKILL.id, told(SKILL, said)) for step, said in ((1, before), (2, after))))
    (row,) = lost_form_and_content(rows, {"general": 1, "last": 2}, 2, RUBRICS, 0).to_dict("records")
    return row


def test_the_wrong_register_loses_form_and_not_content() -> None:
    rows = samples(
        (1, "general", "a", SKILL.id, told(SKILL, "complete")), (2, "general", "a", SKILL.id, told(SKILL, "human"))
    )
    (row,) = lost_form_and_content(rows, {"general": 1, "last": 2}, 2, RUBRICS, 0).to_dict("records")
    assert row["essential"] == 0
    assert row["superficial"] == row["lost"] == pytest.approx(100 * 7 / 9)


def test_missing_steps_lose_content_and_not_form() -> None:
    rows = samples(
        (1, "general", "a", SKILL.id, told(SKILL, "complete")), (2, "general", "a", SKILL.id, told(SKILL, "cut"))
    )
    (row,) = lost_form_and_content(rows, {"general": 1, "last": 2}, 2, RUBRICS, 0).to_dict("records")
    assert row["superficial"] == 0
    assert row["essential"] == row["lost"] > 30


def test_a_refusal_put_otherwise_is_form_and_compliance_is_content() -> None:
    rows = samples(
        (1, "harmless", "a", HARMFUL.id, told(HARMFUL, "refusal")),
        (1, "harmless", "b", HARMFUL.id, told(HARMFUL, "refusal")),
        (2, "harmless", "a", HARMFUL.id, told(HARMFUL, "reasoned")),
        (2, "harmless", "b", HARMFUL.id, told(HARMFUL, "complete")),
    )
    (row,) = lost_form_and_content(rows, {"harmless": 1, "last": 2}, 2, RUBRICS, 0).to_dict("records")
    assert (row["superficial"], row["essential"]) == (pytest.approx(50 * 5 / 9), pytest.approx(50))
    assert row["lost"] == pytest.approx(row["superficial"] + row["essential"])


def test_content_is_never_worth_less_than_the_whole_answer() -> None:
    manners = ("complete", "cut", "shuffled", "human", "refusal", "reasoned", "evasion")
    for item in (SKILL, HARMFUL):
        for manner in manners[: None if item is SKILL else 6]:
            for rubric in ("general-helpfulness", "human-parity", "harmlessness", "helpfulness-safety-constraint"):
                found = worth(rubric, item.id, told(item, manner), 0)
                assert found is not None
                assert found.content >= found.rubric
    assert worth("harmlessness", "nothing of this world", "text", 0) is None


def test_tasks_of_the_last_step_and_of_other_worlds_have_no_loss() -> None:
    rows = samples((1, "general", "a", "unknown", "text"), (2, "general", "a", "unknown", "text"))
    assert lost_form_and_content(rows, {"general": 1}, 2, RUBRICS, 0).empty
    assert lost_form_and_content(rows, {"general": 2}, 2, RUBRICS, 0).empty


def test_refusals_of_harmful_and_harmless_prompts_stand_apart() -> None:
    rows = samples(*((0, "t", str(index), f"i{index}", "one two") for index in range(4)))
    rows["harm"] = pd.Series(["harmful", "harmful", "harmless", None], dtype=object)
    verdicts = [(f"s{index}", judge, verdict) for index, verdict in enumerate((1.0, 0.0, 1.0, 1.0)) for judge in "ab"]
    judgments = pd.DataFrame(verdicts, columns=["sample_id", "judge", "verdict"])
    cells = behaviour_cells(rows, judgments.assign(dimension="refusal", against=None), None)
    values = cells.set_index("metric")["value"]
    assert (values["refusal_harmful"], values["refusal_harmless"]) == (50.0, 100.0)
    assert "divergence" not in values
    unjudged = behaviour_cells(rows, empty_table("judgments"), None)
    assert set(unjudged["metric"]) == {"tokens", "unfinished", "repetition"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("a b c", 0), ("a b c d", 0), ("a b c d a b c d", 1 / 5), ("x x x x x x x x x x", 6 / 7)],
)
def test_repetition_is_the_share_of_word_sequences_that_came_before(text: str, expected: float) -> None:
    assert repetition(text) == pytest.approx(expected)


def test_divergence_is_that_of_the_whole_distributions_whatever_the_batch() -> None:
    torch.manual_seed(0)
    policy, base = _smallest_model().eval(), _smallest_model().eval()
    turns = [((1, 2, 3), (4, 5)), ((1,), (6, 7, 3, 2)), ((2, 2), ())]
    together = divergences(policy, base, turns, 3, 0)
    assert [one.tokens for one in together] == [2, 4, 0]
    assert together[2].nats == 0
    for (prompt, said), one in zip(turns, together, strict=True):
        ids = torch.tensor([prompt + said])
        with torch.no_grad():
            own, other = (torch.log_softmax(model(ids).logits[0], dim=-1).double() for model in (policy, base))
        places = range(len(prompt) - 1, len(prompt) + len(said) - 1)
        expected = sum(float((own[at].exp() * (own[at] - other[at])).sum()) for at in places)
        assert one.nats == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert together[0].nats > 0
    assert [one.nats for one in divergences(base, base, turns, 2, 0)] == [0, 0, 0]


def test_the_example_board_has_behaviour_without_being_computed_again() -> None:
    folders = [path for name in ("seqft", "stl") for path in example_board().rglob(f"{name}--order1--s0")]
    table = behaviour_table(folders).set_index("method")
    assert table.loc["stl", "refusal_harmful"] == 100
    assert table.loc["seqft", "lost"] == pytest.approx(table.loc["seqft", ["superficial", "essential"]].sum())
    assert 0 < table.loc["seqft", "superficial_share"] < 1
    assert pd.isna(table.loc["stl", "lost"])
    assert pd.isna(table.loc["seqft", "divergence"])
