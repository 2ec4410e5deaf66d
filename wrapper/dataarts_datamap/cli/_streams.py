"""stdout and stderr, whose readers can go away early."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TextIO


def write(text: str) -> bool:
    """Write to stdout as UTF-8, whatever the locale says, so that no name can fail to print.

    Returns:
        Whether somebody reads it: a reader that went away early, such as ``head``, is no error.

    Raises:
        OSError: There is no stdout, or it cannot be written to.
    """
    if sys.stdout is None:
        raise OSError("there is no standard output to write to")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
        return False
    return True


@contextmanager
def telling() -> Generator[None]:
    """A block that writes to stderr: where nobody can be told, what the command does is not the worse for it."""
    try:
        yield
    except OSError:
        with suppress(OSError):  # it has no descriptor
            _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Let what is written from now on go nowhere, and what is buffered still, which else fails once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
