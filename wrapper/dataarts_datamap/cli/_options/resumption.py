"""Lets the next call of the same command continue an interrupted walk."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dataarts_datamap.cli._options.values import NewFile
from dataarts_datamap.cli._printing.notices import note, tell

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._paging.pager import Pager

_LONGEST = 1 << 26

resume_option = click.option(
    "--resume-token",
    "token_file",
    type=NewFile(path_type=Path),
    metavar="FILE",
    help="File for the position: written if reading is interrupted, used by the next call, removed at the end.",
)


class Resumption:
    """The position of a walk, from an earlier call and for a later one.

    Attributes:
        token: The resume token that an earlier call left; None if there is none.
        is_whole: Whether all runs were read and processed.
    """

    def __init__(self, token: str | None) -> None:
        self.token = token
        self.is_whole = False
        self._pager: Pager[Run] | None = None
        self._is_in_hand = False

    def walk(self, pager: Pager[Run]) -> Iterator[Run]:
        """The runs of a pager; a run counts as processed when the next one is requested."""
        self._pager = pager
        for run in pager:
            self._is_in_hand = True
            yield run
            self._is_in_hand = False
        self.is_whole = True

    @property
    def place(self) -> str | None:
        """The position of the walk; None if it is unknown, or if it is unknown whether the last run was processed."""
        return None if self._pager is None or self._is_in_hand else self._pager.resume_token


@contextmanager
def resumption(file: Path | None) -> Generator[Resumption]:
    """A block that reads runs, from the position in a file if the file exists; for None, no position is kept.

    If a ``DataMapError`` or an interrupt ends the block, the position of the walk is written to the file, if known.
    After all runs, the file is removed. If the reader of stdout goes away, the file stays unchanged.

    Raises:
        click.UsageError: The file cannot be read, or is not a regular file.
    """
    from dataarts_datamap._errors import DataMapError

    if file is None:
        yield Resumption(None)
        return
    resumed = Resumption(_read(file))
    if resumed.token is not None:
        note(f"continuing from {file}, in the window of the earlier call")
    try:
        yield resumed
    except (DataMapError, KeyboardInterrupt):
        _keep(file, resumed.place)
        raise
    if resumed.is_whole:
        file.unlink(missing_ok=True)


def _read(file: Path) -> str | None:
    if not file.exists():
        return None
    if not file.is_file():  # reading a pipe would block, and a device would be removed at the end
        raise click.UsageError(f"the resume token needs a regular file, and {file} is not one")
    try:
        with file.open(encoding="utf-8") as stored:
            return stored.read(_LONGEST).strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"the resume token in {file} cannot be read: {error}") from None


def _keep(file: Path, place: str | None) -> None:
    from dataarts_datamap._files import replaceable, replacing

    if place is None:
        before = f"; {file} is unchanged" if file.exists() else ""
        tell(f"the position to continue from is unknown{before}")
        return
    with replacing(replaceable(file)) as made:
        made.write_text(place, encoding="utf-8")
    tell(f"the same command continues from here: the position is in {file}")
