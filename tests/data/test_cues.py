import pytest

from lifealign_bench.data.cues import surface_cues
from lifealign_bench.data.rows import Message, Pair
from lifealign_bench.data.visible import visible


def pairs(*sides):
    prompt = (Message("user", "why?"),)
    return [Pair(str(number), "t", prompt, chosen, rejected) for number, (chosen, rejected) in enumerate(sides)]


def test_a_task_that_length_gives_away_is_seen():
    split = pairs(("a long answer", "short"), ("another long one", "no"), ("tiny", "a bit more"))
    length, _ = surface_cues(split, split)
    assert length.rule == "the longer answer"
    assert length.train_accuracy == pytest.approx(2 / 3)


def test_the_direction_is_learned_on_training_pairs_and_measured_on_evaluation_pairs():
    length, _ = surface_cues(pairs(("ab", "a")), pairs(("a", "ab"), ("b", "bc"), ("abc", "ab"), ("a", "b")))
    assert length.rule == "the longer answer"
    assert (length.train_accuracy, length.evaluation_accuracy, length.coverage) == (1.0, 0.375, 0.75)


def test_the_most_telling_token_is_found():
    train = pairs(("I cannot do that", "sure thing"), ("I will not", "sure, that works"), ("no way", "Sure!"))
    _, token = surface_cues(train, pairs(("no", "sure"), ("fine", "good"), ("sure", "never")))
    assert token.rule == "the answer without 'sure'"
    assert (token.train_accuracy, token.evaluation_accuracy) == (1.0, 0.5)
    assert token.coverage == pytest.approx(2 / 3)


def test_a_separator_that_joins_rejected_answers_is_found():
    split = pairs(*((f"right {n}", f"wrong {n}; also {n}") for n in range(9)))
    _, token = surface_cues(split, split)
    assert token.evaluation_accuracy == 1.0


def test_a_sign_that_stands_by_itself_is_another_token_than_the_sign():
    split = pairs(("It rains . Take a coat .", "It rains. Take a coat."), ("Yes .", "No."))
    _, token = surface_cues(split, split)
    assert token.rule == "the answer with ' .'"


def test_cues_of_no_pairs_are_refused():
    with pytest.raises(ValueError, match="at least one pair"):
        surface_cues(pairs(("a", "b")), [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünïcode\nline", "plain ünïcode\nline"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\tc\x00\x9b", "a\\x0db\\x09c\\x00\\x9b"),
        ("\u202egnp.exe\u2066\u200b", "\\u202egnp.exe\\u2066\\u200b"),
        ("\U000e0041 \ud800", "\\U000e0041 \\ud800"),
    ],
)
def test_hidden_characters_are_written_as_codes(text, expected):
    assert visible(text) == expected


def test_a_long_text_is_cut_and_says_so():
    assert visible("abcdef", 4) == "abcd ... (2 more characters)"
