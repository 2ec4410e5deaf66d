"""The response of a page of runs, which is decoded again for the rows as sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import json

from dataarts_datamap._api.envelope import opened_before
from dataarts_datamap._api.lenient_json import decode_leniently, sound
from dataarts_datamap._errors import InvalidBodyError
from dataarts_datamap._models.runs import field_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dataarts_datamap._models.runs import FieldProblem, Run


class PageText:
    """The response of a page, decoded again at the first access to a row's ``raw``.

    It is kept as bytes, since a single emoji makes a text four times as large.
    """

    __slots__ = ("_content", "_problems", "_rows")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._rows: Sequence[dict[str, Any]] | None = None
        self._problems: Sequence[tuple[FieldProblem, ...]] | None = None

    def row(self, index: int) -> dict[str, Any]:
        """The row at an index, every field as sent, except for the values that ``problems`` names.

        Raises:
            InvalidBodyError: An unknown field is nested too deeply.
        """
        if self._rows is None:
            self._rows = self._decode()
        return self._rows[index]

    def problems(self, index: int) -> tuple[FieldProblem, ...]:
        """The unsound values in the row at an index; none before the first call of ``row``."""
        return () if self._problems is None else self._problems[index]

    def _decode(self) -> Sequence[dict[str, Any]]:
        text = opened_before(self._content)
        try:
            return cast("list[dict[str, Any]]", json.decode(text)["rows"])
        except (ValueError, RecursionError):
            pass
        try:
            sent = cast("list[dict[str, Any]]", decode_leniently(text)["rows"])
        except (ValueError, RecursionError):
            problem = "an unknown field cannot be decoded: it is nested too deeply"
        else:
            found = [sound_row(row) for row in sent]
            self._problems = [problems for _, problems in found]
            return [row for row, _ in found]
        raise InvalidBodyError(problem)


def sound_row(row: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[FieldProblem, ...]]:
    """The row with its unsound names and values replaced, and the problems that describe them."""
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, sent in row.items():
        (known, flaw), (value, problem) = sound(name), sound(sent)
        values[known] = value
        if reason := problem or flaw:
            problems.append(field_problem(known, reason))
    return values, tuple(problems)


def attach_page(runs: list[Run], content: bytes) -> None:
    """Give each run access to its own row in the page's response."""
    page = PageText(content)
    for index, run in enumerate(runs):
        attributes = vars(run)
        attributes["page"] = page
        attributes["index"] = index
