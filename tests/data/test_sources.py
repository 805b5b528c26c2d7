import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from lifealign_bench.data.card_files import parse_card
from lifealign_bench.data.catalogue import load_card
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.files import read_records
from lifealign_bench.data.stream import load_task

from .conftest import card_values, row, rows, write_rows

CARD = parse_card(card_values(), "test card")


def write_as(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(lines), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(lines), "utf-8")
    else:
        write_rows(path, lines)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_every_file_kind_gives_the_same_pairs(tmp_path, suffix):
    for folder, kind in (("a", ".jsonl"), ("b", suffix)):
        write_as(tmp_path / folder / "mine" / f"train{kind}", rows(20))
        write_as(tmp_path / folder / "mine" / f"test{kind}", rows(5, 50))
    assert load_task(CARD, tmp_path / "a").fingerprint == load_task(CARD, tmp_path / "b").fingerprint


def test_a_malformed_line_is_named_with_its_number(tmp_path):
    path = write_rows(tmp_path / "train.jsonl", rows(2))
    path.write_text(path.read_text() + "\n{broken\n")
    with pytest.raises(InputError, match=r"train\.jsonl:4: JSON line: found .*, expected one JSON object"):
        read_records(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n[1, 2]\n', r":2: record: found list"),
        (b'{"a": "\xff"}\n', r":1: JSON line"),
        (b"[" * 100_000, r":1: JSON line"),
    ],
)
def test_a_line_that_is_no_json_object_is_an_input_error(tmp_path, content, message):
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_records(tmp_path / "rows.jsonl")


def test_a_byte_order_mark_and_blank_lines_are_read_over(tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}')
    assert [record.values["a"] for record in read_records(tmp_path / "rows.jsonl")] == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b"{}", "JSON: found dict, expected a list"),
        ("x.json", b"[{}, 3]", r"x\.json\[1\]: record: found int"),
        ("x.parquet", b"PAR1nonsense", "Parquet: found"),
        ("x.csv", b"a,b", "file name: found 'x.csv'"),
    ],
)
def test_an_unreadable_file_is_an_input_error(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_records(tmp_path / name)


def test_a_missing_column_is_named_with_the_columns_that_are_there(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", [{"question": "a", "chosen": "b", "rejected": "c"}])
    write_rows(tmp_path / "mine" / "test.jsonl", rows(1))
    with pytest.raises(InputError, match=r"train\.jsonl:1: column 'query': found columns 'question', 'chosen'"):
        load_task(CARD, tmp_path)


@pytest.mark.parametrize("value", [3, {"text": "a"}, [{"role": "robot", "content": "a"}], [1]])
@pytest.mark.parametrize("column", ["query", "chosen", "rejected"])
def test_a_wrong_type_is_named_with_its_line_and_column(tmp_path, column, value):
    write_rows(tmp_path / "mine" / "train.jsonl", [*rows(1), row(**{column: value})])
    write_rows(tmp_path / "mine" / "test.jsonl", rows(1, 9))
    with pytest.raises(InputError, match=rf"train\.jsonl:2: column '{column}'"):
        load_task(CARD, tmp_path)


def test_a_missing_task_folder_lists_what_is_there(tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="data of task mine: found other, expected a folder named mine"):
        load_task(CARD, tmp_path)


def test_a_missing_data_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="found no such folder"):
        load_task(load_card("hc3"), tmp_path / "nowhere")


def test_a_folder_without_evaluation_rows_is_an_input_error(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", rows(3))
    with pytest.raises(InputError, match=r"evaluation file: found train\.jsonl, expected test\.jsonl"):
        load_task(CARD, tmp_path)


def test_two_files_for_one_split_are_an_input_error(tmp_path):
    write_rows(tmp_path / "mine" / "train.jsonl", rows(3))
    (tmp_path / "mine" / "train.json").write_text("[]")
    with pytest.raises(InputError, match=r"train\.jsonl and train\.json"):
        load_task(CARD, tmp_path)


def test_a_local_only_card_asks_for_the_data_folder():
    with pytest.raises(InputError, match="--data-dir with a folder 'general-dpo'"):
        load_task(load_card("general-dpo"), None)


@pytest.mark.parametrize("folder", ["hc3", "HC3"])
def test_a_task_folder_may_carry_the_name_or_an_alias(tmp_path, folder):
    write_rows(tmp_path / folder / "train.jsonl", rows(3))
    write_rows(tmp_path / folder / "test.jsonl", rows(3, 9))
    assert len(load_task(load_card("hc3"), tmp_path).train) == 3


def test_chat_messages_are_read_as_prompt_and_answers(tmp_path):
    prompt = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
    line = row(prompt, [{"role": "assistant", "content": "hello"}], [*prompt, {"role": "assistant", "content": "go"}])
    write_rows(tmp_path / "mine" / "train.jsonl", [line])
    write_rows(tmp_path / "mine" / "test.jsonl", rows(1))
    (pair,) = load_task(CARD, tmp_path).train
    assert [turn.role for turn in pair.prompt] == ["system", "user"]
    assert (pair.chosen, pair.rejected) == ("hello", "go")


HUB_ROWS = {
    "hh-harmless": {
        "chosen": "\n\nHuman: a\n\nAssistant: b\n\nHuman: q{n}\n\nAssistant: good",
        "rejected": "\n\nHuman: a\n\nAssistant: b\n\nHuman: q{n}\n\nAssistant: bad",
    },
    "capybara": {
        "source": "s",
        "chosen": [{"role": "user", "content": "q{n}"}, {"role": "assistant", "content": "good"}],
        "rejected": [{"role": "user", "content": "q{n}"}, {"role": "assistant", "content": "bad"}],
    },
    "safe-rlhf": {
        "prompt": "q{n}",
        "response_0": "bad",
        "response_1": "good",
        "is_response_0_safe": False,
        "is_response_1_safe": True,
        "response_0_harm_category": {"Privacy Violation": True, "Violence": False},
        "response_1_harm_category": {"Privacy Violation": False, "Violence": False},
        "better_response_id": 0,
        "safer_response_id": 1,
    },
    "hc3": {"question": "q{n}", "human_answers": ["", "good"], "chatgpt_answers": ["bad"], "source": "medicine"},
    "truthfulqa": {
        "question": "q{n}",
        "best_answer": "good",
        "correct_answers": ["good", "fine"],
        "incorrect_answers": ["bad"],
        "category": "Law",
    },
}


def numbered(value, number):
    return json.loads(json.dumps(value).replace("{n}", str(number)))


@pytest.mark.parametrize("name", HUB_ROWS)
def test_rows_in_the_hubs_own_form_are_converted(tmp_path, name):
    card = load_card(name)
    for split, start in (("train", 0), ("test", 50)):
        lines = [numbered(HUB_ROWS[name], number) for number in range(start, start + 9)]
        write_rows(tmp_path / name / f"{split}.jsonl", lines)
    data = load_task(card, tmp_path)
    assert {(pair.chosen, pair.rejected) for pair in data.train} == {("good", "bad")}
    assert sorted(pair.prompt[-1].content for pair in data.train) == [f"q{n}" for n in range(9)]
    if name == "safe-rlhf":
        assert {(pair.harm, pair.category) for pair in data.evaluation} == {("harmful", "Privacy Violation")}


@pytest.mark.parametrize(
    ("safe", "better", "safer", "chosen"),
    [((True, True), 1, 0, 1), ((False, False), 1, 0, 0), ((True, False), 1, 1, 0)],
)
def test_safety_rated_pairs_choose_the_safe_the_better_or_the_safer_answer(tmp_path, safe, better, safer, chosen):
    line = {**numbered(HUB_ROWS["safe-rlhf"], 1), "response_0": "answer 0", "response_1": "answer 1"}
    line |= {"is_response_0_safe": safe[0], "is_response_1_safe": safe[1]}
    line |= {"better_response_id": better, "safer_response_id": safer}
    write_rows(tmp_path / "safe-rlhf" / "train.jsonl", [line])
    write_rows(tmp_path / "safe-rlhf" / "test.jsonl", rows(1))
    (pair,) = load_task(load_card("safe-rlhf"), tmp_path).train
    assert pair.chosen == f"answer {chosen}"
    assert pair.harm == ("harmless" if all(safe) else "harmful")


def test_transcripts_whose_prompts_differ_are_dropped_and_counted(tmp_path):
    good = numbered(HUB_ROWS["hh-harmless"], 1)
    bad = {**good, "rejected": good["rejected"].replace("q1", "q2")}
    write_rows(tmp_path / "hh-harmless" / "train.jsonl", [good, bad])
    write_rows(tmp_path / "hh-harmless" / "test.jsonl", rows(1))
    report = load_task(load_card("hh-harmless"), tmp_path).report.train
    assert (report.mismatched, report.kept) == (1, 1)
