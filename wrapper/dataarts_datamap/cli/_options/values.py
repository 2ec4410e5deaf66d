"""Options that many verbs have, each with its own name, default and help: a length of time, a time, a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from dataarts_datamap.cli._options.suggestions import suggest_spans
from dataarts_datamap.cli._options.times import parse_span, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap.cli._options.suggestions import Suggest

CommandT = TypeVar("CommandT", bound="Callable[..., Any]")

TABLES_FILE = "datamap.toml"


def span_option(
    *names: str,
    help: str,  # noqa: A002  as in click
    default: str | None = None,
    suggest: Suggest = suggest_spans,
) -> Callable[[CommandT], CommandT]:
    """An option whose value is a length of time; its default, if it has one, ends its help."""
    whole = help if default is None else f"{help} ({default})"
    return click.option(
        *names, type=parse_span, shell_complete=suggest, default=default, metavar="SPAN", help=f"{whole}."
    )


def time_option(name: str, *, help: str) -> Callable[[CommandT], CommandT]:  # noqa: A002  as in click
    """An option whose value is a time."""
    return click.option(name, type=parse_time, metavar="TIME", help=f"{help}.")


def file_option(*names: str, help: str, default: str | None = None) -> Callable[[CommandT], CommandT]:  # noqa: A002  as in click
    """An option whose value is a file; its default, if it has one, ends its help."""
    whole = help if default is None else f"{help} ({default})"
    return click.option(*names, type=click.Path(dir_okay=False), default=default, metavar="FILE", help=f"{whole}.")
