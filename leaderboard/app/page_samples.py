"""Answers: what a method said, what it says now, every verdict with its rationale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lifealign_bench.leaderboard.answers import Change, Query, Text, history_of, page_of, texts_of
from lifealign_bench.leaderboard.app.choices import pick, pick_named, pick_run
from lifealign_bench.leaderboard.app.texts import prompt_and, said
from lifealign_bench.leaderboard.app.view import View
from lifealign_bench.leaderboard.app.widgets import empty
from lifealign_bench.leaderboard.board_run import BoardRun
from lifealign_bench.leaderboard.metric_names import metric_name
from lifealign_bench.leaderboard.visible import named, visible

ALL = "all"
SHOW: dict[str, Change] = {"got worse": "worse", "got better": "better", "every answer": "all"}
PROMPTS = (ALL, "harmless", "harmful")
SIZE = 10


def draw(view: View) -> None:
    """The page."""
    st.title("Samples")
    if not view.runs:
        empty("No run fits these filters.", "Choose others at the left.")
        return
    run = pick_run(view.runs, view.metric)
    if run.table("samples") is None:
        empty(
            "The answers of this run are not here.", "Its samples.parquet is missing; the ranking needs only its cells."
        )
        return
    query = _query(view, run)
    found = page_of(view.rows, [run], query)
    st.text(_counted(found.total, query, run))
    if not found.total:
        empty("No answer fits.", "Another task, other words, or every answer instead of those that changed.")
        return
    texts = texts_of(view.rows, view.board.texts_of(run), [str(pair) for pair in found.frame["pair_id"]])
    if query.harm is None and texts and all(text.hidden for text in texts.values()):
        _all_folded(view, run, query)
    for row in found.frame.to_dict("records"):
        _card(view, run, row, texts.get(str(row["pair_id"])), query)


def _all_folded(view: View, run: BoardRun, query: Query) -> None:
    """Nothing of this page can be read at once: the way to what can."""
    st.caption("Every answer below is folded: its prompt is harmful, or its licence does not allow passing it on.")
    show = next(words for words, change in SHOW.items() if change == query.change)
    own = {"method": run.entry.label, "order": run.order, "seed": str(run.seed), "task": query.task, "show": show}
    view.go("samples", "Show those to harmless prompts", {**own, "prompts": "harmless"})


def _query(view: View, run: BoardRun) -> Query:
    first, second, third, fourth = st.columns([2, 2, 2, 3])
    with first:
        kinds = SHOW if run.table("judgments") else {"every answer": SHOW["every answer"]}
        show = pick_named("Show", kinds, "show")
    with second:
        task = pick("Task", [ALL, *run.tasks], "task")
    with third:
        prompts = pick("Prompts", PROMPTS, "prompts")
    with fourth:
        words = st.text_input("Words in the answer", key="words", bind="query-params", max_chars=100) or ""
    step = None
    if show == "all":
        steps = [ALL, *(str(step) for step in range(len(run.tasks) + 1))]
        chosen = pick("After how many tasks", steps, "after")
        step = None if chosen == ALL else int(chosen)
    texts = view.board.texts_of(run)
    own = None if prompts == ALL or texts is None else prompts
    query = Query(
        dimension=run.dimension(view.metric),
        change=show,
        task=None if task == ALL else task,
        step=step,
        harm=own,
        texts=texts,
        words=words,
        size=SIZE,
    )
    total = page_of(view.rows, [run], query).total
    pages = max(1, -(-total // SIZE))
    number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    return Query(**{name: getattr(query, name) for name in query.__slots__} | {"page": number})


def _counted(total: int, query: Query, run: BoardRun) -> str:
    asked = f"verdict ({metric_name(query.dimension).title.lower()}, 1 to 10, by {run.judge})"
    kinds = {
        "worse": f"answers whose {asked} fell since their task was learned, biggest fall first",
        "better": f"answers whose {asked} rose since their task was learned, biggest rise first",
        "all": "answers",
    }
    return f"{run.label}: {total:,} {kinds[query.change]}."


def _card(view: View, run: BoardRun, row: Mapping[Any, Any], text: Text | None, query: Query) -> None:
    task, pair = str(row["task"]), str(row["pair_id"])
    with st.container(border=True):
        st.text(_line(row, query, text))
        prompt_and(text, lambda: _answers(row, query))
        with st.expander(
            "Every stage and every verdict", on_change="rerun", key=f"history-{pair}-{task}-{row['step']}"
        ) as history:
            if history.open:
                _history(view, run, pair, task)


def _line(row: Mapping[Any, Any], query: Query, text: Text | None) -> str:
    kind = f", {text.harm} prompt" if text is not None and text.harm else ""
    if query.change == "all":
        ended = f"{row['tokens']} tokens, ended by {visible(row['finish_reason'])}"
        return f"{named(row['task'])}{kind}, after {row['step']} tasks, {ended}"
    sign = f"{row['change']:+.1f}".replace("-", "−")
    return f"{named(row['task'])}{kind}: verdict {row['verdict_then']:.1f} → {row['verdict']:.1f} ({sign} of 10)"


def _answers(row: Mapping[Any, Any], query: Query) -> None:
    if query.change == "all":
        said("answer", str(row["answer"]))
        return
    left, right = st.columns(2)
    with left:
        said(f"answer after {row['step']} tasks, when this one was just learned", str(row["answer_then"]))
    with right:
        said(f"answer after all {row['final']} tasks", str(row["answer"]))


def _history(view: View, run: BoardRun, pair: str, task: str) -> None:
    frame = history_of(view.rows, run, pair, task)
    for step, rows in frame.groupby("step", sort=True):
        first = rows.iloc[0]
        place = int(str(step))
        learned = "the untouched base" if place == 0 else f"after {place}: {named(run.tasks[place - 1])}"
        said(learned, str(first["answer"]))
        for verdict in rows.to_dict("records"):
            if verdict["dimension"] is None:
                continue
            number = verdict["verdict"]
            value = f"{number:.0f} of 10" if number == number and number is not None else str(verdict["status"])
            who = f"{named(verdict['judge'])}, {named(verdict['dimension'])}"
            st.text(f"{who}: {value}. {visible(verdict['rationale'])}")
