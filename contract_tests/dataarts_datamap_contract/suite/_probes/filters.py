"""Probes of what is asked for: ids and names that only nearly are those of the target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import quote

from dataarts_datamap_contract.suite._judging.run_lists import first_difference, identities
from dataarts_datamap_contract.suite._probes.session import encode_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

_OK = 200
_FULL_WIDTH = 0xFEE0


def near_names(name: str) -> Iterator[tuple[str, str]]:
    """Job names other than this one, each with the check that it is for."""
    yield "C-job-name-other", "no-such-operator-5f1c09"
    wide = "".join(chr(ord(char) + _FULL_WIDTH) if "!" <= char <= "~" else char for char in name)
    for each in (wide, *_collated(name)):
        if each != name:
            yield "C-job-name-other", each
    parts = {name[:-1], name[1:], name[: len(name) // 2], name[len(name) // 2 :]}
    longer = [name + more for more in ("x", "_1", "/", "<", "%", "/x", " ", ".", ";", "\0")] + [
        f"x{name}",
        f" {name}",
        f"{name},{name}",
    ]
    for each in (*sorted(part for part in parts if part.strip() and part != name), *longer):
        yield "C-job-name-prefix", each
    for each in sorted({name.swapcase(), name.upper(), name.lower(), name[:1].swapcase() + name[1:]} - {name}):
        yield "C-job-name-case", each
    yield "C-job-name-blank", ""
    yield "C-job-name-blank", " "
    for each in ("%", "*", ".*", name[:-1] + "%", name[:1] + "%", name[:-1] + "_", "_" * len(name), name[:-1] + "*"):
        if each != name:
            yield "C-job-name-wildcard", each
    yield "C-job-name-wildcard", "' OR '1'='1"


def _collated(name: str) -> Iterator[str]:
    """Names that a database may take for the same: with an accent on a letter, and with a character of no width."""
    accented = re.sub(r"[aceinosuyzACEINOSUYZ]", lambda letter: f"{letter[0]}\u0301", name, count=1)
    yield from (accented, normalize("NFC", accented), f"{name}\u200b")


def wild_ids(value: str) -> tuple[str, ...]:
    """Patterns that would match an id if they were taken for patterns."""
    return tuple(each for each in ("%", "*", f"{value[:-1]}%", f"{value[:-1]}_") if each != value)


def near_id(value: str, *, in_capitals: bool = False) -> tuple[str, ...]:
    """Ids other than this one: another last character, one fewer, one more, and a list that begins with it.

    Args:
        value: The id.
        in_capitals: Whether it in other letters is another one, too, which is not known of GUIDs.
    """
    last = "1" if value[-1] == "0" else "0"
    found = (value[:-1] + last, value[:-1], value + "0", f"{value},{value[:-1]}{last}")
    return tuple(each for each in (*found, *((value.swapcase(),) if in_capitals else ())) if each not in {"", value})


def probe_job_names(session: Session, study: Study) -> None:
    """A name that only nearly is the target's finds nothing."""
    if session.target.job_name.swapcase() == session.target.job_name:
        session.ledger.excuse("the target's job name has no letters with a case", "C-job-name-case")
    for check, name in near_names(session.target.job_name):
        _judge_nothing(session, check, session.runs(job_name=name, **study.window), f"job_name {name!r}")


def probe_tasks(session: Session, study: Study) -> None:
    """Another task finds nothing, be it one that has no such operator."""
    for task_id in (*near_id(session.target.task_id), *wild_ids(session.target.task_id)):
        exchange = session.runs(task_id=task_id, **study.window)
        _judge_nothing(session, "C-task-id-other", exchange, f"task_id {task_id!r}")
    operators = session.operators()
    own = {str(each.get("task_id")) for each in operators if each.get("job_name") == session.target.job_name}
    others = sorted({str(each.get("task_id")) for each in operators} - own - {session.target.task_id})
    for task_id in others[:2]:
        exchange = session.runs(task_id=task_id, **study.window)
        _judge_nothing(session, "C-task-id-other", exchange, f"task_id {task_id!r} of another operator")


def probe_workspaces(session: Session, study: Study) -> None:
    """Another workspace finds nothing."""
    workspace_id = session.target.workspace_id
    if workspace_id is None:
        session.ledger.excuse("the target names no workspace", "C-workspace-other", "C-rows-of-workspace")
        return
    operators = session.operators()
    asked = (session.target.task_id, session.target.job_name)
    own = {
        str(each.get("workspace_id")) for each in operators if (str(each.get("task_id")), each.get("job_name")) == asked
    }
    others = sorted({str(each.get("workspace_id")) for each in operators} - own - {workspace_id})
    made_up = (
        *near_id(workspace_id, in_capitals=True),
        *wild_ids(workspace_id),
        workspace_id[: len(workspace_id) // 2],
        "0" * 32,
    )
    for other in (*made_up, *others[:1]):
        if other and other not in {workspace_id, *own}:
            exchange = session.runs(workspace_id=other, **study.window)
            _judge_nothing(session, "C-workspace-other", exchange, f"workspace_id {other!r}")


def probe_tables(session: Session) -> None:
    """Another table has no operators."""
    own = session.target.table_guid or ""
    for guid in (*near_id(own), *wild_ids(own)) if own else ():
        exchange = session.nodes(guid=guid)
        _judge_nothing(session, "C-table-other", exchange, f"guid {guid!r}")


def probe_encodings(session: Session, study: Study) -> None:
    """Another encoding of the same query means the same; a second layer of encoding does not."""
    pairs = session.query_pairs(**study.window)
    expected = session.runs(**study.window)
    for query in (encode_every_byte(pairs), encode_every_byte(pairs).lower(), _encode_names(pairs)):
        _judge_same(session, "C-query-encoding", expected, session.runs(query=query), "encoded in another way")
    name = session.target.job_name
    twice = quote(_every_byte(name), safe="")
    hidden = quote(f"{name}&limit=1", safe="")
    for encoded, what in ((twice, "a job_name encoded twice"), (hidden, "a job_name that goes on after an encoded &")):
        changed = "&".join(f"{key}={encoded if key == 'job_name' else quote(value, safe='')}" for key, value in pairs)
        _judge_nothing(session, "C-query-encoding", session.runs(query=changed), what)


def probe_order(session: Session, study: Study) -> None:
    """The order of the parameters means nothing."""
    pairs = list(session.query_pairs(**study.window))
    expected = session.runs(**study.window)
    shuffled = session.random.sample(pairs, len(pairs))
    for order in (pairs[::-1], pairs[3:] + pairs[:3], shuffled):
        exchange = session.runs(query=encode_query(order))
        _judge_same(session, "C-query-order", expected, exchange, "in another order")


def _judge_nothing(session: Session, check: str, exchange: Exchange, what: str) -> None:
    shown = len(exchange.response.rows) or len(exchange.response.operators)
    session.judge(check, exchange, *([f"{what} finds {shown} of them"] if shown else []))


def _judge_same(session: Session, check: str, expected: Exchange, exchange: Exchange, how: str) -> None:
    if exchange.response.status != expected.response.status:
        session.judge(check, exchange, f"the query {how} is answered {exchange.response.status}")
        return
    position = first_difference(identities(expected.response.rows), identities(exchange.response.rows))
    session.judge(
        check, exchange, *(() if position is None else (f"the query {how} finds other runs, from row {position} on",))
    )


def encode_every_byte(pairs: tuple[tuple[str, str], ...]) -> str:
    """A query string whose values are percent-encoded whole."""
    return "&".join(f"{name}={_every_byte(value)}" for name, value in pairs)


def _encode_names(pairs: tuple[tuple[str, str], ...]) -> str:
    return "&".join(f"{name.replace('_', '%5F')}={quote(value, safe='')}" for name, value in pairs)


def _every_byte(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
