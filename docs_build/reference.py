"""Extensions of griffe, so that the reference shows the values of defaults, and docstrings that are inherited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from griffe import Class, Docstring, Expr, Extension, Function, GriffeError, Module

if TYPE_CHECKING:
    from collections.abc import Iterator


class Defaults(Extension):
    """Replaces defaults that are names, such as ``_DEFAULT_TIMEOUT``, by their values."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:  # noqa: ANN401  as in griffe
        """Look up each default in the module of its function."""
        for function in _functions(pkg):
            for parameter in function.parameters:
                name = str(parameter.default)
                if name.isupper():
                    parameter.default = _value(function, name)


class InheritedDocstrings(Extension):
    """Gives a method without a docstring the docstring of the method that it overrides."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:  # noqa: ANN401  as in griffe
        """Look for the docstring in method resolution order."""
        for function in _functions(pkg):
            if function.docstring is None and isinstance(function.parent, Class):
                function.docstring = _inherited(function, function.parent)


def _functions(inside: Module | Class) -> Iterator[Function]:
    for member in inside.members.values():
        if isinstance(member, Module | Class):
            yield from _functions(member)
        elif isinstance(member, Function):
            yield member


def _value(function: Function, name: str) -> str | Expr:
    try:
        found: str | Expr | None = function.module[name].value
    except (KeyError, GriffeError):
        return name
    return found or name


def _inherited(function: Function, owner: Class) -> Docstring | None:
    for ancestor in owner.mro():
        overridden = ancestor.members.get(function.name)
        if isinstance(overridden, Function) and overridden.docstring is not None:
            known = overridden.docstring
            return Docstring(known.value, parent=function, parser=known.parser, parser_options=known.parser_options)
    return None
