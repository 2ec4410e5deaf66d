"""Probes of filters: with ids and names that are almost the target's."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from dataarts_datamap_contract.suite._judging.run_lists import RUN_ID
from dataarts_datamap_contract.suite._probes.contexts import operators_of, varied_runs
from dataarts_datamap_contract.suite._probes.session import every_byte
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

_NAMES: Final = ("task_id", "job_name", "workspace_id")
_FULL_WIDTH = 0xFEE0
_PICTURE = re.compile("[\U00010000-\U0010ffff]")


def near_names(name: str) -> Iterator[tuple[str, str]]:
    """Job names other than ``name``, each with the check that it is for."""
    yield "C-job-name-other", "no-such-operator-5f1c09"
    wide = "".join(chr(ord(char) + _FULL_WIDTH) if "!" <= char <= "~" else char for char in name)
    for each in (wide, *_collated(name), *_rewritten(name)):
        if each != name:
            yield "C-job-name-other", each
    yield from (("C-replay", each) for each in (every_byte(name), f"{name}&limit=1"))
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
    """Names that a database may take for the same: with an accent, a zero-width character, or another emoji."""
    accented = re.sub(r"[aceinosuyzACEINOSUYZ]", lambda letter: f"{letter[0]}\u0301", name, count=1)
    pictured = _PICTURE.sub(lambda found: "🚀" if found[0] != "🚀" else "📦", name)
    yield from (accented, normalize("NFC", accented), f"{name}\u200b", pictured)


def _rewritten(name: str) -> Iterator[str]:
    """Names that a cleaner, a parser or another character set may turn into this one."""
    yield from (escape(name), name.encode().decode("latin-1"), name.encode("gbk", "replace").decode("gbk"))
    yield from (name.replace(" ", "  "), name.replace("_", "-"), name.replace("/", "\\"), name.replace(" ", "_"))
    yield from (f"{name}{more}" for more in ("\t", "\n", "\u3000", "\u00a0", "\\", "'", "'--", "#", ":", "?"))
    yield from (f'"{name}"', f"\ufeff{name}", f"{name}|{name}", f"{name}\u00ad")


def wild_ids(value: str) -> tuple[str, ...]:
    """Texts that would match an id if they were read as patterns."""
    return tuple(each for each in ("%", "*", f"{value[:-1]}%", f"{value[:-1]}_") if each != value)


def near_id(value: str, *, in_capitals: bool = False) -> tuple[str, ...]:
    """Ids other than ``value``: its last character changed or left out, a 0 or a blank added, and a list of two ids.

    Args:
        value: The id.
        in_capitals: Whether to include the id in the opposite case, which for a GUID may be the same id.
    """
    last = "1" if value[-1] == "0" else "0"
    found = (value[:-1] + last, value[:-1], value + "0", f"{value},{value[:-1]}{last}", f"{value} ")
    return tuple(each for each in (*found, *((value.swapcase(),) if in_capitals else ())) if each not in {"", value})


def _of_numbers(value: str) -> Iterator[str]:
    """Texts that a server may read as the same number as an id of digits; none for any other id."""
    arabic = value.translate({ord(digit): 0x660 + int(digit) for digit in "0123456789"})
    if value.isascii() and value.isdecimal():
        yield from (arabic, *(str(int(value) + 2**bits) for bits in (31, 32, 53, 64)), f"{value[:-1]}_{value[-1]}")
        yield from (f"-{value}", f"{value}.5", f"{value}e1", f"{value};x", f"{value}x")


def probe_near(session: Session, study: Study) -> None:
    """A request for runs finds nothing if one of its ids, or the job name, is only almost right."""
    operators, named = operators_of(session), session.operators()
    if session.target.job_name.swapcase() == session.target.job_name:
        session.ledger.excuse("the target's job name has no letters with a case", "C-job-name-case")
    if all(each["workspace_id"] is None for each in operators):
        session.ledger.excuse("the target names no workspace", "C-workspace-other", "C-rows-of-workspace")
    known = {_ids(each) for each in (*operators, *named)}
    known |= {(task_id, job_name, None) for task_id, job_name, _ in known}
    starts = (0, session.target.window_start)
    for place, operator in enumerate(operators):
        for number, (check, changes) in enumerate(_near(operator, named)):
            asked = operator | changes
            is_collated = asked["job_name"] in set(_collated(operator["job_name"]))
            if _ids(asked) in known or not (place == 0 or number % 5 == place % 5 or is_collated):
                continue
            what = " and ".join(f"{name} {value!r}" for name, value in changes.items())
            if place == 0 and number % 6 == 1:
                _judge_nothing(session, check, session.runs(**asked, **study.window), what)
            window = {"start_time": session.deal("near", starts), "end_time": session.target.window_end}
            _judge_nothing(session, check, varied_runs(session, number, **asked, **window), what)


def _near(operator: Mapping[str, Any], named: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Changes to an operator's ids or name after which no operator has them, each with the check that it is for."""
    task_id, job_name, workspace_id = (operator[name] for name in _NAMES)
    yield from ((check, {"job_name": name}) for check, name in near_names(job_name))
    others = sorted({str(each.get("task_id")) for each in named} - {task_id})
    for each in (*near_id(task_id), *wild_ids(task_id), *_of_numbers(task_id), *others[:3]):
        yield "C-task-id-other", {"task_id": each}
    if workspace_id is not None:
        others = sorted({str(each.get("workspace_id")) for each in named} - {workspace_id})
        half = workspace_id[: len(workspace_id) // 2]
        made_up = (*near_id(workspace_id, in_capitals=True), *wild_ids(workspace_id), *([half] if half else []))
        for each in (*made_up, "0" * 32, *others[:1]):
            yield "C-workspace-other", {"workspace_id": each}


def _ids(operator: Mapping[str, Any]) -> tuple[str, Any, Any]:
    return str(operator.get("task_id")), operator.get("job_name"), operator.get("workspace_id")


def probe_tables(session: Session) -> None:
    """A GUID that is almost that of the target's table has no operators."""
    own = session.target.table_guid or ""
    for guid in (*near_id(own), *wild_ids(own)) if own else ():
        exchange = ask(session, session.nodes_request(guid=guid))
        _judge_nothing(session, "C-table-other", exchange, f"guid {guid!r}")


def _judge_nothing(session: Session, check: str, exchange: Exchange, what: str) -> None:
    response = exchange.response
    shown = len(response.rows) or len(response.operators) or (response.page.total if response.page else 0)
    is_wrong = shown and not _is_of_another(session, exchange)
    session.judge(check, exchange, *([f"{what} finds {shown} rows or operators"] if is_wrong else []))


def _is_of_another(session: Session, exchange: Exchange) -> bool:
    """Whether another operator has the requested ids: all rows name it, and none is a run of a known operator."""
    world, asked = session.ledger.world, exchange.judgement.values
    rows = exchange.response.rows
    if not rows or any(
        (str(row.get("taskId")), row.get("jobName")) != (asked["task_id"], asked["job_name"]) for row in rows
    ):
        return False
    others = (each for asker, each in world.rows.items() if asker != world.asker(exchange))
    known = {str(row.get(RUN_ID)) for each in others for row in each.values()}
    return known.isdisjoint(str(row.get(RUN_ID)) for row in rows)
