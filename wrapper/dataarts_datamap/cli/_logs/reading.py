"""Reads a log once, and shows it or writes it to a file: unchanged, or harmless for a terminal."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Final

from dataarts_datamap._files import replacing
from dataarts_datamap._models.logs import cut_character
from dataarts_datamap._text import printable, printable_lines
from dataarts_datamap.cli._printing.notices import note, size_text
from dataarts_datamap.cli._printing.output import is_terminal
from dataarts_datamap.cli._printing.streams import write, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Run

LONGEST_PATH: Final = 1200
_MOST_OTHERS: Final = 3


def show_log(client: DataMapClient, run: Run, most: int | None) -> None:
    """Write the end of a log to stdout, at most ``most`` bytes; the whole log for None."""
    writer = LogWriter()
    pieces, is_cut = _pieces(client, run, most)
    for piece in pieces:
        if not writer.write(piece, is_cut=is_cut):
            return
    writer.end()


def save_log(client: DataMapClient, run: Run, most: int | None, file: Path) -> None:
    """Write the end of a log to a file, at most ``most`` bytes; the whole log for None."""
    with replacing(file) as made, made.open("wb") as target:
        pieces, _ = _pieces(client, run, most)
        size = sum(map(target.write, pieces))
    note(f"{size_text(size)} written to {file}")


def note_place(path: str, others: Iterable[str]) -> None:
    """Print the path of a log on stderr, and the paths of up to three older logs of the run."""
    note(printable(path, limit=LONGEST_PATH))
    older = [*others]
    for other in older[-_MOST_OTHERS:]:
        note(f"an older log of the run: {printable(other, limit=LONGEST_PATH)}")
    if len(older) > _MOST_OTHERS:
        note(f"and {len(older) - _MOST_OTHERS} more, even older")


def _pieces(client: DataMapClient, run: Run, most: int | None) -> tuple[Iterable[bytes], bool]:
    """The last ``most`` bytes of a log, or all for None, in pieces; and whether the log has more before them."""
    if most is None:
        reader = client.open_log(run)
        note_place(reader.path, reader.other_paths)
        return reader, False
    found = client.read_log(run, tail=most)
    note_place(found.path, found.other_paths)
    if not found.is_whole:
        note(f"the last {size_text(len(found.content))} of {size_text(found.size)}: --all shows all of it")
    return [found.content], found.start > 0


class LogWriter:
    """Writes pieces of a log to stdout. A terminal gets text with its control characters escaped."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._for_person = is_terminal()
        self._held: str = ""
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
