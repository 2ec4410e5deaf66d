"""The logs of the runs that failed, as a report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dataarts_datamap._text import printable_lines

if TYPE_CHECKING:
    from dataarts_datamap._report.texts import Texts


class FailureLog(Struct, frozen=True, kw_only=True):
    """The end of the log of a run that failed, or the reason why it could not be read.

    Attributes:
        text: The end of the log, decoded from UTF-8. Untrusted.
        size: Size of the whole log in bytes; None if it could not be read.
        is_whole: Whether the text is the whole log.
        problem: The reason why it could not be read; None if it was read. Untrusted.
    """

    text: str = ""
    size: int | None = None
    is_whole: bool = False
    problem: str | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, problem={self.problem!r})"

    def title(self, say: Texts) -> str:
        if self.problem is not None:
            return say("Log could not be read")
        return say("Log") if self.is_whole else say("End of the log ({size} bytes in all)", size=f"{self.size or 0:,}")

    @property
    def shown(self) -> str:
        """The text for a page, made printable."""
        return printable_lines(self.text if self.problem is None else self.problem)

    def to_dict(self) -> dict[str, Any]:
        if self.problem is not None:
            return {"problem": self.problem}
        return {"text": self.text, "size": self.size, "is_whole": self.is_whole}
