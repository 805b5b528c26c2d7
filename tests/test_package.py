"""What a user installs: the wheel has every module and every data file."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_wheel_carries_every_module_and_data_file(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.split()
    folders = ("data", "methods", "judges", "benchmark", "leaderboard", "lifealign_bench")
    ours = [name for name in tracked if name.split("/")[0] in folders and (ROOT / name).is_file()]
    source = tmp_path / "source"
    for name in [*ours, "pyproject.toml", "README.md", "LICENSE"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(tmp_path),
        ".",
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {name if name.startswith("lifealign_bench/") else f"lifealign_bench/{name}" for name in ours}
    assert expected - packed == set()
