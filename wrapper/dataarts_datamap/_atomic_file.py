"""Puts a new file in the place of an old one, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import ExportError, InvalidArgumentError
from dataarts_datamap._text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Generator


def replaceable(path: str | os.PathLike[str]) -> Path:
    """Where a file is or will be, behind all links.

    Raises:
        InvalidArgumentError: There is something else, such as a device or a circle of links, or no folder for it.
    """
    where, problem = _resolved(path)
    if problem is not None:
        raise InvalidArgumentError(f"{shown(str(path))} is no file that could be replaced: {problem}")
    if where.is_symlink() or (where.exists() and not where.is_file()):
        raise InvalidArgumentError(f"{printable(str(where))} is no file that could be replaced")
    if not where.parent.is_dir():
        raise InvalidArgumentError(printable(f"there is no folder {where.parent} to write {where.name} to"))
    return where


_OF_A_PATH: Final = {errno.ENAMETOOLONG: "its name is too long", errno.ELOOP: "its links lead to itself"}


def _resolved(path: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """Where a path leads, or why it leads nowhere, which each version of Python says in words of its own."""
    where = Path(path)
    if "\0" in str(path):
        return where, "it holds a null character"
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            where.lstat()
        return where.resolve(), None
    except RuntimeError:  # up to Python 3.12
        return where, "its links lead to itself"
    except ValueError:
        return where, "no file has such a name"
    except OSError as error:
        if error.errno not in _OF_A_PATH:
            raise
        return where, _OF_A_PATH[error.errno]


_OF_THE_DISK: Final = {errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def scratch(target: Path) -> Generator[Path]:
    """A path of the target's name in a folder of its own beside the target, gone at the end of the block.

    A process that is killed leaves the folder, such as ``.runs.csv.k3v9x2ab.tmp``.
    """
    try:
        with TemporaryDirectory(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent) as folder:
            yield Path(folder, target.name)
    except OSError as error:
        if error.errno in _OF_THE_DISK and error.filename is None:
            error.filename = str(target)
        raise


def target_of(made: Path) -> Path:
    """Where a scratch path is beside, for what is said of it; any other path as it is."""
    folder = made.parent
    is_scratch = folder.name.startswith(f".{made.name}.") and folder.suffix == ".tmp"
    return folder.parent / made.name if is_scratch else made


@contextmanager
def replacing(target: Path) -> Generator[Path]:
    """A scratch path, whose file takes the target's place at the end of the block.

    A block that fails, or a process that is killed, leaves the target as it was.

    Raises:
        ExportError: Somebody else changed the target while the block ran, or, on Windows, has it open.
    """
    before = _stamp(target)
    with scratch(target) as made:
        yield made
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        if _stamp(target) != before:
            raise ExportError(f"{target} was changed by another process meanwhile, and was left as it is now")
        if before is not None:
            shutil.copymode(target, made)
        _replace(made, target)


def _replace(made: Path, target: Path) -> None:
    try:
        made.replace(target)
    except PermissionError as error:
        if os.name != "nt":
            raise
        raise ExportError(f"{target} cannot be replaced: close the program that has it open, and try again") from error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
