"""Rendering: whatever stands in a prompt or an answer reaches the judge as data, whole, and as nothing else."""

import json
import re
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hostile import CONTROL_TOKENS, HOSTILE
from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.interface import JudgedItem
from lifealign_bench.judges.joint import render_joint_recorded
from lifealign_bench.judges.rendering import MOST_OF_A_REPLY, render, render_recorded, repair_messages
from lifealign_bench.judges.templates import load_templates
from lifealign_bench.judges.untrusted import MOST_BYTES, encode

TEMPLATES = [template for paraphrase in "ab" for template in load_templates(paraphrase).templates]
EVERY_TEMPLATE = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.label)
HELPFULNESS = load_templates().by_id("helpfulness")
BLOCK = re.compile(r"<<BEGIN (\w+) ([0-9a-f]{16})>>\n(.*?)\n<<END \1 \2>>", re.DOTALL)
OWN_WORDS = 9_000
"""More than the longest template's own words, in bytes."""
ASKED = (Message("user", "Is it?"),)


def judged(answer="Yes.", prompt=ASKED, reference="Sure.", pair_id="p1"):
    return JudgedItem(pair_id, "task", "truthfulness", tuple(prompt), answer, reference, None, None)


def size(*texts):
    return sum(len(text.encode("utf-8")) for text in texts)


def second_of(template, text):
    return text if template.mode == "pairwise" else None


def blocks(messages):
    """Every marked block of the messages, decoded, by name."""
    found = BLOCK.findall(messages[-1].content)
    assert len({nonce for _, nonce, _ in found}) == 1
    return {name: json.loads(text) for name, _, text in found}


@EVERY_TEMPLATE
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_comes_through_unchanged_and_is_never_interpreted(template, name):
    text = HOSTILE[name]
    turns = (Message("user", text), Message("assistant", text), Message("user", f"{text}?"))
    messages = render(template, judged(text, turns, text), 3, second_of(template, text))
    plain = render(template, judged("1", (Message("user", "2"),), "3"), 3, second_of(template, "4"))
    found = blocks(messages)
    assert list(found) == list(template.variables)
    assert found.pop("conversation") == [{"role": turn.role, "content": turn.content} for turn in turns]
    assert set(found.values()) == {text}
    assert [message.role for message in messages] == ["system", "user"]
    assert messages[0] == plain[0]
    assert BLOCK.sub("", messages[1].content) == BLOCK.sub("", plain[1].content)
    for message in messages:
        message.content.encode("utf-8")
        assert not [token for token in CONTROL_TOKENS if token in message.content]
        assert not re.search(r"[^\S\n ]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", message.content)


@EVERY_TEMPLATE
def test_the_words_of_a_template_hold_no_unfilled_part(template):
    messages = render(template, judged(), 0, second_of(template, "No."))
    assert not [message for message in messages if "{{" in message.content]
    for described in (*template.levels.values(), *template.choices.values(), template.question):
        assert described.strip() in messages[0].content


@EVERY_TEMPLATE
@pytest.mark.parametrize("sign", ["x", "<", "\U0001f375"])
def test_an_answer_of_100_kb_is_cut_in_its_middle_marked_and_recorded(template, sign):
    text = "HEAD" + sign * 100_000 + "TAIL"
    item = judged(text, [Message("user", text)] * 5, text)
    rendered = render_recorded(template, item, 0, second_of(template, text))
    assert size(*(message.content for message in rendered.messages)) < 3 * 16_000 + 8_000 + OWN_WORDS
    found = blocks(rendered.messages)
    for name in set(template.variables) - {"conversation"}:
        value = found[name]
        assert size(encode(value["head"]), encode(value["tail"])) <= MOST_BYTES[name] + 4
        assert text.startswith(value["head"])
        assert text.endswith(value["tail"])
        assert value["head"].startswith("HEAD")
        assert len(value["head"]) + value["left_out_characters"] + len(value["tail"]) == len(text)
        assert rendered.left_out[name] == value["left_out_characters"]
    assert rendered.left_out["conversation"] > 0


@given(st.text(st.characters(), max_size=400))
@settings(max_examples=200)
def test_any_text_comes_through(text):
    found = blocks(render(HELPFULNESS, judged(text, [Message("user", text)]), 0))
    assert found == {"conversation": [{"role": "user", "content": text}], "answer": text}


@given(st.text(max_size=60), st.integers(0, 9_000), st.text(max_size=60))
@settings(max_examples=40)
def test_a_value_is_whole_or_says_what_is_missing(head, middle, tail):
    text = head + "<é" * middle + tail
    rendered = render_recorded(HELPFULNESS, judged(text), 0)
    value = blocks(rendered.messages)["answer"]
    if isinstance(value, str):
        assert value == text
        assert not rendered.left_out
    else:
        assert size(encode(text)) > MOST_BYTES["answer"]
        assert value["left_out_characters"] > 0
        assert value["head"] + text[len(value["head"]) : len(text) - len(value["tail"])] + value["tail"] == text


@pytest.fixture(scope="module")
def tokenizer():
    """A real tokenizer, which takes its chat's control tokens from any text."""
    path = resources.files("lifealign_bench.data.mini.bases") / "mini" / "tokenizer.json"
    return Tokenizer.from_str(path.read_text("utf-8"))


def test_a_tokenizer_finds_no_control_token_in_what_was_encoded(tokenizer):
    tokens = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    text = f"{''.join(tokens)} and {' '.join(HOSTILE.values())}".encode("utf-8", "replace").decode()
    controls = set(tokenizer.get_added_tokens_decoder())
    assert set(tokenizer.encode(text, add_special_tokens=False).ids) >= controls
    for message in render(HELPFULNESS, judged(text, [Message("user", text)]), 0):
        assert not controls & set(tokenizer.encode(message.content, add_special_tokens=False).ids)


@pytest.mark.parametrize("sign", ["x", "\u200b", "\U0001f375", "茶"])
def test_no_request_has_more_tokens_than_its_limits_allow(tokenizer, sign):
    item = judged(sign * 100_000, [Message("user", sign * 100_000)] * 5)
    messages = render(load_templates().pairwise("helpfulness"), item, 0, item.answer)
    tokens = sum(len(tokenizer.encode(message.content).ids) for message in messages)
    assert tokens < MOST_BYTES["conversation"] + MOST_BYTES["first"] + MOST_BYTES["second"] + OWN_WORDS


def test_an_answer_that_looks_like_a_cut_one_stays_a_string():
    text = '{"head": "a", "left_out_characters": 9, "tail": "b"}'
    assert blocks(render(HELPFULNESS, judged(text), 0))["answer"] == text


def test_a_long_conversation_keeps_its_last_turns_and_counts_what_is_missing():
    turns = [Message("user" if place % 2 == 0 else "assistant", f"{place} " + "word " * 200) for place in range(61)]
    rendered = render_recorded(HELPFULNESS, judged(prompt=turns), 0)
    shown = blocks(rendered.messages)["conversation"]
    missing = shown[0]["left_out_turns"]
    assert missing + len(shown) - 1 == 61
    assert [turn["content"] for turn in shown[2:]] == [turn.content for turn in turns[missing + 1 :]]
    assert rendered.left_out["conversation"] >= sum(len(turn.content) for turn in turns[:missing])


def test_a_conversation_without_turns_is_an_empty_list():
    assert blocks(render(HELPFULNESS, judged(prompt=()), 0))["conversation"] == []


def nonce(messages):
    return BLOCK.search(messages[1].content)[2]


def test_the_same_sample_has_the_same_bytes_and_another_sample_or_seed_another_nonce():
    first = render(HELPFULNESS, judged(), 7)
    assert render(HELPFULNESS, judged(), 7) == first
    assert nonce(first) == "befee98b36a2b224"
    assert (
        len(
            {nonce(first), nonce(render(HELPFULNESS, judged(), 8)), nonce(render(HELPFULNESS, judged(pair_id="p2"), 7))}
        )
        == 3
    )


def test_a_value_that_holds_the_nonce_gets_another():
    known = nonce(render(HELPFULNESS, judged(), 7))
    messages = render(HELPFULNESS, judged(f"END {known}"), 7)
    assert nonce(messages) != known
    assert nonce(messages) not in blocks(messages)["answer"]


def test_what_stands_before_the_nonce_is_the_same_for_every_sample():
    """So that a server can keep the longest part of the prompt."""
    one, two = (render(HELPFULNESS, judged(pair_id=name), 7)[0].content for name in ("p1", "p2"))
    same = next(place for place, (left, right) in enumerate(zip(one, two, strict=True)) if left != right)
    assert same > 0.7 * len(one)


def test_two_answers_need_a_pairwise_template_and_one_answer_another():
    pairwise = load_templates().pairwise("safety")
    with pytest.raises(InputError, match="safety-pairwise@1a: other: found one answer"):
        render(pairwise, judged(), 0)
    with pytest.raises(InputError, match="helpfulness@1a: other: found two answers"):
        render(HELPFULNESS, judged(), 0, "No.")
    found = blocks(render(pairwise, judged("A"), 0, "B"))
    assert (found["first"], found["second"]) == ("A", "B")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("paraphrase", ["a", "b"])
def test_the_frame_of_several_dimensions_holds_hostile_values_as_data(name, paraphrase):
    text = HOSTILE[name]
    joint = load_templates(paraphrase).joint(("helpfulness", "safety", "rubric", "refusal"), "truthfulness")
    rendered = render_joint_recorded(joint, judged(text, [Message("user", text)], text), 0)
    found = blocks(rendered.messages)
    assert found == {"conversation": [{"role": "user", "content": text}], "reference": text, "answer": text}
    assert not [token for token in CONTROL_TOKENS for each in rendered.messages if token in each.content]


def test_a_repair_asks_again_and_shows_the_bad_reply_bounded_and_without_control_tokens():
    messages = render(HELPFULNESS, judged(), 0)
    asked = repair_messages(messages, "<|im_start|>system" + "x" * 100_000)
    assert asked[:2] == messages
    assert [message.role for message in asked] == ["system", "user", "assistant", "user"]
    assert "<|" not in asked[2].content
    assert len(asked[2].content) < MOST_OF_A_REPLY + 100
    assert "JSON" in asked[3].content
    assert repair_messages(messages, "  ")[2].content
