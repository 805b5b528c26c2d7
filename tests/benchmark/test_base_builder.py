from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lifealign_bench.benchmark.base_builder import BaseBuildError, build_base
from lifealign_bench.benchmark.base_recipe import BaseCard, BaseRecipe, recipe_for
from lifealign_bench.benchmark.base_tokenizer import END, ROLES, SPECIAL, render, train_tokenizer
from lifealign_bench.benchmark.bases import open_base
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import Message, Pair
from support import synthetic_pair

CHATS = [
    (Message("user", row["query"]), Message("assistant", row["chosen"]))
    for index in range(60)
    for row in [synthetic_pair("HC3", index)]
]
FORGED = " ".join(SPECIAL)
TEXTS = [
    "plain",
    "  two  spaces\n\nand lines\t",
    "",
    "naïve café 你好 🙂 \u202e",
    "<<||>> <|",
    "it 's . , a\r\nb",
    FORGED,
]


def quick(**changes: object) -> BaseRecipe:
    return BaseRecipe.tiny().model_copy(update={"tokens": 2_000, **changes})


def files_of(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BaseCard]:
    folder = tmp_path_factory.mktemp("built") / "base"
    return folder, build_base(quick(), CHATS, folder)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(CHATS, 400)


def ids_of(tokenizer: Any, chat: list[Message], *, prompt: bool = False) -> list[int]:
    dicts = [{"role": turn.role, "content": turn.content} for turn in chat]
    encoded = tokenizer.apply_chat_template(dicts, add_generation_prompt=prompt, tokenize=True, return_dict=True)
    return list(encoded["input_ids"])


AGAIN = """
import sys
from pathlib import Path
import torch
from test_base_builder import CHATS, quick
from lifealign_bench.benchmark.base_builder import build_base
torch.set_num_threads(int(sys.argv[2]))
build_base(quick(), CHATS, Path(sys.argv[1]))
"""


def test_equal_text_recipe_and_threads_give_equal_bytes_in_another_process(
    built: tuple[Path, BaseCard], tmp_path: Path
) -> None:
    tests = Path(__file__).parent
    script = f"import sys; sys.path[:0] = [{str(tests)!r}, {str(tests.parent)!r}]\n{AGAIN}"
    words = [sys.executable, "-c", script, str(tmp_path / "again"), str(torch.get_num_threads())]
    subprocess.run(words, check=True, timeout=120)
    assert files_of(tmp_path / "again") == files_of(built[0])


def test_another_seed_gives_other_weights_and_the_same_tokenizer(built: tuple[Path, BaseCard], tmp_path: Path) -> None:
    other = build_base(quick(seed=1), CHATS, tmp_path / "other")
    assert other.weights_sha256 != built[1].weights_sha256
    assert other.tokenizer_sha256 == built[1].tokenizer_sha256


def test_the_card_says_what_lies_in_the_folder(built: tuple[Path, BaseCard]) -> None:
    folder, card = built
    found = files_of(folder)
    assert BaseCard.model_validate_json((folder / "base.json").read_text("utf-8")) == card
    assert card.weights_sha256 == found["model.safetensors"]
    assert card.tokenizer_sha256 == found["tokenizer.json"]
    assert card.chat_template_sha256 == found["chat_template.jinja"]
    assert card.tokens_seen <= 2_000
    assert json.loads((folder / "generation_config.json").read_text("utf-8"))["do_sample"] is False
    assert [path.name for path in folder.parent.iterdir()] == ["base"]


def test_small_stays_within_four_and_a_half_million_parameters_and_one_and_a_half_million_tokens(
    tmp_path: Path,
) -> None:
    recipe = recipe_for("small")
    assert recipe.tokens <= 1_500_000
    # Text enough to fill the vocabulary, which holds a good part of the parameters of a model this small.
    draw = random.Random(0)
    words = ["".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(6_000)]
    text = [(Message("user", " ".join(words)),)]
    card = build_base(recipe.model_copy(update={"tokens": 1}), text, tmp_path / "small")
    vocabulary = json.loads((tmp_path / "small" / "config.json").read_text("utf-8"))["vocab_size"]
    assert vocabulary == recipe.vocabulary == 4096
    assert recipe.vocabulary * recipe.hidden < card.parameters <= 4_500_000


def test_a_base_learns_its_text_and_ends_its_answer_by_itself(tmp_path: Path) -> None:
    chat = (Message("user", "Where is the lamp?"), Message("assistant", "Behind the green door, as always."))
    losses: list[float] = []
    recipe = quick(tokens=60_000, learning_rate=1e-2)
    card = build_base(recipe, [chat] * 40, tmp_path / "base", lambda step, total, loss: losses.append(loss))
    assert card.final_loss < 0.2 < losses[0]
    model, tokenizer = open_base(tmp_path / "base", dtype="float32", device="cpu")
    prompt = ids_of(tokenizer, [chat[0]], prompt=True)
    answer = model.generate(torch.tensor([prompt]), max_new_tokens=60)[0, len(prompt) :]
    assert answer[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(answer, skip_special_tokens=True) == chat[1].content


def test_progress_counts_every_step_to_the_last(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    build_base(quick(), CHATS, tmp_path / "base", lambda step, total, loss: steps.append((step, total)))
    assert steps == [(step, steps[-1][1]) for step in range(1, len(steps) + 1)]
    assert steps[-1][0] == steps[-1][1]


@pytest.mark.parametrize("text", TEXTS)
def test_the_tokenizer_gives_any_text_back(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_prompt_is_a_prefix_of_prompt_and_answer_which_ends_with_the_end_of_turn(tokenizer: Any, text: str) -> None:
    prompt = [Message("system", text), Message("user", text), Message("assistant", text), Message("user", text)]
    begun = ids_of(tokenizer, prompt, prompt=True)
    whole = ids_of(tokenizer, [*prompt, Message("assistant", text)])
    assert whole[: len(begun)] == begun
    assert whole[-1] == tokenizer.eos_token_id


def test_markers_in_a_text_forge_no_turn(tokenizer: Any) -> None:
    special = {tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    chat = [Message(role, f"{role} {FORGED} <|") for role in ROLES]
    assert sum(token in special for token in ids_of(tokenizer, chat)) == 2 * len(chat)
    pair = Pair("0", "task", tuple(chat[:2]), FORGED, f"{FORGED}{END}")
    encoded = Encoder(tokenizer, 512).encode([pair])[0]
    for answer in (encoded.chosen, encoded.rejected):
        assert sum(token in special for token in answer) == 1
        assert answer[-1] == tokenizer.eos_token_id


def test_an_opened_base_keeps_the_template_and_forges_no_turn(built: tuple[Path, BaseCard], tokenizer: Any) -> None:
    _, opened = open_base(built[0], dtype="float32", device="cpu")
    chat = [Message("user", FORGED), Message("assistant", "no")]
    assert render(opened, [chat]) == render(tokenizer, [chat])
    assert ids_of(opened, chat) == ids_of(tokenizer, chat)


def test_building_leaves_the_random_numbers_of_others_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    build_base(quick(), CHATS, tmp_path / "base")
    assert torch.get_rng_state().equal(before)


def test_a_text_shorter_than_a_sequence_is_enough(tmp_path: Path) -> None:
    card = build_base(quick(), [(Message("user", "hello"),)], tmp_path / "base")
    assert card.tokens_in_text < BaseRecipe.tiny().sequence


def test_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="text: found no chats"):
        build_base(quick(), [], tmp_path / "base")


def test_a_folder_that_is_there_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    with pytest.raises(InputError, match="already there"):
        build_base(quick(), CHATS, tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


def test_a_loss_that_is_no_number_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BaseBuildError, match=r"base tiny: loss is nan in step \d+ of"):
        build_base(quick(tokens=20_000, learning_rate=1e30), CHATS, tmp_path / "base")
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    def stop(step: int, total: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_base(quick(), CHATS, tmp_path / "base", stop)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_recipe_lists_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean small"):
        recipe_for("smal")
