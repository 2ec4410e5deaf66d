"""A shell that prints to a terminal, like that of a person."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_SIZE: Final = struct.pack("HHHH", 50, 120, 0, 0)
_ERASED: Final = re.compile(r"[^\n]*\n(?:\x1b\[\?25h|\r)*\x1b\[1A\x1b\[2K")
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_END: Final = "\x1e"
_LONGEST: Final = 60.0


class Shell:
    """A bash whose commands print stdout and stderr to a terminal of 120 columns.

    Args:
        folder: The working directory.
        environment: Its variables.
        prologue: Commands to run first, which must print nothing.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], prologue: str = "") -> None:
        self._terminal, self._other_terminal = _Terminal(), _Terminal()
        self._script = folder.parent / f"{folder.name}.command"
        self._process = subprocess.Popen(
            [shutil.which("bash") or "bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=self._terminal.slave,
            stderr=self._terminal.slave,
            cwd=folder,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._code = 0
        self.run(prologue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._terminal.close()
        self._other_terminal.close()

    def run(self, command: str) -> tuple[int, list[str]]:
        """Run a command, and return its exit code and its output lines."""
        self._script.write_text(f"(exit {self._code})\n{command}\n", encoding="utf-8")
        self._say(f". {shlex.quote(str(self._script))} </dev/null; printf '{_END}%d{_END}' $?\n")
        text, code, _ = self._terminal.read(lambda printed: printed.count(_END) == 2).split(_END)
        self._code = int(code)
        return self._code, _lines(text)

    def start(self, command: str, *, lines: int) -> list[str]:
        """Start a command on a terminal of its own until the shell ends, and return its first lines."""
        other = shlex.quote(os.ttyname(self._other_terminal.slave))
        self.run(f"{command} >{other} 2>&1 &")
        return _lines(self._other_terminal.read(lambda printed: printed.count("\n") >= lines))

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()


class _Terminal:
    """A terminal of 120 columns.

    Attributes:
        slave: The file that a program prints to.
    """

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, _SIZE)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def close(self) -> None:
        os.close(self.slave)
        os.close(self._master)

    def read(self, is_whole: Callable[[str], bool]) -> str:
        """Read the output until it is complete.

        Raises:
            TimeoutError: It is not complete within a minute.
        """
        printed, deadline = "", time.monotonic() + _LONGEST
        while not is_whole(printed):
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"nothing more came within {_LONGEST:.0f} s, after: {printed[-500:]}")
            printed += self._decoder.decode(os.read(self._master, 65536))
        return printed


def _lines(text: str) -> list[str]:
    """The lines as on the screen: erased progress bars are gone, and a carriage return starts a line again."""
    shown = _CONTROL.sub("", _ERASED.sub("", text)).replace("\r\n", "\n")
    return [line.rpartition("\r")[2].rstrip() for line in shown.removesuffix("\n").split("\n")] if shown else []
