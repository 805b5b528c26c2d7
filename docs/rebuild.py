"""Numbers and figures of README.md, docs/reproduction.md and docs/reference-board.md, made anew from what ships.

`make readme` writes them; a test compares. A part between `<!-- numbers: NAME -->` and `<!-- end -->` is made here.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from rebuild_tuned import label, tuning_record
from rebuild_worlds import MEASURES, kept_worlds

from lifealign_bench.leaderboard.board import load_board
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.case_study import case_study, plain_runs
from lifealign_bench.leaderboard.figures import write_figure
from lifealign_bench.leaderboard.first_view import TUNED, variety
from lifealign_bench.leaderboard.inference import Inference, interval_text, turned, with_inference
from lifealign_bench.leaderboard.metric_names import MEASURE_TITLES, metric_name
from lifealign_bench.leaderboard.palette import LIGHT
from lifealign_bench.leaderboard.paper.beside import beside_table
from lifealign_bench.leaderboard.paper.choices import choices_table, runs_of_choices
from lifealign_bench.leaderboard.paper.claims import claims, claims_in_words, claims_table
from lifealign_bench.leaderboard.paper.worlds import World, likeness, paper_likeness, worlds_table
from lifealign_bench.leaderboard.questions import Question
from lifealign_bench.leaderboard.ranking import ranking
from lifealign_bench.leaderboard.ranking_figures import ranking_figure
from lifealign_bench.leaderboard.shelf import Shelf, rows_name
from lifealign_bench.leaderboard.shipped import shipped_answers, shipped_results
from lifealign_bench.leaderboard.shown import Column, Table

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "reproduction.md", ROOT / "docs" / "reference-board.md")
CHOICES = ROOT / "docs" / "choices" / "results"
FIGURE = ROOT / "docs" / "reference.png"
DRAWN = FIGURE.with_suffix(".json")
METRIC = "rubric"
PART = re.compile(r"(<!-- numbers: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def parts() -> dict[str, str]:
    """Every part by name, as Markdown."""
    everything = reference_runs()
    runs = plain_runs(everything)
    made: Mapping[str, Callable[[], str]] = {
        "case-study": lambda: case_study(everything, METRIC, known_inference(runs), known_inference(everything)),
        "ranking": lambda: markdown(_short_ranking(runs)),
        "claims": lambda: claims_in_words(claims()),
        "recomputed": lambda: markdown(claims_table(claims())),
        "beside": lambda: markdown(beside_table(runs, METRIC)),
        "worlds": lambda: markdown(paper_likeness(runs, METRIC)),
        "variants": lambda: markdown(_short_ranking(_variants(everything))),
        "tuned": lambda: markdown(_tuned(everything, known_inference(everything))),
        "reference-costs": lambda: markdown(_costs()),
        "other-worlds": lambda: markdown(_other_worlds(runs)),
        "kept-worlds": lambda: markdown(_kept_worlds()),
        "choices": lambda: markdown(choices_table(runs_of_choices(CHOICES), METRIC)),
        "choices-accuracy": lambda: markdown(choices_table(runs_of_choices(CHOICES), "preference_accuracy")),
    }
    return {name: f"{make().strip()}\n" for name, make in made.items()}


def refreshed(text: str, made: Mapping[str, str]) -> str:
    """A page with every part as it is made."""
    return PART.sub(lambda found: f"{found[1]}{made[found['name']]}{found[3]}", text)


def reference_runs() -> tuple[BoardRun, ...]:
    """Every run of the reference board."""
    board = load_board([shipped_results()])
    return board.of(board.scopes[0])


def drawn(runs: Sequence[BoardRun]) -> str:
    """The data of README's figure as JSON, by which a test knows that the picture is of these runs."""
    return json.dumps(json.loads(_figure(runs).to_json())["data"], indent=1, sort_keys=True) + "\n"


def known_inference(runs: Sequence[BoardRun]) -> Inference:
    """The intervals and tests on these runs that ship with the board; `make answers` computes them."""
    question = Question("inference", tuple(run.folder for run in runs), METRIC)
    found = Shelf(shipped_answers()).find(str(rows_name(question, runs)), question)
    if isinstance(found, Inference):
        return found
    raise LookupError("make answers computes the intervals of the shipped board first")


def markdown(table: Table) -> str:
    """A table as Markdown, numbers as they are shown."""
    heads = [column.title for column in table.columns]
    rules = ["---" if column.digits is None else "---:" for column in table.columns]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rules, *table.texts()))


def _variants(runs: Sequence[BoardRun]) -> tuple[BoardRun, ...]:
    """Methods with a part changed, and as they are."""
    parts = [run for run in runs if variety(run) != TUNED]
    varied = {run.entry.method for run in parts if run.entry.label != run.entry.method}
    return tuple(run for run in parts if run.entry.method in varied)


def _tuned(runs: Sequence[BoardRun], inference: Inference) -> Table:
    """Settings found on another world: how they scored there, and what they change here."""
    last = ranking(runs, METRIC).set_index("method")["last"]
    rows = []
    for name, found in tuning_record().methods.items():
        pair = inference.between(label(name), name)
        if pair is not None and pair.first == name:
            pair = turned(pair)
        settings = [f"{key} {value:g}" for key, value in found.selected.items()]
        row = {"method": name, "settings": ", ".join(settings), "there": found.default_score, "found": found.score}
        row |= {"here": last[name]}
        if pair is not None:
            row |= {"change": pair.difference.value, "interval": interval_text(pair.difference), "p": pair.p_holm}
        rows.append(row)
    columns = (
        Column("method", "Method"),
        Column("settings", "Settings found"),
        Column("there", "World 7: defaults, %", 1),
        Column("found", "World 7: found, %", 1),
        Column("here", "Here: Last of the defaults", 1),
        Column("change", "Change of Last", 1),
        Column("interval", "95 % interval"),
        Column("p", "p (Holm)", 3),
    )
    return Table("tuned", pd.DataFrame(rows), columns)


def _costs() -> Table:
    """What the reference took, node by node, each once: CPU seconds as the runs' provenance says."""
    nodes: dict[str, tuple[str, float]] = {}
    for file in shipped_results().glob("*/provenance.json"):
        for key, one in json.loads(file.read_text("utf-8"))["nodes"].items():
            nodes[key] = (one["kind"], one["cpu_s"])
    frame = pd.DataFrame(nodes.values(), columns=["kind", "cpu_s"]).groupby("kind")["cpu_s"].agg(["size", "sum"])
    frame = frame.sort_values("sum", ascending=False)
    total = pd.DataFrame({"size": [frame["size"].sum()], "sum": [frame["sum"].sum()]}, index=["all"])
    frame = pd.concat([frame, total]).rename_axis("kind").reset_index()
    frame["minutes"], frame["share"] = frame["sum"] / 60, 100 * frame["sum"] / frame["sum"].iloc[-1]
    columns = (
        Column("kind", "Nodes of kind"),
        Column("size", "Computed", 0),
        Column("minutes", "CPU minutes", 0),
        Column("share", "Share, %", 1),
    )
    return Table("costs", frame, columns)


def _other_worlds(runs: Sequence[BoardRun]) -> Table:
    """The reference board against what is kept of other worlds, by each metric and measure that both have."""
    found = []
    for name, kept in sorted(kept_worlds().items()):
        for metric, means in sorted(kept["means"].items()):
            for measure in MEASURES:
                title = f"{metric_name(metric).title}, {MEASURE_TITLES[measure]}"
                own = World.of_runs(f"here, {title}", runs, metric, measure)
                found.append(likeness(own, World(name, means[measure])))
    return worlds_table(found)


def _kept_worlds() -> Table:
    """How far apart methods are in each of the other worlds: a world without differences ranks by chance."""
    rows = []
    for name, kept in sorted(kept_worlds().items()):
        for metric, means in sorted(kept["means"].items()):
            last, bwt = (sorted(means[measure].items(), key=lambda item: item[1]) for measure in MEASURES)
            ends = {"low": last[0], "high": last[-1], "forgets": bwt[0]}
            row = {"world": name, "metric": metric_name(metric).title, "base": kept["base"], "runs": kept["runs"]}
            rows.append(
                row | {key: f"{value:.1f} ({method})".replace("-", "−") for key, (method, value) in ends.items()}
            )
    columns = (
        Column("world", "World"),
        Column("base", "Base"),
        Column("runs", "Runs", 0),
        Column("metric", "Metric"),
        Column("high", "Highest Last"),
        Column("low", "Lowest Last"),
        Column("forgets", "Lowest BWT"),
    )
    return Table("kept-worlds", pd.DataFrame(rows), columns)


def _short_ranking(runs: Sequence[BoardRun]) -> Table:
    frame = ranking(runs, METRIC)
    columns = (
        Column("rank", "Rank", 0),
        Column("method", "Method"),
        Column("last", "Last", 1),
        Column("bwt", "BWT", 1),
        Column("worst_last", "Worst order's Last", 1),
        Column("order_spread", "Spread over orders", 1),
        Column("runs", "Runs", 0),
    )
    return Table("ranking", frame, columns)


def _figure(every: Sequence[BoardRun]):  # noqa: ANN202
    runs = plain_runs(every)
    return ranking_figure(with_inference(ranking(runs, METRIC), known_inference(runs)), runs, METRIC, LIGHT)


def main() -> None:
    """Write the pages, and the figure where a browser can draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-figure", action="store_true", help="Where there is no Chromium.")
    asked = parser.parse_args()
    made, runs = parts(), reference_runs()
    for page in PAGES:
        page.write_text(refreshed(page.read_text("utf-8"), made), "utf-8")
    if not asked.no_figure:
        figure = _figure(runs)
        figure.update_layout(width=900, paper_bgcolor="white", plot_bgcolor="white")
        write_figure(figure, FIGURE)
        DRAWN.write_text(drawn(runs), "utf-8")


if __name__ == "__main__":
    main()
