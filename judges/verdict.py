"""From a judge's text to a verdict that is in the template's enum, or to the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lifealign_bench.judges.replies import Invalid, read_reply
from lifealign_bench.judges.template import Template

VERDICT = "verdict"
_LINE = re.compile(r"^[ \t*#_`]*VERDICT[*_` \t]*:(.*)$", re.MULTILINE | re.IGNORECASE)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict of the template's enum and the judge's reason, empty where only a `VERDICT:` line was given."""

    verdict: int | str
    rationale: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """No verdict: the reason's class and what was found, in words."""

    reason: str
    detail: str


def parse_verdict(template: Template, text: str) -> Verdict | Unscored:
    """The verdict in a judge's text; never raises, never guesses.

    Whatever the judge goes on to talk about may be a quotation, so only its last word counts: an outermost JSON object
    with a verdict that begins its line and ends the text, or, where there is none, a last line `VERDICT: value`. A
    number must be a JSON number of the enum (7.0 is 7; "7", true and 11 are not in it). Unscored(parse) where an object
    breaks off, where something else is the last word, or where two VERDICT lines, or one and the object, do not agree.
    """
    reply = read_reply(text)
    if reply.broken:
        return _unscored(reply.broken)
    found = [each for each in reply.objects if each.has_any(frozenset({VERDICT}))]
    if not found:
        return _last_line(template, reply.around) or _unscored("neither an object with a verdict nor a VERDICT line")
    last = read_object(template, found[-1].value)
    lines = {said: _of_line(template, said) for _, said in _lines(reply.around)}
    if reply.last_word and found[-1] is reply.objects[-1]:
        beside = [last, *lines.values()]
    elif isinstance(line := _last_line(template, reply.around), Verdict):
        beside = [line, *(read_object(template, each.value) for each in found)]
    else:
        return line or _unscored("an object that is not the last word")
    verdicts = {each.verdict for each in beside if isinstance(each, Verdict)}
    return last if len(verdicts) < 2 else _unscored(f"several verdicts: {', '.join(sorted(map(str, verdicts)))}")


def read_object(template: Template, value: object) -> Verdict | Unscored:
    """The verdict in one object of the template's schema; keys beyond the schema's are passed over."""
    if isinstance(value, Invalid):
        return _unscored(value.reason)
    if not isinstance(value, Mapping) or VERDICT not in value:
        return _unscored("no object with a verdict")
    rationale = value.get("rationale")
    if not isinstance(rationale, str):
        return _unscored("no rationale")
    verdict = _of_criteria(template, value[VERDICT]) if template.criteria else _member(template, value[VERDICT])
    if isinstance(verdict, Unscored):
        return verdict
    return Verdict(verdict, rationale.encode("utf-8", "replace").decode("utf-8"))


def _member(template: Template, value: object) -> int | str | Unscored:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | str) and not isinstance(value, bool) and value in template.verdicts:
        return value
    return _not_in_enum(value)


def _of_criteria(template: Template, value: object) -> int | Unscored:
    names = [criterion.id for criterion in template.criteria]
    if not isinstance(value, Mapping) or set(value) != set(names):
        return _not_in_enum(value)
    if any(said not in ("yes", "no") for said in value.values()):
        return _not_in_enum(value)
    return template.verdict_of(sum(value[name] == "yes" for name in names))


def _lines(text: str) -> list[tuple[int, str]]:
    """Where each `VERDICT:` line ends, and what it says."""
    return [(found.end(), found[1].strip(" \t\r*_`\"'.")) for found in _LINE.finditer(text)]


def _last_line(template: Template, text: str) -> Verdict | Unscored | None:
    """What the `VERDICT:` lines say where they agree and one ends the text; None where there is none."""
    lines = _lines(text)
    if not lines:
        return None
    end, said = lines[-1]
    if len({each for _, each in lines}) > 1:
        return _unscored("VERDICT lines that do not agree")
    if text[end:].strip(" \t\r\n`"):
        return _unscored("a VERDICT line that is not the last word")
    return _of_line(template, said)


def _of_line(template: Template, said: str) -> Verdict | Unscored:
    if template.criteria:
        parts = [part.partition("=") for part in said.split(",")]
        alone = template.criteria[0].id if len(template.criteria) == 1 and "=" not in said else ""
        verdict = _of_criteria(
            template, {alone or name.strip(): mark.strip() if mark else said for name, _, mark in parts}
        )
        return verdict if isinstance(verdict, Unscored) else Verdict(verdict, "")
    members = {str(member): member for member in template.verdicts}
    return Verdict(members[said], "") if said in members else _not_in_enum(said)


def _not_in_enum(value: object) -> Unscored:
    shown = repr(value)[:_SHOWN] if isinstance(value, str | int | float) else type(value).__name__
    return _unscored(f"a verdict outside the enum: {shown}")


def _unscored(detail: str) -> Unscored:
    return Unscored("parse", detail.encode("utf-8", "replace").decode("utf-8"))
