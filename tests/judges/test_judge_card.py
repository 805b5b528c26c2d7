"""Judge cards of judges whose faults are known, asked through a real server process."""

import pytest

from lifealign_bench.judges.canaries import CONSTANT, INJECTIONS, injected, padded
from lifealign_bench.judges.cards.answers import known_answers, known_prompts, truth_of
from lifealign_bench.judges.cards.build import card_file, card_of, examine, left_out, probes_by_part
from lifealign_bench.judges.cards.injections import fit_of, injection_section, trials
from lifealign_bench.judges.cards.instruments import KnownTruth, LanguageModel
from lifealign_bench.judges.cards.people import read_pairs, read_ratings
from lifealign_bench.judges.cards.probes import PARTS
from lifealign_bench.judges.cards.setting import INJECTED_PROMPTS, CardSetting
from lifealign_bench.judges.cards.truth import SAFE_FROM
from lifealign_bench.judges.cards.writing import read_card, text_of, write_card
from lifealign_bench.judges.client.config import EndpointConfig
from lifealign_bench.judges.estimates import missing
from lifealign_bench.judges.judge_file import JudgeSettings
from lifealign_bench.judges.templates import load_templates
from scripted.process import scripted_server
from support import write_synthetic

POLICY = "card_judges:oracle"


@pytest.fixture(scope="module")
def server():
    with scripted_server(policy=POLICY) as running:
        yield running


@pytest.fixture
def asked(server, tmp_path):
    def ask(setting, name="scripted", faults=(), **parameters):
        server.order(policy=POLICY, parameters=parameters, faults=list(faults))
        endpoint = EndpointConfig(model="scripted", base_url=server.base_url, price_input=1.0, price_output=2.0)
        judge = LanguageModel(JudgeSettings(name, endpoint), tmp_path / f"{name}.sqlite")
        return examine(setting, judge, endpoint.cost)

    return ask


def test_known_noise_is_recovered_within_three_points(asked):
    setting = CardSetting(samples=160, parts=("truth", "paraphrases"))
    card = card_of(setting, asked(setting, noise=0.2))
    assert card.truth.overall.value == pytest.approx(0.8, abs=0.03)
    assert card.truth.overall.low < 0.8 < card.truth.overall.high
    assert card.truth.overall.n == 160 * 4 * 2
    refusal = next(each for each in card.truth.dimensions if each.dimension == "refusal")
    assert refusal.agreement.exact.value == pytest.approx(0.8, abs=0.09)
    scores = [each.agreement for each in card.truth.dimensions if each.dimension != "refusal"]
    assert all(each.exact.value > each.baselines.constant for each in scores if each.baselines.constant < 0.7)
    assert card.fit is None
    assert card.replies.scored == 1
    assert card.cost.cost == pytest.approx((card.cost.input_tokens + 2 * card.cost.output_tokens) / 1e6)


def few(**changes):
    return CardSetting(parts=("injections",), injected_prompts=6, **changes)


def test_the_obeying_judge_is_unfit_under_every_template(asked):
    setting = few()
    card = card_of(setting, asked(setting, obeys="all"))
    assert card.fit is False
    labels = {each.label for words in ("a", "b") for each in load_templates(words).templates}
    joint = {(f"joint {words}", name) for words in "ab" for name in ("helpfulness", "safety", "rubric", "refusal")}
    found = {each.name for each in card.injections.rows if each.unfit and each.call != "joint"}
    assert found == labels
    assert {
        (each.name, each.dimension) for each in card.injections.rows if each.unfit and each.call == "joint"
    } == joint
    assert {each.name for each in card.injections.kinds if each.unfit} == {*INJECTIONS, "any words"}
    assert any("safety@1b" in reason for reason in card.unfit)


def test_a_judge_that_gives_no_verdict_is_never_called_fit(asked):
    setting = few()
    card = card_of(setting, asked(setting, faults=[{"do": "invalid_json"}]))
    assert card.replies.scored == 0
    assert (card.fit, card.unfit) == (None, ())


def test_a_judge_is_called_fit_where_enough_was_answered():
    setting, judge = few(), KnownTruth(0)
    found = examine(setting, judge, lambda one, other: 0.0).replies
    section, asked = injection_section(setting, judge, found), len(trials(setting, judge))
    assert fit_of(section, asked) is True
    assert fit_of(section, round(asked / 0.94)) is None
    blind = section.rows[0].model_copy(update={"gain": missing("nothing was scored")})
    assert fit_of(section.model_copy(update={"rows": (blind, *section.rows[1:])}), asked) is None


@pytest.mark.parametrize("noise", [0.0, pytest.param(0.2, marks=pytest.mark.long)])
def test_injected_words_gain_nothing_from_a_fair_judge_under_any_template(asked, noise):
    setting = few()
    card = card_of(setting, asked(setting, noise=noise, seed=3))
    assert card.fit is True
    assert card.unfit == ()
    rows = [*card.injections.rows, *card.injections.kinds]
    assert len(rows) == card.injections.together
    if not noise:
        assert {each.gain.value for each in rows} == {0.0}


@pytest.mark.long
def test_a_judge_that_obeys_under_one_template_is_found_there(asked):
    setting = few()
    card = card_of(setting, asked(setting, obeys="safety@1b"))
    assert card.fit is False
    assert {each.name for each in card.injections.rows if each.unfit} == {"safety@1b"}


def test_spread_places_and_halo_are_measured(asked):
    setting = CardSetting(samples=40, parts=("paraphrases", "pairwise", "retest", "halo", "length"))
    card = card_of(setting, asked(setting, shift_b=-1, first=0.5))
    shifts = {each.dimension: each.shift.value for each in card.paraphrases}
    assert -1 <= shifts["helpfulness"] < -0.5
    assert shifts["refusal"] == 0
    assert {each.same.value for each in card.retest} == {1.0}
    assert {each.same.value for each in card.halo.spread} == {1.0}
    assert card.halo.joint == card.halo.truth
    assert all(each.first_place.low > 0 and each.swap_consistent.value < 0.8 for each in card.pairwise)
    assert {each.padded.value for each in card.length} == {0.0}


def test_peoples_choices_in_pairs_are_read_from_the_files_as_they_are(asked, pair_data):
    pairs = read_pairs(pair_data, 12)
    assert {pair.data_set for pair in pairs} == {"hh-harmless", "hh-helpful", "safe-rlhf"}
    assert read_pairs(pair_data, 5) == tuple(
        pair
        for name in ("hh-harmless", "hh-helpful", "safe-rlhf")
        for pair in [p for p in pairs if p.data_set == name][:5]
    )
    setting = CardSetting(parts=("human",), human=pairs)
    card = card_of(setting, asked(setting))
    assert [each.n for each in card.human.scored] == [12, 12, 12]
    assert all(0 <= each.preferred.value <= 1 and 0 <= each.longest <= 1 for each in card.human.scored)
    # Answers that are not of the world get a number of their text alone, so places cannot matter.
    assert {each.swap_consistent.value for each in card.human.compared} == {1.0}
    assert [each.dimension for each in card.human.compared] == ["safety", "helpfulness", "safety"]


def test_what_a_judge_does_not_answer_is_counted_and_never_guessed(asked):
    setting = CardSetting(samples=40, parts=("truth",))
    prompt = setting.answers[0].item.prompt[-1].content
    card = card_of(setting, asked(setting, faults=[{"do": "invalid_json", "when": prompt}]))
    assert card.replies.unscored == {"parse": 16}
    assert card.replies.repaired == 16
    assert card.replies.scored == pytest.approx(1 - 16 / 160)
    assert all(each.unscored == {"parse": 4} and each.n == 36 for each in card.truth.dimensions)
    assert card.truth.overall.value == 1


def test_several_judges_make_a_panel_and_the_card_survives_its_file(asked, tmp_path):
    setting = CardSetting(samples=40, parts=("truth",))
    tested = [asked(setting, f"judge-{seed}", noise=0.3, seed=seed) for seed in range(3)]
    found = card_file(setting, tested)
    assert len(found.judges) == 3
    for each in found.panel:
        single = [
            next(one for one in card.truth.dimensions if one.dimension == each.dimension).agreement.exact.value
            for card in found.judges
        ]
        assert each.median.exact.value > sum(single) / 3
        assert 0 < each.alpha < 1
    write_card(found, tmp_path / "deep" / "card.json")
    assert read_card(tmp_path / "deep" / "card.json") == found
    assert "NaN" not in text_of(found)


def test_a_second_card_asks_nothing_and_is_the_same_but_for_time(asked, server):
    setting = CardSetting(samples=16, parts=("truth", "retest"))
    first = card_of(setting, asked(setting))
    again = card_of(setting, asked(setting))
    assert server.counters["requests"] == 0
    assert again.cost.seconds is None
    assert again.model_copy(update={"cost": first.cost}) == first.model_copy(update={"judge": again.judge})


def test_the_oracle_agrees_with_itself_and_rewards_no_canary():
    setting = CardSetting(samples=80)
    judge = KnownTruth(0)
    card = card_of(setting, examine(setting, judge, lambda one, other: 0.0))
    assert card.fit is True
    assert card.truth.overall.value == 1
    assert all(each.verdict.value == pytest.approx(each.truth) for each in card.canaries)
    assert set(left_out(setting, judge)) == {"paraphrases", "retest", "halo", "pairwise", "human", "ratings"}


def test_no_injection_changes_what_an_answer_truly_is():
    for asked in known_prompts(0, 42):
        for base in (CONSTANT, asked.weak):
            changed = [injected(base, kind) for kind in INJECTIONS] + [padded(base)]
            items = [asked.answered(text) for text in (base, *changed)]
            truth = truth_of(tuple(items), 0)
            assert len({tuple(sorted(truth[item].items())) for item in items}) == 1


def test_known_answers_are_of_every_quality_and_a_larger_set_begins_with_the_smaller():
    answers = known_answers(0, 240)
    assert known_answers(0, 80) == answers[:80]
    assert known_answers(1, 80) != answers[:80]
    assert {each.quality for each in answers} >= {
        "complete",
        "cut",
        "shuffled",
        "nonsense",
        "evasion",
        "people",
        "human",
    }
    assert len({each.item.pair_id for each in answers}) == 240
    truth = truth_of(tuple(each.item for each in answers), 0)
    for name, few_values in (("helpfulness", 4), ("safety", 4), ("rubric", 6), ("refusal", 2)):
        assert len({verdicts[name] for verdicts in truth.values()}) >= few_values


def test_every_template_meets_every_injection():
    setting = CardSetting()
    judge = KnownTruth(0)
    assert INJECTED_PROMPTS % len(INJECTIONS) == 0
    found = trials(setting, judge)
    for row in {each.row for each in found}:
        assert {each.kind for each in found if each.row == row} == set(INJECTIONS)
    assert set(probes_by_part(setting, judge)) <= set(PARTS)


def test_safe_means_the_same_on_a_card_as_in_a_cell():
    from lifealign_bench.benchmark import judge_scoring

    assert judge_scoring.SAFE_FROM == SAFE_FROM


def test_ratings_of_people_are_compared_with_the_judge(asked, tmp_path):
    answers = known_answers(0, 40)
    truth = truth_of(tuple(each.item for each in answers), 0)
    lines = ["id,prompt,answer,dimension,rating,rater"]
    for number, each in enumerate(answers):
        for rater, add in (("ann", 0), ("bo", 0), ("cy", 1 if number % 2 else 0)):
            rating = min(10, truth[each.item]["helpfulness"] + add)
            quoted = each.item.answer.replace('"', '""')
            lines.append(
                f'{number},{each.item.prompt[0].content.replace(",", "")},"{quoted}",helpfulness,{rating},{rater}'
            )
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    setting = CardSetting(parts=("ratings",), ratings=read_ratings(path))
    (found,) = card_of(setting, asked(setting)).ratings
    assert (found.n, found.raters) == (40, 3)
    assert found.agreement.exact.value > 0.9
    assert found.alpha_people < found.alpha_with_judge < 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,prompt\n1,x\n", "columns: found no answer"),
        ("id,prompt,answer,dimension,rating,rater\n1,x,y,beauty,3,me\n", ":2: dimension: found 'beauty'"),
        (
            "id,prompt,answer,dimension,rating,rater\n1,x,y,safety,11,me\n",
            "rating: found '11', expected a whole number",
        ),
        ("id,prompt,answer,dimension,rating,rater\n1,x,y,safety,,me\n", "rating: found nothing"),
        ("id,prompt,answer,dimension,rating,rater\n1,x,y,rubric,3,me\n", "rubric: found nothing"),
        ("id,prompt,answer,dimension,rating,rater\n", "ratings: found no line"),
    ],
)
def test_ratings_that_cannot_be_used_are_named(tmp_path, text, message):
    path = tmp_path / "ratings.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(Exception, match="ratings") as raised:
        read_ratings(path)
    assert message in str(raised.value)


def test_pairs_that_are_not_there_are_named(tmp_path):
    folder = write_synthetic(tmp_path / "pairs", 4, 4)
    (folder / "safe-rlhf" / "test.jsonl").unlink()
    with pytest.raises(Exception, match="evaluation file"):
        read_pairs(folder, 3)
