"""The options that were given on the command line, and not only by the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Container


def is_typed(name: str) -> bool:
    """Whether an option of the current verb was typed."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse_typed(name: str, reason: str) -> None:
    """Refuse an option that would do nothing, if it was typed; the reason follows its name in the error."""
    if is_typed(name):
        parameters = click.get_current_context().command.params
        option = next(parameter.opts[0] for parameter in parameters if parameter.name == name)
        raise click.UsageError(f"{option} {reason}")


def refuse_others(names: Container[str], mode: str) -> None:
    """Refuse a typed option that is not among the names, and would do nothing with the option ``mode``."""
    for parameter in click.get_current_context().command.params:
        name = parameter.name or ""
        if name not in names:
            refuse_typed(name, f"does not go with {mode}")
