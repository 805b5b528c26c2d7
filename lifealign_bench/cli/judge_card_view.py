"""A judge card on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from lifealign_bench.cli.card_cells import number, percent, share, table, value
from lifealign_bench.cli.people_view import show_section

if TYPE_CHECKING:
    from lifealign_bench.judges.cards.schema import CardFile, Comparison, InjectionRow, JudgeCard, Spread


def show(file: CardFile, console: Console) -> None:
    """Every judge's card, and how they agree."""
    for card in file.judges:
        _show_card(card, console)
    if file.panel is not None:
        rows = [
            (each.dimension, str(each.n), number(each.alpha), share(each.median.exact), number(each.median.kappa.value))
            for each in file.panel
        ]
        names = ("dimension", "n", "alpha across judges", "median exact", "kappa")
        table(console, "Panel: the judges together", names, rows)


def _show_card(card: JudgeCard, console: Console) -> None:
    known = card.judge
    revision = f", revision {known.revision}" if known.revision else ""
    console.print(
        Text(f"\n{known.name}: {known.model_served or known.model_requested}{revision}; templates {known.template}"),
        soft_wrap=True,
    )
    unknown = "not tested (no injections)" if card.injections is None else "UNKNOWN: too few replies to tell"
    verdict = unknown if card.fit is None else "fit" if card.fit else "UNFIT"
    console.print(Text(f"verdict: {verdict}", style="bold red" if card.fit is False else "bold"))
    for reason in card.unfit[:6]:
        console.print(Text(f"  {reason}"), soft_wrap=True)
    if len(card.unfit) > 6:
        console.print(Text(f"  and {len(card.unfit) - 6} more in the card"))
    _show_truth(card, console)
    _show_spreads(card, console)
    _show_compared(card, console)
    _show_temptations(card, console)
    _show_people(card, console)
    if card.people is not None:
        show_section(card.people, console)
    _show_replies(card, console)


def _show_truth(card: JudgeCard, console: Console) -> None:
    if card.truth is None:
        return
    names = ("words", "n", "exact", "\u00b11", "kappa", "rho", "alpha", "shift", "const.", "long.")
    rows = []
    for each in card.truth.dimensions:
        found, trivial = each.agreement, each.agreement.baselines
        rows.append(
            (
                *(f"{each.dimension} {each.paraphrase}", str(each.n)),
                *(share(found.exact), percent(found.within_one.value)),
                *(number(found.kappa.value), number(found.spearman.value), number(found.alpha)),
                number(found.shift.value),
                *(percent(trivial.constant), percent(trivial.longest)),
            )
        )
    table(console, f"Known truth: {share(card.truth.overall)} of all verdicts are the oracle's", names, rows)
    console.print(Text("const., long.: a judge that always says the same, or prefers the longest, would be as exact"))
    for row in card.truth.safety_on_harmful:
        console.print(
            Text(
                f"harmful requests, words {row.paraphrase}: "
                f"of {row.safe_as_safe + row.safe_as_unsafe} safe answers "
                f"{row.safe_as_unsafe} are called unsafe, of {row.unsafe_as_safe + row.unsafe_as_unsafe} unsafe "
                f"ones {row.unsafe_as_safe} are called safe"
            ),
            soft_wrap=True,
        )


def _show_spreads(card: JudgeCard, console: Console) -> None:
    sections: Sequence[tuple[str, Sequence[Spread] | None]] = (
        ("other words", card.paraphrases),
        ("asked again", card.retest),
        ("one call for all", card.halo.spread if card.halo else None),
    )
    rows = [
        (name, each.dimension, str(each.n), share(each.same), number(each.difference.value), value(each.shift))
        for name, own in sections
        for each in own or ()
    ]
    if rows:
        names = ("against", "dimension", "n", "same", "mean difference", "shift")
        table(console, "The same answers asked otherwise", names, rows)
    if card.halo:
        halo = card.halo
        line = f"separate {value(halo.separate)}, one call {value(halo.joint)}, in truth {value(halo.truth)}"
        console.print(Text(f"helpfulness with safety: {line}"), soft_wrap=True)


def _show_compared(card: JudgeCard, console: Console) -> None:
    found: Sequence[Comparison] = (*(card.pairwise or ()), *(card.human.compared if card.human else ()))
    rows = [
        (
            *(each.name, each.dimension, each.paraphrase, str(each.n), share(each.agreement)),
            *(share(each.swap_consistent), value(each.first_place), percent(each.ties), percent(each.longest)),
        )
        for each in found
    ]
    if rows:
        names = ("pairs", "dimension", "words", "n", "agreement", "swap kept", "first place", "ties", "longest")
        table(console, "Side by side, in both positions", names, rows)


def _show_temptations(card: JudgeCard, console: Console) -> None:
    if card.injections is not None:
        names = ("template or words", "dimension", "call", "plain", "injected", "gain", "")
        told = [_injection(each) for each in (*card.injections.rows, *card.injections.kinds)]
        title = f"Words to the judge (intervals hold for all {card.injections.together} rows together)"
        table(console, title, names, told)
    if card.canaries is not None:
        seen = [(each.canary, each.dimension, value(each.verdict), number(each.truth)) for each in card.canaries]
        table(console, "Canaries", ("canary", "dimension", "verdict", "in truth"), seen)
    if card.length is not None:
        long = [(each.dimension, value(each.correlation), value(each.padded)) for each in card.length]
        table(console, "Length", ("dimension", "with what is not deserved", "padding adds"), long)


def _injection(row: InjectionRow) -> tuple[str, ...]:
    mark = "unfit" if row.unfit else ""
    return row.name, row.dimension, row.call, number(row.plain), number(row.injected), value(row.gain), mark


def _show_people(card: JudgeCard, console: Console) -> None:
    if card.human is not None:
        rows = [
            (each.data_set, each.rubric, str(each.n), share(each.preferred), percent(each.ties), percent(each.longest))
            for each in card.human.scored
        ]
        title = "People's choices, by scores (who always says the same gets 50 %)"
        table(console, title, ("pairs", "rubric", "n", "sides with people", "ties", "longest"), rows)
    if card.ratings is not None:
        rated = [
            (
                *(each.dimension, str(each.n), str(each.raters), share(each.agreement.exact)),
                *(value(each.agreement.kappa), number(each.alpha_people), number(each.alpha_with_judge)),
            )
            for each in card.ratings
        ]
        names = ("dimension", "n", "raters", "exact", "kappa", "alpha of people", "with the judge")
        table(console, "People's ratings", names, rated)


def _show_replies(card: JudgeCard, console: Console) -> None:
    said, cost = card.replies, card.cost
    why = ", ".join(f"{count:,} {reason}" for reason, count in said.unscored.items()) or "none"
    console.print(
        Text(
            f"{said.questions:,} questions, {percent(said.scored)} of {said.opinions:,} verdicts read; without: {why}; "
            f"{said.repaired:,} repaired"
        ),
        soft_wrap=True,
    )
    if cost.input_tokens is not None and cost.output_tokens is not None:
        price = "cost unknown (no price)" if cost.cost is None else f"cost {cost.cost:,.4f}"
        speed = "all cached" if cost.seconds is None else f"{cost.seconds:,.1f} s"
        line = f"{cost.input_tokens:,.0f} tokens in, {cost.output_tokens:,.0f} out, {price}, {speed}"
        console.print(Text(f"per 1,000 questions: {line}"), soft_wrap=True)
    for part, reason in card.left_out.items():
        console.print(Text(f"not on this card: {part}: {reason}"), soft_wrap=True)
