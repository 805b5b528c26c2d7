"""Tables and figures of docs/questions.md are those of what is kept, and what is kept says what results do."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest
from varied_boards import add_safety, store_variants

from lifealign_bench.leaderboard.variation.answers import answered
from lifealign_bench.leaderboard.variation.reading import read_variants

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture
def rebuild(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("rebuild_questions")


def test_every_table_and_figure_is_as_what_is_kept_gives_it(rebuild: ModuleType) -> None:
    kept = json.loads(rebuild.KEPT.read_text("utf-8")) if rebuild.KEPT.exists() else {}
    text = rebuild.PAGE.read_text("utf-8")
    assert rebuild.refreshed(text, rebuild.parts(kept.get("answers", {}))) == text, "python docs/rebuild_questions.py"
    assert rebuild.drawn(kept.get("answers", {})) == kept.get("drawn", {}), "figures of other numbers"
    for name in kept.get("answers", {}):
        assert (rebuild.FIGURES / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_kept_says_what_the_results_say(rebuild: ModuleType, tmp_path: Path) -> None:
    results = store_variants(tmp_path)
    add_safety(results / "plain")
    variants = read_variants([results], "rubric")
    kept = json.loads(json.dumps(rebuild.kept_of(variants, lambda rows: rows)))
    assert list(kept) == ["data", "bases", "moves", "safety"]
    for own, again in zip(answered(variants), rebuild.answers(kept), strict=True):
        assert (own.name, own.sentences) == (again.name, again.sentences)
        assert own.table.texts() == again.table.texts()
        assert [one.texts() for one in own.more] == [one.texts() for one in again.more]
    part = rebuild.parts(kept)["data"]
    assert "label_noise 0.2" in part
    assert "![Does the order matter" in part
