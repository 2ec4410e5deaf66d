"""Fields of a run that depend on each other, judged over all rows: one oddity may be data, a pattern is a defect."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.run_lists import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange

_ACTIVE: Final = frozenset({"waiting", "waiting-confirm", "running", "pause", "running-exception"})
_NOW: Final = "Date"
"""A key added to each row before it is judged: the Date of the first response that showed the row (`_date`)."""

_MINUTE: Final = 60_000
_WAITING: Final = frozenset({"waiting", "waiting-confirm"})
_FEWEST: Final = 3
"""The minimum number of odd rows for a pattern; they must also be at least a tenth (``_PART``) of the rows judged."""

_PART: Final = 0.1
_BEYOND: Final = 10**18
_SECOND: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Law:
    """A rule about two or more fields of a row.

    Attributes:
        text: What is wrong with a row that breaks it.
        applies: Whether a row has the fields, and the state, that the rule is about.
        holds: Whether such a row keeps the rule.
        tolerates: Whether a few odd rows are accepted as data; if not, a single one is a defect.
    """

    text: str
    applies: Callable[[Mapping[str, Any]], bool]
    holds: Callable[[Mapping[str, Any]], bool]
    tolerates: bool = True


def _time(row: Mapping[str, Any], name: str) -> int:
    return whole_number(row.get(name)) or 0


def _took(row: Mapping[str, Any]) -> int:
    return _time(row, "endTime") - _time(row, "startTime")


def _has(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a row has these numbers, above 0; larger ones than any time or count cannot be computed with."""
    return lambda row: all(isinstance(row.get(name), (int, float)) and 0 < row[name] < _BEYOND for name in names)


def _status(row: Mapping[str, Any]) -> str:
    """The status of a row; empty if it is no text."""
    status = row.get("status")
    return status if isinstance(status, str) else ""


def _strays(row: Mapping[str, Any]) -> bool:
    return bool(abs(row["runningTime"] - _took(row)) > _SECOND)


def _differ(row: Mapping[str, Any]) -> bool:
    return bool(abs(row["inputRowCount"] - row["outputRowCount"]) > row["outputRowCount"] / 5)


def _speed_is_right(row: Mapping[str, Any]) -> bool:
    expected = float(row["outputRowCount"] * _SECOND / row["runningTime"])
    return bool(abs(row["speed"] - expected) <= max(1, expected / 10))


_LAWS: Final = (
    _Law(
        "runningTime is not the time from startTime to endTime",
        _has("runningTime", "startTime", "endTime"),
        lambda row: not _strays(row),
    ),
    _Law(
        "speed is not outputRowCount divided by runningTime in seconds",
        _has("speed", "outputRowCount", "runningTime"),
        _speed_is_right,
    ),
    _Law(
        "speed is computed from the time from startTime to endTime, and runningTime is another time",
        lambda row: (
            _has("speed", "outputRowCount", "runningTime", "startTime", "endTime")(row)
            and _strays(row)
            and _took(row) > 0
        ),
        lambda row: not _speed_is_right({**row, "runningTime": _took(row)}) or _speed_is_right(row),
    ),
    _Law(
        "inputRowCount and outputRowCount differ, and speed is not computed from outputRowCount",
        lambda row: _has("speed", "inputRowCount", "outputRowCount", "runningTime")(row) and _differ(row),
        _speed_is_right,
    ),
    _Law(
        "endTime has passed, and status says that the run goes on",
        lambda row: _status(row) in _ACTIVE and row[_NOW] > 0,
        lambda row: not 0 < _time(row, "endTime") < row[_NOW] - _MINUTE,
        tolerates=False,
    ),
    _Law(
        "endTime is not set, and status is success",
        lambda row: row.get("status") == "success" and row.get("endTime") is not None,
        lambda row: _time(row, "endTime") > 0,
    ),
    _Law(
        "status is success and endTime is set, and startTime is not",
        lambda row: row.get("status") == "success" and row.get("startTime") is not None and _time(row, "endTime") > 0,
        lambda row: _time(row, "startTime") > 0,
    ),
    _Law(
        "startTime is set, and status says that the run waits",
        lambda row: _status(row) in _WAITING,
        lambda row: not _time(row, "startTime"),
    ),
    _Law(
        "startTime is before submitTime",
        _has("startTime", "submitTime"),
        lambda row: _time(row, "submitTime") <= _time(row, "startTime"),
    ),
    _Law(
        "submitTime is after endTime",
        _has("submitTime", "endTime"),
        lambda row: _time(row, "submitTime") <= _time(row, "endTime"),
    ),
)


def judge_patterns(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, str | None]]:
    """For each rule that applies to any row: an exchange with such a row, and what is wrong; None if nothing is."""
    shown = [(row, exchange) for exchange in exchanges for row in exchange.response.rows]
    rows: dict[str, tuple[Mapping[str, Any], Exchange]] = {}
    for row, exchange in shown:
        if (run := identity(row)) not in rows:
            rows[run] = {**row, _NOW: _date(exchange)}, exchange
    known = list(rows.values())
    for law in _LAWS:
        judged = [(row, exchange) for row, exchange in known if law.applies(row)]
        broken = [(row, exchange) for row, exchange in judged if not law.holds(row)]
        if len(broken) >= (max(_FEWEST, _PART * len(judged)) if law.tolerates else 1):
            row, exchange = broken[0]
            text = f"{law.text}, in {len(broken)} of {len(judged)} rows, such as"
            yield exchange, f"{text} {json.dumps({name: row[name] for name in row if name != _NOW}):.300}"
        elif judged:
            yield judged[0][1], None
    yield from _counted(shown)
    yield from _forced(known)
    yield from _named(known)


def _counted(shown: Iterable[tuple[Mapping[str, Any], Exchange]]) -> Iterator[tuple[Exchange, str | None]]:
    """While a run goes on, its runningTime may gain at most a minute on the Date of the responses."""
    ahead: dict[str, list[int]] = {}
    shows: dict[str, Exchange] = {}
    for row, exchange in shown:
        if _counts_on(row) and (now := _date(exchange)):
            shows.setdefault(identity(row), exchange)
            ahead.setdefault(identity(row), []).append(_time(row, "runningTime") - now)
    for run, exchange in shows.items():
        gained = max(each - least for each, least in zip(ahead[run], accumulate(ahead[run], min), strict=True))
        text = f"runningTime gains {gained} ms on the Date of the responses while the run goes on: {run:.200}"
        yield exchange, text if gained > _MINUTE else None


def _counts_on(row: Mapping[str, Any]) -> bool:
    """Whether a run has started and not ended, and its row has a running time."""
    return _time(row, "startTime") > 0 and not _time(row, "endTime") and _time(row, "runningTime") > 0


def _date(exchange: Exchange) -> int:
    """The Date of a response in milliseconds since the epoch; 0 if it has none that can be read."""
    try:
        return int(parsedate_to_datetime(exchange.response.header("Date")[0]).timestamp() * _SECOND)
    except (LookupError, ValueError):
        return 0


def _forced(known: Iterable[tuple[Mapping[str, Any], Exchange]]) -> Iterator[tuple[Exchange, str | None]]:
    """If rows have the status forceSuccess, and at least three have the flag, at least one row must have both."""
    forced = [(row, exchange) for row, exchange in known if row.get("status") == "forceSuccess"]
    flagged = [(row, exchange) for row, exchange in known if row.get("forceSuccess") in (1, True)]
    if forced and flagged:
        apart = not any(row.get("forceSuccess") for row, _ in forced) and len(flagged) >= _FEWEST
        text = f"forceSuccess is set on {len(flagged)} rows, but on none whose status is forceSuccess"
        yield flagged[0][1], text if apart else None


def _named(known: Iterable[tuple[Mapping[str, Any], Exchange]]) -> Iterator[tuple[Exchange, str | None]]:
    """A task or a workspace has one name at a time: its name may change, but does not alternate."""
    planned = sorted(known, key=lambda each: _time(each[0], "planTime"))
    for identifier, name in (("workspaceId", "workspaceName"), ("taskId", "taskName")):
        names: dict[str, list[tuple[str, Exchange]]] = {}
        for row, exchange in planned:
            if row.get(identifier) in (None, "") or not isinstance(row.get(name), str):
                continue
            called = names.setdefault(str(row[identifier]), [])
            if not called or called[-1][0] != row[name]:
                called.append((row[name], exchange))
        for called in names.values():
            distinct = dict.fromkeys(each for each, _ in called)
            if len(called) > max(_FEWEST, len(distinct)):
                shown = " and ".join(map(repr, distinct))
                yield called[-1][1], f"the {name} of one {identifier} alternates between {shown:.200}"
                break
