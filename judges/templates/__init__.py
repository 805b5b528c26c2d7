"""The templates that ship with the package, and those of a folder of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from lifealign_bench.data.cards import Strict
from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.data.rows import digest
from lifealign_bench.judges.joint import JointFrame, JointTemplate
from lifealign_bench.judges.template import Paraphrase, Template, TemplateDimension
from lifealign_bench.judges.template_files import parse_file

Named = TypeVar("Named", Template, JointFrame)
SHIPPED = Path(__file__).parent
SET_FILE, JOINT = "set.yaml", "joint"


class SetFile(Strict):
    """`set.yaml`: the name and version of a folder of templates."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)


@dataclass(frozen=True, slots=True)
class SetIdentity:
    """A set of templates as a part of a judge; the hash is over every template in it, of one paraphrase."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class TemplateSet:
    """All templates of a folder, in one paraphrase. frame: what surrounds them where one call asks for several."""

    name: str
    version: int
    paraphrase: Paraphrase
    templates: tuple[Template, ...]
    frame: JointFrame | None

    @property
    def hashes(self) -> dict[str, str]:
        """The hash of every template and of the frame, by label."""
        frame = {self.frame.label: self.frame.sha256} if self.frame else {}
        return {template.label: template.sha256 for template in self.templates} | frame

    @property
    def identity(self) -> SetIdentity:
        """Name, version with the paraphrase, and the hash over all templates."""
        return SetIdentity(self.name, f"{self.version}{self.paraphrase}", digest(self.hashes))

    def by_id(self, name: str) -> Template:
        """The template with this id; UnknownNameError lists the near matches."""
        for template in self.templates:
            if template.id == name:
                return template
        raise UnknownNameError(f"templates {self.name}", "template", name, [each.id for each in self.templates])

    def for_dimension(self, dimension: TemplateDimension, rubric: str | None = None) -> Template:
        """The template of a dimension; that of a task's rubric has the rubric's name.

        Raises:
            InputError: `rubric` is asked for without its name, or no template has that name.
        """
        if dimension == "rubric" and rubric is None:
            raise InputError(f"templates {self.name}", "rubric", "nothing", "the name of the task's rubric")
        found = self.by_id(rubric if dimension == "rubric" and rubric else dimension)
        if found.dimension != dimension:
            raise InputError(f"template {found.label}", "dimension", found.dimension, dimension)
        return found

    def pairwise(self, dimension: TemplateDimension) -> Template:
        """The template that compares two answers in a dimension."""
        return self.by_id(f"{dimension}-pairwise")

    def joint(self, dimensions: tuple[TemplateDimension, ...], rubric: str | None = None) -> JointTemplate:
        """One question for several dimensions.

        Raises:
            InputError: the set has no `joint` frame, or lacks a template.
        """
        if self.frame is None:
            raise InputError(f"templates {self.name}", "file", "nothing", f"{JOINT}.{self.paraphrase}.yaml")
        return JointTemplate(self.frame, {name: self.for_dimension(name, rubric) for name in dimensions})


def load_templates(paraphrase: Paraphrase = "a", folder: Path | None = None) -> TemplateSet:
    """The templates of a folder in one paraphrase; without a folder those that ship with the package.

    Raises:
        InputError: names the file and the field of what is wrong.
    """
    return _shipped(paraphrase) if folder is None else read_folder(paraphrase, folder)


@cache
def _shipped(paraphrase: Paraphrase) -> TemplateSet:
    return read_folder(paraphrase, SHIPPED)


def read_folder(paraphrase: Paraphrase, place: Path) -> TemplateSet:
    """The templates that a folder holds now; raises as `load_templates` does."""
    about = parse_file(SetFile, read_text(place / SET_FILE), str(place / SET_FILE))
    files = sorted(place.glob(f"*.{paraphrase}.yaml"))
    templates = tuple(_named(path, parse_file(Template, text, str(path))) for path, text in _texts(files))
    frame = place / f"{JOINT}.{paraphrase}.yaml"
    whole = _named(frame, parse_file(JointFrame, read_text(frame), str(frame))) if frame in files else None
    if not templates:
        raise InputError(place, "templates", "none", f"files named id.{paraphrase}.yaml")
    return TemplateSet(about.name, about.version, paraphrase, templates, whole)


def _texts(files: list[Path]) -> Iterator[tuple[Path, str]]:
    return ((path, read_text(path)) for path in files if not path.name.startswith(f"{JOINT}."))


def read_text(path: Path) -> str:
    """A template file's text; InputError where there is none."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, "template file", str(error), "a readable YAML file") from None


def _named(path: Path, template: Named) -> Named:
    name = f"{template.id}.{template.paraphrase}.yaml"
    if path.name != name:
        raise InputError(path, "file name", path.name, f"{name}, after its id and paraphrase")
    return template
