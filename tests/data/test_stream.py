import dataclasses
import json
import re
from pathlib import Path

import pytest

from lifealign_bench.data.card_files import parse_card
from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import pair_id
from lifealign_bench.data.stream import TaskRequest, load_stream, load_task

from .conftest import REAL_FOLDERS, card_values, row, rows, write_rows


def card(name="mine", **changes):
    return parse_card(card_values(name=name, **{"source": {"kind": "local", "path": name}, **changes}), "test card")


def load(folder, train, evaluation, **changes):
    write_rows(folder / "mine" / "train.jsonl", train)
    write_rows(folder / "mine" / "test.jsonl", evaluation)
    return load_task(card(**changes), folder)


def test_a_row_becomes_turns_and_bare_answers(tmp_path):
    dialogue = "Human: hi\nAssistant: hello\nHuman: how do I cook rice?"
    data = load(tmp_path, [row(dialogue, "Assistant: Boil it.", "Assistant: No.\nHuman: Why not?")], rows(1))
    (pair,) = data.train
    assert [(turn.role, turn.content) for turn in pair.prompt] == [
        ("user", "hi"),
        ("assistant", "hello"),
        ("user", "how do I cook rice?"),
    ]
    assert (pair.chosen, pair.rejected) == ("Boil it.", "No.")
    assert pair.pair_id == pair_id("mine", pair.prompt, "Boil it.", "No.")
    assert (data.report.train.tags_stripped, data.report.train.answers_cut) == (1, 1)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(chosen="Assistant: "), "empty"),
        (row(rejected=""), "empty"),
        (row(chosen=None), "empty"),
        (row(query="  "), "empty"),
        (row(chosen="Assistant: same", rejected="same "), "equal"),
        (row(query="Human: a\nAssistant: b"), "ends_in_assistant"),
        (rows(1)[0], "duplicate"),
    ],
)
def test_an_unusable_row_is_dropped_under_its_reason(tmp_path, bad, reason):
    report = load(tmp_path, [*rows(3), bad], rows(1, start=9)).report.train
    assert report.dropped == {name: int(name == reason) for name in report.dropped}
    assert (report.read, report.kept) == (4, 3)


def test_an_evaluation_prompt_is_dropped_if_any_task_of_the_stream_trains_on_it(tmp_path):
    for name, start in (("one", 0), ("two", 100)):
        write_rows(tmp_path / name / "train.jsonl", rows(10, start))
        write_rows(tmp_path / name / "test.jsonl", rows(10, start + 50))
    leaked = row("Human:  QUESTION 103? ", "Assistant: other", "Assistant: answers")
    write_rows(tmp_path / "one" / "test.jsonl", [*rows(5, 50), leaked])
    one, two = load_stream([TaskRequest(card(name), 2, None) for name in ("one", "two")], tmp_path, 0)
    assert (one.report.evaluation.in_training, one.report.evaluation.kept) == (1, 5)
    assert two.report.evaluation.in_training == 0
    (alone,) = load_stream([TaskRequest(card("one"))], tmp_path, 0)
    assert alone.report.evaluation.in_training == 0


def test_the_sample_is_seeded_and_smaller_samples_are_part_of_larger_ones(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", rows(200))
    write_rows(tmp_path / "mine" / "test.jsonl", rows(50, 500))

    def ids(count, seed):
        (data,) = load_stream([TaskRequest(card(), count, 10)], tmp_path, seed)
        return [pair.pair_id for pair in data.train], data.fingerprint

    first = [pair_id("mine", pair.prompt, pair.chosen, pair.rejected) for pair in load_task(card(), tmp_path).train]
    assert ids(20, 0) == ids(20, 0)
    assert ids(20, 0)[0] == ids(40, 0)[0][:20]
    assert set(ids(20, 0)[0]) != set(ids(20, 1)[0])
    assert ids(20, 0)[1] != ids(20, 1)[1]
    assert first[:20] == ids(20, 0)[0]


def test_the_sample_is_not_the_head_of_the_file_and_does_not_depend_on_its_order(tmp_path):
    lines = rows(200)
    picked = []
    for name, order in (("a", lines), ("b", lines[::-1])):
        write_rows(tmp_path / name / "mine" / "train.jsonl", order)
        write_rows(tmp_path / name / "mine" / "test.jsonl", rows(5, 500))
        picked.append(load_stream([TaskRequest(card(), 20)], tmp_path / name, 0)[0].train)
    assert picked[0] == picked[1]
    numbers = [int(re.search(r"\d+", pair.prompt[0].content)[0]) for pair in picked[0]]
    assert max(numbers) > 20


def test_asking_for_more_rows_than_there_are_names_the_task_and_both_numbers(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", [*rows(5), row(chosen="")])
    write_rows(tmp_path / "mine" / "test.jsonl", rows(5, 50))
    with pytest.raises(InputError, match=r"task mine: train rows: found 5, expected at least 6.*1 empty"):
        load_stream([TaskRequest(card(), 6)], tmp_path, 0)


def test_a_card_size_is_an_upper_bound_where_a_request_names_none(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", rows(5))
    write_rows(tmp_path / "mine" / "test.jsonl", rows(5, 50))
    sized = card(sizes={"train": 3, "evaluation": 9})
    (data,) = load_stream([TaskRequest(sized)], tmp_path, 0)
    assert (len(data.train), len(data.evaluation)) == (3, 5)
    assert (data.report.train.kept, data.report.train.selected) == (5, 3)


def test_a_task_that_stands_twice_in_a_stream_is_an_error(tmp_path):
    with pytest.raises(InputError, match="mine, expected every task once"):
        load_stream([TaskRequest(card()), TaskRequest(card())], tmp_path, 0)


def test_joined_rejected_answers_become_one_that_does_not_change_from_run_to_run(tmp_path):
    joined = [row(f"q{n}", f"right {n}", f"wrong {n}a; wrong {n}b; right {n};") for n in range(40)]
    rules = {"text": {"rejected_separator": ";"}}
    one = load(tmp_path, joined, rows(1), **rules)
    assert len(one.train) == 40
    assert not any(";" in pair.rejected or pair.rejected == pair.chosen for pair in one.train)
    assert one.report.train.rejected_split == 40
    assert 5 < sum(pair.rejected.endswith("a") for pair in one.train) < 35
    assert one.train == load(tmp_path, joined, rows(1), **rules).train


def test_all_rejected_answers_make_a_pair_each_that_share_their_item(tmp_path):
    joined = [row("q", "right", "wrong a; wrong b; wrong c")]
    rules = {"text": {"rejected_separator": ";", "rejected_answers": "all"}}
    data = load(tmp_path, joined, rows(1), **rules)
    assert sorted(pair.rejected for pair in data.train) == ["wrong a", "wrong b", "wrong c"]
    assert len({pair.item for pair in data.train}) == 1


def test_harm_labels_come_from_the_column_that_the_card_names(tmp_path):
    labelled = [{**line, "unsafe": number % 2 == 0} for number, line in enumerate(rows(4))]
    rule = {"rule": "column", "column": "unsafe", "harmful_values": [True]}
    data = load(tmp_path, labelled, [{**line, "unsafe": None} for line in rows(1, 50)], harm=rule)
    assert sorted(str(pair.harm) for pair in data.train) == ["harmful", "harmful", "harmless", "harmless"]
    assert data.evaluation[0].harm is None


def test_one_file_is_divided_by_prompt(tmp_path):
    lines = [
        line for number in range(300) for line in (row(f"q{number}", "yes", "no"), row(f"q{number}", "oh yes", "oh no"))
    ]
    path = write_rows(tmp_path / "all.jsonl", lines)
    data = load_task(card(source={"kind": "local", "path": str(path), "evaluation_share": 0.2}), None)
    train, evaluation = ({pair.prompt for pair in split} for split in (data.train, data.evaluation))
    assert not train & evaluation
    assert (len(train) + len(evaluation), data.report.evaluation.in_training) == (300, 0)
    assert 35 < len(evaluation) < 85


def raw(folder: Path, split: str):
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text("utf-8").splitlines()]


def expected_drops(lines, joined: bool):
    """The first reason to drop each line, found with nothing but string methods."""
    counts = {"ends_in_assistant": 0, "empty": 0, "equal": 0, "duplicate": 0}
    seen = set()
    for line in lines:
        tags = [part.split(":")[0] for part in line["query"].split("\n") if part.startswith(("Human:", "Assistant:"))]
        sides = [line[side].removeprefix("Assistant:").strip() for side in ("chosen", "rejected")]
        key = (line["query"], *sides)
        if tags and tags[-1] == "Assistant":
            counts["ends_in_assistant"] += 1
        elif not all(sides):
            counts["empty"] += 1
        elif sides[0] == sides[1]:
            counts["equal"] += 1
        elif key in seen:
            counts["duplicate"] += 1
        seen.add(key)
    return counts


@pytest.mark.parametrize("name", REAL_FOLDERS)
def test_real_data_is_dropped_as_counted_by_hand(name, real_data):
    folder = real_data / REAL_FOLDERS[name]
    report = load_task(load_card(name), real_data).report
    for split, counts in (("train", report.train), ("test", report.evaluation)):
        lines = raw(folder, split)
        expected = expected_drops(lines, joined=name == "truthfulqa")
        assert {reason: counts.dropped[reason] for reason in expected} == expected
        assert counts.read == len(lines)
        assert counts.kept == counts.read - sum(counts.dropped.values())


def test_real_stream_overlap_is_as_counted_by_hand(real_data):
    tasks = load_stream([TaskRequest(load_card(name)) for name in REAL_FOLDERS], real_data, 0)

    def usable(split, folder):
        for line in raw(real_data / folder, split):
            sides = [line[side].removeprefix("Assistant:").strip() for side in ("chosen", "rejected")]
            last = [part for part in line["query"].split("\n") if part.startswith(("Human:", "Assistant:"))][-1:]
            if all(sides) and sides[0] != sides[1] and not (last and last[0].startswith("Assistant:")):
                yield " ".join(line["query"].removeprefix("Human:").casefold().split())

    trained = {key for folder in REAL_FOLDERS.values() for key in usable("train", folder)}
    for task, folder in zip(tasks, REAL_FOLDERS.values(), strict=True):
        assert task.report.evaluation.in_training == sum(key in trained for key in usable("test", folder))
    prompts = {pair.prompt for task in tasks for pair in task.train}
    assert not any(pair.prompt in prompts for task in tasks for pair in task.evaluation)


@pytest.mark.parametrize("name", REAL_FOLDERS)
def test_real_pairs_carry_no_tags_no_empty_side_and_unique_ids(name, real_data):
    data = load_task(load_card(name), real_data)
    pairs = (*data.train, *data.evaluation)
    assert len({pair.pair_id for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert pair.prompt[-1].role == "user"
        assert pair.chosen.strip()
        assert pair.rejected.strip()
        assert pair.chosen != pair.rejected
        for text in (pair.chosen, pair.rejected, *(turn.content for turn in pair.prompt)):
            assert not text.startswith(("Human:", "Assistant:"))
    assert dataclasses.replace(data).fingerprint == data.fingerprint


def test_real_truthfulqa_has_one_wrong_answer_a_question_and_no_separator(real_data):
    data = load_task(load_card("TruthfulQA"), real_data)
    assert len(data.train) == 653
    assert not any(";" in pair.rejected for pair in data.train)
    assert data.report.train.rejected_split == 653 - 36
