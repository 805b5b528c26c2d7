import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifealign_bench.data.dialogue import clean_answer, join_turns, parse_dialogue
from lifealign_bench.data.rows import Message


def turns(text):
    return [(turn.role, turn.content) for turn in parse_dialogue(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Human: hi\nAssistant: hello\nHuman: bye", [("user", "hi"), ("assistant", "hello"), ("user", "bye")]),
        ("\n\nHuman: hi\n\nAssistant: hello\n\nHuman: bye", [("user", "hi"), ("assistant", "hello"), ("user", "bye")]),
        ("no tag at all: fine", [("user", "no tag at all: fine")]),
        ("before\nAssistant: hello\nHuman: bye", [("user", "before"), ("assistant", "hello"), ("user", "bye")]),
        ("before\nHuman: bye", [("user", "before\nbye")]),
        ("Human: a\nHuman: b\nAssistant: c\nAssistant: d", [("user", "a\nb"), ("assistant", "c\nd")]),
        ("Human: two\nlines\nAssistant:", [("user", "two\nlines")]),
        ("Assistant: be kind\nHuman: hi", [("assistant", "be kind"), ("user", "hi")]),
        ("Human: a\nAssistant: Human: b\nHuman: c", [("user", "a"), ("assistant", "b"), ("user", "c")]),
        ("Human: a\nAssistant: b. Human: c\nHuman: d", [("user", "a"), ("assistant", "b."), ("user", "d")]),
        ("Human: the Assistant: said so", [("user", "the Assistant: said so")]),
        ("", []),
        ("Human:\nAssistant:  ", []),
    ],
)
def test_a_dialogue_is_read_as_turns(text, expected):
    assert turns(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "tagged", "cut"),
    [
        ("Assistant: yes", "yes", True, False),
        ("(202) 456", "(202) 456", False, False),
        ("Assistant: Human: I would not.", "I would not.", True, False),
        ("Assistant: yes.\nHuman: and?\nAssistant: no", "yes.", True, True),
        ("Assistant: yes.  Human: and?", "yes.", True, True),
        ("yes\n\nHuman: and?", "yes", False, True),
        ("Assistant: one\nAssistant: two", "one\ntwo", True, False),
        ("a [copy: Human: this]", "a [copy: Human: this]", False, False),
        ("Assistant: ", "", True, False),
        ("Assistant:\nHuman: and?", "", True, True),
        ("a lone \ud800 surrogate", "a lone ? surrogate", False, False),
    ],
)
def test_an_answer_is_the_assistants_words_alone(text, expected, tagged, cut):
    answer = clean_answer(text)
    assert (answer.text, answer.tagged, answer.cut) == (expected, tagged, cut)


SPEECH = st.text(st.characters(blacklist_characters=":\r", blacklist_categories=["Cs"]), min_size=1).filter(
    lambda text: text.strip() == text
)
PIECES = st.lists(st.sampled_from(["Human:", "Assistant:", "\n", " ", ". ", "word", "ß", "\r\n", "\x00", "Human"]))


@given(st.lists(SPEECH, min_size=1))
def test_a_written_dialogue_comes_back_turn_by_turn(contents):
    roles = [("Human", "user"), ("Assistant", "assistant")]
    spoken = [(*roles[number % 2], content) for number, content in enumerate(contents)]
    text = "\n".join(f"{tag}: {content}" for tag, _, content in spoken)
    assert turns(text) == [(role, content) for _, role, content in spoken]


@given(PIECES.map("".join) | st.text())
def test_whatever_is_parsed_has_alternating_roles_and_no_empty_turn(text):
    parsed = parse_dialogue(text)
    assert all(turn.content.strip() == turn.content != "" for turn in parsed)
    assert all(one.role != two.role for one, two in itertools.pairwise(parsed))


@given(PIECES.map("".join) | st.text())
def test_a_cleaned_answer_carries_no_tag_at_the_start_of_a_line(text):
    lines = clean_answer(text).text.split("\n")
    assert not any(line.lstrip().startswith(("Human:", "Assistant:")) for line in lines)


@given(PIECES.map("".join) | st.text())
def test_cleaning_an_answer_twice_changes_nothing(text):
    once = clean_answer(text).text
    assert clean_answer(once).text == once


def test_chat_turns_of_one_role_are_joined_and_empty_ones_dropped():
    given_turns = [Message("user", "a"), Message("assistant", " "), Message("user", "b ")]
    assert join_turns(given_turns) == (Message("user", "a\nb"),)
