"""`lifealign data check mini`: the whole way on a small suite here, the real one in the long tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lifealign_bench.benchmark.suite import load_suite
from lifealign_bench.cli import world_check
from lifealign_bench.cli.world_check import check_world, print_requirements


def test_every_line_is_measured_on_a_small_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = ["mini-truth", "mini-human"]
    small = {
        **load_suite("mini").model_dump(mode="json"),
        "tasks": tasks,
        "rows": {"train": 16, "evaluation": 12},
        "orders": {"order1": tasks, "order2": tasks[::-1]},
        "evaluation": {"prompts": 6, "max_new_tokens": 48, "batch_size": 6},
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(small), "utf-8")
    monkeypatch.setattr(world_check, "SUITE", str(tmp_path / "small.yaml"))
    lines = {line.measured: line for line in check_world(None, tmp_path / "workspace", 2)}
    assert len(lines) == 13
    again = lines["same command again, cells that differ"]
    assert (again.found, again.holds) == ("0 of 12", True)
    assert float(lines["base, answers that the grammar knows"].found) >= 90
    print_requirements(list(lines.values()))
    failing = sum(not line.holds for line in lines.values())
    assert f"{failing} of 13 requirements fail" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "workspace" / "check" / "world-0").iterdir()) == ["results"]


@pytest.mark.long
@pytest.mark.parametrize("world_seed", [None, 26])
def test_a_world_shows_what_it_must(tmp_path: Path, world_seed: int | None) -> None:
    lines = check_world(world_seed, tmp_path / "workspace", None)
    assert [f"{line.measured}: {line.found}" for line in lines if not line.holds] == []
