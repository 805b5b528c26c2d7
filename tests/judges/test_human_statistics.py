"""Statistics of raters: known severity, noise and drift are found again, and advice keeps its promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from human_studies import Person, item, rating, simulated
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.agreement import alpha
from lifealign_bench.judges.estimates import mean
from lifealign_bench.judges.human.advice import Spread, advise_mean, advise_share, spread_of
from lifealign_bench.judges.human.given import by_dimension
from lifealign_bench.judges.human.raters import alpha_of, alpha_of_coincidences, pairs_of, severity_and_drift
from lifealign_bench.judges.human.report import Beside, people_section
from lifealign_bench.judges.human.study import Control, Question

PEOPLE = (Person(1.0), Person(-0.6, drift=1.0), Person(0.0), Person(-0.4, drift=-0.8))
ROUNDING = 1 / 12


def known_alpha(people: tuple[Person, ...], spread: float) -> float:
    """Alpha of raters as they were made: one minus the variance inside an answer over the variance of all verdicts."""
    severity = [person.severity for person in people]
    rest = float(np.mean([person.noise**2 + person.drift**2 / 12 for person in people])) + ROUNDING
    inside, everywhere = float(np.var(severity, ddof=1)) + rest, spread**2 + float(np.var(severity)) + rest
    return 1 - inside / everywhere


def test_severity_drift_and_alpha_of_known_raters_are_recovered_within_ten_per_cent():
    ratings = by_dimension(*simulated(PEOPLE, 1500, seed=1))["helpfulness"]
    found = severity_and_drift(ratings)
    for number, person in enumerate(PEOPLE):
        severity, drift = found[f"r{number}"]
        assert severity.value == pytest.approx(person.severity, abs=0.1)
        assert drift.value == pytest.approx(person.drift, abs=0.3)
        assert severity.low < severity.value < severity.high
    assert alpha_of(ratings).value == pytest.approx(known_alpha(PEOPLE, 1.5), rel=0.1)


def test_the_interval_of_severity_covers_the_truth_as_often_as_it_says():
    people = (Person(0.8), Person(-0.8))
    hits = 0
    for seed in range(40):
        severity, _ = severity_and_drift(by_dimension(*simulated(people, 60, seed))["helpfulness"])["r0"]
        hits += severity.low <= 0.8 <= severity.high
    assert hits >= 35


def test_alpha_is_the_one_of_the_judges_and_its_replicates_are_of_the_same_formula():
    ratings = by_dimension(*simulated(PEOPLE, 80, seed=2))["helpfulness"]
    expected = alpha(ratings.table(), ratings.scale)
    assert alpha_of(ratings).value == expected
    counts = np.zeros((80, 10))
    for row in ratings.table():
        for place, level in enumerate(row):
            counts[place, level] += level is not None
    twice = counts[counts.sum(axis=1) >= 2]
    tables = twice[:, :, None] * twice[:, None, :] - np.eye(10) * twice[:, :, None]
    whole = (tables / (twice.sum(axis=1) - 1)[:, None, None]).sum(axis=0)
    assert alpha_of_coincidences(whole) == pytest.approx(expected)
    assert alpha_of(ratings).low < expected < alpha_of(ratings).high


def test_raters_who_share_nothing_have_no_severity_and_say_so():
    questions, given = simulated((Person(), Person()), 20, seed=0)
    own = tuple(each for each in given if (each.rater == "r0") == (int(each.question[1:]) < 10))
    ratings = by_dimension(questions, own)["helpfulness"]
    assert {value.why for both in severity_and_drift(ratings).values() for value in both} == {
        "shares no question with another rater"
    }
    assert alpha_of(ratings).value is None
    assert pairs_of(ratings)[0].kappa.value is None


@pytest.mark.parametrize("raters", [2, 3])
def test_advised_numbers_of_answers_cover_the_mean_in_nine_of_ten_studies(raters):
    spread, half_width = Spread(1.5, 0.8), 0.4
    advice = advise_mean(half_width, spread, raters)
    people = tuple(Person(noise=0.8) for _ in range(raters))
    covered, widths = 0, []
    for seed in range(100):
        ratings = by_dimension(*simulated(people, advice.answers, seed, per_item=raters))["helpfulness"]
        means = ratings.means()
        found = mean([means[each.id] for each in ratings.questions], ratings.clusters)
        covered += found.low <= 5.5 <= found.high
        widths.append((found.high - found.low) / 2)
    assert covered >= 90
    assert np.mean(widths) == pytest.approx(half_width, rel=0.1)


def test_more_raters_need_fewer_answers_and_narrower_intervals_more():
    assert advise_mean(0.5, Spread(2.0, 2.0), 5).answers < advise_mean(0.5, Spread(2.0, 2.0), 2).answers
    assert advise_mean(0.25, Spread(), 2).answers > 3 * advise_mean(0.5, Spread(), 2).answers
    assert advise_share(0.1, 2).answers == pytest.approx((1.98 * 0.5 / 0.1) ** 2, abs=2)
    with pytest.raises(InputError, match="above 0"):
        advise_mean(0.0, Spread(), 2)


def test_a_pilot_says_how_much_answers_and_readings_vary():
    ratings = by_dimension(*simulated((Person(1.0, 1.0), Person(-1.0, 1.0)), 2000, seed=3))["helpfulness"]
    found = spread_of(ratings)
    assert found.answers == pytest.approx(1.5, rel=0.1)
    assert found.readings == pytest.approx(math.sqrt(1.0 + ROUNDING), rel=0.1)
    few = by_dimension(*simulated((Person(), Person()), 3, seed=3))["helpfulness"]
    assert spread_of(few) is None


def test_missed_controls_show_who_does_not_read():
    questions, given = simulated((Person(), Person()), 20, seed=4)
    controls = tuple(
        Question(f"c{n}", "helpfulness@1a", "x", "helpfulness", item(100 + n), control=Control(8, 10, "oracle"))
        for n in range(6)
    )
    read = tuple(rating(each, 9, "r0", number=30) for each in controls)
    unread = tuple(rating(each, 5, "r1", number=30) for each in controls[:5])
    section = people_section("s", (*questions, *controls), (*given, *read, *unread))
    one, other = section.controls
    assert (one.answered, one.missed, one.attentive) == (6, 0, True)
    assert (other.answered, other.missed, other.attentive, other.expected) == (5, 5, False, 6)
    assert section.dimensions[0].questions == 20


def test_a_judge_and_people_who_love_the_same_things_share_the_bias():
    questions, given = simulated((Person(), Person()), 60, seed=5)
    long = {each.id: number % 2 == 0 for number, each in enumerate(questions)}
    listed = "1. one\n2. two" + " and more words" * 20
    questions = tuple(
        replace(each, item=replace(each.item, answer=listed if long[each.id] else "short")) for each in questions
    )
    given = tuple(replace(each, verdict=min(10, each.verdict + 3 * long[each.question])) for each in given)
    fond = {each.id: 5.0 + 3 * long[each.id] + number % 3 / 4 for number, each in enumerate(questions)}
    cold = {each.id: float(5 + number % 3) for number, each in enumerate(questions)}
    for judge, shared in ((fond, True), (cold, False)):
        rows = {row.name: row for row in people_section("s", questions, given, Beside(judge)).dimensions[0].biases}
        assert rows["list"].people.value == pytest.approx(3, abs=1)
        assert rows["list"].shared is shared
        assert rows["length"].shared is shared
        assert rows["refusal"].shared is None
    alike = {each.question: float(each.verdict) for each in given if each.rater == "r0"}
    section = people_section("s", questions, given, Beside(alike, truth=alike))
    assert section.dimensions[0].judge[0].agreement.kappa.value > 0.5
    assert [row.task for row in section.dimensions[0].judge] == [None, "t"]
    assert section.dimensions[0].biases[0].beyond_truth


def test_a_love_of_the_first_place_is_seen_in_comparisons():
    questions = tuple(
        Question(f"q{n}{place}", "helpfulness-pairwise@1a", "x", "helpfulness", item(n), "other", place)
        for n in range(20)
        for place in (0, 1)
    )
    given = tuple(rating(each, "first", rater, number=1) for each in questions for rater in ("a", "b"))
    found = people_section("s", questions, given).dimensions[0]
    assert (found.kind, found.biases[0].name, found.biases[0].people.value) == ("pairwise", "first place", 1.0)
    assert found.alpha.value == pytest.approx(1.0)
