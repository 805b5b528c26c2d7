"""The house's import table, the package mapping, and what must never be loaded by the command's help."""

import ast
import fnmatch
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("data", "methods", "judges", "benchmark", "leaderboard")
FACE = "lifealign_bench"
ALLOWED = {
    "data": {"data"},
    "methods": {"methods", "data"},
    "judges": {"judges", "data"},
    "benchmark": {"benchmark", "data", "methods", "judges"},
    "leaderboard": {"leaderboard", "data", "judges", "benchmark"},
}
TORCH_FREE = {
    "benchmark": (
        *("durable", "schema", "columns", "runs", "metrics", "matrix", "orders", "statistics"),
        *("behaviour", "compact"),
        *("judge_records", "judge_scoring", "measuring", "pairwise_scoring", "strict_record"),
        *(
            "evaluation.text_metrics",
            "judged_answers",
            "rescoring",
            "scoring",
            "strict_json",
            "strict_reading",
            "safety.readers",
            "safety.scoring",
            "texts",
            "variant_records",
        ),
    ),
    "judges": (
        *("cards", "estimates", "human", "interface", "joint", "oracle", "oracle_content", "questions"),
        *("template", "templates", "templates.__init__", "verdict"),
    ),
}
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "pandas", "pyarrow", "sacrebleu", "nltk")


@dataclass(frozen=True)
class Import:
    """One imported dotted name; of `from a import b` both `a` and `a.b`, since b may be a module."""

    name: str
    line: int


def imports(source: str, package: str) -> Iterator[Import]:
    """Every import in the source of a module of `package`, at any depth, of any kind."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield Import(module, node.lineno)
            yield from (Import(f"{module}.{alias.name}", node.lineno) for alias in node.names)


def refusal(folder: str, name: str) -> str | None:
    """Why a module of `folder` may not import `name`; None if it may."""
    parts = name.split(".")
    if parts[0] in FOLDERS:
        return f"bare import of {name}"
    if parts[0] != FACE or folder not in ALLOWED:
        return None
    if len(parts) == 1 or parts[1] not in FOLDERS:
        return None if name in (FACE, f"{FACE}.__version__") else f"{folder} may not import the face ({name})"
    if parts[1] not in ALLOWED[folder]:
        return f"{folder} may not import {parts[1]}"
    named = TORCH_FREE.get(parts[1]) if folder == "leaderboard" else None
    inside = ".".join(parts[2:])
    if named and inside and not any(inside == own or inside.startswith(f"{own}.") for own in named):
        return f"{folder} may import of {parts[1]} only {', '.join(named)}, not {name}"
    return None


def modules() -> Iterator[tuple[Path, str]]:
    """Every module of the package and its folder (`lifealign_bench` for the face, else the mapped one)."""
    for folder in (*FOLDERS, FACE):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, folder


def package_of(path: Path) -> str:
    """The dotted name of the package that a file is in."""
    parts = path.parent.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == FACE else (FACE, *parts))


def test_imports_point_one_way_only():
    found = [
        f"{path.relative_to(ROOT)}:{item.line}: {reason}"
        for path, folder in modules()
        for item in imports(path.read_text("utf-8"), package_of(path))
        if (reason := refusal(folder, item.name))
    ]
    assert not found, "\n".join(found)


def test_nothing_is_imported_as_a_bare_folder():
    found = [
        f"{path.relative_to(ROOT)}:{item.line}: {item.name}"
        for place in ("tests", "perf")
        for path in sorted((ROOT / place).rglob("*.py"))
        for item in imports(path.read_text("utf-8"), "")
        if item.name.split(".")[0] in FOLDERS
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("data", "from lifealign_bench.methods import losses"),
        ("methods", "def f():\n    import lifealign_bench.benchmark.store"),
        ("methods", "from lifealign_bench import benchmark"),
        ("methods", "from ..benchmark import store"),
        ("judges", "from lifealign_bench.benchmark.schema import RunRecord"),
        ("benchmark", "from lifealign_bench.leaderboard import tables"),
        ("benchmark", "from lifealign_bench.cli import main"),
        ("leaderboard", "from lifealign_bench.benchmark import engine"),
        ("leaderboard", "from lifealign_bench.benchmark.training.phases import train"),
        ("leaderboard", "import lifealign_bench.methods"),
        ("leaderboard", "from lifealign_bench.judges import client"),
        ("benchmark", "from data.rows import Pair"),
        ("lifealign_bench", "import benchmark"),
    ],
)
def test_a_broken_rule_is_noticed(folder, source):
    package = f"{FACE}.{folder}" if folder != FACE else FACE
    assert any(refusal(folder, item.name) for item in imports(source, package))


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("data", "from lifealign_bench.data.errors import InputError\nimport datasets"),
        ("methods", "from lifealign_bench.data import rows"),
        ("benchmark", "from lifealign_bench import __version__\nfrom . import store"),
        ("leaderboard", "from lifealign_bench.benchmark.schema import RunRecord"),
        ("leaderboard", "from lifealign_bench.benchmark import metrics"),
        ("lifealign_bench", "from lifealign_bench.benchmark.session import open_session"),
    ],
)  # fmt: skip
def test_an_allowed_import_is_allowed(folder, source):
    package = f"{FACE}.{folder}" if folder != FACE else FACE
    assert not [reason for item in imports(source, package) if (reason := refusal(folder, item.name))]


def loaded_after(code: str) -> set[str]:
    """Which heavy packages a fresh interpreter has loaded after running `code`."""
    script = f"{code}\nimport sys\nsys.stderr.write('loaded:' + ','.join(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("loaded:")[2].split(",")) - {""}


def test_the_loaded_packages_are_seen():
    assert loaded_after("import pandas") >= {"pandas"}


def test_the_commands_help_loads_nothing_heavy():
    code = "import lifealign_bench.cli\nlifealign_bench.cli.app(['--help'], standalone_mode=False)"
    assert loaded_after(code) == set()


def test_the_leaderboard_and_what_it_reads_never_load_torch():
    names = [f"{FACE}.{folder}.{name}" for folder, parts in TORCH_FREE.items() for name in parts]
    paths = {name: ROOT / Path(*name.split(".")[1:]) for name in names}
    names = [name for name in names if paths[name].is_dir() or paths[name].with_suffix(".py").exists()]
    names += [f"{package_of(path)}.{path.stem}" for path in (ROOT / "leaderboard").rglob("*.py")]
    code = "\n".join(f"import {name.removesuffix('.__init__')}" for name in names)
    assert loaded_after(code) & {"torch", "transformers", "trl", "peft", "datasets"} == set()


@pytest.fixture(scope="module")
def setup():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]


def test_every_folder_with_modules_is_a_listed_package(setup):
    assert {package_of(path) for path, _ in modules()} == set(setup["packages"])


def test_every_mapped_folder_is_where_the_mapping_says(setup):
    assert setup["package-dir"] == {FACE: FACE, **{f"{FACE}.{folder}": folder for folder in FOLDERS}}


def test_every_data_file_travels_with_the_package(setup):
    files = [
        path
        for folder in (*FOLDERS, FACE)
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    patterns = setup["package-data"]
    for path in files:
        owner = next((folder for folder in path.parents if package_of(folder / "x") in setup["packages"]), None)
        assert owner is not None, f"{path.relative_to(ROOT)} is not in a package"
        known = [*patterns.get("*", []), *patterns.get(package_of(owner / "x"), [])]
        depth = [pattern for pattern in known if pattern.count("/") == len(path.relative_to(owner).parts) - 1]
        name = str(path.relative_to(owner))
        assert any(fnmatch.fnmatch(name, pattern) for pattern in depth), f"{path.relative_to(ROOT)}"
