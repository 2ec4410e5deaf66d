"""Shows the progress of a walk or a check."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dataarts_datamap.cli._printing.notices import is_quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from rich.progress import Progress, TaskID

    from dataarts_datamap._models.runs import Run

_ROWS_PER_UPDATE: Final = 100


def with_progress(runs: Iterable[Run], count: Callable[[], int | None]) -> Iterator[Run]:
    """The runs; while they are read, a terminal on stderr shows their number, speed and time left, unless quiet.

    ``count`` returns their approximate number, None if it is unknown. It is only called if the progress is shown.
    """
    return _shown(runs, count) if _is_watched() else iter(runs)


@contextmanager
def counted_tables(total: int, done: str = "checked") -> Generator[Callable[[], None]]:
    """A block in which a terminal on stderr shows the number of finished tables, unless quiet.

    It yields a function to call for each finished table.
    """
    if not _is_watched():
        yield lambda: None
        return
    with _progress(f"tables {done}") as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _is_watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and not is_quiet()


def _progress(what: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("datamap:"), BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _shown(runs: Iterable[Run], count: Callable[[], int | None]) -> Iterator[Run]:
    with _progress("runs, {task.fields[rate]}") as progress:
        task = progress.add_task("", total=count(), rate="")
        number = 0
        for number, run in enumerate(runs, start=1):
            yield run
            if number % _ROWS_PER_UPDATE == 0:
                _advance(progress, task, number)
        _advance(progress, task, number)


def _advance(progress: Progress, task: TaskID, number: int) -> None:
    elapsed = progress.tasks[task].elapsed
    progress.update(task, completed=number, rate=f"{number / elapsed:,.0f} a second" if elapsed else "")
