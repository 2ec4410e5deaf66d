"""Writes to stdout and stderr, whose readers can go away early."""

from __future__ import annotations

import errno
import os
import select
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TextIO


def write(text: str) -> bool:
    """Write to stdout as UTF-8, whatever the locale, so that every name can be printed; see ``write_bytes``."""
    return write_bytes(text.encode())


def write_bytes(content: bytes) -> bool:
    """Write bytes to stdout unchanged.

    Returns:
        Whether stdout still has a reader: one that went away early, such as ``head``, is not an error.

    Raises:
        OSError: There is no stdout, or it cannot be written to.
    """
    if sys.stdout is None:
        raise OSError("there is no standard output to write to")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        _discard(sys.stdout)
        if not _reader_is_gone(error):
            raise OSError(error.errno, error.strerror, "standard output") from None
        return False
    return True


def _reader_is_gone(error: OSError) -> bool:
    """Whether an error means that a pipe has no reader; on Windows, the error may be EINVAL."""
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def wait_while_read(seconds: float) -> None:
    """Wait, unless the reader of stdout goes away, on platforms that can detect it.

    Raises:
        BrokenPipeError: The reader has gone.
    """
    if sys.stdout is None or not hasattr(select, "poll"):
        time.sleep(seconds)
        return
    until = time.monotonic() + seconds
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)  # errors and hang-ups are always reported
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in watched.poll(seconds * 1000)):
        raise BrokenPipeError
    time.sleep(max(0.0, until - time.monotonic()))


@contextmanager
def telling() -> Generator[None]:
    """A block that writes to stderr, in which a closed stderr is not an error."""
    try:
        yield
    except OSError:
        with suppress(OSError):  # it has no descriptor
            _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Discard all further and buffered output, which would fail again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
