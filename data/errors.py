"""The errors that reach a user: each names the place, the field, what was found and what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LifeAlignError(Exception):
    """Something a user can act on; the command line prints it in one line and exits with `exit_code`."""

    exit_code = 1


class InputError(LifeAlignError):
    """Input that cannot be used: `where` (file, option or record), `field`, what was `found`, what was `expected`."""

    exit_code = 2

    def __init__(self, where: object, field: str, found: object, expected: str) -> None:
        self.where, self.field, self.found, self.expected = str(where), field, found, expected
        super().__init__(f"{where}: {field}: found {found}, expected {expected}")


class UnknownNameError(InputError):
    """A name that is not in a list of known names; the message lists the near matches."""

    def __init__(self, where: object, field: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        self.near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(self.near)}?" if self.near else f"one of {', '.join(names)}"
        super().__init__(where, field, repr(name), hint)
