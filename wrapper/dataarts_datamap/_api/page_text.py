"""The text of a page of runs, from which the rows as sent are decoded once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import json

from dataarts_datamap._errors import InvalidBodyError

if TYPE_CHECKING:
    from dataarts_datamap._models import Run


class PageText:
    """The text of a page, decoded once more when the first of its rows is asked for its ``raw``."""

    __slots__ = ("_rows", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._rows: list[dict[str, Any]] | None = None

    def row(self, index: int) -> dict[str, Any]:
        """The row of this index, every field as sent.

        Raises:
            InvalidBodyError: A field that nobody knows cannot be decoded: a number out of range, or nested too deeply.
        """
        if self._rows is None:
            self._rows = self._decode()
        return self._rows[index]

    def _decode(self) -> list[dict[str, Any]]:
        try:
            return cast("list[dict[str, Any]]", json.decode(self._text)["rows"])
        except (ValueError, RecursionError) as error:
            problem = f"an unknown field cannot be decoded: {error}"
        raise InvalidBodyError(problem, raw=self._text)


def attach_page(runs: list[Run], text: str) -> None:
    """Let each run find its own row in the page's text."""
    page = PageText(text)
    for index, run in enumerate(runs):
        attributes = vars(run)
        attributes["page"] = page
        attributes["index"] = index
