"""Broken servers that nobody thought of. Most combine one or two conditions and an effect, all drawn from tables.

They measure the suite and are not part of the fleet. Those that the suite misses show which relations it does not check
yet. The same seed and number always give the same server. No caller can tell some of them from a correct server.
"""

from __future__ import annotations

import json
import math
import random
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlencode

from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    NODES,
    RUNS,
    SEARCH,
    Seam,
    compact,
)
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mutants._composed_wire import compose_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

Item: TypeAlias = "dict[str, Any]"

_DAY: Final = 86_400_000
_HOUR: Final = 3_600_000
_FAR: Final = 10**14
_NUMBER: Final = re.compile("[0-9]{1,4000}")
"""Digits that `int` takes."""


@dataclass(slots=True)
class Asked:
    """A request to a composed server.

    Attributes:
        parts: The request.
        values: Its path and query parameters, and the members of its body, by name. A body that is not an object
            is under ``guids``.
        number: How many requests for this operation came before it.
        is_again: Whether a request with the same values and query came before it.
        idle: Seconds since the previous request for this operation.
        before: The previous request for this operation; None for the first.
        is_refused: Whether a correct server refuses it, and this server does so, too.
    """

    parts: RequestParts
    values: dict[str, Any]
    number: int = 0
    is_again: bool = False
    idle: float = 0.0
    before: Asked | None = None
    is_refused: bool = False

    def whole(self, name: str) -> int:
        """A parameter as an integer; 0 if it is not a finite number."""
        value = self.values.get(name)
        return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0

    def has(self, name: str) -> bool:
        """Whether a header field was sent."""
        return bool(self.parts.header(name))


Check: TypeAlias = "Callable[[Asked], bool]"
When: TypeAlias = "tuple[str, Check]"
Which: TypeAlias = "tuple[str, Callable[[Sequence[Item], int], bool]]"
"""Which items of a list an effect changes: words for the rule, and a function of the list and an index."""

How: TypeAlias = "Callable[[list[Item], list[int], random.Random], list[Item]]"
"""An effect: takes a list, the indexes of the items to change and a generator, and returns the new list."""

Value: TypeAlias = "tuple[str, Callable[[Any], Any]]"
"""A change of a field: words for the rule, and a function from the old value to the new one."""


@dataclass(slots=True)
class Composed:
    """A server with a randomly composed defect.

    Attributes:
        name: Its seed and number.
        rule: A sentence: when it differs from a correct server, and how.
        seam: Where and how it differs from the reference.
        met: How many responses it has changed so far.
    """

    name: str
    rule: str
    seam: Seam = Seam()  # noqa: RUF009  is frozen
    met: int = 0

    def note(self) -> None:
        """Count a response that was changed."""
        self.met += 1


def _above(name: str, *least: int) -> list[When]:
    return [(f"with {name} above {each}", partial(_is_above, name, each)) for each in least]


def _is_above(name: str, least: int, asked: Asked) -> bool:
    return asked.whole(name) > least


def _is_equal(name: str, value: object, asked: Asked) -> bool:
    return bool(asked.values.get(name) == value)


def _length(asked: Asked) -> int:
    return asked.whole("end_time") - asked.whole("start_time")


def _is_longer(least: int, asked: Asked) -> bool:
    return _length(asked) > least


def _is_shorter(most: int, asked: Asked) -> bool:
    return _length(asked) < most


def _guids(asked: Asked) -> int:
    """The number of GUIDs in the body; 0 if it is not a list."""
    guids = asked.values.get("guids")
    return len(cast("list[object]", guids)) if isinstance(guids, list) else 0


def _has_more(least: int, asked: Asked) -> bool:
    return _guids(asked) > least


def _after(check: Check) -> Check:
    return lambda asked: asked.before is not None and check(asked.before)


def _after_another(name: str) -> Check:
    return lambda asked: asked.before is not None and asked.before.values.get(name) != asked.values.get(name)


def _remainder(name: str, divisor: int, rest: int) -> Check:
    return lambda asked: asked.whole(name) > 0 and asked.whole(name) % divisor == rest


def _of_date(name: str, check: Callable[[datetime], bool], *, zone: int = 0) -> Check:
    """Whether a bound of the window, as a date and time ``zone`` hours east of UTC, passes a check."""

    def is_met(asked: Asked) -> bool:
        moment = asked.whole(name)
        return 0 < moment < _FAR and check(datetime.fromtimestamp(moment / 1_000 + zone * 3_600, UTC))

    return is_met


_ANY: Final[tuple[When, ...]] = (
    ("every third time", lambda asked: asked.number % 3 == 0),
    ("every eleventh time", lambda asked: asked.number % 11 == 1),
    ("when asked again", lambda asked: asked.is_again),
    ("with a signature", lambda asked: asked.has("authorization")),
    ("with a token", lambda asked: asked.has("x-auth-token")),
    ("with gzip", lambda asked: b"gzip" in b"".join(asked.parts.header("accept-encoding"))),
    ("with X-Language", lambda asked: asked.has("x-language")),
    ("with a charset", lambda asked: b"charset" in b"".join(asked.parts.header("content-type"))),
    ("after an error response", _after(lambda asked: asked.is_refused)),
    ("after a request with a signature", _after(lambda asked: asked.has("authorization"))),
    ("after a pause of a second", lambda asked: asked.idle > 1),
    ("after the 300th request", lambda asked: asked.number >= 300),  # noqa: PLR2004
    ("every 37th time", lambda asked: asked.number % 37 == 5),  # noqa: PLR2004
    ("with a query without percent signs", lambda asked: b"%" not in asked.parts.query and bool(asked.parts.query)),
    ("with a User-Agent", lambda asked: asked.has("user-agent")),
    ("with Accept: */*", lambda asked: b"*/*" in asked.parts.header("accept")),
)
_OF_RUNS: Final[tuple[When, ...]] = (
    *_ANY,
    *_above("limit", 1, 4, 8, 10, 24, 49, 64, 99, 100, 149, 255),
    *_above("offset", 0, 3, 9, 15, 49, 99, 127),
    *((f"with limit {each}", partial(_is_equal, "limit", each)) for each in (1, 2, 7, 20, 50, 100)),
    ("with an odd limit", lambda asked: asked.whole("limit") % 2 == 1),
    ("with an odd offset", lambda asked: asked.whole("offset") % 2 == 1),
    (
        "with an offset that is no multiple of limit",
        lambda asked: asked.whole("offset") % max(asked.whole("limit"), 1) > 0,
    ),
    ("with an offset that equals limit", lambda asked: 0 < asked.whole("offset") == asked.whole("limit")),
    ("with offset 0", lambda asked: asked.whole("offset") == 0),
    ("without a workspace", lambda asked: not asked.values.get("workspace_id")),
    ("with a workspace", lambda asked: bool(asked.values.get("workspace_id"))),
    ("with a job_name that is not ASCII", lambda asked: not str(asked.values.get("job_name")).isascii()),
    ("with a job_name that has a blank", lambda asked: " " in str(asked.values.get("job_name"))),
    ("with a job_name of more than 15 characters", lambda asked: len(str(asked.values.get("job_name"))) > 15),  # noqa: PLR2004
    ("with an odd task_id", lambda asked: str(asked.values.get("task_id"))[-1] in "13579"),
    ("with an even task_id", lambda asked: str(asked.values.get("task_id"))[-1] in "02468"),
    ("with a window from the epoch", lambda asked: asked.whole("start_time") == 0),
    ("with a window that begins after the epoch", lambda asked: asked.whole("start_time") > 0),
    ("with a window of an instant", lambda asked: _length(asked) == 0),
    *((f"with a window of more than {each * 24} hours", partial(_is_longer, each * _DAY)) for each in (1, 5, 9, 31)),
    *((f"with a window of less than {each} hours", partial(_is_shorter, each * _HOUR)) for each in (1, 6, 25)),
    ("with a window that ends at a full second", lambda asked: asked.whole("end_time") % 1_000 == 0),
    ("with a window that ends between two seconds", lambda asked: asked.whole("end_time") % 1_000 > 0),
    ("with a window that begins at a full hour", lambda asked: asked.whole("start_time") % _HOUR == 0),
    ("with a window that ends before 2024", lambda asked: asked.whole("end_time") < 1_704_067_200_000),  # noqa: PLR2004
    (
        "with a window of less than two days over a midnight",
        lambda asked: asked.whole("start_time") // _DAY < asked.whole("end_time") // _DAY and _length(asked) < 2 * _DAY,
    ),
    ("with limit first in the query", lambda asked: asked.parts.query.startswith(b"limit")),
    ("with an offset above limit", lambda asked: asked.whole("offset") > asked.whole("limit")),
    *((f"after another {name}", _after_another(name)) for name in ("task_id", "job_name", "workspace_id", "limit")),
    ("after an offset above 50", lambda asked: asked.before is not None and asked.before.whole("offset") > 50),  # noqa: PLR2004
    *((f"with a limit divisible by {each}", _remainder("limit", each, 0)) for each in (3, 7, 8, 25)),
    *((f"with an offset divisible by {each}", _remainder("offset", each, 0)) for each in (4, 5, 11)),
    ("with a sum of offset and limit above 100", lambda asked: asked.whole("offset") + asked.whole("limit") > 100),  # noqa: PLR2004
    ("with an offset that is not 0 and below limit", lambda asked: 0 < asked.whole("offset") < asked.whole("limit")),
    ("with a limit that is a power of 2", lambda asked: asked.whole("limit").bit_count() == 1),
    ("with a window that begins on a Sunday", _of_date("start_time", lambda date: date.isoweekday() == 7)),  # noqa: PLR2004
    ("with a window that ends on a Monday", _of_date("end_time", lambda date: date.isoweekday() == 1)),
    ("with a window that begins on the first of a month", _of_date("start_time", lambda date: date.day == 1)),
    ("with a window that ends on the 30th or 31st of a month", _of_date("end_time", lambda date: date.day > 29)),  # noqa: PLR2004
    ("with a window that begins in December", _of_date("start_time", lambda date: date.month == 12)),  # noqa: PLR2004
    ("with a window that begins from April to September", _of_date("start_time", lambda date: 4 <= date.month <= 9)),  # noqa: PLR2004
    ("with a window that begins before 6:00 in China", _of_date("start_time", lambda date: date.hour < 6, zone=8)),  # noqa: PLR2004
    ("with a window that ends at 13:00 or later in China", _of_date("end_time", lambda date: date.hour > 12, zone=8)),  # noqa: PLR2004
    ("with a start_time above 0 and below 10^12", lambda asked: 0 < asked.whole("start_time") < 10**12),
    ("with an end_time above 2^31 seconds", lambda asked: asked.whole("end_time") > 2**31 * 1_000),
    ("with a window of whole hours", lambda asked: _length(asked) > 0 and _length(asked) % _HOUR == 0),
    ("with a window of a minute at most", lambda asked: 0 <= _length(asked) <= 60_000),  # noqa: PLR2004
    ("with a window of a millisecond", lambda asked: _length(asked) == 1),
)
_OF_PAGES: Final[tuple[When, ...]] = (
    *_ANY,
    *_above("limit", 1, 3, 9, 10, 49, 99),
    *_above("offset", 0, 2, 9, 20),
    ("with an odd limit", lambda asked: asked.whole("limit") % 2 == 1),
    ("with offset 0", lambda asked: asked.whole("offset") == 0),
)
_OF_SEARCH: Final[tuple[When, ...]] = (
    *_OF_PAGES,
    ("with a keyword", lambda asked: bool(asked.values.get("query"))),
    ("without a keyword", lambda asked: not asked.values.get("query")),
    ("with a filter", lambda asked: "filter" in asked.values),
    ("without a filter", lambda asked: "filter" not in asked.values),
    ("with an order", lambda asked: "sort" in asked.values),
    ("with facets", lambda asked: "facets" in asked.values),
    ("with an owner", lambda asked: "owner" in asked.values),
    ("with a keyword that is not ASCII", lambda asked: not str(asked.values.get("query", "")).isascii()),
    ("with a keyword of more than 12 characters", lambda asked: len(str(asked.values.get("query", ""))) > 12),  # noqa: PLR2004
)
_OF_GUIDS: Final[tuple[When, ...]] = (
    *_ANY,
    ("with a GUID that begins with a digit", lambda asked: str(asked.values.get("guid"))[:1].isdigit()),
    ("with a GUID that ends in a letter", lambda asked: str(asked.values.get("guid"))[-1:].isalpha()),
    ("with ignore_relationships=true", lambda asked: asked.values.get("ignore_relationships") == "true"),
    ("without ignore_relationships=true", lambda asked: asked.values.get("ignore_relationships") != "true"),
)
_OF_LINEAGE: Final[tuple[When, ...]] = (
    *_OF_GUIDS[:-2],
    *((f"with direction={each}", partial(_is_equal, "direction", each)) for each in ("IN", "OUT")),
    ("with both directions", lambda asked: asked.values.get("direction") in {None, "BOTH"}),
    ("with include_parent_entity=true", lambda asked: asked.values.get("include_parent_entity") == "true"),
    ("with relationship_types", lambda asked: b"relationship_types" in asked.parts.query),
    ("with a category", lambda asked: b"categories" in asked.parts.query),
    ("without a category", lambda asked: b"categories" not in asked.parts.query),
)
_OF_MANY: Final[tuple[When, ...]] = (
    *_ANY,
    *((f"with more than {each} GUIDs", partial(_has_more, each)) for each in (1, 2, 9, 15)),
    ("with a single GUID", lambda asked: _guids(asked) == 1),
)
_WHEN: Final[dict[str, Sequence[When]]] = {
    RUNS: _OF_RUNS,
    NODES: _OF_GUIDS[:-2],
    SEARCH: _OF_SEARCH,
    DETAIL: _OF_GUIDS,
    DETAILS: _OF_MANY,
    BULK: _OF_PAGES,
    LINEAGE: _OF_LINEAGE,
}


def _has_null(items: Sequence[Item], index: int) -> bool:
    return any(value is None for value in items[index].values())


_WHICH: Final[tuple[Which, ...]] = (
    ("the first item", lambda _, index: index == 0),
    ("the last item", lambda items, index: index == len(items) - 1),
    ("the last item (if there are ten or more)", lambda items, index: index == len(items) - 1 >= 9),  # noqa: PLR2004
    ("the third item", lambda _, index: index == 2),  # noqa: PLR2004
    ("each item after the 20th", lambda _, index: index >= 20),  # noqa: PLR2004
    ("the middle item", lambda items, index: index == len(items) // 2),
    ("each item", lambda _, __: True),
)
_WHICH_RUNS: Final[tuple[Which, ...]] = (
    *_WHICH,
    ("each item with a null", _has_null),
    ("each item that failed", lambda items, index: items[index].get("status") == "fail"),
    ("each item that succeeded", lambda items, index: items[index].get("status") == "success"),
    ("each item that was skipped", lambda items, index: "skip" in str(items[index].get("status"))),
    ("each item with an id above 2^31", lambda items, index: int(items[index].get("taskRunningLogId") or 0) > 2**31),
    ("each item with an id above 2^53", lambda items, index: int(items[index].get("taskRunningLogId") or 0) > 2**53),
    ("each item with an even id", lambda items, index: int(items[index].get("taskRunningLogId") or 0) % 2 == 0),
    (
        "each item with the planTime of the one before",
        lambda items, index: index > 0 and items[index].get("planTime") == items[index - 1].get("planTime"),
    ),
    (
        "each item planned in the first hour of a day",
        lambda items, index: int(items[index].get("planTime") or 0) % _DAY < _HOUR,
    ),
    ("each item with retries", lambda items, index: bool(items[index].get("retryTimes"))),
    ("each item without a startTime", lambda items, index: not items[index].get("startTime")),
    ("each item but the first", lambda _, index: index > 0),
    ("the last item (if there are exactly ten)", lambda items, index: index == 9 == len(items) - 1),  # noqa: PLR2004
    ("the only item", lambda items, index: len(items) == 1 > index),
    ("each item (if there are more than 50)", lambda items, _: len(items) > 50),  # noqa: PLR2004
    ("each item that was forced", lambda items, index: bool(items[index].get("forceSuccess"))),
    ("each item without an endTime", lambda items, index: not items[index].get("endTime")),
    ("each item that took more than an hour", lambda items, index: (items[index].get("runningTime") or 0) > _HOUR),
    (
        "each item with an endTime on a later day than its startTime",
        lambda items, index: (
            int(items[index].get("startTime") or 0) // _DAY < int(items[index].get("endTime") or 0) // _DAY
        ),
    ),
    (
        "each item planned in the last ten minutes of a day",
        lambda items, index: int(items[index].get("planTime") or 0) % _DAY >= _DAY - 600_000,
    ),
    ("each item planned on a Sunday", lambda items, index: int(items[index].get("planTime") or 0) // _DAY % 7 == 3),  # noqa: PLR2004
)


def _without(items: list[Item], at: list[int], _: random.Random) -> list[Item]:
    return [each for index, each in enumerate(items) if index not in at]


def _twice(items: list[Item], at: list[int], _: random.Random) -> list[Item]:
    return [each for index, item in enumerate(items) for each in ([item, item] if index in at else [item])]


def _in_place_of_next(items: list[Item], at: list[int], _: random.Random) -> list[Item]:
    return [items[index - 1] if index and index - 1 in at else item for index, item in enumerate(items)]


def _swapped(items: list[Item], at: list[int], _: random.Random) -> list[Item]:
    shown = list(items)
    for index in at:
        other = (index + 1) % len(items)
        shown[index], shown[other] = shown[other], shown[index]
    return shown


def _sorted_by(name: str) -> How:
    """The items from the highest value of a field to the lowest; a missing value counts as 0."""
    return lambda items, _, __: sorted(items, key=lambda item: -int(item.get(name) or 0))


def _once_by(name: str) -> How:
    """Of several items with the same value of a field, only the first."""
    return lambda items, _, __: list({item.get(name): item for item in items[::-1]}.values())[::-1]


def _field(name: str, change: Callable[[Any], Any]) -> How:
    """Change a field of the items; the name ``attributes.name`` means the field ``name`` of an item's attributes."""

    def effect(items: list[Item], at: list[int], _: random.Random) -> list[Item]:
        return [_with(item, name, change) if index in at else item for index, item in enumerate(items)]

    return effect


def _with(item: Item, name: str, change: Callable[[Any], Any]) -> Item:
    first, _, rest = name.partition(".")
    if first not in item:
        return item
    value = item[first]
    is_inside = rest and isinstance(value, dict)
    return {**item, first: _with(cast("Item", value), rest, change) if is_inside else change(value)}


def _of_neighbour(name: str) -> How:
    def effect(items: list[Item], at: list[int], _: random.Random) -> list[Item]:
        return [
            {**item, name: items[index - 1].get(name)} if index in at and name in item else item
            for index, item in enumerate(items)
        ]

    return effect


def _more(value: Any) -> Any:  # noqa: ANN401  any value of JSON
    return value + 1 if isinstance(value, int) else f"{value}1" if isinstance(value, str) else value


_OF_NUMBERS: Final[tuple[Value, ...]] = (
    ("one too high", _more),
    ("as null", lambda _: None),
    ("as 0", lambda _: 0),
    ("as text", str),
)
_OF_TEXTS: Final[tuple[Value, ...]] = (
    ("with a digit too many", _more),
    ("as null", lambda _: None),
    ("as an empty text", lambda _: ""),
    ("cut in half", lambda value: value[: len(value) // 2] if isinstance(value, str) else value),
    ("in capitals", lambda value: value.upper() if isinstance(value, str) else value),
)
_OF_TIMES: Final[tuple[Value, ...]] = (
    *_OF_NUMBERS,
    ("rounded down to a second", lambda value: value // 1_000 * 1_000 if value else value),
    ("an hour late", lambda value: value + _HOUR if value else value),
)
_OF_LISTS: Final[tuple[Value, ...]] = (("as an empty list", lambda _: []), ("as null", lambda _: None))
_OF_IDS: Final[tuple[Value, ...]] = (
    *_OF_NUMBERS,
    ("rounded as a double", lambda value: int(float(value))),
    ("modulo 2^31", lambda value: value % 2**31),
)
_FIELDS: Final[dict[str, dict[str, Sequence[Value]]]] = {
    RUNS: {
        "taskRunningLogId": _OF_IDS,
        **dict.fromkeys(("taskId", "runningTime", "inputRowCount", "outputRowCount", "retryTimes"), _OF_NUMBERS),
        **dict.fromkeys(("taskName", "jobName", "workspaceId", "workspaceName", "status", "runningParam"), _OF_TEXTS),
        **dict.fromkeys(("planTime", "submitTime", "startTime", "endTime"), _OF_TIMES),
    },
    NODES: dict.fromkeys(("task_id", "job_name", "workspace_id"), _OF_TEXTS),
    SEARCH: {
        **dict.fromkeys(("guid", "type_name", "display_text", "attributes.name", "attributes.owner"), _OF_TEXTS),
        "workspace_id": _OF_LISTS,
        "create_time": _OF_TIMES,
    },
    DETAIL: dict.fromkeys(
        ("guid", "type_name", "display_text", "attributes.qualifiedName", "attributes.sourceType"), _OF_TEXTS
    ),
    DETAILS: dict.fromkeys(("guid", "type_name", "attributes.qualifiedName", "created_by"), _OF_TEXTS),
    BULK: dict.fromkeys(
        (
            *("source_guid", "target_guid", "node_guid", "node_name", "source_table", "target_schema"),
            *("workspace_id", "source_qualified_name", "target_type", "node_type"),
        ),
        _OF_TEXTS,
    ),
    LINEAGE: dict.fromkeys(("ep1_id", "ep2_id", "ep1_type_name", "relation_type_name", "guid", "type_name"), _OF_TEXTS),
}
_DIFFERING: Final[dict[str, tuple[str, ...]]] = {
    RUNS: ("taskRunningLogId", "planTime", "startTime", "endTime", "runningTime", "outputRowCount", "submitTime"),
    NODES: ("job_name", "task_id"),
    SEARCH: ("guid", "display_text"),
    DETAILS: ("guid", "display_text"),
    BULK: ("source_guid", "target_guid", "node_guid", "node_name", "source_table"),
    LINEAGE: ("ep1_id", "ep2_id"),
}
_FEW: Final = frozenset({NODES, DETAIL, LINEAGE})
"""The operations whose lists never have more than twenty items."""

_RUN_ID: Final = "taskRunningLogId"
_LISTS: Final[dict[str, tuple[str, ...]]] = {
    RUNS: ("rows",),
    NODES: ("",),
    SEARCH: ("entities",),
    DETAIL: ("entity",),
    DETAILS: ("entities",),
    BULK: ("data",),
    LINEAGE: ("relationships", "relationships", "entities"),
}
_TOTALS: Final[dict[str, str]] = {RUNS: "total", SEARCH: "count", BULK: "total", LINEAGE: "total"}
_COUNTED: Final[tuple[tuple[str, Callable[[int, int], int]], ...]] = (
    ("shows a total that is one too high", lambda total, _: total + 1),
    ("shows a total that is one too low", lambda total, _: max(total - 1, 0)),
    ("shows the number of items of the page as the total", lambda _, shown: shown),
    ("shows a total of at most 100", lambda total, _: min(total, 100)),
    ("shows a total of at most 20", lambda total, _: min(total, 20)),
    ("shows a total of 0", lambda _, __: 0),
)
_NAMES: Final = ("ETL_Job_dli2dws", "check/rows<stage>", "订单汇总_日报📊", "Load orders-eu")


def _named(is_near: Callable[[str, str], bool]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        asked = str(values["job_name"])
        near = [each for each in _NAMES if is_near(asked, each)]
        return {**values, "job_name": near[0]} if near and asked not in _NAMES else values

    return change


def _of_scope(name: str, value: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda values: {**values, name: value}


_SCOPES: Final = (
    ("takes any project for its own", _of_scope("project_id", "")),
    ("takes any instance for its own", _of_scope("instance", "")),
)
_ARGUMENTS: Final[dict[str, tuple[tuple[str, Callable[[dict[str, Any]], dict[str, Any]]], ...]]] = {
    RUNS: (
        ("adds 1 to offset", lambda values: {**values, "offset": values["offset"] + 1}),
        ("subtracts 1 from offset", lambda values: {**values, "offset": max(values["offset"] - 1, 0)}),
        ("ignores offset", lambda values: {**values, "offset": 0}),
        ("subtracts 1 from limit", lambda values: {**values, "limit": max(values["limit"] - 1, 1)}),
        ("adds 1 to limit", lambda values: {**values, "limit": values["limit"] + 1}),
        ("takes 20 for any larger limit", lambda values: {**values, "limit": min(values["limit"], 20)}),
        ("finds a job_name in any case", _named(lambda asked, name: asked.casefold() == name.casefold())),
        ("finds a job_name by its beginning", _named(lambda asked, name: bool(asked) and name.startswith(asked))),
        ("accepts any text after a job_name", _named(lambda asked, name: asked.startswith(name))),
        ("finds a job_name with blanks around it", _named(lambda asked, name: asked.strip() == name)),
        ("ignores the workspace", lambda values: {k: v for k, v in values.items() if k != "workspace_id"}),
        ("begins the window a second late", lambda values: {**values, "start_time": values["start_time"] + 1_000}),
        ("begins the window a day early", lambda values: {**values, "start_time": values["start_time"] - _DAY}),
        ("ends the window a millisecond early", lambda values: {**values, "end_time": values["end_time"] - 1}),
        ("ends the window an hour late", lambda values: {**values, "end_time": values["end_time"] + _HOUR}),
        (
            "extends the window to the end of the day",
            lambda values: {**values, "end_time": values["end_time"] // _DAY * _DAY + _DAY},
        ),
        ("ignores the window", lambda values: {**values, "start_time": 0, "end_time": 2**62}),
        (
            "takes the last week for any longer window",
            lambda v: {**v, "start_time": max(v["start_time"], v["end_time"] - 7 * _DAY)},
        ),
    ),
    BULK: (
        ("adds 1 to offset", lambda values: {**values, "offset": values.get("offset", 0) + 1}),
        ("subtracts 1 from limit", lambda values: {**values, "limit": max(values.get("limit", 100) - 1, 1)}),
    ),
    LINEAGE: (
        ("ignores the direction", lambda values: {**values, "direction": "BOTH"}),
        ("takes any direction for IN", lambda values: {**values, "direction": "IN"}),
    ),
    SEARCH: (
        ("ignores the keyword", lambda body: {**body, "query": ""}),
        ("ignores the filter", lambda body: {k: v for k, v in body.items() if k != "filter"}),
        ("ignores the owner", lambda body: {k: v for k, v in body.items() if k != "owner"}),
        ("ignores the order", lambda body: {k: v for k, v in body.items() if k != "sort"}),
        ("adds 1 to offset", lambda body: {**body, "offset": body["offset"] + 1}),
        ("takes 20 for any larger limit", lambda body: {**body, "limit": min(body["limit"], 20)}),
    ),
}
_REFUSALS: Final[tuple[tuple[str, HttpError | None], ...]] = (
    ("responds with 404", HttpError(404, "DLG.0404", "not found")),
    ("responds with 400", HttpError(400, "APIGW.0106", "bad request")),
    ("responds with 500", HttpError(500, "APIGW.0601", "Internal server error")),
    ("responds with 403", HttpError(403, "DLM.4001", "forbidden")),
    ("repeats its previous response", None),
    ("repeats its first response", None),
)
_OPERATIONS: Final = (*(RUNS,) * 9, NODES, SEARCH, SEARCH, DETAIL, DETAILS, BULK, BULK, LINEAGE, LINEAGE)

Change: TypeAlias = "Callable[[Any, Asked], Any]"
"""A change of a document: takes the document and the request, and returns the new document."""


def compose(seed: int, number: int) -> Composed:
    """The server of a seed and a number."""
    generator = random.Random(seed * 100_003 + number)  # noqa: S311  choices of a test, not a secret
    of_wire = random.Random(f"{seed}-{number}")  # noqa: S311  choices of a test, not a secret
    if of_wire.random() < 0.2:  # noqa: PLR2004
        composed = Composed(f"{seed}-{number}", "")
        composed.rule, composed.seam = compose_wire(of_wire, composed.note)
        return composed
    operation_id = generator.choice(_OPERATIONS)
    when = generator.sample(_WHEN[operation_id], 2 if generator.random() < 0.25 else 1)  # noqa: PLR2004
    text, kind, change = _effect(operation_id, generator)
    conditions = " and ".join(each for each, _ in when)
    composed = Composed(f"{seed}-{number}", f"{conditions[0].upper()}{conditions[1:]}, {operation_id} {text}.")
    composed.seam = _seam(composed, operation_id, [check for _, check in when], kind, change)
    return composed


_LET_IN: Final = (
    ("token", "with a bad token"),
    ("signature", "with a bad signature"),
    ("nothing", "without credentials"),
)
_BAD_NUMBERS: Final = (
    ("below", "whose {} is below the minimum"),
    ("above", "whose {} is 2^31 or more"),
    ("word", "whose {} is a word"),
    ("fraction", "whose {} is a fraction"),
    ("missing", "without {}"),
)


def _effect(operation_id: str, generator: random.Random) -> tuple[str, str, Any]:
    kinds = ["items", "items", "items", "field", "field", "field", "refusal", "open", "scope", "error"]
    kinds += ["total", "total"] if operation_id in _TOTALS else []
    kinds += ["arguments"] * 3 if operation_id in _ARGUMENTS else []
    kinds += ["lenient"] * 2 if operation_id in {RUNS, BULK} else []
    kind = generator.choice(kinds)
    tables: dict[str, Sequence[tuple[str, Any]]] = {
        "refusal": _REFUSALS,
        "arguments": _ARGUMENTS.get(operation_id, ()),
        "scope": _SCOPES,
        "total": _COUNTED,
    }
    if kind in tables:
        text, change = generator.choice(tables[kind])
        return text, text if change is None else kind, change
    match kind:
        case "open":
            how, text = generator.choice(_LET_IN)
            return f"serves a request {text}", kind, how
        case "lenient":
            name = generator.choice(("limit", "offset", "start_time", "end_time")[: 2 if operation_id == BULK else 4])
            how, text = generator.choice(_BAD_NUMBERS[: 4 if operation_id == BULK else 5])
            return f"serves a request {text.format(name)}", kind, (name, how)
        case "error":
            status = generator.choice((400, 401))
            other = generator.choice([each for each in (400, 401, 404, 409, 422, 500, 200) if each != status])
            return f"responds with {other} in place of {status}", kind, (status, other)
        case _:
            return _of_items(operation_id, kind, generator)


def _of_items(operation_id: str, kind: str, generator: random.Random) -> tuple[str, str, Any]:
    where = generator.choice(_LISTS[operation_id])
    table = _WHICH_RUNS if operation_id == RUNS else _WHICH[-1:] if where == "entity" else _WHICH
    which, is_met = generator.choice([each for each in table if operation_id not in _FEW or "20th" not in each[0]])
    place = "the entity" if where == "entity" else which.replace("item", f"item of {where or 'the list'}", 1)
    change: How
    if kind == "items" and operation_id == RUNS and generator.random() < 0.2:  # noqa: PLR2004
        text, change = generator.choice(
            (
                *((f"sorts each page by {name}", _sorted_by(name)) for name in ("startTime", "endTime", _RUN_ID)),
                *((f"shows one run of each {name}", _once_by(name)) for name in ("planTime", "startTime")),
            )
        )
    elif kind == "items" and where != "entity":
        text, change = generator.choice(
            (
                (f"leaves out {place}", _without),
                (f"shows {place} twice", _twice),
                (f"shows {place} in place of the next", _in_place_of_next),
                (f"swaps {place} with the next", _swapped),
            )
        )
    elif operation_id in _DIFFERING and generator.random() < 0.2:  # noqa: PLR2004
        name = generator.choice(_DIFFERING[operation_id])
        text, change = f"shows the {name} of a neighbour in {place}", _of_neighbour(name)
    else:
        name, changes = generator.choice(list(_FIELDS[operation_id].items()))
        how, other = generator.choice(changes)
        text, change = f"shows {name} {how} in {place}", _field(name, other)

    def effect(document: Any, _: Asked) -> Any:  # noqa: ANN401  a document
        found: Any = document[where] if where else document
        items = cast("list[Item]", found if isinstance(found, list) else [found])
        at = [index for index in range(len(items)) if is_met(items, index)]
        if not at:
            return document
        shown: Any = change(list(items), at, generator)
        shown = shown if isinstance(found, list) else shown[0]
        return {**document, where: shown} if where else shown

    return text, "document", effect


def _seam(composed: Composed, operation_id: str, when: Sequence[Check], kind: str, change: Any) -> Seam:  # noqa: ANN401
    server = _Server(composed, when, kind, change)

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if operation.operation_id != operation_id:
            return operation
        steps = _Steps(server, operation, config)
        return replace(operation, authenticate=steps.authenticate, judge=steps.judge, perform=steps.perform)

    return Seam(alter)


class _Server:
    """How one server differs from a correct one, and what it has seen."""

    def __init__(self, composed: Composed, when: Sequence[Check], kind: str, change: Any) -> None:  # noqa: ANN401
        self.composed = composed
        self.when = when
        self.kind = kind
        self.change = change
        self.seen: dict[str, int] = {}
        self.answers: list[bytes] = []
        self.before: Asked | None = None
        self.last = time.monotonic()
        self.asked: ContextVar[tuple[Asked, bool]] = ContextVar("asked")

    def meet(self, parts: RequestParts) -> bool:
        """Note a request, and return whether it meets all conditions of the defect."""
        values = _read(parts)
        key = json.dumps([values, parts.query.decode("latin-1")], sort_keys=True, default=str)
        self.seen[key] = self.seen.get(key, 0) + 1
        idle, self.last = time.monotonic() - self.last, time.monotonic()
        before = replace(self.before, before=None) if self.before else None
        asked = self.before = Asked(parts, values, sum(self.seen.values()) - 1, self.seen[key] > 1, idle, before)
        is_met = all(check(asked) for check in self.when)
        self.asked.set((asked, is_met))
        return is_met


class _Steps:
    """The steps of the operation that has the defect."""

    def __init__(self, server: _Server, operation: DeclaredOperation, config: MockConfig) -> None:
        self._server = server
        self._operation = operation
        self._config = config

    def authenticate(self, parts: RequestParts) -> None:
        server = self._server
        is_met = server.meet(parts)
        try:
            self._operation.authenticate(parts)
        except HttpError as error:
            shown = "signature" if parts.header("authorization") else "token" if parts.header("x-auth-token") else ""
            if not (is_met and server.kind == "open" and server.change == (shown or "nothing")):
                raise self._other(error) from None
            server.composed.met += 1

    def judge(self, parts: RequestParts) -> Arguments:
        server = self._server
        try:
            return self._operation.judge(parts)
        except HttpError as error:
            if server.asked.get()[1] and server.kind == "lenient":
                repaired = _repaired(parts, *server.change)
                if repaired is not None:
                    arguments = self._operation.judge(repaired)
                    server.composed.met += 1
                    return arguments
            raise self._other(error) from None

    def perform(self, arguments: Arguments) -> bytes:
        server = self._server
        is_met, change = server.asked.get()[1], server.change
        if is_met and server.kind == "scope":
            arguments = self._in_scope(arguments)
        try:
            right = self._operation.perform(arguments)
        except HttpError as error:
            raise self._other(error) from None
        if is_met and isinstance(change, HttpError):
            server.composed.met += 1
            raise change
        response = self._changed(right, arguments) if is_met else right
        server.composed.met += response != right
        server.answers.append(right)
        return response

    def _other(self, error: HttpError) -> HttpError:
        server = self._server
        server.asked.get()[0].is_refused = True
        if server.kind == "error" and server.asked.get()[1] and error.status == server.change[0]:
            server.composed.met += 1
            return HttpError(server.change[1], error.code, error.message)
        return error

    def _in_scope(self, arguments: Arguments) -> Arguments:
        own = {"project_id": self._config.project_id, "instance": self._config.instance_id}
        changed = {name: own[name] for name in self._server.change(own) if self._server.change(own)[name] != own[name]}
        values = {**arguments.values, **changed}
        self._server.composed.met += values != arguments.values
        return replace(arguments, values=values)

    def _changed(self, right: bytes, arguments: Arguments) -> bytes:
        server, name = self._server, self._operation.operation_id
        match server.kind:
            case "repeats its previous response":
                return server.answers[-1] if server.answers else right
            case "repeats its first response":
                return server.answers[0] if server.answers else right
            case "arguments" if name == SEARCH:
                return self._operation.perform(replace(arguments, body=server.change(dict(arguments.body))))
            case "arguments":
                return self._operation.perform(replace(arguments, values=server.change(dict(arguments.values))))
            case "total" | "document":
                return self._with_document(right)
            case _:
                return right

    def _with_document(self, right: bytes) -> bytes:
        server, operation_id = self._server, self._operation.operation_id
        outer = json.loads(right)
        document = json.loads(outer["body"]) if operation_id == RUNS else outer
        if server.kind == "total":
            name = _TOTALS[operation_id]
            shown = len(document[_LISTS[operation_id][0]])
            document = {**document, name: server.change(document[name], shown)}
        else:
            document = server.change(document, server.asked.get()[0])
        if operation_id == RUNS:
            return compact({**outer, "body": compact(document)}).encode()
        return compact(document).encode()


def _read(parts: RequestParts) -> dict[str, Any]:
    """The values of a request, as in `Asked`; a query parameter of digits is a number."""
    path = {name: unquote(value.decode("latin-1")) for name, value in parts.path.items()}
    query = dict(parse_qsl(parts.query.decode("latin-1"), keep_blank_values=True))
    try:
        body: Any = json.loads(parts.body) if parts.body else {}
    except (ValueError, RecursionError):
        body = {}
    members = cast("Item", body if isinstance(body, dict) else {"guids": body})
    numbers = {name: int(value) if _NUMBER.fullmatch(value) else value for name, value in query.items()}
    return {**path, **numbers, **members}


def _repaired(parts: RequestParts, name: str, how: str) -> RequestParts | None:
    """The request with a valid number for a parameter that is bad in the given way; None if that parameter is not."""
    pairs = parse_qsl(parts.query.decode("latin-1"), keep_blank_values=True)
    sent = dict(pairs).get(name)
    good = {"limit": "10", "offset": "0", "start_time": "0", "end_time": str(2**62)}[name]
    if _is_bad(sent, how, least=1 if name == "limit" else 0):
        return replace(parts, query=urlencode([*(pair for pair in pairs if pair[0] != name), (name, good)]).encode())
    return None


def _is_bad(sent: str | None, how: str, *, least: int) -> bool:
    if sent is None:
        return how == "missing"
    is_whole = sent.removeprefix("-").isdecimal()
    match how:
        case "below":
            return is_whole and int(sent) < least
        case "above":
            return is_whole and int(sent) >= 2**31
        case "fraction":
            return bool(re.fullmatch(r"\d+\.\d*[1-9]\d*", sent))
        case _:
            return how == "word" and sent.isalpha()
