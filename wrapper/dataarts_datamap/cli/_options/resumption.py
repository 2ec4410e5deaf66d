"""A walk that breaks off, and goes on in the next call of the same command."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from dataarts_datamap.cli._options.values import NewFile
from dataarts_datamap.cli._printing.notices import note, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._paging.pager import Pager

CommandT = TypeVar("CommandT", bound="Callable[..., object]")

_LONGEST = 1 << 26


class Resumption:
    """Where a walk goes on, and what becomes of it.

    Attributes:
        token: The resume token that an earlier call left; None if there is none.
    """

    def __init__(self, token: str | None) -> None:
        self.token = token
        self._pager: Pager[Run] | None = None
        self._is_in_hand = False
        self._is_whole = False

    def walk(self, pager: Pager[Run]) -> Iterator[Run]:
        """The runs of a pager, each of which is done with when the next one is asked for."""
        self._pager = pager
        for run in pager:
            self._is_in_hand = True
            yield run
            self._is_in_hand = False
        self._is_whole = True

    @property
    def is_whole(self) -> bool:
        """Whether all runs were read and done with."""
        return self._is_whole

    @property
    def place(self) -> str | None:
        """Where the walk stands; None if that is not known, or not whether the last run was done with."""
        return None if self._pager is None or self._is_in_hand else self._pager.resume_token


def resume_option(command: CommandT) -> CommandT:
    """Add the option that names the file of the token."""
    return click.option(
        "--resume-token",
        "token_file",
        type=NewFile(path_type=Path),
        metavar="FILE",
        help="Where the runs go on: written if reading them breaks off, read by the next call, gone at their end.",
    )(command)


@contextmanager
def resumption(file: Path | None) -> Generator[Resumption]:
    """A block that walks runs, and goes on where the token in a file says.

    Where the block fails, the file gets the token of the place where it stood; at the end of all runs, it is removed. A
    reader of stdout that goes away leaves it as it is.

    Raises:
        click.UsageError: The file cannot be read.
    """
    from dataarts_datamap._errors import DataMapError

    if file is None:
        yield Resumption(None)
        return
    resumed = Resumption(_read(file))
    if resumed.token is not None:
        note(f"going on where {file} says, in the window of then")
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
    if not file.is_file():  # a pipe would be waited for, and a device removed in the end
        raise click.UsageError(f"the resume token is kept in a file, which {file} is not")
    try:
        with file.open(encoding="utf-8") as stored:
            return stored.read(_LONGEST).strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"the resume token in {file} cannot be read: {error}") from None


def _keep(file: Path, place: str | None) -> None:
    from dataarts_datamap._atomic_file import replaceable, replacing

    if place is None:
        before = f"; {file} is as it was" if file.exists() else ""
        tell(f"where reading could go on is not known{before}")
        return
    with replacing(replaceable(file)) as made:
        made.write_text(place, encoding="utf-8")
    tell(f"the same command goes on where this one stood, which {file} says")
