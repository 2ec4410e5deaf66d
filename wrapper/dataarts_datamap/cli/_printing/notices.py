"""What is said to the person on stderr, beside the result."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

import click

from dataarts_datamap.cli._printing.streams import telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap.cli._printing.output import Output


def tell(text: str) -> None:
    """Tell the person on stderr, if there is one."""
    with telling():
        click.echo(f"datamap: {text}", err=True)


def tell_zone(times: Sequence[datetime | int | None], zone: tzinfo, output: Output) -> None:
    """Tell in which zone times are read and shown, where that is not plain."""
    if output == "table":
        tell(f"times are in {zone}")
    elif any(isinstance(time, datetime) and time.tzinfo is None for time in times):
        tell(f"times without an offset are read as {zone}")


def tell_if_none(count: int, what: str) -> None:
    """Tell that nothing was found."""
    if count == 0:
        tell(f"no {what}")
