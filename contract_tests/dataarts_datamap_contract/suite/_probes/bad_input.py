"""Probes of bad input, and of the smallest and largest valid values."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import BULK, DETAIL, LINEAGE, NODES, RUNS, SEARCH
from dataarts_datamap_contract.suite._judging.run_lists import cut_points
from dataarts_datamap_contract.suite._probes.contexts import varied_questions, varied_runs
from dataarts_datamap_contract.suite._probes.session import encode_query
from dataarts_datamap_contract.suite._probes.study import total_of
from dataarts_datamap_contract.suite._probes.ways import ask_wrongly, in_some_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap_contract.suite._judging.oracle import Exchange, Parameter
    from dataarts_datamap_contract.suite._probes.session import Session

_OK, _BAD_REQUEST, _THROTTLED = 200, 400, 429
_WORDS = ("abc", "ten", "null", "true", "false", "1x", "--1", "[1]", "1;2", "1,2", "1-2", "\uff12x")
# Texts that look like a value in some language, and that no language reads as an integer.
_NO_INTEGERS = (
    "Infinity",
    "-Infinity",
    "NaN",
    "inf",
    "True",
    "None",
    "nil",
    "undefined",
    "1/1",
    "$1",
    "1%",
    "0b12",
    "0o18",
)
_DATES = ("2024-01-31", "2024/01/31", "2024-01-31T00:00:00Z", "now")
# Unusual spellings of zero, and of negative and enormous numbers: most are out of bounds, however they are read.
_ODD_SPELLINGS = ("0x0", "0e5", "-0x10", "-1e1", " -1 ", "-\u0661", "1e30", "0xffffffffffffffffff")
_LONG = 300
_MOST_CONTEXTS = 3
_ODD_NUMBERS = ("1.0", "+1", "", " 1", "01", "1e1", "-0", "\u0661", "1_0", "0x10", "#a", "1 0")
_ODD_TEXTS = ("\0", "a\0", "a\nb", "\x7f")
_DOUBTFUL = {
    **dict.fromkeys(("start_time", "end_time", "offset", "limit"), _ODD_NUMBERS),
    **dict.fromkeys(("task_id", "instance"), ("f" * _LONG,)),
    "workspace_id": ("", "f" * _LONG, *_ODD_TEXTS),
    "job_name": ("订单汇总 📊", "x" * 2_000, *_ODD_TEXTS),
}
_ODD_GUIDS = ("f" * _LONG, "订单", "%", "a'b", "\0", "{}")
_ODD_KEYWORDS = ("%", "'", '"', "\\", "(", "*", "[", "订单 📊", "x" * 2_000, "\n")
_FRACTIONS = ("1.5", "0.25")


def probe_missing(session: Session) -> None:
    """Requests without one, two or all of the required parameters, and with the instance in the wrong place."""
    for parameter in session.oracle.operation("ShowInstanceInfos").parameters:
        if parameter.required and parameter.location != "path":
            for number in range(_MOST_CONTEXTS):
                varied_runs(session, number, **{parameter.name: None})
    required = [
        each.name for each in session.oracle.operation(RUNS).parameters if each.required and each.location == "query"
    ]
    for number, names in enumerate((*combinations(required, 2), required)):
        varied_runs(session, number, **dict.fromkeys(names))
    for number in range(_MOST_CONTEXTS):
        for request in varied_questions(session, number, instance=None):
            session.send(request)
    misplaced = encode_query((*session.query_pairs(), ("instance", session.target.instance_id)))
    session.runs(instance=None, query=misplaced)


def probe_bad_numbers(session: Session) -> None:
    """Each number out of its bounds, with a fraction, and replaced by other text; invariants judge the responses."""
    turn = 0
    for parameter in session.oracle.operation("ShowInstanceInfos").parameters:
        if parameter.is_integer:
            words = (*_WORDS, *_NO_INTEGERS[turn % 2 :: 2], *_DATES[turn % 2 :: 2])
            texts = (*tuple(_outside(parameter)) * _MOST_CONTEXTS, *words, *_FRACTIONS, *_ODD_SPELLINGS)
            for text in texts:
                turn += 1
                varied_runs(session, turn, **{parameter.name: text})
    if session.asks_for(BULK):
        for parameter in session.oracle.operation(BULK).parameters:
            if parameter.is_integer:
                for text in (*_outside(parameter), *_WORDS[::3], *_FRACTIONS, *_ODD_SPELLINGS):
                    other = "limit" if parameter.name == "offset" else "offset"
                    good = session.deal(BULK, ([], [(other, "1")], [(other, "7")], [(other, str(LEAST_CAP))]))
                    query = encode_query([(parameter.name, text), *good])
                    ask_wrongly(session, in_some_way(session, session.request(BULK, query=query)))


def probe_minimum(session: Session) -> None:
    """The smallest valid value of each number is served."""
    moment = (cut_points(session.runs().response.rows, ("planTime", "startTime")) or [session.target.window_start])[0]
    moment = min(max(moment, session.target.window_start), session.target.window_end)
    for changes in (
        {"offset": 0},
        {"limit": 1},
        {"start_time": 0, "end_time": 0},
        {"start_time": moment, "end_time": moment},
    ):
        exchange = session.runs(**changes)
        status = exchange.response.status
        refused = status not in {_OK, _THROTTLED}
        session.judge(
            "E-minimum-refused", exchange, *([f"{_describe(changes)} is answered {status}"] if refused else [])
        )


def probe_maximum(session: Session) -> None:
    """The largest valid value of each number is served, or refused with 400, as by a server with a cap."""
    largest = {
        parameter.name: parameter.schema["maximum"]
        for parameter in session.oracle.operation("ShowInstanceInfos").parameters
        if "maximum" in parameter.schema
    }
    first = session.runs(limit=1)
    start, end = _around_one(session, first)
    for changes in (
        {"limit": largest["limit"], "start_time": start, "end_time": end},
        {"limit": largest["limit"], "offset": 1},
        {"offset": largest["offset"]},
        {"offset": largest["offset"], "limit": largest["limit"]},
        {"end_time": largest["end_time"]},
        {"start_time": largest["start_time"], "end_time": largest["end_time"]},
    ):
        exchange = session.runs(**changes)
        in_pages = session.target.offset_unit == "pages" and changes.get("offset", 0) > 0
        _judge_maximum(session, exchange, changes, 0 if in_pages else total_of(first) or 0)
    for name in ("limit", "offset"):
        plain = {"query": "", "limit": 10, "offset": 0}
        for operation_id, request in (
            (BULK, session.request(BULK, query=f"{name}={largest[name]}")),
            (SEARCH, session.request(SEARCH, document={**plain, name: largest[name]})),
        ):
            if session.asks_for(operation_id):
                exchange = session.send(request)
                _judge_maximum(session, exchange, {f"{operation_id} {name}": largest[name]}, 0)


def probe_doubtful(session: Session) -> None:
    """Requests on which servers may differ: all that is required is a documented response."""
    for name, texts in _DOUBTFUL.items():
        for text in texts:
            session.runs(**{name: text})
    plain = encode_query(session.query_pairs())
    odd = [f"{plain}&{more}" for more in ("limit=10", "limit=1", "job_name=other", "&", "%zz=%zz")]
    for query in (*odd, *(plain.replace("job_name=", f"job_name={begin}") for begin in ("%FF%FE", "%zz"))):
        session.runs(query=query)
    for operation_id in (NODES, DETAIL, LINEAGE):
        for guid in _ODD_GUIDS if session.asks_for(operation_id) else ():
            session.send(session.question(operation_id, guid=guid))
    for keyword in _ODD_KEYWORDS if session.asks_for(SEARCH) else ():
        session.send(session.request(SEARCH, document={"query": keyword, "limit": 10, "offset": 0}))


def probe_optional(session: Session) -> None:
    """A request without its optional parts is understood."""
    session.runs(workspace_id=None)
    for operation_id in filter(session.asks_for, (SEARCH, BULK, LINEAGE)):
        document = {"limit": 10, "offset": 0} if operation_id == SEARCH else None
        session.send(session.request(operation_id, document=document))


def _outside(parameter: Parameter) -> Iterator[str]:
    if "minimum" in parameter.schema:
        yield str(parameter.schema["minimum"] - 1)
        yield str(parameter.schema["minimum"] - 1_000_000)
    if "maximum" in parameter.schema:
        yield str(parameter.schema["maximum"] + 1)
        yield str((parameter.schema["maximum"] + 1) * 2)
        yield "9" * 30


def _around_one(session: Session, first: Exchange) -> tuple[int, int]:
    """A window with few runs, so that the page with the largest limit is short; the target's own if no run is known."""
    moments = cut_points(first.response.rows, ("planTime", "startTime"))
    low, high = session.target.window_start, session.target.window_end
    return (max(low, moments[0]), min(high, moments[-1])) if moments and moments[0] <= high else (low, high)


def _judge_maximum(session: Session, exchange: Exchange, changes: dict[str, Any], total: int) -> None:
    status, described = exchange.response.status, _describe(changes)
    problems = [f"{described} is answered {status}"] if status not in {_OK, _BAD_REQUEST, _THROTTLED} else []
    alone = changes.keys() <= {"limit", "offset"} and changes.get("offset", 0) < total
    if alone and status == _OK and not exchange.response.rows:
        problems.append(f"{described} finds none of {total} runs")
    session.judge("E-maximum-unserved", exchange, *problems)


def _describe(changes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in changes.items())
