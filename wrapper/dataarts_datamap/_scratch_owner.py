"""Tells a scratch folder that is in use from one whose process was killed."""

from __future__ import annotations

import re
import shutil
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock_at_once(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock_at_once(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


SUFFIX: Final = ".tmp"
_RANDOM: Final = re.compile(r"[a-z0-9_]{8}")
_OWNED: Final = b"\n"


def prefix_for(target: Path) -> str:
    """What the name of a scratch folder begins with; eight characters of chance and ``SUFFIX`` come after it."""
    return f".{target.name}."


@contextmanager
def owning(folder: Path, target: Path) -> Generator[None]:
    """For as long as the block lasts, ``remove_abandoned`` leaves the folder alone.

    The operating system gives the lock back when the process ends, however it does. A file system without locks leaves
    the folder unmarked, and then nobody removes it.
    """
    with _owner_file(folder, target).open("xb", buffering=0) as owner:
        # Written behind the lock: an empty file is one that is not locked yet.
        if _lock(owner):
            owner.write(_OWNED)
        yield


def remove_abandoned(target: Path) -> None:
    """Remove the scratch folders of this target whose process has ended without removing them.

    What cannot be removed, or be told for certain, stays.
    """
    prefix = prefix_for(target)
    with suppress(OSError):
        for folder in target.parent.iterdir():
            name = folder.name
            ours = name.startswith(prefix) and name.endswith(SUFFIX)
            if ours and _RANDOM.fullmatch(name[len(prefix) : -len(SUFFIX)]) and _is_abandoned(folder, target):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path, target: Path) -> bool:
    if folder.is_symlink():
        return False
    try:
        with _owner_file(folder, target).open("rb+", buffering=0) as owner:
            return _owner_file(folder, target).stat().st_size > 0 and _lock(owner)
    except OSError:
        return False


def _owner_file(folder: Path, target: Path) -> Path:
    return folder / f"{target.name}.owner"


def _lock(file: IO[bytes]) -> bool:
    """Whether the file could be locked, until it is closed."""
    try:
        _lock_at_once(file)
    except OSError:
        return False
    return True
