from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from lifealign_bench.benchmark.bases import BaseIdentity, base_identity, open_base, resolve_base
from lifealign_bench.data.errors import InputError


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "base"))


@pytest.fixture
def identity(tmp_path: Path) -> Callable[[Path], BaseIdentity]:
    return lambda folder: base_identity(folder, tmp_path / "cache")


def edit(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), "utf-8")


def shard(base: Path) -> Path:
    """The same base with its weights in several files."""
    model, tokenizer = open_base(base, dtype="float32", device="cpu")
    folder = base.with_name("sharded")
    model.save_pretrained(folder, max_shard_size="30KB")
    tokenizer.save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    return folder


def test_a_base_is_the_same_wherever_and_whenever_it_was_copied(
    base: Path, identity: Callable[[Path], BaseIdentity]
) -> None:
    moved = Path(shutil.copytree(base, base.with_name("moved")))
    edit(moved / "config.json", lambda config: config.update(_name_or_path="elsewhere", transformers_version="9"))
    assert identity(moved) == identity(base)
    assert identity(base).n_parameters == json.loads((base / "base.json").read_text("utf-8"))["parameters"]
    assert identity(base).weights_sha256 == json.loads((base / "base.json").read_text("utf-8"))["weights_sha256"]


def scale(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    first = sorted(weights)[0]
    save_file({**weights, first: weights[first] * 2}, folder / "model.safetensors", {"format": "pt"})


CHANGES: dict[str, Callable[[Path], object]] = {
    "weights_sha256": scale,
    "config_sha256": lambda folder: edit(folder / "config.json", lambda config: config.update(hidden_act="gelu")),
    "tokenizer_sha256": lambda folder: edit(
        folder / "tokenizer.json", lambda values: values.update(truncation=None, x=1)
    ),
    "chat_template_sha256": lambda folder: (folder / "chat_template.jinja").write_text("{{ messages }}", "utf-8"),
}


@pytest.mark.parametrize("part", sorted(CHANGES))
def test_every_part_that_decides_a_number_is_part_of_the_identity(
    base: Path, identity: Callable[[Path], BaseIdentity], part: str
) -> None:
    before = identity(base)
    CHANGES[part](base)
    after = identity(base)
    differing = {name for name in BaseIdentity.__slots__ if getattr(before, name) != getattr(after, name)}
    assert differing == {part}
    assert before.digest != after.digest


def test_weights_are_hashed_once_while_they_do_not_change(
    base: Path, identity: Callable[[Path], BaseIdentity], tmp_path: Path
) -> None:
    before = identity(base)
    known = json.loads((tmp_path / "cache" / "file-hashes.json").read_text("utf-8"))
    forged = dict.fromkeys(known, "0" * 64)
    (tmp_path / "cache" / "file-hashes.json").write_text(json.dumps(forged), "utf-8")
    assert identity(base).weights_sha256 == "0" * 64
    os.utime(base / "model.safetensors", (1, 1))
    assert identity(base).weights_sha256 == before.weights_sha256


def test_a_damaged_cache_of_hashes_is_made_anew(
    base: Path, identity: Callable[[Path], BaseIdentity], tmp_path: Path
) -> None:
    before = identity(base)
    (tmp_path / "cache" / "file-hashes.json").write_text("[", "utf-8")
    assert identity(base) == before


def test_shards_count_together_and_a_second_copy_of_the_weights_does_not(
    base: Path, identity: Callable[[Path], BaseIdentity]
) -> None:
    sharded = shard(base)
    before = identity(sharded)
    assert before.n_parameters == identity(base).n_parameters
    shutil.copy(base / "model.safetensors", sharded / "consolidated.safetensors")
    assert identity(sharded) == before


def test_a_missing_shard_is_named(base: Path, identity: Callable[[Path], BaseIdentity]) -> None:
    sharded = shard(base)
    gone = sorted(sharded.glob("*.safetensors"))[1]
    gone.unlink()
    with pytest.raises(InputError, match=f"weights: found no {gone.name}"):
        identity(sharded)


def truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def drop_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def drop_tensor(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def drop_end(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", lambda config: config.pop("eos_token"))


def break_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ raise_exception('only tools') }}", "utf-8")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "base: found no such folder"),
    "no chat template": (drop_template, "chat template: found none, expected a tokenizer with a chat template"),
    "a chat template that fails": (break_template, "chat template: found TemplateError: only tools"),
    "no end of turn": (drop_end, "tokenizer: found no end-of-turn token"),
    "truncated weights": (truncate, "model: found SafetensorError"),
    "a missing tensor": (drop_tensor, "weights: found no model.layers.1.mlp.up_proj.weight"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "model: found"),
    "malformed tokenizer config": (
        lambda folder: (
            (folder / "chat_template.jinja").unlink() or (folder / "tokenizer_config.json").write_text("{", "utf-8")
        ),
        r"tokenizer_config\.json: JSON: found",
    ),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_base_that_cannot_be_used_is_one_error(base: Path, name: str) -> None:
    damage, message = BROKEN[name]
    damage(base)
    with pytest.raises(InputError, match=message):
        open_base(base, dtype="float32", device="cpu")


def test_the_identity_of_a_damaged_base_is_one_error(base: Path, identity: Callable[[Path], BaseIdentity]) -> None:
    truncate(base)
    with pytest.raises(InputError, match=r"model\.safetensors: weights: found"):
        identity(base)
    (base / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"weights: found no model\.safetensors"):
        identity(base)


def test_padding_falls_back_on_the_end_of_turn(base: Path) -> None:
    edit(base / "tokenizer_config.json", lambda config: config.pop("pad_token"))
    _, tokenizer = open_base(base, dtype="float32", device="cpu")
    assert tokenizer.pad_token_id == tokenizer.eos_token_id is not None


def test_a_base_is_opened_in_evaluation_mode_and_in_the_type_asked_for(base: Path) -> None:
    model, _ = open_base(base, dtype="bfloat16", device="cpu")
    assert not model.training
    assert {str(parameter.dtype) for parameter in model.parameters()} == {"torch.bfloat16"}


def test_code_that_a_base_brings_along_never_runs(base: Path) -> None:
    (base / "evil.py").write_text(f"open({str(base / 'ran')!r}, 'w')\nclass Evil: ...\n", "utf-8")
    own = {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}
    edit(base / "config.json", lambda config: config.update(model_type="evil", auto_map=own))
    with pytest.raises(InputError, match="model: found ValueError"):
        open_base(base, dtype="float32", device="cpu")
    assert not (base / "ran").exists()


RESOLVE = """
import sys
from lifealign_bench.benchmark.bases import resolve_base
from lifealign_bench.data.errors import InputError
try:
    print(resolve_base(sys.argv[1], None))
except InputError as error:
    print("error:", error)
"""


def resolve_offline(source: str, cache: Path) -> str:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(cache)}
    words = [sys.executable, "-c", RESOLVE, source]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_hub_model_in_the_cache_needs_no_network(base: Path, tmp_path: Path) -> None:
    entry = tmp_path / "hub-home" / "hub" / "models--someone--tiny"
    (entry / "refs").mkdir(parents=True)
    (entry / "refs" / "main").write_text("a" * 40, "utf-8")
    shutil.copytree(base, entry / "snapshots" / ("a" * 40))
    found = resolve_offline("someone/tiny", tmp_path / "hub-home")
    assert Path(found) == entry / "snapshots" / ("a" * 40)


@pytest.mark.parametrize("source", ["someone/tiny", "not a hub id", "../nowhere"])
def test_a_base_that_is_nowhere_is_one_error(source: str, tmp_path: Path) -> None:
    said = resolve_offline(source, tmp_path)
    assert said.startswith("error: base: source: found")
    assert "\n" not in said


def test_a_local_folder_is_taken_as_it_is(base: Path) -> None:
    assert resolve_base(str(base), None) == base
