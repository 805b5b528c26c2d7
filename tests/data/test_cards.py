import pytest
import yaml

from lifealign_bench.data.card_files import card_problems, parse_card, read_card
from lifealign_bench.data.cards import HubSource
from lifealign_bench.data.catalogue import find_card, list_cards, load_card
from lifealign_bench.data.errors import InputError, UnknownNameError

from .conftest import card_values

PAPER = {
    "capybara": "Capybara-Preferences",
    "hc3": "HC3",
    "hh-harmless": "hh-rlhf-harmless-base",
    "hh-helpful": "hh-rlhf-helpful-base",
    "safe-rlhf": "safe-rlhf",
    "truthfulqa": "TruthfulQA",
}


@pytest.mark.parametrize(("name", "published"), PAPER.items())
def test_the_papers_tasks_answer_to_both_names(name, published):
    assert load_card(name) == load_card(published)
    assert load_card(name).mirrors == published


def test_every_card_says_what_its_readers_need():
    names = [name for card in list_cards() for name in card.names]
    assert len(set(names)) == len(names)
    for card in list_cards():
        assert card.licence
        assert card.citation
        assert card.harm.description
        if isinstance(card.source, HubSource):
            assert len(card.source.revision) == 40


def test_an_unknown_task_lists_the_near_matches():
    with pytest.raises(UnknownNameError, match="did you mean hh-harmless") as raised:
        load_card("hh-harmles")
    assert "hh-harmless" in raised.value.near


def test_a_card_of_ones_own_is_found_from_the_suites_folder(tmp_path):
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "mine.yaml").write_text(yaml.safe_dump(card_values()))
    card = find_card("cards/mine.yaml", tmp_path)
    assert card.source.path == str(tmp_path / "cards" / "mine")
    assert find_card("hc3", tmp_path) == load_card("hc3")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licence": None}, "licence: found None"),
        ({"licens": "MIT"}, "licens: found 'licens', expected did you mean licence"),
        ({"source": {"kind": "local", "paht": "x"}}, "source.path: found nothing"),
        ({"source": {"kind": "hub", "dataset": "a/b", "revision": "main", "splits": {}}}, "source.splits: found {}"),
        ({"text": {"dialog": True}}, "text.dialog: found 'dialog', expected did you mean dialogue"),
        ({"harm": {"rule": "column"}}, "harm: found .*needs both"),
        ({"sizes": {"train": "many"}}, "sizes.train: found 'many'"),
        ({"content": "spicy"}, "content: found 'spicy'"),
        ({"converter": "own"}, "converter: found 'own'"),
        ({"name": "Mine Own"}, "name: found 'Mine Own'"),
    ],
)
def test_a_faulty_card_names_field_found_and_expected(changes, message):
    with pytest.raises(InputError, match=message):
        parse_card(card_values(**changes), "card.yaml")


def test_all_problems_of_a_card_are_listed():
    problems = card_problems({"name": "x", "licens": "MIT", "sizes": {"train": 0}}, "card.yaml")
    assert {problem.field for problem in problems} == {"title", "source", "licence", "licens", "sizes.train"}


@pytest.mark.parametrize("text", ["- a\n- b", "name: [", "name: !!python/object:os.system x"])
def test_a_file_that_holds_no_card_is_an_input_error(tmp_path, text):
    (tmp_path / "card.yaml").write_text(text)
    with pytest.raises(InputError, match=r"card\.yaml"):
        read_card(tmp_path / "card.yaml")


def test_a_missing_card_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="card file"):
        find_card("nowhere.yaml", tmp_path)
