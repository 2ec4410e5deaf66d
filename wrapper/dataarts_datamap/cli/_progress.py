"""Shows a person how far a walk has come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap._models import Run
    from dataarts_datamap._paging import Pager

_ROWS_PER_UPDATE: Final = 100


def with_progress(pager: Pager[Run]) -> Iterator[Run]:
    """The runs of a pager; while they are read, a terminal on stderr shows how many, how fast and how long still."""
    return _shown(pager) if sys.stderr is not None and sys.stderr.isatty() else iter(pager)


def _shown(pager: Pager[Run]) -> Iterator[Run]:
    from rich.console import Console  # noqa: PLC0415  slow to load, and a pipe needs none of it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("datamap:"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs, {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, rate="")
        for count, run in enumerate(pager, start=1):
            yield run
            if count % _ROWS_PER_UPDATE == 0 or count == 1:
                speed = progress.tasks[task].speed
                rate = "" if speed is None else f"{speed:,.0f} a second"
                progress.update(task, completed=count, total=pager.total, rate=rate)
