"""A page for each method: what it is, its forgetting matrices, the answers that got worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.markup import Markup, element, joined
from lifealign_bench.leaderboard.matrices import matrix_of, matrix_table
from lifealign_bench.leaderboard.matrix_figures import matrix_figure
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.shown import Column, Table
from lifealign_bench.leaderboard.site.answers_table import worst_answers
from lifealign_bench.leaderboard.site.content import Scope
from lifealign_bench.leaderboard.site.page import Page
from lifealign_bench.leaderboard.site.pages import Site, new_page


def method_index(site: Site) -> Page:
    """All methods with what they are, and the way to their pages."""
    page = new_page(site, "Matrices and samples", "methods.html", site.board.runs)
    entries = {run.entry.key: run for run in site.board.runs}
    rows = [
        {
            "method": run.entry.label,
            "title": run.entry.title,
            "paper": run.entry.paper,
            "fidelity": run.entry.fidelity,
            "identity": "needs the task's name" if run.entry.needs_task_identity else "task-free",
            "keeps": ", ".join(run.entry.keeps),
            "config": run.entry.config,
        }
        for run in entries.values()
    ]
    columns = (
        Column("method", "Method"),
        Column("title", "What it is"),
        Column("paper", "Source"),
        Column("fidelity", "Fidelity"),
        Column("identity", "When it answers"),
        Column("keeps", "Keeps"),
        Column("config", "Configuration"),
    )
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    links = {run.entry.label: site.method_page(run) for run in entries.values()}
    page.add(site.table(page, Table("methods", frame, columns), links))
    return page


def method_pages(site: Site) -> Iterator[tuple[str, Page]]:
    """The page of each method of each scope."""
    for scope in site.scopes:
        groups: dict[str, list[BoardRun]] = {}
        for run in scope.runs:
            groups.setdefault(run.entry.key, []).append(run)
        for runs in groups.values():
            yield site.method_page(runs[0]), _page(site, scope, runs)


def _page(site: Site, scope: Scope, runs: Sequence[BoardRun]) -> Page:
    entry = runs[0].entry
    page = new_page(site, entry.label, site.method_page(runs[0]), runs, up="../")
    page.add(element("p", f"{entry.title}. {entry.paper}. {entry.fidelity}. {entry.config}", class_="soft"))
    metrics = site.metrics_of(scope)
    names = [f"{run.order}, seed {run.seed}" for run in runs]
    page.add(
        element(
            "p",
            page.choice("Run", "run", names),
            page.choice("Metric", "metric", [metric_name(metric).title for metric in metrics]),
        ),
        element("p", "Read a column from its frame downwards: what stands below was kept or forgotten.", class_="soft"),
    )
    for run, name in zip(runs, names, strict=True):
        for metric in metrics:
            chosen = {"run": name, "metric": metric_name(metric).title}
            page.add(page.part(chosen, _matrix(site, page, run, metric)))
        if not entry.is_reference:
            page.add(page.part({"run": name}, _answers(site, run)))
    return page


def _matrix(site: Site, page: Page, run: BoardRun, metric: str) -> Markup:
    detailed = matrix_of(site.rows, run, metric)
    name = f"matrix-{run.entry.key[:6]}-{run.order}-s{run.seed}-{metric}"
    safe = "".join(mark if mark.isascii() and (mark.isalnum() or mark == "-") else "-" for mark in name)
    figure = matrix_figure(detailed, metric, LIGHT, {})
    return joined(
        page.figure(figure, safe, f"{metric_name(metric).headed}: {run.label}"),
        site.table(page, matrix_table(detailed, metric, safe)),
    )


def _answers(site: Site, run: BoardRun) -> Markup:
    frame, total = worst_answers(site.board, site.rows, run, run.primary_metric, everything=site.everything)
    heading = element("h2", "Answers that got worse")
    if frame.empty:
        return joined(heading, element("p", "None, or the verdicts are not here.", class_="soft"))
    cards = [_card(row) for row in frame.to_dict("records")]
    kind = "" if site.everything else ", of those to harmless prompts"
    return joined(heading, element("p", f"{len(frame)} of {total:,}{kind}, biggest fall first.", class_="soft"), *cards)


def _card(row: Mapping[Any, Any]) -> Markup:
    head = element("strong", f"{row['task']}: verdict {row['verdict_then']:.1f} to {row['verdict']:.1f} of 10")
    if row["left_out"]:
        return element("div", head, element("p", f"Texts left out: {row['left_out']}.", class_="soft"), class_="card")
    then = element("div", "When its task was learned", element("pre", row["answer_then"]))
    now = element("div", "At the end", element("pre", row["answer"]))
    prompt = joined("Prompt", element("pre", row["prompt"]))
    return element("div", head, element("p", prompt), element("div", then, now, class_="pair"), class_="card")
