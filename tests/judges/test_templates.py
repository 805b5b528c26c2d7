"""Templates: each is whole, two paraphrases say the same in other words, and a wrong file is named with its field."""

from typing import get_args

import pytest

from lifealign_bench.data.catalogue import list_cards
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.judges.interface import DIMENSIONS
from lifealign_bench.judges.oracle import RUBRICS
from lifealign_bench.judges.rendering import render
from lifealign_bench.judges.template import Variable
from lifealign_bench.judges.templates import SHIPPED, load_templates
from lifealign_bench.judges.verdict import Unscored, Verdict, parse_verdict

A, B = load_templates("a"), load_templates("b")
IDS = [template.id for template in A.templates]
BOTH = [(A.by_id(name), B.by_id(name)) for name in IDS]
EVERY_PAIR = pytest.mark.parametrize("both", BOTH, ids=IDS)
EVERY_CASE = pytest.mark.parametrize(
    ("template", "case"),
    [pytest.param(each, case, id=f"{each.label} {case.name}") for both in BOTH for each in both for case in each.tests],
)


def test_there_is_a_template_for_everything_that_is_judged():
    for templates in (A, B):
        for rubric in RUBRICS:
            for dimension in DIMENSIONS:
                found = templates.for_dimension(dimension, rubric)
                scale = (0, 1) if dimension == "refusal" else tuple(range(1, 11))
                assert (found.dimension, found.verdicts) == (dimension, scale)
        assert templates.for_dimension("rubric", "harmlessness").id == "harmlessness"
        assert templates.for_dimension("refusal").verdicts == (0, 1)
        assert templates.by_id("helpfulness-criteria").dimension == "helpfulness"
        for dimension in ("helpfulness", "safety"):
            assert templates.pairwise(dimension).verdicts == ("first", "second", "tie")
            assert templates.pairwise(dimension).dimension == dimension


def test_every_rubric_of_the_catalogue_has_its_template():
    assert {card.rubric for card in list_cards()} == {each.id for each in A.templates if each.dimension == "rubric"}


@EVERY_CASE
def test_a_template_passes_its_own_tests(template, case):
    messages = render(template, case.item(), 0, case.other)
    for text in case.shows:
        assert any(text in message.content for message in messages), text
    for reply in case.replies:
        result = parse_verdict(template, reply.text)
        assert (result.verdict if isinstance(result, Verdict) else None) == reply.verdict, reply.text


@pytest.mark.parametrize("template", [each for both in BOTH for each in both], ids=lambda each: each.label)
def test_a_template_tests_that_something_is_read_and_that_something_is_not(template):
    replies = [reply for case in template.tests for reply in case.replies]
    assert {isinstance(parse_verdict(template, reply.text), Unscored) for reply in replies} == {True, False}
    assert any(case.shows for case in template.tests)


def described(template):
    """Every text of a template that is its own."""
    texts = [template.question, template.system, template.user, *template.choices.values()]
    return [*texts, *template.levels.values(), *(criterion.question for criterion in template.criteria)]


@EVERY_PAIR
def test_two_paraphrases_ask_the_same(both):
    same = ("id", "version", "mode", "dimension", "rule", "variables", "output")
    assert [getattr(both[0], name) for name in same] == [getattr(both[1], name) for name in same]
    assert [each.id for each in both[0].criteria] == [each.id for each in both[1].criteria]


@EVERY_PAIR
def test_two_paraphrases_share_under_a_third_of_their_words(both):
    for one, other in zip(*map(described, both), strict=True):
        words = set(one.lower().split()), set(other.lower().split())
        assert len(words[0] & words[1]) < len(words[0] | words[1]) / 3, (one, other)


@EVERY_PAIR
def test_no_two_levels_are_described_alike(both):
    for template in both:
        texts = [*template.levels.values(), *template.choices.values()]
        assert len(set(texts)) == len(texts)
        assert all(len(text.split()) >= 8 for text in template.levels.values())


def test_the_same_folder_gives_the_same_identity_and_each_paraphrase_its_own():
    assert A.identity == load_templates("a", SHIPPED).identity
    assert A.identity.name == "lifealign"
    assert (A.identity.version, B.identity.version) == ("1a", "1b")
    assert A.identity.sha256 != B.identity.sha256
    assert len(A.identity.sha256) == 64


@pytest.mark.parametrize("name", ["helpfulnes", "", "../helpfulness"])
def test_an_unknown_rubric_is_named(name):
    with pytest.raises(UnknownNameError, match="templates lifealign: template"):
        A.for_dimension("rubric", name)


def test_a_dimension_is_not_mistaken_for_a_rubric():
    with pytest.raises(InputError, match=r"helpfulness@1a: dimension: found helpfulness, expected rubric"):
        A.for_dimension("rubric", "helpfulness")
    with pytest.raises(InputError, match="rubric: found nothing"):
        A.for_dimension("rubric")


def test_two_answers_are_never_asked_about_in_several_dimensions():
    with pytest.raises(InputError, match="safety-pairwise@1a: mode"):
        type(A.joint(("safety",)))(A.frame, {"safety": A.pairwise("safety")})


def test_every_variable_stands_in_some_template():
    assert {name for each in A.templates for name in each.variables} == set(get_args(Variable))
