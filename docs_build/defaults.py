"""An extension of griffe: a signature shows the value of a default, not the private name that stands for it."""

from __future__ import annotations

from typing import Any

from griffe import Expr, Extension, Function, GriffeError


class Defaults(Extension):
    """Puts values in the place of names such as ``_DEFAULT_TIMEOUT``."""

    def on_function(self, *, func: Function, **_: Any) -> None:  # noqa: ANN401  as in griffe
        """Look each default up in the module of the function."""
        for parameter in func.parameters:
            name = str(parameter.default)
            if name.startswith("_") and name.isupper():
                parameter.default = _value(func, name)


def _value(func: Function, name: str) -> str | Expr:
    try:
        found: str | Expr | None = func.module[name].value
    except (KeyError, GriffeError):
        return name
    return found or name
