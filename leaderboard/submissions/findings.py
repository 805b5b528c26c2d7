"""What the checker says: one finding a fault, naming the rule, the file, the field, the value and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from lifealign_bench.data.errors import InputError
from lifealign_bench.leaderboard.visible import visible

Level = Literal["error", "warning"]
LONGEST = 160
"""Characters of a value that are shown; the rest of a stranger's text stays where it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. rule: its id (`A3`). file: inside the bundle, empty for the archive as a whole.

    Error: the bundle is refused. Warning: it may be added, and somebody should look.
    """

    rule: str
    level: Level
    file: str
    field: str
    value: str
    expected: str

    @property
    def text(self) -> str:
        """The finding in one line."""
        where = f"{self.file}: " if self.file else ""
        return f"{self.rule} {self.level}: {where}{self.field}: found {self.value}, expected {self.expected}"

    def as_json(self) -> dict[str, str]:
        """The finding as JSON values."""
        return asdict(self)

    @property
    def annotation(self) -> str:
        """The finding as a code-review annotation, in the workflow commands that hosts of repositories read."""
        said = escaped(f"{self.field}: found {self.value}, expected {self.expected}")
        file = escaped(self.file or "bundle").replace(":", "%3A").replace(",", "%2C")
        return f"::{self.level} file={file},title={self.rule}::{said}"


@dataclass(frozen=True)
class Verdict:
    """What the checker says of a bundle. rows: how many it looked at."""

    findings: tuple[Finding, ...]
    rows: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether the bundle may be added."""
        return not any(finding.level == "error" for finding in self.findings)


def error(rule: str, file: str, field: str, value: object, expected: str) -> Finding:
    """A finding that refuses the bundle."""
    return Finding(rule, "error", shown(file), shown(field), shown(value), shown(expected))


def warning(rule: str, file: str, field: str, value: object, expected: str) -> Finding:
    """A finding that somebody should look at."""
    return Finding(rule, "warning", shown(file), shown(field), shown(value), shown(expected))


def of_input(rule: str, file: str, found: InputError) -> Finding:
    """The finding that an input error is; the file is the bundle's, not the path on this machine."""
    return error(rule, file, found.field, found.found, found.expected)


def shown(value: object) -> str:
    """A value as one short line, hidden characters made visible."""
    text = visible(value).replace("\n", " ").replace("\t", " ")
    # Half a surrogate cannot be written to any stream.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def escaped(text: str) -> str:
    """A text that no workflow command can be hidden in."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where there is an error, else 0; warnings do not refuse. 2 is for a place that cannot be read at all."""
    return int(any(finding.level == "error" for finding in findings))
