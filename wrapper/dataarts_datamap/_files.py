"""Reads small files up to a limit, and replaces files atomically."""

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


LARGEST: Final = 16 * 1024 * 1024
"""The maximum size in bytes of a file that is read whole."""

_NOT_ALLOWED: Final = "the system does not allow such a name"


def checked_path(path: str | os.PathLike[str]) -> Path:
    """The path, if it is one; ``InvalidArgumentError`` if not: ``None`` would count as a file of that name."""
    try:
        name: object = os.fspath(path)
    except TypeError:
        name = None
    if not isinstance(name, str):
        raise InvalidArgumentError(f"the path of a file must be text or a Path, not {shown(path)}")
    return Path(name)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8, without a byte order mark at its beginning. It need not be a regular file.

    Raises:
        InvalidArgumentError: ``path`` is no path.
        OSError: The file cannot be read, the system does not allow its name, or it is larger than 16 MiB, such as an
            endless device.
        UnicodeDecodeError: It is not UTF-8.
    """
    where = checked_path(path)
    try:
        with where.open("rb") as file:
            content = file.read(LARGEST + 1)
    except ValueError:
        raise OSError(errno.EINVAL, _NOT_ALLOWED) from None
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, "it is larger than 16 MiB")
    return content.decode("utf-8-sig")


def replaceable(path: str | os.PathLike[str]) -> Path:
    """The path of an existing or future file, with links resolved.

    Raises:
        InvalidArgumentError: The path cannot be that of a file: it is a folder or a device, its links form a circle,
            its name is too long or not allowed, or its folder does not exist.
        OSError: The system does not let the path be examined.
    """
    where, problem = _resolved(path)
    if problem is not None:
        raise InvalidArgumentError(f"{shown(str(path))} is not a file that can be replaced: {problem}")
    if where.is_symlink() or (where.exists() and not where.is_file()):
        raise InvalidArgumentError(f"{printable(str(where))} is not a file that can be replaced")
    if not where.parent.is_dir():
        raise InvalidArgumentError(printable(f"there is no folder {where.parent} to write {where.name} to"))
    return where


_OF_A_PATH: Final = {errno.ENAMETOOLONG: "its name is too long", errno.ELOOP: "its links form a circle"}


def _resolved(path: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """The resolved path; or the given path and the problem, in words that do not depend on the version of Python."""
    where = checked_path(path)
    if "\0" in str(path):
        return where, "it holds a null character"
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            where.lstat()
        with suppress(FileNotFoundError, NotADirectoryError):
            (where.parent / f".{where.name}.{'x' * 8}.tmp").lstat()  # the scratch folder, whose name is longer
        return where.resolve(), None
    except RuntimeError:  # up to Python 3.12
        return where, "its links form a circle"
    except ValueError:
        return where, _NOT_ALLOWED
    except OSError as error:
        if error.errno not in _OF_A_PATH:
            raise
        return where, _OF_A_PATH[error.errno]


_OF_THE_DISK: Final = {errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def scratch(target: Path) -> Generator[Path]:
    """A path with the target's name, in a temporary folder beside the target. The end of the block removes the folder.

    A killed process leaves the folder, such as ``.runs.csv.k3v9x2ab.tmp``.
    """
    try:
        with TemporaryDirectory(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent) as folder:
            yield Path(folder, target.name)
    except OSError as error:
        if error.errno in _OF_THE_DISK and error.filename is None:
            error.filename = str(target)
        raise


def target_of(made: Path) -> Path:
    """The target of a scratch path, for error texts; for any other path, the path itself."""
    folder = made.parent
    is_scratch = folder.name.startswith(f".{made.name}.") and folder.suffix == ".tmp"
    return folder.parent / made.name if is_scratch else made


@contextmanager
def replacing(target: Path) -> Generator[Path]:
    """A scratch path. Its file replaces the target at the end of the block.

    A block that fails, or a killed process, leaves the target unchanged.

    Raises:
        ExportError: Another process changed the target while the block ran, or, on Windows, has it open.
    """
    before = _stamp(target)
    with scratch(target) as made:
        yield made
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        if _stamp(target) != before:
            raise ExportError(f"{target} was changed by another process meanwhile, and was not replaced")
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
