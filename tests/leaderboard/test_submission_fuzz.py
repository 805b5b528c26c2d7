"""A few hundred mutated archives; `make fuzz` runs twenty thousand."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from fuzzed_bundles import Watch, archive_of, findings_on, fuzzed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tiny_bundle import tiny_bundle


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


def test_a_mutated_archive_is_findings_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    files, known = tiny_bundle(tmp_path / "made")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    golden = archive_of(files)
    assert not [found for found in findings_on(golden, scratch, known) if found.level == "error"]
    speak = set()

    @settings(
        max_examples=300,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def look(data: st.DataObject) -> None:
        _, content = data.draw(fuzzed(files, golden))
        with watch.watching(scratch):
            speak.update(finding.rule for finding in findings_on(content, scratch, known))

    look()
    assert watch.outside == []
    assert [path.name for path in scratch.iterdir()] == ["fuzzed.zip"]
    assert {rule[0] for rule in speak} >= set("AMS")
