"""Writes a log to stdout: unchanged for a pipe, and harmless for a terminal."""

from __future__ import annotations

from codecs import getincrementaldecoder

from dataarts_datamap._models.logs import cut_character
from dataarts_datamap._text import printable_lines
from dataarts_datamap.cli._printing.output import is_terminal
from dataarts_datamap.cli._printing.streams import write, write_bytes


class LogWriter:
    """Writes pieces of a log to stdout. A terminal gets text with its control characters escaped."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._for_person = is_terminal()
        self._held = ""
        self._is_within_line = False

    def write(self, content: bytes, *, is_cut: bool = False) -> bool:
        """Write a piece, which may begin within a character if ``is_cut``; returns whether stdout has a reader."""
        if not self._for_person:
            return write_bytes(content)
        return self._show(self._decoder.decode(content[cut_character(content) :] if is_cut else content))

    def end(self) -> None:
        """On a terminal, write the rest and end the line."""
        if self._for_person:
            self._show(self._decoder.decode(b"", final=True))
            if self._is_within_line or self._held:
                write("\n")

    def _show(self, text: str) -> bool:
        text = f"{self._held}{text}"
        self._held = text[-1:] if text.endswith("\r") else ""  # half a Windows line break
        text = text.removesuffix("\r")
        if text:
            self._is_within_line = not text.endswith("\n")
        return write(printable_lines(text))
