"""What must never stand in the repository, and what its papers must agree on."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lifealign_bench import __version__

ROOT = Path(__file__).resolve().parents[1]
SKIPPED_FOLDERS = {"build", "dist", "workspace", "results", "__pycache__"}
HIDDEN_BUT_OURS = {".ci", ".github"}
TEXT = {".py", ".toml", ".yaml", ".yml", ".md", ".cff", ".txt", ".json", ".jinja", ".html", ".js", ".css", ".sh", ""}
CODE = {".py", ".sh", ""}

FORBIDDEN_IN_CODE = {
    "raw HTML on screen": r"unsafe_allow_html",
    "pickle": r"^\s*(?:import|from)\s+(?:c?[pP]ickle|dill|cloudpickle|shelve|marshal|joblib)\b|allow_pickle\s*=\s*True"
    r"|\bread_pickle\b|\bto_pickle\b|\btorch\.(?:load|save)\(",
    "unsafe YAML": r"\byaml\.(?:load|load_all|unsafe_load|unsafe_load_all|full_load|full_load_all)\(|\bUnsafeLoader\b",
    "remote code": r"trust_remote_code[\"']?\s*[=:]\s*True",
    "a shell": r"\bshell\s*=\s*True|\bos\.(?:system|popen)\(",
}
FORBIDDEN_ANYWHERE = {
    "a path of one machine": r"(?<![\w.$)}\]*])/(?:work|root|home|Users|tmp)/|\b[A-Z]:\\\\?Users\b",
}
EXAMPLES = {
    "raw HTML on screen": ["st.markdown(text, unsafe_allow_html=True)"],
    "pickle": [
        "import pickle", "    from pickle import loads", "import joblib", "np.load(path, allow_pickle=True)",
        "torch.load(path)", "torch.save(state, path)", "frame.to_pickle(path)",
    ],
    "unsafe YAML": ["yaml.load(text, Loader=yaml.Loader)", "yaml.unsafe_load(text)", "yaml.full_load(text)"],
    "remote code": ["trust_remote_code=True", "trust_remote_code = True", "{'trust_remote_code': True}"],
    "a shell": ["subprocess.run(command, shell=True)", "os.system('ls')"],
    "a path of one machine": ["open('/home/someone/x')", "see /tmp/x/y", "data_dir: /root/data", r"C:\Users\me"],
}  # fmt: skip
HARMLESS = [
    "yaml.safe_load(text)", "trust_remote_code=False", "shell=False", "no pickle here", "model.eval()",
    "workspace/results/tiny", "the /workspace/ folder", "https://example.org/home/page", "save_file(tensors, path)",
]  # fmt: skip


def is_ours(folder: str) -> bool:
    """Whether a folder belongs to the repository, by its name."""
    made = folder in SKIPPED_FOLDERS or folder.endswith(".egg-info")
    return not made and (not folder.startswith(".") or folder in HIDDEN_BUT_OURS)


def repository_files() -> Iterator[Path]:
    """Every text file of the repository but this one, which names what is forbidden."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if is_ours(name)]
        for name in sorted(files):
            path = Path(folder) / name
            if path.suffix in TEXT and path != Path(__file__).resolve():
                yield path


def matches(path: Path, pattern: str) -> list[str]:
    """Each line of a file that matches, with its place."""
    lines = path.read_text("utf-8").splitlines()
    return [f"{path.relative_to(ROOT)}:{number}" for number, line in enumerate(lines, 1) if re.search(pattern, line)]


@pytest.mark.parametrize("name", FORBIDDEN_IN_CODE)
def test_code_never_uses(name):
    code = [path for path in repository_files() if path.suffix in CODE]
    assert len(code) > 20
    assert not [place for path in code for place in matches(path, FORBIDDEN_IN_CODE[name])]


@pytest.mark.parametrize("name", FORBIDDEN_ANYWHERE)
def test_no_file_holds(name):
    assert not [place for path in repository_files() for place in matches(path, FORBIDDEN_ANYWHERE[name])]


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, lines in EXAMPLES.items() for line in lines])
def test_what_is_forbidden_is_noticed(name, line):
    assert re.search({**FORBIDDEN_IN_CODE, **FORBIDDEN_ANYWHERE}[name], line)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_harmless_is_not(line):
    assert not [name for name, pattern in (FORBIDDEN_IN_CODE | FORBIDDEN_ANYWHERE).items() if re.search(pattern, line)]


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_one_version_stands_everywhere(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert project["version"] == __version__ == str(citation["version"])


def test_the_citation_names_the_software_and_the_methods_source():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The LifeAlign Bench developers"}]
    (paper,) = citation["references"]
    assert paper["title"].startswith("LifeAlign:")
    assert "arXiv:2509.17183" in [item["value"] for item in paper["identifiers"]]


def test_every_constraint_is_one_exact_version_without_a_local_part():
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line) for line in lines)
    names = [normal(line.split("==")[0]) for line in lines]
    assert len(set(names)) == len(names)


def test_everything_the_project_asks_for_is_pinned(project):
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {normal(line.split("==")[0]) for line in lines if "==" in line}
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    names = {normal(re.split(r"[\[<>=!~; ]", name)[0]) for name in asked}
    assert names - {normal(project["name"])} <= pinned


def test_the_check_of_a_change_can_be_started():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
