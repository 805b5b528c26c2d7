"""Judge files: one model behind one endpoint with its templates, or a panel of several such files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.judges.client.config import OPENAI, EndpointConfig
from lifealign_bench.judges.template_files import read_values

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
SHORTHAND = "openai:"
OPENAI_KEY = "OPENAI_API_KEY"
Kind = TypeVar("Kind", bound=Strict)
Relative = Annotated[str, Field(min_length=1)]


class JudgeFile(Strict):
    """What a judge file says beside how its endpoint is asked (see `EndpointConfig`).

    revision: the commit of the weights that the endpoint is to serve. templates: a folder of one's own, relative to the
    file. calls: one for each dimension, or one for all of them. note: for people.
    """

    name: str = Field(pattern=NAME, max_length=100)
    revision: str | None = None
    paraphrase: Literal["a", "b"] = "a"
    templates: Relative | None = None
    calls: Literal["separate", "joint"] = "separate"
    note: str = ""


class PanelFile(Strict):
    """Several judge files whose verdicts collapse by their median; paths are relative to this file."""

    panel: tuple[Relative, ...] = Field(min_length=1, strict=False)
    note: str = ""

    @field_validator("panel")
    @classmethod
    def _odd(cls, members: tuple[str, ...]) -> tuple[str, ...]:
        if len(members) % 2 == 0:
            raise ValueError(f"an odd number of judges: {len(members)} votes have no median that one of them gave")
        return members


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """One judge, ready to be opened; where: what an error names."""

    name: str
    endpoint: EndpointConfig
    revision: str | None = None
    paraphrase: Literal["a", "b"] = "a"
    templates: Path | None = None
    joint: bool = False
    where: str = ""


def read_settings(
    reference: str, base_url: str | None = None, api_key_env: str | None = None
) -> tuple[JudgeSettings, ...]:
    """The judges of a file, of a built-in name, or of `openai:MODEL`; one, or the members of a panel.

    base_url, api_key_env: in place of what the file says. A key that a file names is for the file's own address: with
    a base_url only api_key_env names one. A key is sent to OpenAI's own address by default and to no other unless it
    is named.

    Raises:
        UnknownNameError: no such file and no built-in judge of that name.
        InputError: names the file, the field and what was expected.
    """
    if reference.startswith(SHORTHAND):
        return (_of_shorthand(reference.removeprefix(SHORTHAND), base_url, api_key_env),)
    path = _path_of(reference)
    found = _read(path, _changes(base_url, api_key_env), ())
    names = [settings.name for settings in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(path, "panel", f"{', '.join(twice)} twice", "every judge of a panel under a name of its own")
    return found


def judge_names() -> list[str]:
    """The names of the judges that ship with the package."""
    folder = resources.files("lifealign_bench.judges.catalogue")
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def jointly(settings: JudgeSettings) -> JudgeSettings:
    """The same judge, asked for all dimensions in one call."""
    return replace(settings, joint=True)


def _changes(base_url: str | None, api_key_env: str | None) -> dict[str, str | None]:
    if base_url is not None:
        return {"base_url": base_url, "api_key_env": api_key_env}
    return {} if api_key_env is None else {"api_key_env": api_key_env}


def _path_of(reference: str) -> Path:
    path = Path(reference)
    if path.suffix in {".yaml", ".yml"}:
        return path
    if reference in judge_names():
        return Path(str(resources.files("lifealign_bench.judges.catalogue") / f"{reference}.yaml"))
    raise UnknownNameError("judge", "name", reference, ["oracle", f"{SHORTHAND}MODEL", "FILE.yaml", *judge_names()])


def _of_shorthand(model: str, base_url: str | None, api_key_env: str | None) -> JudgeSettings:
    where = f"{SHORTHAND}{model}"
    key = api_key_env or (OPENAI_KEY if base_url is None else None)
    values = {"model": model, "base_url": base_url or OPENAI, "api_key_env": key}
    name = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in model).strip("-.") or "judge"
    return JudgeSettings(name, EndpointConfig.parse(values, where), where=where)


def _read(path: Path, changes: Mapping[str, str | None], inside: tuple[Path, ...]) -> tuple[JudgeSettings, ...]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, "judge file", str(error), "a readable YAML file") from None
    values = read_values(text, str(path))
    if "panel" not in values:
        return (_single(path, values, changes),)
    if inside:
        raise InputError(path, "panel", "a panel inside a panel", "files of single judges")
    members = _validated(PanelFile, values, path).panel
    return tuple(settings for member in members for settings in _read(path.parent / member, changes, (path,)))


def _single(path: Path, values: Mapping[str, object], changes: Mapping[str, str | None]) -> JudgeSettings:
    own = {name: value for name, value in values.items() if name in JudgeFile.model_fields}
    about = _validated(JudgeFile, own, path)
    rest = {name: value for name, value in values.items() if name not in own}
    endpoint = EndpointConfig.parse({**rest, **changes}, str(path))
    folder = path.parent / about.templates if about.templates else None
    joint = about.calls == "joint"
    return JudgeSettings(about.name, endpoint, about.revision, about.paraphrase, folder, joint, str(path))


def _validated(kind: type[Kind], values: Mapping[str, object], path: Path) -> Kind:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "document"
        found = "nothing" if first["type"] == "missing" else "something else"
        raise InputError(path, field, found, str(first["msg"]).removeprefix("Value error, ")) from None
