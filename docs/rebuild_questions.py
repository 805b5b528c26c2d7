"""Tables and figures of docs/questions.md, made anew.

`python docs/rebuild_questions.py RESULTS` reads variants, keeps what they say in docs/questions.json, draws the figures
and writes the page; --about takes one question's answer from these results and leaves the others. Without RESULTS the
page is written from what is kept. A part between `<!-- numbers: NAME -->` and `<!-- end -->` is made here, as a test
holds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter
from rebuild import markdown, refreshed

from lifealign_bench.benchmark.safety.rereading import with_classifier
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.shown import Column, Table
from lifealign_bench.leaderboard.variation.answers import (
    QUESTIONS,
    Answered,
    Refusals,
    of_refusals,
    of_variation,
    refusals,
    rows_as_given,
)
from lifealign_bench.leaderboard.variation.files import write_figures
from lifealign_bench.leaderboard.variation.reading import VariantBoard, read_variants
from lifealign_bench.leaderboard.variation.record import Variation, variation

DOCS = Path(__file__).resolve().parent
PAGE, KEPT, FIGURES = DOCS / "questions.md", DOCS / "questions.json", DOCS / "questions"
UNSEEN = ("seeds", "orders", "over_base", "runs", "n", "reason", "success_low", "over_low")
DETAILS = ("refusals-by-harm", "refusals-by-stage", "refusals-readers")
TABLES = ("table", "stages", "kinds", "readers")
Kept = Mapping[str, Any]
"""A variation as JSON by question, and of `safety` the counts."""


def kept_of(variants: Sequence[VariantBoard], reread: Callable[[pd.DataFrame], pd.DataFrame]) -> dict[str, Any]:
    """What these variants say, by question; reread: adds what the classifier takes the kept answers for."""
    record = variation(variants)
    found: dict[str, Any] = {}
    for own in of_variation(record, LIGHT):
        found[own.name] = json.loads(TypeAdapter(Variation).dump_json(record))
    rows = rows_as_given(variants)
    if len(rows):
        found["safety"] = _counts(refusals(reread(rows)))
    return found


def answers(kept: Kept) -> Iterator[Answered]:
    """The answers that are kept, in the order of the page."""
    for name in QUESTIONS:
        if name == "safety" and name in kept:
            yield of_refusals(_refusals(kept[name]), LIGHT)
        elif name in kept:
            record = TypeAdapter(Variation).validate_python(kept[name])
            yield next(own for own in of_variation(record, LIGHT) if own.name == name)


def parts(kept: Kept) -> dict[str, str]:
    """Every part of the page by name, as Markdown: a table and what it says."""
    made = dict.fromkeys((*QUESTIONS, *DETAILS), "Not run yet.\n")
    for own in answers(kept):
        said = "\n".join(f"- {sentence}" for sentence in own.sentences)
        picture = f"![{own.question}](questions/{own.name}.png)"
        of = _what_was_run(own.name, kept[own.name])
        made[own.name] = f"{picture}\n\n{of}\n\n{markdown(_brief(own.table))}\n\n{said}\n"
        for table in own.more:
            made[table.name] = f"{markdown(_brief(table))}\n"
    return made


def drawn(kept: Kept) -> dict[str, str]:
    """A hash of every figure's data, by which a test knows that a picture is of what is kept."""
    return {own.name: hashlib.sha256(_data(own).encode()).hexdigest()[:16] for own in answers(kept)}


def main() -> None:
    """Write the page, and with results also what is kept and the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("--about", choices=QUESTIONS, action="append")
    parser.add_argument("--metric", help="By default the runs' primary one.")
    asked = parser.parse_args()
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    if asked.results:
        found = kept_of(
            read_variants(asked.results, asked.metric), lambda rows: with_classifier(rows, "world:mini", {})
        )
        new = {name: own for name, own in found.items() if name in (asked.about or QUESTIONS)}
        kept["answers"] = {**kept.get("answers", {}), **new}
        write_figures([own for own in answers(kept["answers"]) if own.name in new], FIGURES)
        kept["drawn"] = drawn(kept["answers"])
        KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True, allow_nan=False) + "\n", "utf-8")
    PAGE.write_text(refreshed(PAGE.read_text("utf-8"), parts(kept.get("answers", {}))), "utf-8")


def _what_was_run(name: str, kept: Kept) -> str:
    if name == "safety":
        runs = max((row["runs"] for row in kept["table"]["rows"]), default=0)
        return f"{runs} runs a method; intervals speak of these runs only."
    variants = kept["variants"]
    title = metric_name(kept["metric"]).title
    return f"{title}; {sum(runs for _, _, runs in variants)} runs of {len(variants)} variants."


def _data(found: Answered) -> str:
    return json.dumps(json.loads(found.figure.to_json())["data"], sort_keys=True)


def _brief(table: Table) -> Table:
    return Table(table.name, table.frame, tuple(one for one in table.columns if one.name not in UNSEEN))


def _counts(found: Refusals) -> dict[str, Any]:
    tables = {
        part: {
            "name": (own := getattr(found, part)).name,
            "columns": [[one.name, one.title, one.digits] for one in own.columns],
            "rows": own.records(),
        }
        for part in TABLES
    }
    return {**tables, "attack": found.attack, "sentences": list(found.sentences)}


def _refusals(kept: Kept) -> Refusals:
    tables = {}
    for part in TABLES:
        columns = tuple(Column(*one) for one in kept[part]["columns"])
        names = [one.name for one in columns]
        tables[part] = Table(kept[part]["name"], pd.DataFrame(kept[part]["rows"], columns=names), columns)
    return Refusals(attack=kept["attack"], sentences=tuple(kept["sentences"]), **tables)


if __name__ == "__main__":
    main()
