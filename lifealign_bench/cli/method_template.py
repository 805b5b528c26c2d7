"""Writing a first method: a file that works, its hooks explained, and a test of it; never over a user's file."""

from __future__ import annotations

import ast
import keyword
import os
import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import packages_distributions
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.registry import method_names

COMMAND = "lifealign method new"
TEST = '''"""What must hold for every method, checked on {name}.py; no GPU needed."""

from pathlib import Path

from lifealign_bench.benchmark.conformance import check_method

METHOD = Path(__file__).with_name("{name}.py")


def test_what_must_hold_for_every_method_holds() -> None:
    lines = check_method(f"{{METHOD}}:{class_name}")
    assert [line for line in lines if line.state == "fail"] == []
'''


@dataclass(frozen=True, slots=True)
class NewMethod:
    """What was written: the method's file, its test, and the reference by which commands find the method."""

    method: Path
    test: Path
    class_name: str

    @property
    def reference(self) -> str:
        """`path/to/file.py:ClassName`."""
        return f"{self.method}:{self.class_name}"


def write_method(name: str, folder: Path) -> NewMethod:
    """Write `folder`/`name`.py and `folder`/test_`name`.py, both or neither; makes the folder.

    Raises:
        InputError: the name cannot be a module's or is taken, a file exists, or the folder cannot be written.
    """
    _check_name(name)
    class_name = class_of(name)
    new = NewMethod(folder / f"{name}.py", folder / f"test_{name}.py", class_name)
    texts = {new.method: method_text(name), new.test: TEST.format(name=name, class_name=class_name)}
    for path in texts:
        # A link to nowhere is a file of the user's, too.
        if os.path.lexists(path):
            raise InputError(path, "file", "one that exists", "none yet; choose another name or --out")
    try:
        _write_all(texts, folder)
    except OSError as error:
        raise InputError(folder, "--out", error.strerror, "a folder that can be written") from None
    return new


def class_of(name: str) -> str:
    """The class of a method file: `MyMethod` of `my_method`."""
    return "".join(part.capitalize() for part in name.split("_"))


def method_text(name: str) -> str:
    """The source of a method of this name."""
    text = (resources.files("lifealign_bench.methods") / "template.py").read_text("utf-8")
    title = name.replace("_", " ").strip().capitalize()
    return text.replace("MyMethod", class_of(name)).replace("my_method", name).replace("My method", title)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise InputError(COMMAND, "NAME", repr(name), "lower-case letters, digits and '_', such as my_method")
    if name in method_names():
        raise InputError(COMMAND, "NAME", repr(name), "a name that no method has yet (lifealign method list)")
    if name in sys.stdlib_module_names or name in packages_distributions():
        raise InputError(COMMAND, "NAME", repr(name), "a name that no installed Python module has")
    if keyword.iskeyword(class_of(name)) or class_of(name) in _imported_names():
        raise InputError(COMMAND, "NAME", repr(name), f"a name whose class is not {class_of(name)}, which is taken")


def _imported_names() -> set[str]:
    """Every name that the template imports."""
    tree = ast.parse(method_text("my_method"))
    return {
        item.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import) for item in node.names
    }


def _write_all(texts: dict[Path, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as file:
                undo.callback(path.unlink)
                file.write(text)
        undo.pop_all()
