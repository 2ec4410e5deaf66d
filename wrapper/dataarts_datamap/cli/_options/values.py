"""Builds options for spans, times and files, with the name, default and help that a verb gives, and joins options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dataarts_datamap._text import printable
from dataarts_datamap.cli._options.suggestions import suggest_spans
from dataarts_datamap.cli._options.times import parse_span, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from dataarts_datamap.cli._options.suggestions import Suggest

CommandT = TypeVar("CommandT", bound="Callable[..., Any]")

TABLES_FILE = "datamap.toml"


def options(*decorators: Callable[[Any], Any]) -> Callable[[CommandT], CommandT]:
    """One decorator for several options, in the order of the help."""

    def decorate(command: CommandT) -> CommandT:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


class NewFile(click.Path):
    """A file that a verb will write; its folder must exist before any work begins."""

    def __init__(self, *, path_type: type[Any] | None = None) -> None:
        super().__init__(dir_okay=False, path_type=path_type)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  as in click
        """The path; an error if it is a folder, or if its folder does not exist."""
        path = super().convert(value, param, ctx)
        folder, name = os.path.split(str(path))
        if not os.path.isdir(folder or "."):  # noqa: PTH112  pathlib raises for a name that no file can have
            self.fail(
                f"there is no folder {printable(folder, limit=300)} to write {printable(name, limit=100)} to",
                param,
                ctx,
            )
        return path


def span_option(
    *names: str,
    help: str,  # noqa: A002  as in click
    default: str | None = None,
    suggest: Suggest = suggest_spans,
    parse: Callable[[str], timedelta] = parse_span,
) -> Callable[[CommandT], CommandT]:
    """An option whose value is a span; its default, if any, is appended to its help."""
    whole = help if default is None else f"{help} ({default})"
    return click.option(*names, type=parse, shell_complete=suggest, default=default, metavar="SPAN", help=f"{whole}.")


def time_option(name: str, *, help: str) -> Callable[[CommandT], CommandT]:  # noqa: A002  as in click
    return click.option(name, type=parse_time, metavar="TIME", help=f"{help}.")


def file_option(*names: str, help: str, default: str | None = None) -> Callable[[CommandT], CommandT]:  # noqa: A002  as in click
    """An option whose value is a file to read; its default, if any, is appended to its help."""
    whole = help if default is None else f"{help} ({default})"
    return click.option(*names, type=click.Path(dir_okay=False), default=default, metavar="FILE", help=f"{whole}.")


def state_option(*, help: str) -> Callable[[CommandT], CommandT]:  # noqa: A002  as in click
    """The option for the file in which a verb keeps its state for the next call."""
    return click.option("--state", "state_file", type=NewFile(), metavar="FILE", help=f"{help}.")
