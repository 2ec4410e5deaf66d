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


def refuse_others(names: Container[str], mode: str) -> None:
    """Refuse a typed option that is not among the names, and would do nothing with the option ``mode``."""
    for parameter in click.get_current_context().command.params:
        name = parameter.name or ""
        if name not in names and is_typed(name):
            raise click.UsageError(f"{parameter.opts[0]} does not go with {mode}")
