"""What the code of a broken server is, without its words: a fingerprint that changes only with what the server does."""

from __future__ import annotations

import ast
import hashlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract import _broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap_contract._broken.servers import BrokenServer

_PACKAGE: Final = f"{_broken.__name__}."
_SEAM: Final = 3
"""The position of the seam in the declaration of a server: all else is said about it, and is not what it does."""


def fingerprint(server: BrokenServer) -> str:
    """A digest of the name of a server, the code of its seam, and all code of the fleet that the seam uses.

    Comments, docstrings, the rule and the declared checks do not count, and neither does the code of the mock.

    Raises:
        LookupError: No module of the fleet declares a server of that name.
    """
    texts = {server.name}
    pending = list(_declarations(server))
    seen = set[int]()
    if not pending:
        raise LookupError(f"no module in {_PACKAGE[:-1]} declares {server.name} by a call with that name in it")
    while pending:
        module, node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        texts.add(ast.unparse(node))
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        pending += [found for name in names if (found := _definition(module, name)) is not None]
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Module:
    """The statements of a module by the names that they define, and each call by the names that it is given."""

    definitions: Mapping[str, ast.stmt]
    calls: Mapping[str, ast.Call]


def _declarations(server: BrokenServer) -> Iterator[tuple[str, ast.AST]]:
    """The expression of the seam in the call that declares a server, and the module of the call."""
    for module, content in _modules().items():
        call = content.calls.get(server.name)
        if call is not None:
            yield module, call.args[_SEAM]


def _definition(module: str, name: str) -> tuple[str, ast.AST] | None:
    """The statement that defines a name, and its module; None for names from outside the fleet."""
    statement = _modules()[module].definitions.get(name)
    if not isinstance(statement, ast.ImportFrom):
        return None if statement is None else (module, statement)
    source = statement.module or ""
    original = next(each.name for each in statement.names if name in {each.name, each.asname})
    return _definition(source, original) if source.startswith(_PACKAGE) and source in _modules() else None


@cache
def _modules() -> Mapping[str, _Module]:
    return dict(_read_modules())


def _read_modules() -> Iterator[tuple[str, _Module]]:
    for found in pkgutil.walk_packages(_broken.__path__, _PACKAGE):
        spec = find_spec(found.name)
        if spec is not None and spec.origin is not None:
            with open(spec.origin, encoding="utf-8") as file:  # noqa: PTH123  the loader's own text of a path
                tree = _without_docstrings(ast.parse(file.read()))
            definitions = {name: statement for statement in tree.body for name in _defined(statement)}
            calls = {
                given.value: call
                for call in ast.walk(tree)
                if isinstance(call, ast.Call)
                for given in (*call.args[:1], *(each.value for each in call.keywords if each.arg == "name"))
                if isinstance(given, ast.Constant) and isinstance(given.value, str)
            }
            yield found.name, _Module(definitions, calls)


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ImportFrom(names=names):
            yield from (each.asname or each.name for each in names)
        case ast.Assign() | ast.AnnAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
        case _:
            pass


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return tree
