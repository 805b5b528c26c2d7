"""The tables of a study's file, and how their rows become questions, raters and ratings."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.human.study import Control, Question, Rater, Rating, Settings, Verdict
from lifealign_bench.judges.interface import JudgedItem

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE templates (label TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE questions (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, template TEXT NOT NULL, template_sha256 TEXT NOT NULL,
    dimension TEXT NOT NULL, pair_id TEXT NOT NULL, task TEXT NOT NULL, rubric TEXT NOT NULL, prompt TEXT NOT NULL,
    answer TEXT NOT NULL, reference TEXT NOT NULL, harm TEXT, item TEXT, other TEXT, place INTEGER NOT NULL,
    control TEXT
);
CREATE TABLE raters (name TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, agreed_at TEXT);
CREATE TABLE assignments (
    rater TEXT NOT NULL REFERENCES raters, number INTEGER NOT NULL, question TEXT NOT NULL REFERENCES questions,
    PRIMARY KEY (rater, number), UNIQUE (rater, question)
);
CREATE TABLE ratings (
    rater TEXT NOT NULL, question TEXT NOT NULL, state TEXT NOT NULL, verdict TEXT, template_sha256 TEXT NOT NULL,
    answer_sha256 TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL, comment TEXT NOT NULL, raw TEXT NOT NULL,
    seconds REAL NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (rater, question), FOREIGN KEY (rater, question) REFERENCES assignments (rater, question)
);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, at TEXT NOT NULL, rater TEXT NOT NULL,
    question TEXT NOT NULL, rating TEXT NOT NULL
);
"""
"""history: every rating that was ever given or taken back, never changed; ratings: those that hold now."""

RATINGS = "rater, question, state, verdict, template_sha256, answer_sha256, at, reason, comment, raw, seconds, number"
NEW_QUESTION = "INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
NEW_RATING = "INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def question_row(question: Question, number: int) -> tuple[object, ...]:
    """A row of `questions`."""
    item = question.item
    turns = json.dumps([[turn.role, turn.content] for turn in item.prompt])
    control = json.dumps(asdict(question.control)) if question.control else None
    return (
        *(question.id, number, question.template, question.template_sha256, question.dimension),
        *(item.pair_id, item.task, item.rubric, turns, storable(item.answer), storable(item.reference)),
        *(item.harm, item.item, None if question.other is None else storable(question.other), question.place, control),
    )


def question_of(row: sqlite3.Row) -> Question:
    """The question of a row."""
    turns = tuple(Message(role, content) for role, content in json.loads(row["prompt"]))
    answer, reference = stored(row["answer"]), stored(row["reference"])
    known = row["pair_id"], row["task"], row["rubric"], turns
    item = JudgedItem(*known, answer, reference, row["harm"], row["item"])
    control = Control(**json.loads(row["control"])) if row["control"] else None
    other = None if row["other"] is None else stored(row["other"])
    return Question(
        row["id"], row["template"], row["template_sha256"], row["dimension"], item, other, row["place"], control
    )


def storable(text: str) -> str:
    """A text as SQLite can keep it, half characters included."""
    return json.dumps(text)


def stored(text: str) -> str:
    """The text that was kept."""
    return str(json.loads(text))


def rating_row(rating: Rating) -> tuple[object, ...]:
    """A row of `ratings`."""
    return (
        *(rating.rater, rating.question, rating.state, None if rating.verdict is None else str(rating.verdict)),
        *(rating.template_sha256, rating.answer_sha256, rating.at, rating.reason, rating.comment, rating.raw),
        *(rating.seconds, rating.number),
    )


def rating_of(row: sqlite3.Row) -> Rating:
    """The rating of a row."""
    text: str | None = row["verdict"]
    verdict: Verdict | None = None if text is None else int(text) if text.isdigit() else text  # type: ignore[assignment]  # only a template's own verdicts are stored
    values = {name: row[name] for name in Rating.__slots__}
    return Rating(**{**values, "verdict": verdict})


def rater_of(row: sqlite3.Row) -> Rater:
    """The rater of a row."""
    return Rater(row["name"], row["token"], row["agreed_at"])


def settings_of(text: str) -> Settings:
    """The settings that were kept as JSON."""
    values = json.loads(text)
    return Settings(**{**values, "dimensions": tuple(values["dimensions"])})
