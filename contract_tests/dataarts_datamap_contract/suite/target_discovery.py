"""Finds values that exist at a server, from the GUID of one table."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.suite._http.caller import (
    BudgetSpentError,
    Caller,
    InterruptedRunError,
    NoResponseError,
    Pace,
)
from dataarts_datamap_contract.suite._judging.ledger import Ledger
from dataarts_datamap_contract.suite._judging.oracle import Oracle
from dataarts_datamap_contract.suite._probes.session import Session
from dataarts_datamap_contract.suite._probes.study import MOST_WALKED
from dataarts_datamap_contract.suite.target import KnownJob, TargetError
from dataarts_datamap_contract.suite.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap_contract.suite.target import Target

_OK = 200
_DAY = 86_400_000
_DAYS_BACK = (7, 28, 180)
"""How many days back to look, shortest first: related services accept at most a week or a month."""

_MOST_OPERATORS = 10
_ENOUGH_RUNS = 11
_LOOK = 100
_SHOWN = 80
"""The most characters of a response that an error shows."""


class DiscoveryError(TargetError):
    """No operator and window could be found; the text says why."""


def discover_target(target: Target, *, now: datetime | None = None) -> Target:
    """Complete the target with an operator of its table that has runs, and a closed window with these runs.

    The window ends a day before the present, so that its data no longer changes, and is the shortest of 7, 28 and 180
    days in which an operator has more than a page of runs, or else the longest with any runs. Of the first ten
    operators, the one whose runs allow most checks is chosen: what counts is the number of different statuses,
    then whether two runs have the same planned time, then the number of runs, if all can be read. Others with runs
    become known jobs.

    Args:
        target: The known values; its operators and window are replaced.
        now: The present; the real one if None.

    Raises:
        DiscoveryError: The target names no table, or allows too few requests; the server does not answer, or no
            longer serves what it served before; ShowNodes does not respond with an array; or no operator in it has
            runs.
        TargetError: The environment names an unusable proxy.
    """
    end = int((now or datetime.now(UTC)).timestamp() * 1000) - _DAY
    pace = Pace(target.max_requests, 1 / target.rate_limit if target.rate_limit else 0.0)
    try:
        with Caller(target.endpoint, pace) as caller:
            ledger = Ledger(target, "ABCDE", frozenset())
            session = Session(target, caller, ledger, Oracle(load_specification()), generator=random.Random(0))  # noqa: S311
            operators = _operators(session)
            best: tuple[list[KnownJob], int] = [], 0
            for days in _DAYS_BACK:
                most, found = _with_runs(session, operators, end - days * _DAY, end)
                best = (found, days) if found else best
                if most >= _ENOUGH_RUNS:
                    break
            if best[0]:
                return _aim(target, best[0], end - best[1] * _DAY, end)
    except BudgetSpentError as error:
        raise DiscoveryError(
            f"cannot discover: {error}: raise max_requests, or name an operator and a window"
        ) from None
    except InterruptedRunError as error:
        raise DiscoveryError(f"cannot discover: {target.redact(str(error))}") from None
    except NoResponseError as error:
        raise DiscoveryError(
            f"cannot discover: {target.endpoint} does not answer: {target.redact(str(error))}"
        ) from error
    if not operators:
        raise DiscoveryError(f"cannot discover: ShowNodes names no operator of table {target.table_guid}: name another")
    looked_at = f"first {_MOST_OPERATORS}" if len(operators) == _MOST_OPERATORS else len(operators)
    raise DiscoveryError(
        f"cannot discover: none of the {looked_at} operators of table {target.table_guid} has runs in the "
        f"{_DAYS_BACK[-1]} days that end a day ago: name another table, or an operator and a window"
    )


def _operators(session: Session) -> list[KnownJob]:
    if session.target.table_guid is None:
        raise DiscoveryError("cannot discover: name a table, or an operator and a window")
    response = session.nodes().response
    if response.status != _OK:
        raise DiscoveryError(
            f"cannot discover: ShowNodes responds with {response.status}: check the credentials, the ids and the table"
        )
    if not isinstance(response.document, list):
        begin = shortened(printable(session.target.redact(response.content.decode(errors="replace"))), _SHOWN)
        raise DiscoveryError(
            f"cannot discover: ShowNodes responds with {begin!r}, not with an array of operators: "
            "name an operator and a window to judge the server by"
        )
    return [
        KnownJob(
            task_id=str(each["task_id"]),
            job_name=str(each["job_name"]),
            workspace_id=str(workspace) if (workspace := each.get("workspace_id")) else None,
        )
        for each in response.operators[:_MOST_OPERATORS]
        if each.get("task_id") and each.get("job_name")
    ]


def _with_runs(session: Session, operators: Sequence[KnownJob], start: int, end: int) -> tuple[int, list[KnownJob]]:
    """The most runs of one operator in a window, and the operators with runs, those that allow most checks first."""
    counted: list[tuple[tuple[int, ...], KnownJob]] = []
    for each in operators:
        exchange = session.runs(
            task_id=each.task_id,
            job_name=each.job_name,
            workspace_id=each.workspace_id,
            start_time=start,
            end_time=end,
            limit=_LOOK,
        )
        page = exchange.response.page
        if page is not None and page.rows:
            total = page.total or len(page.rows)
            statuses = {str(row.get("status")) for row in page.rows}
            plans = [plan for row in page.rows if (plan := row.get("planTime")) is not None]
            # A window that can be read completely allows more checks than one that cannot.
            walkable = min(total, MOST_WALKED) if total <= MOST_WALKED else 0
            counted.append(((len(statuses), len(set(plans)) < len(plans), walkable, total), each))
    ordered = sorted(counted, key=lambda pair: pair[0], reverse=True)
    return max((score[-1] for score, _ in ordered), default=0), [each for _, each in ordered]


def _aim(target: Target, found: Sequence[KnownJob], start: int, end: int) -> Target:
    first, *others = found
    return replace(
        target,
        task_id=first.task_id,
        job_name=first.job_name,
        workspace_id=first.workspace_id,
        window_start=start,
        window_end=end,
        known_jobs=tuple(others),
    )
