"""Base models: found on the hub or in a folder, identified by content, opened afresh."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import digest

FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")


@dataclass(frozen=True, slots=True)
class BaseIdentity:
    """What a base is: SHA-256 of its weights, its tokenizer and its chat template; number of stored parameters."""

    weights_sha256: str
    tokenizer_sha256: str
    chat_template_sha256: str
    n_parameters: int

    @property
    def digest(self) -> str:
        """One hash over all of it."""
        return digest(asdict(self))


def resolve_base(source: str, revision: str | None) -> Path:
    """The folder of a local base, or of a hub snapshot (downloaded unless it is cached or the hub is offline).

    Raises:
        InputError: neither a folder nor a hub model that can be reached.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if source.startswith((".", "/", "~")):
        raise InputError("base", "source", source, "a folder with a model, or a hub id")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=list(FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        found = f"{source} at {revision or 'main'}: {type(error).__name__}"
        raise InputError("base", "source", found, "a hub id that is cached or can be reached, or a folder") from error


def base_identity(folder: Path, cache: Path) -> BaseIdentity:
    """The identity of a base's files; a file's hash is kept in `cache` by path, size and time of change.

    Raises:
        InputError: the folder has no safetensors weights.
    """
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise InputError(folder, "weights", "no *.safetensors file", "a model saved as safetensors")
    names = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "vocab.json")
    tokenizer = [folder / name for name in names if (folder / name).is_file()]
    hashes = _FileHashes(cache / "file-hashes.json")
    identity = BaseIdentity(
        digest([hashes.of(path) for path in weights]),
        digest([[path.name, hashes.of(path)] for path in tokenizer]),
        hashlib.sha256(chat_template(folder).encode()).hexdigest(),
        sum(_stored_parameters(path) for path in weights),
    )
    hashes.keep()
    return identity


def chat_template(folder: Path) -> str:
    """The text of a base's chat template.

    Raises:
        InputError: it has none.
    """
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8")
    config = folder / "tokenizer_config.json"
    template = json.loads(config.read_text("utf-8")).get("chat_template") if config.is_file() else None
    if template is None:
        raise InputError(folder, "chat template", "none", "a tokenizer with a chat template (an instruct model)")
    return template if isinstance(template, str) else json.dumps(template, sort_keys=True)


def open_base(folder: str | Path, *, dtype: str, device: str) -> tuple[Any, Any]:
    """A base's model, in evaluation mode, and its tokenizer with a padding token.

    Raises:
        InputError: no chat template, no end-of-turn token, or weights that no known architecture reads.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    chat_template(Path(folder))
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, dtype=getattr(torch, dtype))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(folder, "model", f"{type(error).__name__}: {error}", "a causal language model") from error
    if tokenizer.eos_token_id is None:
        raise InputError(folder, "tokenizer", "no end-of-turn token", "an eos token that ends an assistant's turn")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to(device).eval(), tokenizer


class _FileHashes:
    """SHA-256 of files, remembered so that 15 GB of weights are read once."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            self.known: dict[str, str] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def of(self, path: Path) -> str:
        stat = path.stat()
        key = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
        if key not in self.known:
            with path.open("rb") as stream:
                self.known[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        return self.known[key]

    def keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        scratch.write_text(json.dumps(self.known, indent=1, sort_keys=True), "utf-8")
        scratch.replace(self.file)


def _stored_parameters(path: Path) -> int:
    from safetensors import safe_open

    total = 0
    with safe_open(path, framework="pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 - the handle is no mapping
            size = 1
            for extent in tensors.get_slice(name).get_shape():
                size *= extent
            total += size
    return total
