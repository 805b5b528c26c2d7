"""A study's file: SQLite, so that ratings are kept the moment they are given, by several raters at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lifealign_bench.data.errors import InputError, UnknownNameError
from lifealign_bench.judges.human import tables
from lifealign_bench.judges.human.opened import opened, placed, transaction
from lifealign_bench.judges.human.study import Question, Rater, Rating, Settings, Study, check_rating
from lifealign_bench.judges.template import Template

APPLICATION = 0x4C414853
VERSION = 1


class AlreadyRatedError(InputError):
    """This rater has rated this question before, perhaps in another window."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one rater: rated, skipped and all questions."""

    rater: str
    rated: int
    skipped: int
    total: int

    @property
    def done(self) -> int:
        """Rated or skipped."""
        return self.rated + self.skipped


class StudyFile:
    """The file of one study; every call opens it anew, so threads and processes may share it.

    Raises:
        InputError: no such file, or something else than a study.
        StudyError: it cannot be read or written (rights, a full disk, another process that does not let go).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise InputError(path, "study", "no such file", "one that `lifealign annotate RUNS` has drawn")
        with self._reading() as file:
            known = file.execute("PRAGMA application_id").fetchone()[0]
            version = file.execute("PRAGMA user_version").fetchone()[0]
        if (known, version) != (APPLICATION, VERSION):
            raise InputError(path, "study", "another kind of file", f"a study of version {VERSION}")

    @property
    def id(self) -> str:
        """The study's name, which depends on its settings and questions."""
        return self._about("id")

    @property
    def settings(self) -> Settings:
        """What decided the study."""
        return tables.settings_of(self._about("settings"))

    def templates(self) -> tuple[Template, ...]:
        """The templates as they were when the study was drawn."""
        with self._reading() as file:
            rows = file.execute("SELECT text FROM templates ORDER BY label").fetchall()
        return tuple(Template.model_validate_json(row["text"]) for row in rows)

    def questions(self) -> tuple[Question, ...]:
        """All questions."""
        with self._reading() as file:
            return tuple(map(tables.question_of, file.execute("SELECT * FROM questions ORDER BY number")))

    def study(self) -> Study:
        """The whole study without its ratings."""
        with self._reading() as file:
            rows = file.execute("SELECT rater, question FROM assignments ORDER BY rater, number").fetchall()
        own: dict[str, list[str]] = {}
        for row in rows:
            own.setdefault(row["rater"], []).append(row["question"])
        asked = {rater: tuple(questions) for rater, questions in own.items()}
        return Study(self.id, self.settings, self.templates(), self.questions(), self.raters(), asked)

    def raters(self) -> tuple[Rater, ...]:
        """Everybody who is registered."""
        with self._reading() as file:
            return tuple(map(tables.rater_of, file.execute("SELECT * FROM raters ORDER BY name")))

    def rater(self, name_or_token: str) -> Rater:
        """The rater of a name or token.

        Raises:
            InputError: nobody of that name or token is registered.
        """
        with self._reading() as file:
            row = file.execute(
                "SELECT * FROM raters WHERE name = ? OR token = ?", (name_or_token, name_or_token)
            ).fetchone()
        if row is None:
            # The names of the others are nobody's business, so near matches are not listed.
            raise InputError("study", "rater", "a name or token that is not registered", "one that was given to you")
        return tables.rater_of(row)

    def next_of(self, rater: str) -> Question | None:
        """The first question of a rater that is neither rated nor skipped; None at the end."""
        query = """
            SELECT questions.* FROM assignments JOIN questions ON questions.id = assignments.question
            WHERE assignments.rater = ? AND NOT EXISTS (
                SELECT 1 FROM ratings WHERE ratings.rater = assignments.rater AND ratings.question = questions.id)
            ORDER BY assignments.number LIMIT 1"""
        with self._reading() as file:
            row = file.execute(query, (rater,)).fetchone()
        return None if row is None else tables.question_of(row)

    def progress_of(self, rater: str) -> Progress:
        """How far a rater is."""
        with self._reading() as file:
            total = file.execute("SELECT count(*) FROM assignments WHERE rater = ?", (rater,)).fetchone()[0]
            query = "SELECT count(*), coalesce(sum(state = 'skipped'), 0) FROM ratings WHERE rater = ?"
            done, skipped = file.execute(query, (rater,)).fetchone()
        return Progress(rater, done - skipped, skipped, total)

    def agree(self, rater: str, at: str) -> None:
        """Remember when a rater accepted the instructions; the first time counts."""
        with self._writing() as file:
            file.execute("UPDATE raters SET agreed_at = coalesce(agreed_at, ?) WHERE name = ?", (at, rater))

    def add_rater(self, rater: Rater, questions: tuple[str, ...]) -> None:
        """Register one more rater with these questions.

        Raises:
            InputError: the name is taken.
        """
        with self._writing() as file:
            _insert_rater(file, rater, questions)

    def rate(self, rating: Rating) -> None:
        """Keep a rating; it is on the disk when this returns.

        Raises:
            AlreadyRatedError: there is one of this rater and question.
            InputError: it is not of a question of this rater, not on its scale, or was given on other texts.
        """
        with self._writing() as file:
            _insert(file, self._checked(file, rating))

    def rate_all(self, ratings: list[Rating]) -> int:
        """Keep ratings that were given elsewhere, all or, where one cannot be kept, none; how many were new.

        One that is here already in the same words is passed over.

        Raises:
            InputError: as `rate`; the message names the rater and the question.
        """
        new = 0
        with self._writing() as file:
            for rating in ratings:
                kept = _kept(file, rating.rater, rating.question)
                if kept is not None and replace(kept, number=0) == replace(rating, number=0):
                    continue
                _insert(file, self._checked(file, rating))
                new += 1
        return new

    def undo(self, rater: str, at: str) -> str | None:
        """Take back the last rating of a rater, which stays in the history; the question, None where there is none."""
        with self._writing() as file:
            query = f"SELECT {tables.RATINGS} FROM ratings WHERE rater = ? ORDER BY number DESC LIMIT 1"  # noqa: S608
            row = file.execute(query, (rater,)).fetchone()
            if row is None:
                return None
            last = tables.rating_of(row)
            file.execute("DELETE FROM ratings WHERE rater = ? AND question = ?", (rater, last.question))
            _remember(file, "undone", at, last)
            return last.question

    def ratings(self) -> tuple[Rating, ...]:
        """All ratings that hold, by rater in the order they were given."""
        with self._reading() as file:
            rows = file.execute(f"SELECT {tables.RATINGS} FROM ratings ORDER BY rater, number")  # noqa: S608
            return tuple(map(tables.rating_of, rows))

    def rating_of(self, rater: str, question: str) -> Rating | None:
        """The rating of one question by one rater."""
        with self._reading() as file:
            return _kept(file, rater, question)

    def _about(self, name: str) -> str:
        with self._reading() as file:
            return str(file.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()[0])

    def _checked(self, file: sqlite3.Connection, rating: Rating) -> Rating:
        where = f"rating of {rating.question} by {rating.rater}"
        if file.execute("SELECT 1 FROM raters WHERE name = ?", (rating.rater,)).fetchone() is None:
            known = [row["name"] for row in file.execute("SELECT name FROM raters")]
            raise UnknownNameError(where, "rater", rating.rater, known)
        query = """SELECT questions.*, templates.text FROM questions JOIN templates ON templates.label = template
            JOIN assignments ON assignments.question = questions.id AND assignments.rater = ? WHERE questions.id = ?"""
        row = file.execute(query, (rating.rater, rating.question)).fetchone()
        if row is None:
            raise InputError(where, "question", "none of this rater in this study", "one that the rater was given")
        if _kept(file, rating.rater, rating.question) is not None:
            raise AlreadyRatedError(where, "rating", "one that was given before", "one rating of each question")
        check_rating(rating, tables.question_of(row), Template.model_validate_json(row["text"]), where)
        last = file.execute("SELECT coalesce(max(number), 0) FROM ratings WHERE rater = ?", (rating.rater,))
        return replace(rating, number=last.fetchone()[0] + 1)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with opened(self.path) as file:
            yield file

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with transaction(self.path) as file:
            yield file


def create(path: Path, study: Study) -> StudyFile:
    """Write a new study's file, whole or not at all.

    Raises:
        InputError: there is a file already, or the log of one that is gone.
        StudyError: it cannot be written.
    """
    with placed(path) as scratch, opened(scratch, new=True) as file:
        file.executescript(tables.SCHEMA)
        file.execute("BEGIN IMMEDIATE")
        about = {"id": study.id, "settings": json.dumps(asdict(study.settings))}
        file.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        texts = [(each.label, each.model_dump_json()) for each in study.templates]
        file.executemany("INSERT INTO templates VALUES (?, ?)", texts)
        rows = [tables.question_row(question, number) for number, question in enumerate(study.questions)]
        file.executemany(tables.NEW_QUESTION, rows)
        for rater in study.raters:
            _insert_rater(file, rater, study.assignments[rater.name])
        file.execute(f"PRAGMA application_id = {APPLICATION}")
        file.execute(f"PRAGMA user_version = {VERSION}")
        file.execute("COMMIT")
    return StudyFile(path)


def _kept(file: sqlite3.Connection, rater: str, question: str) -> Rating | None:
    query = f"SELECT {tables.RATINGS} FROM ratings WHERE rater = ? AND question = ?"  # noqa: S608
    row = file.execute(query, (rater, question)).fetchone()
    return None if row is None else tables.rating_of(row)


def _insert(file: sqlite3.Connection, rating: Rating) -> None:
    file.execute(tables.NEW_RATING, tables.rating_row(rating))
    _remember(file, rating.state, rating.at, rating)


def _remember(file: sqlite3.Connection, event: str, at: str, rating: Rating) -> None:
    row = (event, at, rating.rater, rating.question, json.dumps(asdict(rating)))
    file.execute("INSERT INTO history (event, at, rater, question, rating) VALUES (?, ?, ?, ?, ?)", row)


def _insert_rater(file: sqlite3.Connection, rater: Rater, questions: tuple[str, ...]) -> None:
    if file.execute("SELECT 1 FROM raters WHERE name = ?", (rater.name,)).fetchone():
        raise InputError("--raters", "name", f"{rater.name} twice", "every rater once")
    file.execute("INSERT INTO raters VALUES (?, ?, ?)", (rater.name, rater.token, rater.agreed_at))
    rows = [(rater.name, number, question) for number, question in enumerate(questions)]
    file.executemany("INSERT INTO assignments VALUES (?, ?, ?)", rows)
