"""No code of the project reaches into private parts of another distribution, or replaces what is another's."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = ("sluss", "tasks", "commands", "dags", "scripts", "services", "components", "notebooks", "benchmarks")
ALLOWED = {"sluss/compat.py"}
# Named tuples have these in their public interface; the underscore keeps them apart from the fields.
DOCUMENTED = {"_replace", "_asdict", "_fields", "_make", "_field_defaults"}
SETTINGS = {"sys.pycache_prefix"}  # names that their module documents as settings to assign to
REPLACING_CALLS = {"setattr", "delattr", "builtins.setattr", "builtins.delattr"}
REMOVING_METHODS = {"pop", "popitem", "clear", "__delitem__"}
CHANGING_METHODS = REMOVING_METHODS | {"setdefault", "update", "__setitem__"}
READING_CALLS = {"getattr", "builtins.getattr", "operator.attrgetter"}
TYPING_CALLS = {"typing.cast", "typing.TypeVar", "typing.NewType"}
IMPORTING_CALLS = {"importlib.import_module", "__import__", "importlib.util.find_spec"}


def private(name: str) -> bool:
    """Whether a name is private by convention."""
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__")) and name not in DOCUMENTED


class BackDoors(ast.NodeVisitor):
    """The back doors in one module.

    It follows names: each scope knows what its names were imported as, and what was assigned from such names. `None`
    stands for a value that was made here, such as the result of a call.
    """

    def __init__(self, path: Path, own_private: set[str], own_modules: set[str]) -> None:
        self.own_private = own_private
        self.own_modules = own_modules | {other.stem for other in path.parent.glob("*.py")}
        self.scopes: list[dict[str, str | None]] = [{}]
        self.found: list[str] = []

    # Names

    def origin(self, node: ast.expr) -> str | None:
        """The dotted name that an expression stands for, if it leads to an import."""
        if isinstance(node, ast.Name):
            return next((scope[node.id] for scope in reversed(self.scopes) if node.id in scope), node.id)
        if isinstance(node, ast.Attribute) and (base := self.origin(node.value)):
            return f"{base}.{node.attr}"
        if isinstance(node, ast.Call) and self.origin(node.func) in IMPORTING_CALLS and node.args:
            return text(node.args[0])
        return None

    def imported(self, node: ast.expr) -> str | None:
        """The same for imports of others' modules, and what is in them."""
        while isinstance(node, ast.Subscript):
            node = node.value
        found = self.origin(node)
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        known = not isinstance(root, ast.Name) or any(root.id in scope for scope in self.scopes)
        return found if found and known and not self.is_own(found) else None

    def is_own(self, dotted: str) -> bool:
        return dotted.partition(".")[0] in self.own_modules

    def say(self, node: ast.AST, what: str) -> None:
        self.found.append(f"{getattr(node, 'lineno', 0)}: {what}")

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for each in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(each)
        self.annotations(node.args)
        self.annotation(node.returns)
        self.scopes[-1][node.name] = None
        self.inside(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the names of ast

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.inside(node.args, [node.body])

    def annotations(self, arguments: ast.arguments) -> None:
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for each in filter(None, every):
            self.annotation(each.annotation)

    def annotation(self, node: ast.expr | None) -> None:
        """A type, which may stand in a text, or contain one: `list["hashlib._Hash"]`."""
        for each in ast.walk(node) if node else ():
            if (written := text(each)) is not None:
                with suppress(SyntaxError):
                    self.visit(ast.parse(written, mode="eval").body)
        if node:
            self.visit(node)

    def inside(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> None:
        names = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        self.scopes.append({each.arg: None for each in names if each})
        for each in body:
            self.visit(each)
        self.scopes.pop()

    # Imports

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.scopes[-1][alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
            self.check_dotted(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            dotted = f"{node.module or ''}.{alias.name}" if not node.level else f"sluss.{alias.name}"
            self.scopes[-1][alias.asname or alias.name] = dotted
            self.check_dotted(node, dotted)

    def check_dotted(self, node: ast.AST, dotted: str) -> None:
        if not self.is_own(dotted) and any(private(part) for part in dotted.split(".")):
            self.say(node, f"private {dotted}")
        if dotted.startswith(("unittest.mock", "mock.")):
            self.say(node, f"{dotted} replaces what is another's")

    # Uses

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        if isinstance(node.ctx, ast.Store | ast.Del) and (owner := self.imported(node.value)):
            self.check_replaced(node, f"{owner}.{node.attr}")
        self.check_private(node, node.value, node.attr)

    def check_replaced(self, node: ast.AST, dotted: str) -> None:
        if dotted not in SETTINGS:
            self.say(node, f"replaces {dotted}")

    def check_private(self, node: ast.AST, owner: ast.expr, name: str) -> None:
        if not private(name):
            return
        dotted = self.imported(owner)
        # Whatever the object is: a private name that no class or module of the project defines is another's.
        if dotted or (name not in self.own_private and not (self.origin(owner) and self.is_own(self.origin(owner)))):
            self.say(node, f"private {dotted or ast.unparse(owner)}.{name}")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Store | ast.Del):
            self.check_dict(node, node.value, node.slice, removes=isinstance(node.ctx, ast.Del))

    def check_dict(self, node: ast.AST, holder: ast.expr, key: ast.expr | None, *, removes: bool) -> None:
        if self.origin(holder) == "sys.modules" and self.imported(holder):
            name = text(key) if key else None
            # Python documents that a module is removed to be imported again, as one may do with one's own.
            if not removes or (name and not self.is_own(name)):
                self.say(node, "changes sys.modules")
        owner = None
        if isinstance(holder, ast.Attribute) and holder.attr == "__dict__":
            owner = self.imported(holder.value)
        elif isinstance(holder, ast.Call) and self.origin(holder.func) == "vars" and holder.args:
            owner = self.imported(holder.args[0])
        if owner:
            self.say(node, f"replaces a name in {owner}")

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        called = self.origin(node.func)
        if called in IMPORTING_CALLS and node.args and (name := text(node.args[0])):
            self.check_dotted(node, name)
        if called in REPLACING_CALLS and (owner := self.imported(node.args[0])):
            self.check_replaced(node, f"{owner}.{text(node.args[1])}")
        if called in TYPING_CALLS and node.args:
            self.annotation(node.args[0])
        if called in READING_CALLS and len(node.args) > 1 and (name := text(node.args[1])):
            self.check_private(node, node.args[0], name)
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING_METHODS:
            key = node.args[0] if node.args else None
            self.check_dict(node, node.func.value, key, removes=node.func.attr in REMOVING_METHODS)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.bind(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.annotation(node.annotation)
        if node.value:
            self.visit(node.value)
        self.bind(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.bind(node.target, node.value)

    def bind(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            known = value is not None and (self.imported(value) or (self.origin(value) == "sys.modules"))
            self.scopes[-1][target.id] = self.origin(value) if known else None
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for part, its_value in zip(target.elts, value.elts, strict=True):
                self.bind(part, its_value)
        elif isinstance(target, ast.Tuple | ast.List | ast.Starred):
            for part in target.elts if not isinstance(target, ast.Starred) else [target.value]:
                self.bind(part, None)
        else:
            self.visit(target)


def text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def sources() -> Iterator[tuple[Path, str]]:
    """Every module, and the code of every notebook."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
        for path in sorted((ROOT / folder).rglob("*.ipynb")):
            if ".ipynb_checkpoints" not in path.parts:
                yield path, notebook_code(json.loads(path.read_text(encoding="utf-8")))


def notebook_code(content: dict) -> str:
    cells = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join(cells).splitlines()
    return "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def own_private_names(trees: list[ast.Module]) -> set[str]:
    """Private names that classes and modules of the project define."""
    found: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                root = node.value
                found |= {node.attr} if isinstance(root, ast.Name) and root.id == "self" else set()
    return {name for name in found if private(name)}


def back_doors(path: Path, code: str, own_private: set[str]) -> list[str]:
    own_modules = {*FOLDERS, "_shared", "tests"}
    finder = BackDoors(path, own_private, own_modules)
    finder.visit(ast.parse(code))
    return finder.found


@pytest.fixture(scope="module")
def own_private() -> set[str]:
    return own_private_names([ast.parse(code) for _, code in sources()])


def test_only_one_module_works_around_other_libraries(own_private):
    found = {
        f"{path.relative_to(ROOT)}:{each}"
        for path, code in sources()
        if path.relative_to(ROOT).as_posix() not in ALLOWED
        for each in back_doors(path, code, own_private)
    }
    assert found == set()


def test_what_is_allowed_is_there():
    assert all((ROOT / name).is_file() for name in ALLOWED)


KINDS = {
    "a private name that is imported": "from sklearn.model_selection import _search",
    "a name of a private module": "from sklearn.model_selection._search import BaseSearchCV",
    "a private module": "import scipy._lib._array_api",
    "a private module by its name": "import importlib\nimportlib.import_module('scipy._lib')",
    "a private attribute of a module": "import numpy as np\nnp._core",
    "a private attribute of an alias": "import atexit\nend = atexit\nend._run_exitfuncs()",
    "a private attribute in a function": "def f():\n    import mlflow.tracking as t\n    return t._tracking_service",
    "a private attribute of an object": "import mlflow\nclient = mlflow.MlflowClient()\nclient._tracking_client",
    "a private method of a class that was looked up": "def f(cls):\n    return cls._get_param_names()",
    "a private attribute by getattr": "import threading\ngetattr(threading, '_register_atexit')",
    "a replaced function": "import importlib.metadata as m\nm.entry_points = None",
    "a replaced function of a module that was imported by name": (
        "from mlflow.utils import environment\nenvironment.warn_dependency_requirement_mismatches = print"
    ),
    "a replaced method": "from pathlib import Path\nPath.exists = lambda self: True",
    "a replaced function in a tuple": "import gc\nx, gc.freeze = 1, print",
    "a replaced function with a type": "import gc\ngc.freeze: object = print",
    "a function replaced in a loop": "import gc\nfor gc.freeze in (print, id):\n    pass",
    "a deleted function": "import gc\ndel gc.freeze",
    "a function replaced by setattr": "import gc\nsetattr(gc, 'freeze', print)",
    "a function replaced in a module's dict": "import gc\ngc.__dict__['freeze'] = print",
    "a function replaced in vars": "import gc\nvars(gc)['freeze'] = print",
    "a function replaced by mock": "from unittest.mock import patch",
    "a module that is replaced": "import sys\nsys.modules['fastapi'] = None",
    "a module that is replaced under another name": "from sys import modules as loaded\nloaded['fastapi'] = None",
    "a module that is replaced by setdefault": "import sys\nsys.modules.setdefault('IPython', None)",
    "a private class in an argument's type": "import hashlib\ndef f(running: hashlib._Hash) -> None: ...",
    "a private class in a result's type": "import hashlib\ndef f() -> dict[str, hashlib._Hash]: ...",
    "a private class in a type of many arguments": "import hashlib\ndef f(*all: hashlib._Hash, **more: int): ...",
    "a private class in a variable's type": "import hashlib\nrunning: hashlib._Hash",
    "a private class in a field's type": "import hashlib\nclass A:\n    running: hashlib._Hash | None = None",
    "a private class in a type that is a text": "import hashlib\ndef f(running: 'list[hashlib._Hash]'): ...",
    "a private class that is cast to": "import hashlib\nfrom typing import cast\ncast('hashlib._Hash', 1)",
    "a private class as a base": "import threading\nclass A(threading._RLock): ...",
    "a private class in the standard library": "from subprocess import _ENV",
    "a module that is removed": "import sys\ndel sys.modules['fastapi']",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_back_door_is_found(kind, tmp_path):
    assert back_doors(tmp_path / "made_up.py", KINDS[kind], own_private=set())


FINE = {
    "a private name of one's own": "class A:\n    def f(self):\n        self._x = 1\ndef g(a):\n    return a._x",
    "a private name of the library": "from sluss.gates import judge\njudge._GATES",
    "a public attribute that is set on an object": "import mlflow\nmodel = mlflow.models.Model()\nmodel.model_id = '1'",
    "a setting that is documented": "import sys\nsys.pycache_prefix = 'folder'",
    "a module that is forgotten": "import sys\nfor name in ('sluss',):\n    sys.modules.pop(name, None)",
    "a setting in a dict": "import os\nos.environ['A'] = '1'",
    "an argument that has the name of a module": "import gc\ndef f(gc):\n    gc.freeze = 1",
    "a special name": "import numpy\nnumpy.__version__",
    "a named tuple's method": "def f(row):\n    return row._replace(a=1)",
    "a dict of one's own": "modules = {}\nmodules['a'] = None",
}


@pytest.mark.parametrize("kind", FINE)
def test_code_without_a_back_door_passes(kind, tmp_path):
    own = own_private_names([ast.parse(FINE[kind])])
    assert back_doors(tmp_path / "made_up.py", FINE[kind], own) == []
