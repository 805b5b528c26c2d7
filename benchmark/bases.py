"""Base models: found on the hub or in a folder, identified by content, opened afresh."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.durable import write_whole
from lifealign_bench.benchmark.quantization import quantized, require_quantization
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import digest

FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
# Some models carry the same weights a second time, in their author's own format.
NEVER = ("*/*", "consolidated*")
TOKENIZER_FILES = (
    "added_tokens.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
)


@dataclass(frozen=True, slots=True)
class BaseIdentity:
    """What a base is, by SHA-256: weights, architecture (config.json), tokenizer, chat template; stored parameters.

    One file's hash is its own, several files' hash is that of their names and hashes.
    """

    weights_sha256: str
    config_sha256: str
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
        got = snapshot_download(source, revision=revision, allow_patterns=list(FILES), ignore_patterns=list(NEVER))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        found = f"{source} at {revision or 'main'}: {type(error).__name__}"
        raise InputError("base", "source", found, "a hub id that is cached or can be reached, or a folder") from error
    return Path(got)


def shipped_base(name: str) -> Path:
    """The folder of a base that ships with the package.

    Raises:
        UnknownNameError: none of that name.
    """
    shipped = Path(str(resources.files("lifealign_bench.data.mini.bases")))
    known = sorted(folder.name for folder in shipped.iterdir() if (folder / "base.json").is_file())
    if name not in known:
        raise UnknownNameError("base", "shipped base", name, known)
    return shipped / name


def base_identity(folder: Path, cache: Path) -> BaseIdentity:
    """The identity of a base's files; a file's hash is kept in `cache` by path, size and time of change.

    Raises:
        InputError: weights, config or chat template are missing or damaged.
    """
    weights = weight_files(folder)
    tokenizer = [folder / name for name in TOKENIZER_FILES if (folder / name).is_file()]
    hashes = _FileHashes(cache / "file-hashes.json")
    identity = BaseIdentity(
        hashes.together(weights),
        digest(_architecture(folder)),
        hashes.together(tokenizer),
        hashlib.sha256(chat_template(folder).encode()).hexdigest(),
        sum(_stored_parameters(path) for path in weights),
    )
    hashes.keep()
    return identity


def weight_files(folder: Path) -> list[Path]:
    """The files that a base's weights are read from: one, or the shards that the index lists.

    Raises:
        InputError: there are none, or a shard is missing.
    """
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        raise InputError(folder, "weights", "no model.safetensors", "a model saved as safetensors")
    shards = sorted(set(_json(index).get("weight_map", {}).values()))
    missing = [name for name in shards if not (folder / name).is_file()]
    if missing or not shards:
        raise InputError(
            folder, "weights", f"no {missing[0] if missing else 'shards'}", f"the files that {index} lists"
        )
    return [folder / name for name in shards]


def _architecture(folder: Path) -> dict[str, Any]:
    """What config.json says about the model itself; who saved it and under which name is no part of that."""
    config = _json(folder / "config.json")
    return {key: value for key, value in config.items() if key not in ("_name_or_path", "transformers_version")}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(path.parent, "base", f"no {path.name}", "a model folder as transformers saves it") from None
    except ValueError as error:
        raise InputError(path, "JSON", str(error), "a well-formed object") from None
    if not isinstance(found, dict):
        raise InputError(path, "JSON", type(found).__name__, "an object")
    return found


def chat_template(folder: Path) -> str:
    """The text of a base's chat template.

    Raises:
        InputError: it has none.
    """
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8")
    config = folder / "tokenizer_config.json"
    template = _json(config).get("chat_template") if config.is_file() else None
    if template is None:
        raise InputError(folder, "chat template", "none", "a tokenizer with a chat template (an instruct model)")
    return template if isinstance(template, str) else json.dumps(template, sort_keys=True)


def open_tokenizer(folder: str | Path) -> Any:
    """A base's tokenizer with a padding token, without its weights.

    Raises:
        InputError: no chat template or one that fails, no end-of-turn token, or no tokenizer.
    """
    from transformers import AutoTokenizer

    chat_template(Path(folder))
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(folder, "tokenizer", f"{type(error).__name__}: {error}", "a tokenizer") from error
    _settle_tokenizer(tokenizer, folder)
    return tokenizer


def open_base(folder: str | Path, *, dtype: str, device: str, quantization: str | None = None) -> tuple[Any, Any]:
    """A base's model, in evaluation mode, and its tokenizer with a padding token. Code that a model brings never runs.

    quantization: None, or `nf4`, its linear layers then being held in 4 bits and computed in `dtype`.

    Raises:
        InputError: no such folder, no chat template or one that fails, no end-of-turn token, weights that are damaged,
            missing or of no known architecture.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not Path(folder).is_dir():
        raise InputError(folder, "base", "no such folder", "a folder with a model")
    chat_template(Path(folder))
    if quantization is not None:
        require_quantization(quantization)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model, loaded = AutoModelForCausalLM.from_pretrained(
            folder,
            trust_remote_code=False,
            dtype=getattr(torch, dtype),
            output_loading_info=True,
            **quantized(quantization, dtype, device),
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise InputError(folder, "model", f"{type(error).__name__}: {error}", "a causal language model") from error
    # What the weights do not have, transformers would draw at random and only warn.
    if loaded["missing_keys"]:
        raise InputError(folder, "weights", f"no {sorted(loaded['missing_keys'])[0]}", "every tensor of the model")
    _settle_tokenizer(tokenizer, folder)
    # Layers of 4 bits lie on their device since they were read.
    return (model if quantization else model.to(device)).eval(), tokenizer


def _settle_tokenizer(tokenizer: Any, folder: str | Path) -> None:
    """Check what training and answering need of a tokenizer, and give it a padding token."""
    from jinja2 import TemplateError

    if tokenizer.eos_token_id is None:
        raise InputError(folder, "tokenizer", "no end-of-turn token", "an eos token that ends an assistant's turn")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    try:
        tokenizer.apply_chat_template([{"role": "user", "content": "?"}], add_generation_prompt=True, tokenize=False)
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        raise InputError(folder, "chat template", f"{type(error).__name__}: {error}", "one that renders") from error


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

    def together(self, paths: list[Path]) -> str:
        """One file's own hash, or the hash of several files' names and hashes."""
        return self.of(paths[0]) if len(paths) == 1 else digest([[path.name, self.of(path)] for path in paths])

    def keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.file, json.dumps(self.known, indent=1, sort_keys=True))


def _stored_parameters(path: Path) -> int:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            names = list(tensors.keys())
            return sum(math.prod(tensors.get_slice(name).get_shape()) for name in names)
    except SafetensorError as error:
        raise InputError(path, "weights", f"{error}", "a whole safetensors file") from error
