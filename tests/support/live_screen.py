"""A command on a terminal of its own: its output, keys, and size."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HOME: Final = "\x1b[H"
_PATIENCE: Final = 60.0
# The terminal that a new session opens becomes its own, so that its Ctrl-C interrupts the session.
_ON_TERMINAL: Final = 'terminal=$1; shift; exec "$@" <"$terminal" >"$terminal" 2>&1'


class LiveScreen:
    """A command that draws on a terminal.

    Args:
        command: The command.
        environment: Its variables.
        columns: Columns of the terminal.
        rows: Rows of the terminal.

    Attributes:
        printed: All of its output so far.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, columns: int = 100, rows: int = 40
    ) -> None:
        self.printed = ""
        self._keyboard, self._screen = pty.openpty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._seen = 0
        self.resize(columns, rows)
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _ON_TERMINAL, "sh", os.ttyname(self._screen), *command],
            env=dict(environment),
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._keyboard)
        os.close(self._screen)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._keyboard, keys.encode())

    def terminate(self) -> None:
        """Ask the command to end, like ``kill``."""
        self._process.terminate()

    def wait(self, pattern: str) -> str:
        """Wait for a frame that matches, drawn since the previous match, and return its text.

        Raises:
            TimeoutError: There is none within a minute.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            *frames, unfinished = self.printed[self._seen :].split(_HOME)
            for frame in frames:
                self._seen += len(frame) + len(_HOME)
                if re.search(pattern, text := _CONTROL.sub("", frame)):
                    return text
            if not self._read(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"{pattern!r} does not come, after {unfinished[-2000:]!r}")

    def end(self) -> int:
        """Read the rest of the output, and return the exit code."""
        code = self._process.wait(_PATIENCE)
        while self._read(0):
            pass
        return code

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._keyboard], [], [], seconds)
        if ready:
            self.printed += self._decoder.decode(os.read(self._keyboard, 65536))
        return bool(ready)
