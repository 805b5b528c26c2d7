"""A study's file under what happens to files: killed processes, a full disk, two draws at once, a file that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from human_studies import rating, stored, study_of
from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.human.opened import StudyError
from lifealign_bench.judges.human.store import StudyFile, create

RATE = """
import sys
from pathlib import Path
from human_studies import rating
from lifealign_bench.judges.human.store import StudyFile

file, rater = StudyFile(Path(sys.argv[1])), sys.argv[2]
while (question := file.next_of(rater)) is not None:
    file.rate(rating(question, 4, rater))
    print(question.id, flush=True)
"""
FULL = """
import resource, sys
from pathlib import Path
from human_studies import rating
from lifealign_bench.judges.human.opened import StudyError
from lifealign_bench.judges.human.store import StudyFile

file = StudyFile(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = 0
try:
    while (question := file.next_of("anna")) is not None:
        file.rate(rating(question, 4, "anna", comment="x" * 40_000))
        kept += 1
except StudyError as error:
    print(kept, error)
"""


def running(code: str, path: Path, *more: str) -> subprocess.Popen[str]:
    """Another process that works on this study."""
    here = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-P", "-c", code, str(path), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(here)})


def test_two_processes_that_are_killed_lose_no_rating_that_was_kept(tmp_path):
    file = stored(tmp_path, study_of(2000))
    told: dict[str, list[str]] = {"anna": [], "ben": []}
    for patience in (0.3, 0.6):
        workers = {name: running(RATE, file.path, name) for name in told}
        for worker in workers.values():
            assert worker.stdout is not None
            told_first = worker.stdout.readline()
            assert told_first
            told[next(name for name, each in workers.items() if each is worker)].append(told_first.strip())
        time.sleep(patience)
        for worker in workers.values():
            worker.send_signal(signal.SIGKILL)
        for name, worker in workers.items():
            told[name] += worker.communicate()[0].split()
    found = StudyFile(file.path)
    for name, own in told.items():
        given = [each for each in found.ratings() if each.rater == name]
        assert set(own) <= {each.question for each in given}
        # What was on the disk, and not told before the kill, is at most one each time.
        assert len(given) <= len(own) + 2
        assert [each.number for each in given] == list(range(1, len(given) + 1))
        asked = found.study().assignments[name]
        assert [each.question for each in given] == list(asked[: len(given)])


def test_a_full_disk_is_named_and_what_was_kept_stays(tmp_path):
    file = stored(tmp_path, study_of(60))
    told = running(FULL, file.path).communicate(timeout=120)[0]
    kept, reason = told.split(" ", 1)
    assert "full" in reason or "I/O" in reason
    assert "rollback" not in reason
    assert len(StudyFile(file.path).ratings()) == int(kept) > 0
    file.rate(rating(file.next_of("anna"), 5))


def test_a_study_that_was_deleted_is_not_made_anew(tmp_path):
    file = stored(tmp_path, study_of(4))
    question = file.next_of("anna")
    file.path.unlink()
    with pytest.raises(StudyError):
        file.rate(rating(question, 5))
    assert list(tmp_path.iterdir()) == []


def test_of_two_draws_at_once_one_is_kept_and_the_other_is_told(tmp_path, monkeypatch):
    path, study = tmp_path / "study.sqlite", study_of(6)
    # As if both had looked before either had written.
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda own: own != path and real(own))
    file = create(path, study)
    file.rate(rating(file.next_of("anna"), 5))
    with pytest.raises(InputError, match="ratings are never written over"):
        create(path, study)
    monkeypatch.undo()
    assert len(file.ratings()) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["study.sqlite"]
    other = tmp_path / "other" / "study.sqlite"

    def drawn(seed: int) -> StudyFile | InputError:
        try:
            return create(other, study_of(30, seed=seed))
        except InputError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(drawn, range(4)))
    (won,) = [each for each in found if isinstance(each, StudyFile)]
    assert StudyFile(other).id == won.id
    assert [each.name for each in other.parent.iterdir()] == ["study.sqlite"]


def test_the_log_of_a_deleted_study_does_not_get_into_a_new_one(tmp_path):
    file = stored(tmp_path, study_of(200))
    worker = running(RATE, file.path, "anna")
    assert worker.stdout is not None
    worker.stdout.readline()
    worker.kill()
    worker.wait()
    worker.stdout.close()
    log = tmp_path / "study.sqlite-wal"
    if not log.exists():
        # It was killed between two ratings, when there is no log.
        log.write_bytes(b"a log")
    file.path.unlink()
    with pytest.raises(InputError, match="the log of a study that is gone"):
        create(tmp_path / "study.sqlite", study_of(9, seed=3))
    assert log.exists()
    assert not file.path.exists()
