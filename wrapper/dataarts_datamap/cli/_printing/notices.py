"""Notices and warnings on stderr; the result is on stdout."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

import click

from dataarts_datamap.cli._printing.streams import telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap.cli._printing.output import Output


_QUIET: Final = "dataarts_datamap.quiet"


def be_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001  as click calls it
    """Set whether only warnings and errors are written to stderr."""
    context.meta[_QUIET] = value


def is_quiet() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def tell(text: str) -> None:
    """Write a warning or an error to stderr, if stderr exists."""
    with telling():
        click.echo(f"datamap: {text}", err=True)


def note(text: str) -> None:
    """Write a notice to stderr, unless only warnings and errors are written there."""
    if not is_quiet():
        tell(text)


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 run``, ``2 runs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size_text(size: int) -> str:
    for unit, length in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return counted(size, "byte")


def tell_zone(times: Sequence[datetime | int | None], zone: tzinfo, output: Output) -> None:
    """Print the zone of the times in a table; for JSON lines, the zone of given times without an offset, if any."""
    if output == "table":
        note(f"times are in {zone}")
    elif any(isinstance(time, datetime) and time.tzinfo is None for time in times):
        note(f"times without an offset are read as {zone}")


def tell_if_none(count: int, what: str) -> None:
    if count == 0:
        tell(f"no {what}")


def note_basis(others: Sequence[Operator], notes: Sequence[str]) -> None:
    """Print the operators of a table that do not count, and the doubts about the others."""
    from dataarts_datamap._monitoring.producers import operator_name

    if others:
        note(f"left out, because lineage does not name them as writers: {', '.join(map(operator_name, others))}")
    for doubt in notes:
        note(doubt)
