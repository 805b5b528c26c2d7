"""How a task looks in the terminal. Words from data and cards are hostile text: never markup, no hidden characters."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lifealign_bench.data.cards import TaskCard
from lifealign_bench.data.checking import Finding
from lifealign_bench.data.cues import Cue, surface_cues
from lifealign_bench.data.rows import Pair
from lifealign_bench.data.stream import TaskData
from lifealign_bench.data.visible import visible

EXAMPLE_LENGTH = 600
FOLDED = "(harmful; --show-harmful shows it)"


def print_catalogue(cards: Iterable[TaskCard]) -> None:
    """A line for each card."""
    table = Table("name", "mirrors", "source", "licence", "content", "title")
    for card in cards:
        cells = (card.name, card.mirrors or "", _source(card), card.licence, card.content, card.title)
        table.add_row(*(Text(visible(cell)) for cell in cells))
    Console().print(table)


def print_card(card: TaskCard) -> None:
    """What the card says."""
    table = Table(show_header=False, box=None)
    fields = {
        "task": f"{card.name}: {card.title}",
        "mirrors": card.mirrors or "",
        "source": _source(card),
        "licence": f"{card.licence}, {'redistributable' if card.redistributable else 'not redistributable'}",
        "content": card.content,
        "harm labels": card.harm.description or card.harm.rule,
        "rubric": card.rubric,
        "language": card.language,
        "citation": card.citation,
        "note": card.note,
    }
    for name, value in fields.items():
        if value:
            table.add_row(Text(name, style="bold"), Text(visible(value)))
    Console().print(table)


def print_rows(data: TaskData, examples: int, show_harmful: bool) -> None:
    """Counts, cues and examples of a loaded task."""
    console = Console()
    revision = f" at {data.report.revision}" if data.report.revision else ""
    console.print(Text(f"\nrows from {data.report.origin}{visible(revision)}, fingerprint {data.fingerprint[:16]}"))
    console.print(_counts(data))
    console.print(_cues(surface_cues(data.train, data.evaluation)))
    for pair in data.evaluation[:examples]:
        console.print(_example(pair, show_harmful or not _harmful(pair, data.card)))


def print_findings(findings: Sequence[Finding], reference: str) -> None:
    """A line for each finding, or that all is well."""
    console = Console(soft_wrap=True)
    for finding in findings:
        style = "red" if finding.level == "error" else "yellow"
        console.print(Text.assemble((finding.level, style), ": ", visible(f"{finding.where}: {finding.text}")))
    if not findings:
        console.print(Text(visible(f"{reference}: no problem found")))


def task_record(data: TaskData, examples: int, show_harmful: bool) -> dict[str, object]:
    """The same for machines: card, report, cues, harm labels, examples (words null where they are folded)."""
    return {
        "card": data.card.model_dump(mode="json"),
        "report": dataclasses.asdict(data.report),
        "fingerprint": data.fingerprint,
        "harm": {"train": _harm_counts(data.train), "evaluation": _harm_counts(data.evaluation)},
        "cues": [dataclasses.asdict(cue) for cue in surface_cues(data.train, data.evaluation)],
        "examples": [
            _example_record(pair, show_harmful or not _harmful(pair, data.card)) for pair in data.evaluation[:examples]
        ],
    }


def _source(card: TaskCard) -> str:
    if card.source.kind == "world":
        return f"miniature world {card.source.seed}"
    if card.source.kind == "local":
        return f"local: {card.source.path}"
    parts = [part for part in (card.source.config, card.source.data_dir) if part]
    return f"hub: {' '.join([card.source.dataset, *parts])} @ {card.source.revision}"


def _counts(data: TaskData) -> Table:
    table = Table("rows", "train", "evaluation")
    train, evaluation = data.report.train, data.report.evaluation
    table.add_row("read", str(train.read), str(evaluation.read))
    for name, count in train.dropped.items():
        table.add_row(f"dropped: {name.replace('_', ' ')}", str(count), str(evaluation.dropped[name]))
    table.add_row(Text("kept", style="bold"), str(train.kept), str(evaluation.kept))
    for name, count in train.repaired.items():
        table.add_row(f"repaired: {name.replace('_', ' ')}", str(count), str(evaluation.repaired[name]))
    labels = _harm_counts(data.train), _harm_counts(data.evaluation)
    for label in labels[0]:
        table.add_row(f"prompts {label}", str(labels[0][label]), str(labels[1][label]))
    return table


def _cues(cues: Iterable[Cue]) -> Table:
    table = Table("surface cue: choose", "train", "evaluation", "tells apart", caption="share of pairs; chance is 50 %")
    for cue in cues:
        shares = (cue.train_accuracy, cue.evaluation_accuracy, cue.coverage)
        table.add_row(Text(visible(cue.rule)), *(f"{100 * share:.1f} %" for share in shares))
    return table


def _harm_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    counts = Counter(pair.harm or "unlabelled" for pair in pairs)
    return {label: counts[label] for label in ("harmful", "harmless", "unlabelled")}


def _harmful(pair: Pair, card: TaskCard) -> bool:
    return pair.harm == "harmful" or (card.content == "harmful" and pair.harm is None)


def _example(pair: Pair, shown: bool) -> Text:
    parts = [*((turn.role, turn.content) for turn in pair.prompt), ("chosen", pair.chosen), ("rejected", pair.rejected)]
    text = Text(f"\n{pair.pair_id}" + (f" ({visible(pair.category)})" if pair.category else "") + "\n", style="dim")
    for name, words in parts:
        text.append(f"{name}: ", style="bold not dim")
        text.append(f"{visible(words, EXAMPLE_LENGTH) if shown else FOLDED}\n", style="not dim")
    return text


def _example_record(pair: Pair, shown: bool) -> dict[str, object]:
    words = {"prompt": [dataclasses.asdict(turn) for turn in pair.prompt]}
    answers = {"chosen": pair.chosen, "rejected": pair.rejected}
    labels = {"pair_id": pair.pair_id, "harm": pair.harm, "category": pair.category, "folded": not shown}
    return {**labels, **{name: value if shown else None for name, value in (words | answers).items()}}
