import pytest
import yaml

from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.data.card_files import read_card
from lifealign_bench.data.checking import check
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.scaffold import NamedColumns
from lifealign_bench.data.scaffold_files import write_task
from lifealign_bench.data.stream import load_task

from .conftest import rows, write_rows

GUESS = NamedColumns()


def renamed(lines, **names):
    return [{names.get(key, key): value for key, value in line.items()} for line in lines]


def new(tmp_path, *files, columns=GUESS, name="mine", suite=None):
    write_task(name, files, columns, tmp_path / "cards", suite)
    return read_card(tmp_path / "cards" / f"{name}.yaml")


@pytest.mark.parametrize("prompt", ["query", "prompt", "Question", "instruction"])
def test_a_file_of_ones_own_becomes_a_card_that_loads(tmp_path, prompt):
    file = write_rows(tmp_path / "my data" / "it's.jsonl", renamed(rows(200), query=prompt))
    data = load_task(new(tmp_path, file), None)
    assert len(data.train) + len(data.evaluation) == 200
    assert 5 < len(data.evaluation) < 45
    assert data.train[0].chosen.startswith("good")


def test_two_files_are_told_apart_by_name(tmp_path):
    evaluation = write_rows(tmp_path / "dev_rows.jsonl", rows(60))
    train = write_rows(tmp_path / "rows.jsonl", rows(30, 100))
    data = load_task(new(tmp_path, evaluation, train), None)
    assert (len(data.train), len(data.evaluation)) == (30, 60)


def test_two_files_without_a_telling_name_are_told_apart_by_size(tmp_path):
    small, large = (
        write_rows(tmp_path / name, rows(*size)) for name, size in (("a.jsonl", (9,)), ("b.jsonl", (30, 50)))
    )
    data = load_task(new(tmp_path, small, large), None)
    assert (len(data.train), len(data.evaluation)) == (30, 9)


def test_a_folder_with_both_splits_is_taken_as_it_is(tmp_path):
    write_rows(tmp_path / "pairs" / "train.jsonl", rows(30))
    write_rows(tmp_path / "pairs" / "test.jsonl", rows(8, 50))
    data = load_task(new(tmp_path, tmp_path / "pairs"), None)
    assert (len(data.train), len(data.evaluation)) == (30, 8)


def test_transcripts_and_rated_pairs_are_recognised_by_their_columns(tmp_path):
    line = {"chosen": "Human: a\nAssistant: b", "rejected": "Human: a\nAssistant: c"}
    assert new(tmp_path, write_rows(tmp_path / "a.jsonl", [line]), name="a").converter == "transcripts"
    line = {"question": "a", "human_answers": ["b"], "chatgpt_answers": ["c"]}
    assert new(tmp_path, write_rows(tmp_path / "b.jsonl", [line]), name="b").converter == "human_and_model"


def test_what_was_seen_in_the_rows_is_written_into_the_card(tmp_path):
    lines = [{"prompt": f"Assistant: be kind\nHuman: {n}", "chosen": "yes", "rejected": "a; b"} for n in range(9)]
    card = new(tmp_path, write_rows(tmp_path / "a.jsonl", lines))
    assert card.text.dialogue
    assert (card.text.opening_assistant, card.text.rejected_separator) == ("system", ";")
    plain = new(
        tmp_path,
        write_rows(tmp_path / "b.jsonl", renamed(rows(3), query="x")),
        name="b",
        columns=NamedColumns(prompt="x", chosen="rejected", rejected="chosen"),
    )
    assert plain.text.rejected_separator is None
    assert (plain.columns.prompt, plain.columns.chosen) == ("x", "rejected")


def test_columns_that_cannot_be_guessed_are_asked_for_by_option(tmp_path):
    file = write_rows(tmp_path / "a.jsonl", renamed(rows(3), chosen="left"))
    with pytest.raises(InputError, match=r"chosen column: found columns 'query', 'left', 'rejected'.*--chosen-column"):
        new(tmp_path, file)
    with pytest.raises(InputError, match=r"--chosen-column: found 'lfet', expected one of 'query'"):
        new(tmp_path, file, columns=NamedColumns(chosen="lfet"))
    assert not (tmp_path / "cards").exists()


def test_an_unknown_prompt_column_is_not_taken_for_a_transcript(tmp_path):
    file = write_rows(tmp_path / "a.jsonl", renamed(rows(3), query="was gefragt wurde"))
    with pytest.raises(InputError, match="prompt column"):
        new(tmp_path, file)


def test_an_existing_card_is_never_overwritten(tmp_path):
    file = write_rows(tmp_path / "a.jsonl", rows(3))
    new(tmp_path, file)
    before = (tmp_path / "cards" / "mine.yaml").read_text()
    with pytest.raises(InputError, match="choose another name"):
        new(tmp_path, file)
    assert (tmp_path / "cards" / "mine.yaml").read_text() == before


@pytest.mark.parametrize("name", ["../up", "Mine", "a b", ""])
def test_a_name_that_is_none_writes_nothing(tmp_path, name):
    file = write_rows(tmp_path / "a.jsonl", rows(3))
    with pytest.raises(InputError, match="name"):
        new(tmp_path, file, name=name)
    assert [path.name for path in tmp_path.rglob("*.yaml")] == []


def test_the_suite_that_is_written_is_valid_and_grows_with_each_task(tmp_path):
    suite = tmp_path / "my-suite.yaml"
    for name, start in (("one", 0), ("two", 100), ("three", 200)):
        new(tmp_path, write_rows(tmp_path / f"{name}.jsonl", rows(50, start)), name=name, suite=suite)
    loaded = load_suite(suite)
    assert loaded.task_names == ("one", "two", "three")
    assert [read_card(tmp_path / task.card).name for task in loaded.tasks] == ["one", "two", "three"]


def test_a_task_is_added_to_a_users_suite_without_touching_the_rest(tmp_path):
    suite = tmp_path / "own.yaml"
    text = "# mine\nname: own\ntasks:\n- hc3 # first\n\n# what follows\nbase: build:small\nmethods: [seqft]\n"
    suite.write_text(text)
    new(tmp_path, write_rows(tmp_path / "a.jsonl", rows(3)), suite=suite)
    changed = suite.read_text()
    assert changed.replace("- {name: mine, card: 'cards/mine.yaml'}\n", "") == text
    assert load_suite(suite).task_names == ("hc3", "mine")


@pytest.mark.parametrize("tasks", ["tasks: [hc3]", "tasks:\n  - mine"])
def test_a_suite_that_cannot_take_the_task_is_left_alone_and_no_card_written(tmp_path, tasks):
    suite = tmp_path / "own.yaml"
    suite.write_text(f"name: own\n{tasks}\n")
    with pytest.raises(InputError, match="tasks"):
        new(tmp_path, write_rows(tmp_path / "a.jsonl", rows(3)), suite=suite)
    assert suite.read_text() == f"name: own\n{tasks}\n"
    assert not (tmp_path / "cards" / "mine.yaml").exists()


def texts(findings, level):
    return [finding.text for finding in findings if finding.level == level]


def test_a_sound_card_has_only_the_licence_to_be_filled_in(tmp_path):
    lines = [
        {"query": f"q {n}", "chosen": f"{n} a", "rejected": f"{n} b"}
        if n % 2
        else {"query": f"q {n}", "chosen": f"{n} b", "rejected": f"{n} a"}
        for n in range(400)
    ]
    new(tmp_path, write_rows(tmp_path / "a.jsonl", lines))
    findings = check(str(tmp_path / "cards" / "mine.yaml"), None)
    assert [finding.text.split(":")[0] for finding in findings] == ["licence"]


def test_every_problem_of_a_card_is_an_error_of_its_own(tmp_path):
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump({"name": "x", "licens": "MIT", "sizes": {"train": 0}}))
    errors = texts(check(str(tmp_path / "bad.yaml"), None), "error")
    assert len(errors) == 5
    assert any("did you mean licence" in error for error in errors)


def test_rows_that_cannot_be_read_are_an_error_and_tell_tale_rows_a_warning(tmp_path):
    file = write_rows(tmp_path / "a.jsonl", rows(300))
    new(tmp_path, file)
    card = str(tmp_path / "cards" / "mine.yaml")
    assert any("surface cue" in text for text in texts(check(card, None), "warning"))
    file.write_text(file.read_text() + "{")
    assert any("a.jsonl:301: JSON line" in text for text in texts(check(card, None), "error"))


def test_a_folder_of_cards_is_checked_as_one_stream(tmp_path):
    for name, start in (("one", 0), ("two", 100)):
        write_rows(tmp_path / name / "train.jsonl", rows(40, start))
        write_rows(tmp_path / name / "test.jsonl", rows(30, start + 200))
        if name == "two":
            write_rows(tmp_path / name / "test.jsonl", rows(30, 20))
        new(tmp_path, tmp_path / name, name=name)
    found = texts(check(str(tmp_path / "cards"), None), "warning")
    assert "two: 20 evaluation prompts stand in another task's training rows" in found
    assert texts(check(str(tmp_path / "one"), None), "error") == ["no card in this folder, expected *.yaml"]
