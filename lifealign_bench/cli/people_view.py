"""People as judges on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from lifealign_bench.cli.card_cells import number, percent, share, table, value

if TYPE_CHECKING:
    from lifealign_bench.judges.human.advice import Advice
    from lifealign_bench.judges.human.schema import AgainstRow, PeopleDimension, PeopleSection


def show_section(section: PeopleSection, console: Console) -> None:
    """Agreement of raters, each rater, the judge and the truth beside them, biases."""
    took = "" if section.seconds is None else f"; {section.seconds:.0f} s a rating (median)"
    console.print(
        Text(
            f"\nPeople, study {section.study}: {section.raters} raters, {section.ratings} ratings, "
            f"{section.skipped} skipped{took}"
        ),
        soft_wrap=True,
    )
    for reason, count in section.reasons.items():
        console.print(Text(f"  skipped {count}: {reason}"), soft_wrap=True)
    _show_agreement(section, console)
    _show_raters(section, console)
    _show_against(section, console)
    _show_biases(section, console)


def _show_agreement(section: PeopleSection, console: Console) -> None:
    rows = [
        (_named(each), str(each.questions), str(each.twice), value(each.alpha), share(each.agreed))
        for each in section.dimensions
    ]
    names = ("question", "rated", "by two and more", "alpha", "all the same")
    table(console, "Agreement of raters (Krippendorff's alpha, ordinal; intervals by prompts)", names, rows)
    pairs = [
        (f"{_named(each)}: {pair.one} and {pair.other}", str(pair.n), value(pair.kappa))
        for each in section.dimensions
        for pair in each.pairs
    ]
    if pairs:
        table(console, "Two raters (Cohen's kappa, quadratic weights)", ("raters", "n", "kappa"), pairs)


def _show_raters(section: PeopleSection, console: Console) -> None:
    rows = [
        (f"{_named(each)}: {row.rater}", str(row.n), str(row.skipped), value(row.severity), value(row.drift))
        for each in section.dimensions
        for row in each.raters
    ]
    names = ("rater", "n", "skipped", "severity", "drift")
    table(console, "Raters (severity: points below the others; drift: more lenient at the end)", names, rows)
    controls = [
        (
            *(row.rater, f"{row.answered} of {row.expected}", str(row.missed), str(row.skipped)),
            {True: "yes", False: "NO", None: "too few to tell"}[row.attentive],
        )
        for row in section.controls
        if row.expected
    ]
    if controls:
        table(console, "Controls", ("rater", "answered", "missed", "skipped", "attentive"), controls)


def _show_against(section: PeopleSection, console: Console) -> None:
    rows = [
        (f"{_named(each)}, {who}", *_against(row))
        for each in section.dimensions
        for who, row in [
            *([("known truth", each.truth)] if each.truth is not None else []),
            *((f"judge, {row.task or 'all tasks'}", row) for row in each.judge),
        ]
    ]
    if rows:
        names = ("against people's median", "n", "exact", "\u00b11", "kappa", "rho", "shift")
        table(console, "The judge and the truth against people", names, rows)


def _against(row: AgainstRow) -> tuple[str, ...]:
    found = row.agreement
    exact, near = share(found.exact), percent(found.within_one.value)
    return str(row.n), exact, near, number(found.kappa.value), number(found.spearman.value), value(found.shift)


def _show_biases(section: PeopleSection, console: Console) -> None:
    rows = [
        (
            f"{_named(each)}: {bias.name}" + (" (beyond truth)" if bias.beyond_truth else ""),
            value(bias.people),
            value(bias.judge),
            {True: "yes", False: "no", None: "-"}[bias.shared],
        )
        for each in section.dimensions
        for bias in each.biases
    ]
    table(console, "What moves verdicts beside quality", ("bias", "people", "judge", "shared"), rows)


def _named(each: PeopleDimension) -> str:
    return each.dimension if each.kind == "score" else f"{each.dimension} (pairs)"


def show_advice(advice: list[Advice], console: Console) -> None:
    """How many answers and ratings each plan takes."""
    rows = [
        (
            f"{each.of} within \u00b1{each.half_width:g}",
            *(str(each.raters), f"{each.answers:,}", f"{each.ratings:,}"),
        )
        for each in advice
    ]
    table(console, "For a 95 % interval", ("what", "raters", "answers", "ratings"), rows)
