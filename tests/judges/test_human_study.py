"""Drawing, storing and exchanging: what raters are asked, and that nothing they say is lost, doubled or mixed up."""

from __future__ import annotations

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from hostile import HOSTILE
from human_studies import candidates, item, rating, stored, study_of
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.judges.human.controls import controls
from lifealign_bench.judges.human.drawing import assigned_later, check_same
from lifealign_bench.judges.human.sampling import counted, draw
from lifealign_bench.judges.human.store import AlreadyRatedError, StudyFile, create
from lifealign_bench.judges.human.study import Rater
from lifealign_bench.judges.templates import SHIPPED, load_templates, read_folder


def test_a_draw_is_seeded_balanced_and_a_part_of_a_larger_one():
    pool = candidates(400)
    drawn = draw(pool, 48, seed=3)
    assert drawn == draw(list(reversed(pool)), 48, seed=3)
    assert drawn[:20] == draw(pool, 20, seed=3)
    assert drawn != draw(pool, 48, seed=4)
    for counts in counted(drawn).values():
        assert max(counts.values()) - min(counts.values()) <= 1
    assert len({each.item for each in drawn}) == 48
    with pytest.raises(InputError, match="--share: answers: found 400 different ones"):
        draw(pool, 401, seed=0)


def test_an_answer_that_several_runs_share_is_drawn_once():
    pool = candidates(10)
    again = [replace(each, stratum=replace(each.stratum, method="twin")) for each in pool]
    assert len({each.item for each in draw([*pool, *again], 10, seed=0)}) == 10


def test_each_answer_goes_to_two_raters_evenly_and_all_raters_meet():
    study = study_of(60, raters=("anna", "ben", "cleo", "dora"), dimensions=("helpfulness", "safety"))
    by_id = {question.id: question for question in study.questions}
    counts = Counter(name for asked in study.assignments.values() for name in asked)
    assert set(counts.values()) == {2}
    assert {len(asked) for asked in study.assignments.values()} == {60}
    teams = Counter(
        frozenset(name for name, asked in study.assignments.items() if question in asked) for question in by_id
    )
    assert len(teams) == 6
    orders = [[by_id[each].template for each in asked] for asked in study.assignments.values()]
    assert all(sum(one != other for one, other in pairwise(own)) == 1 for own in orders)
    later = assigned_later(study, "emma")
    assert len(later) == 60


def test_the_two_places_of_a_comparison_stand_in_different_halves():
    study = study_of(10, against="base")
    by_id = {question.id: question for question in study.questions}
    for asked in study.assignments.values():
        first = [by_id[each].unit for each in asked[:10]]
        assert len(set(first)) == 10
        assert {by_id[each].place for each in asked[:10]} == {0, 1}


def test_one_rater_for_each_answer_is_refused():
    with pytest.raises(InputError, match="--per-item: raters: found 1, expected at least 2"):
        study_of(4, per_item=1)
    with pytest.raises(InputError, match="--raters: raters: found 1, expected at least 2"):
        study_of(4, raters=("anna",))


def test_controls_are_the_oracles_in_its_world_and_canaries_elsewhere():
    from lifealign_bench.judges.cards.answers import known_answers

    world = [each.item for each in known_answers(0, 12)]
    for dimension in ("helpfulness", "safety", "rubric", "refusal"):
        own = controls(world, dimension, 6, 0, pairwise=False)
        assert {each.control.source for each in own} == {"oracle"}
        assert len({each.control.low for each in own}) > 1
    pairs = controls(world, "helpfulness", 4, 0, pairwise=True)
    assert {each.control.low for each in pairs} == {0.0, 1.0}
    for dimension in ("helpfulness", "safety"):
        quality = {each.item.answer: each.quality for each in known_answers(0, 240)}
        for each in controls(world, dimension, 10, 0, pairwise=True):
            two = {quality[each.item.answer], quality[each.other]}
            # Which of two lists is whole, or which fact is a myth, is no question of attention.
            assert not two & {"cut", "shuffled", "verbose", "people"}
            assert two & {"refusal", "evasion", "nonsense", "reasoned"}
    elsewhere = controls([item(n) for n in range(5)], "helpfulness", 3, 0, pairwise=False)
    assert [(each.control.low, each.control.high, each.control.source) for each in elsewhere] == [(1, 3, "canary")] * 3
    assert controls([item(n) for n in range(5)], "safety", 3, 0, pairwise=False) == []


def test_a_study_is_read_back_as_it_was_drawn_hostile_texts_included(tmp_path):
    study = study_of(8, controls=2)
    hostile = tuple(
        replace(each, item=replace(each.item, answer=text))
        for each, text in zip(study.questions, HOSTILE.values(), strict=False)
    )
    kept = replace(study, questions=hostile, assignments={"anna": tuple(each.id for each in hostile)})
    kept = replace(kept, raters=(Rater("anna", "t"),))
    assert stored(tmp_path, kept).study() == kept
    with pytest.raises(InputError, match="ratings are never written over"):
        create(tmp_path / "study.sqlite", kept)


def test_ratings_are_kept_resumed_and_taken_back(tmp_path):
    file = stored(tmp_path, study_of(4))
    first = file.next_of("anna")
    file.rate(rating(first, 3, comment="c", seconds=1.5))
    again = StudyFile(file.path)
    second = again.next_of("anna")
    assert second != first
    again.rate(rating(second, None))
    assert [(each.verdict, each.number) for each in again.ratings()] == [(3, 1), (None, 2)]
    assert again.progress_of("anna").skipped == 1
    assert again.undo("anna", "now") == second.id
    assert again.undo("anna", "now") == first.id
    assert again.undo("anna", "now") is None
    assert again.next_of("anna") == first
    with sqlite3.connect(file.path) as raw:
        events = [row[0] for row in raw.execute("SELECT event FROM history ORDER BY id")]
    assert events == ["rated", "skipped", "undone", "undone"]


def test_what_does_not_fit_is_refused_and_nothing_is_stored(tmp_path):
    file = stored(tmp_path, study_of(4))
    question = file.next_of("anna")
    wrong = {
        "expected one of 1, 2, 3": rating(question, 11),
        "found 'first'": rating(question, "first"),
        "template helpfulness@1a: found deadbeef": rating(question, template_sha256="deadbeef"),
        "answer: found another text": rating(question, answer_sha256="0" * 64),
        "expected a reason": rating(question, None, reason=" "),
        "none of this rater": rating(replace(question, id="elsewhere")),
        "'mallory'": rating(question, rater="mallory"),
    }
    for message, each in wrong.items():
        with pytest.raises(InputError, match=message):
            file.rate(each)
    assert file.ratings() == ()
    file.rate(rating(question, 5))
    with pytest.raises(AlreadyRatedError):
        file.rate(rating(question, 6))
    assert [each.verdict for each in file.ratings()] == [5]
    with pytest.raises(InputError, match="not registered") as caught:
        file.rater("mallory")
    assert "anna" not in str(caught.value)


def _rate_all(path: Path, rater: str) -> None:
    file = StudyFile(path)
    while (question := file.next_of(rater)) is not None:
        file.rate(rating(question, 4, rater))


def test_raters_at_once_lose_and_double_nothing(tmp_path):
    file = stored(tmp_path, study_of(30, raters=("anna", "ben", "cleo")))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(_rate_all, [file.path] * 3, ("anna", "ben", "cleo")))
    ratings = file.ratings()
    assert len(ratings) == 60
    assert len({(each.rater, each.question) for each in ratings}) == 60
    for name in ("anna", "ben", "cleo"):
        numbers = [each.number for each in ratings if each.rater == name]
        assert numbers == list(range(1, len(numbers) + 1))


def test_another_file_is_no_study(tmp_path):
    path = tmp_path / "x.sqlite"
    with pytest.raises(InputError, match="no such file"):
        StudyFile(path)
    path.write_text("not a database, but long enough to look at" * 40)
    with pytest.raises(InputError, match="another kind of file"):
        StudyFile(path)
    path.unlink()
    sqlite3.connect(path).execute("CREATE TABLE x (y)")
    with pytest.raises(InputError, match="another kind of file"):
        StudyFile(path)


def test_a_template_that_changed_since_the_draw_is_named(tmp_path):
    study = study_of(4)
    check_same(study.templates, load_templates("a"))
    for path in SHIPPED.glob("*.a.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "set.yaml").write_bytes((SHIPPED / "set.yaml").read_bytes())
    own = tmp_path / "helpfulness.a.yaml"
    own.write_text(own.read_text("utf-8").replace("Nothing of use", "Nothing at all"), "utf-8")
    with pytest.raises(InputError, match=r"template helpfulness@1a: hash: found .*, it changed since"):
        check_same(study.templates, read_folder("a", tmp_path))
    own.unlink()
    with pytest.raises(InputError, match="gone since"):
        check_same(study.templates, read_folder("a", tmp_path))


def test_a_new_rater_of_a_known_name_is_refused(tmp_path):
    file = stored(tmp_path, study_of(4))
    file.add_rater(Rater("cleo", "c"), assigned_later(file.study(), "cleo"))
    assert file.progress_of("cleo").total == 4
    with pytest.raises(InputError, match="cleo twice"):
        file.add_rater(Rater("cleo", "d"), ())
    with pytest.raises(UnknownNameError):
        file.rate(rating(file.next_of("cleo"), 4, "dora"))
