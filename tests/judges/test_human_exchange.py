"""Ratings as JSONL: what goes out comes in again, once, and only where it belongs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from human_studies import rating, stored, study_of
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.human.exchange import export_lines, import_lines, read_lines, read_people
from lifealign_bench.judges.human.store import AlreadyRatedError


@pytest.fixture
def exported(tmp_path):
    """A study with ratings, its export, and an empty copy of the study."""
    study = study_of(6, controls=2)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    file, copy = stored(tmp_path / "one", study), stored(tmp_path / "two", study)
    for number in range(4):
        question = file.next_of("anna")
        file.rate(rating(question, None if number == 2 else number + 3, comment="=1+1 <b>", seconds=2.0))
    return file, copy, list(export_lines(study, file.ratings(), texts=True))


def test_ratings_come_out_of_an_import_as_they_went_into_the_export(exported):
    file, copy, lines = exported
    read = read_lines("\n".join(lines), "x.jsonl")
    assert import_lines(copy, read) == 4
    assert copy.ratings() == file.ratings()
    assert import_lines(copy, read) == 0
    assert copy.ratings() == file.ratings()
    study, questions, ratings = read_people(read)
    assert (study, len(questions), len(ratings)) == (file.id, 4, 4)
    known = {each.id: replace(each, control=None) for each in file.questions()}
    assert all(known[each.id] == replace(each, control=None) for each in questions)


def changed(line: str, **values: object) -> str:
    return json.dumps({**json.loads(line), **values})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"study": "another"}, r"x.jsonl:2: study: found 'another'"),
        ({"rater": "mallory"}, r"x.jsonl:2: rater: found 'mallory'"),
        ({"question": "0000"}, r"x.jsonl:2: question: found '0000'"),
        ({"answer_sha256": "0" * 64}, r"x.jsonl:2: answer: found a rating of another text"),
        ({"template_sha256": "0" * 64}, r"template helpfulness@1a: found 000000000000, it changed since"),
        ({"verdict": 12, "value": 12.0}, r"verdict: found 12, expected one of 1, 2"),
        ({"verdict": "good"}, r"x.jsonl:2: verdict"),
        ({"state": "rated", "verdict": None, "value": None}, r"verdict: found None"),
        ({"surprise": 1}, r"x.jsonl:2: surprise"),
        ({"seconds": float("inf")}, r"x.jsonl:2: seconds"),
        ({"at": "tomorrow"}, r"x.jsonl:2: at: found 'tomorrow', expected a time with its zone"),
        ({"at": "2026-01-01T00:00:00"}, r"x.jsonl:2: at: .* expected a time with its zone"),
        ({"value": 1.0}, r"x.jsonl:2: value: found 1.0, expected 4, as the verdict says"),
        ({"comment": "\ud800"}, r"x.jsonl:2: line"),
    ],
)
def test_an_import_that_does_not_fit_is_refused_as_a_whole(exported, change, message):
    _, copy, lines = exported
    with pytest.raises(InputError, match=message):
        import_lines(copy, read_lines("\n".join([lines[0], changed(lines[1], **change), *lines[2:]]), "x.jsonl"))
    assert copy.ratings() == ()


def test_a_card_counts_no_rating_twice_and_takes_none_that_is_half_skipped(exported):
    file, _, lines = exported
    assert read_people(read_lines("\n".join([*lines, *lines]), "x.jsonl"))[2] == file.ratings()
    again = changed(lines[0], verdict=9, value=9.0)
    with pytest.raises(InputError, match=r"x.jsonl:5: rating: found a second one by anna"):
        read_people(read_lines("\n".join([*lines, again]), "x.jsonl"))
    for change in ({"state": "skipped"}, {"state": "skipped", "verdict": None, "value": None}):
        with pytest.raises(InputError, match=r"x.jsonl:1: reason"):
            read_people(read_lines(changed(lines[0], **change), "x.jsonl"))


def test_a_line_that_another_program_wrote_may_hold_any_character(exported):
    _, copy, lines = exported
    odd = json.dumps({**json.loads(lines[0]), "comment": "a\u2028b\x85c"}, ensure_ascii=False)
    assert import_lines(copy, read_lines("\r\n".join([odd, *lines[1:]]), "x.jsonl")) == 4
    assert copy.ratings()[0].comment == "a\u2028b\x85c"


def test_an_import_never_replaces_what_the_rater_said_here(exported):
    _, copy, lines = exported
    question = {each.id: each for each in copy.questions()}[json.loads(lines[0])["question"]]
    copy.rate(rating(question, 1))
    with pytest.raises(AlreadyRatedError):
        import_lines(copy, read_lines("\n".join(lines), "x.jsonl"))
    assert [each.verdict for each in copy.ratings()] == [1]


def test_a_card_reads_no_export_without_texts_or_with_changed_ones(exported):
    file, _, lines = exported
    plain = list(export_lines(file.study(), file.ratings(), texts=False))
    assert "question 0" not in "".join(plain)
    with pytest.raises(InputError, match="an export with --texts"):
        read_people(read_lines(plain[0], "x.jsonl"))
    texts = {**json.loads(lines[0])["texts"], "answer": "better than it was"}
    with pytest.raises(InputError, match="other texts than those that were rated"):
        read_people(read_lines(changed(lines[0], texts=texts), "x.jsonl"))
    with pytest.raises(InputError, match="no line"):
        read_lines("\n\n", "x.jsonl")
