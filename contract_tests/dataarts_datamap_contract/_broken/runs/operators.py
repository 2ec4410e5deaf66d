"""Wrong operators of a table, and wrong runs of operators other than the target's."""

from __future__ import annotations

import html
import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.asset_seams import by_first_block
from dataarts_datamap_contract._broken.caller import ALL, Caller
from dataarts_datamap_contract._broken.relations import ARITHMETIC, CHECKS, CONTENT, OPERATORS, PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    MOST,
    NODES,
    Ask,
    Document,
    Perform,
    Seam,
    Values,
    compact,
    cut,
    on_answers,
    on_arguments,
    on_document,
    on_listing,
    on_operators,
    on_row,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    CHINESE,
    EMOJI_TASK,
    OK,
    SALES,
    STAGE_JOB,
    WORKSPACE,
    Anew,
    Operation,
    day,
    guid_of,
    own_rows,
    own_total,
    repeats,
)
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_sealed = partial(BrokenServer, level="C", cohort="sealed")
_unseen = partial(BrokenServer, level="C", cohort="unseen")
_apart = partial(BrokenServer, level="C", cohort="apart")
_outside = partial(BrokenServer, level="C", cohort="outside")

_UNUSUAL = frozenset({"C-job-name-unusual"})
_FIRST_OPERATORS = 3
_NOT_FOUND = 404
_SHORT_GUID = 32


def _names(caller: Caller) -> list[Document]:
    operators: list[Document] = caller.nodes().json()
    return operators


def _renamed(change: Callable[[Document], Document], task_id: str) -> Callable[[list[Document]], object]:
    return lambda operators: [change(each) if each["task_id"] == task_id else each for each in operators]


def _of(job_name: str, change: Callable[[Values], Values]) -> Callable[[Values], Values]:
    """The change of parameters, restricted to requests with this job name."""
    return lambda values: change(values) if values["job_name"] == job_name else values


def _with_the_other_operator(perform: Perform, values: Values) -> Document:
    """The runs of the documented operator follow those of the other operator of its task."""
    everything = whole(perform, values)
    rows = list(everything["rows"])
    if values["job_name"] == STAGE_JOB:
        rows += whole(perform, {**values, "job_name": "ETL_Job_dli2dws"})["rows"]
    return {**everything, "rows": cut(rows, values), "total": everything["total"]}


def _few_of_sales(page: Document, values: Values, _: Perform) -> int:
    return min(int(page["total"]), 20) if values["task_id"] == SALES["task_id"] else int(page["total"])


def _one_less_of_sales(perform: Perform, values: Values) -> Document:
    """For a job name with a blank, windows of two days or more with over five runs lack 0:00 to 6:00 of each day."""
    everything = whole(perform, values)
    rows = everything["rows"]
    if " " in str(values["job_name"]) and len(rows) > 5:
        rows = [row for row in rows if row["planTime"] // 21_600_000 % 4]
        if int(values["end_time"]) - int(values["start_time"]) < 2 * 86_400_000:
            rows = everything["rows"]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _first_workspace(operators: list[Document]) -> list[Document]:
    return [each for each in operators if each["workspace_id"] == operators[0]["workspace_id"]]


def _one_a_task(operators: list[Document]) -> list[Document]:
    return list({operator["task_id"]: operator for operator in reversed(operators)}.values())[::-1]


def _escaped(operators: list[Document]) -> list[Document]:
    return [{**operator, "job_name": html.escape(operator["job_name"])} for operator in operators]


def _in_one_workspace(operators: list[Document]) -> list[Document]:
    return [{**operator, "workspace_id": WORKSPACE} for operator in operators]


def _unknown_without_operators(_: str, ask: Ask, arguments: Arguments) -> list[Document]:
    operators: list[Document] = ask(arguments)
    if not operators:
        raise HttpError(404, "DLG.0404", f"The table {arguments.text('guid')} does not exist")
    return operators


def _writers_alone() -> Seam:
    """A seam on which ShowNodes leaves out each operator that lineage knows, but not as a writer of the table."""
    bulk: dict[str, Callable[[Arguments], bytes]] = {}

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        bulk.update({BULK: operation.perform} if operation.operation_id == BULK else {})
        if operation.operation_id != NODES:
            return operation

        def perform(arguments: Arguments) -> bytes:
            operators: list[Document] = json.loads(operation.perform(arguments))
            scope = {name: arguments.text(name) for name in ("project_id", "instance")}
            rows = json.loads(bulk[BULK](Arguments({**scope, "limit": MOST})))["data"]
            known = {row["node_name"] for row in rows}
            writers = {row["node_name"] for row in rows if row.get("target_guid") == arguments.text("guid")}
            shown = [each for each in operators if each["job_name"] in writers or each["job_name"] not in known]
            return json.dumps(shown).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def _leaves_out_readers(caller: Caller) -> bool:
    return all(operator["job_name"] != "check/rows<stage>" for operator in caller.nodes().json())


def _joined_with_sources() -> Seam:
    """A seam on which ShowNodes lists a writer of the table once for each table that it reads."""
    bulk: list[Operation] = []

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id == BULK:
            bulk.append(operation.perform)
        if operation.operation_id != NODES:
            return operation

        def perform(arguments: Arguments) -> bytes:
            operators = json.loads(operation.perform(arguments))
            scope = {name: arguments.values[name] for name in ("project_id", "instance")}
            rows = json.loads(bulk[-1](Arguments({**scope, "limit": MOST})))["data"]
            pairs = Counter(row["node_name"] for row in rows if row.get("target_guid") == arguments.text("guid"))
            times = [(operator, max(pairs[operator["job_name"]], 1)) for operator in operators]
            return compact([operator for operator, number in times for _ in range(number)]).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def _known_by_32(values: Values) -> Values:
    is_near = str(values["guid"])[:_SHORT_GUID] == TABLE_GUID[:_SHORT_GUID]
    return {**values, "guid": TABLE_GUID} if is_near else values


BROKEN_SERVERS = (
    _sealed(
        "operator-under-another-task",
        "ShowNodes returns the task_id that finds an operator's runs",
        OPERATORS,
        on_operators(_renamed(lambda each: {**each, "task_id": "941207"}, EMOJI_TASK)),
        lambda caller: EMOJI_TASK not in {each["task_id"] for each in _names(caller)},
    ),
    _sealed(
        "three-operators-at-most",
        "ShowNodes names the fourth operator of a table, too",
        OPERATORS,
        on_operators(lambda operators: operators[:3]),
        lambda caller: len(_names(caller)) == 3,
    ),
    _sealed(
        "one-workspace-for-all-operators",
        "ShowNodes gives each operator its own workspace",
        OPERATORS,
        on_operators(lambda operators: [{**each, "workspace_id": operators[0]["workspace_id"]} for each in operators]),
        lambda caller: len({each["workspace_id"] for each in _names(caller)}) == 1,
    ),
    _sealed(
        "operator-names-cut-short",
        "ShowNodes gives an operator's whole name",
        OPERATORS,
        on_operators(lambda operators: [{**each, "job_name": each["job_name"][:16]} for each in operators]),
        lambda caller: STAGE_JOB not in {each["job_name"] for each in _names(caller)},
    ),
    _sealed(
        "operator-names-escaped-for-html",
        "ShowNodes returns the job_name that finds an operator's runs, not escaped for HTML",
        OPERATORS,
        on_operators(
            lambda operators: [{**each, "job_name": each["job_name"].replace("<", "&lt;")} for each in operators]
        ),
        lambda caller: "check/rows&lt;stage>" in {each["job_name"] for each in _names(caller)},
    ),
    _sealed(
        "chinese-operator-has-one-page",
        "the second page of an operator with a Chinese name has rows",
        _UNUSUAL | PAGES,
        own_rows(
            lambda page, values, _: [] if values["offset"] and not str(values["job_name"]).isascii() else page["rows"]
        ),
        lambda caller: caller.rows(task_id=EMOJI_TASK, job_name=CHINESE, offset=5) == [],
    ),
    _sealed(
        "window-open-for-names-with-a-slash",
        "the end of a window applies to every operator",
        _UNUSUAL | WINDOWS | frozenset({"C-window-end"}),
        on_arguments(_of(STAGE_JOB, lambda values: {**values, "end_time": 2**63 - 1})),
        lambda caller: (
            max(row["planTime"] for row in caller.rows(job_name=STAGE_JOB, **day(caller))) > day(caller)["end_time"]
        ),
    ),
    _sealed(
        "twenty-runs-of-the-other-workspace",
        "total counts every run, in every workspace",
        _UNUSUAL | TOTALS,
        own_total(_few_of_sales),
        lambda caller: caller.page(**SALES)["total"] == 20 < len(caller.rows(**SALES)),
    ),
    _sealed(
        "second-operator-runs-on-into-the-first",
        "no run of another operator follows the last run of an operator",
        _UNUSUAL | PAGES | frozenset({"C-rows-of-job", "C-offset-beyond-end"}),
        on_listing(_with_the_other_operator),
        lambda caller: len({row["jobName"] for row in caller.rows(job_name=STAGE_JOB, limit=ALL)}) == 2,
    ),
    _sealed(
        "nights-lost-of-names-with-a-blank",
        "a window of several days has the runs of each night, even if the job_name has a blank",
        _UNUSUAL | WINDOWS,
        on_listing(_one_less_of_sales),
        lambda caller: {row["planTime"] // 21_600_000 % 4 for row in caller.rows(**SALES)} == {1, 2, 3},
    ),
    _sealed(
        "workspace-has-two-names",
        "a workspace has one name",
        CONTENT | ARITHMETIC | frozenset({"C-rows-of-workspace"}),
        on_row(
            lambda row: {
                **row,
                "workspaceName": "default" if row["taskRunningLogId"] % 2 else row["workspaceName"],
            }
        ),
        lambda caller: len({row["workspaceName"] for row in caller.rows()}) == 2,
    ),
    _unseen(
        "operators-of-the-first-workspace",
        "ShowNodes names the operators of every workspace",
        OPERATORS,
        on_operators(_first_workspace),
        lambda caller: len({each["workspace_id"] for each in caller.nodes().json()}) == 1,
    ),
    _unseen(
        "tasks-with-leading-zeros",
        "ShowNodes names operators that can be requested",
        frozenset({*OPERATORS, "C-rows-of-task"}),
        on_operators(lambda operators: [{**each, "task_id": f"00{each['task_id']}"} for each in operators]),
        lambda caller: caller.nodes().json()[0]["task_id"].startswith("00"),
    ),
    _unseen(
        "operators-with-null-names",
        "each operator has a name",
        frozenset({"A-nodes-shape"}),
        on_document(lambda document: document.replace(b'"job_name":"Load orders-eu"', b'"job_name":null'), of=NODES),
        lambda caller: any(each["job_name"] is None for each in caller.nodes().json()),
        level="A",
    ),
    _apart(
        "one-operator-a-task",
        "Each operator of a table is listed, even if another one is in the same task.",
        OPERATORS | {"C-nodes-unique", "C-lineage-agrees", "C-asset-agrees"},
        on_operators(_one_a_task),
        lambda caller: sum(operator["task_id"] == "937987" for operator in caller.nodes().json()) == 1,
    ),
    _apart(
        "first-three-operators",
        "The list of a table's operators is complete.",
        OPERATORS | {"C-lineage-agrees", "C-asset-agrees"},
        on_operators(lambda operators: operators[:_FIRST_OPERATORS]),
        lambda caller: len(caller.nodes().json()) == _FIRST_OPERATORS,
    ),
    _apart(
        "names-of-operators-for-a-page",
        "The name of an operator in ShowNodes finds its runs: it is not escaped for a web page.",
        OPERATORS | {"C-rows-of-job", "C-job-name-unusual"},
        on_operators(_escaped),
        lambda caller: "&lt;" in caller.nodes().body.decode(),
    ),
    _apart(
        "operators-in-the-workspace-of-the-table",
        "The workspace of an operator in ShowNodes is its own, not the one of the table.",
        OPERATORS | {"C-workspace-same", "C-rows-of-workspace"},
        on_operators(_in_one_workspace),
        lambda caller: len({operator["workspace_id"] for operator in caller.nodes().json()}) == 1,
    ),
    _apart(
        "operators-by-the-first-block",
        "A GUID that only begins like a table's GUID finds no operators.",
        frozenset({"C-table-other"}),
        on_arguments(by_first_block, of=NODES),
        lambda caller: caller.nodes(f"{TABLE_GUID[:8]}-0000-4000-8000-000000000000").status == OK,
    ),
    _apart(
        "without-operators-not-found",
        "A table that no operator reads or writes has an empty list of operators.",
        OPERATORS | {"A-nodes-shape", "C-asset-agrees", "C-lineage-agrees"},
        on_answers(_unknown_without_operators, NODES),
        lambda caller: caller.nodes("e07a92b4-61c8-4d27-8f0b-3c95d4b7a6f2").status == _NOT_FOUND,
    ),
    _apart(
        "operators-that-write-alone",
        "The operators of a table are those that read or write it, not only the writers.",
        OPERATORS | {"C-lineage-agrees", "C-asset-agrees"},
        _writers_alone(),
        _leaves_out_readers,
    ),
    _outside(
        "operators-once-per-source",
        "An operator of a table is listed once, however many tables it reads.",
        CHECKS["operators of a table"],
        Anew(make=_joined_with_sources),
        lambda caller: repeats([compact(each) for each in caller.nodes(guid_of(caller, "lake.dwd_items")).json()]),
    ),
    _outside(
        "operators-get-the-tables-workspace",
        "An operator is listed with its own workspace, which finds its runs.",
        CHECKS["operators of a table"],
        on_operators(lambda found: [{**each, "workspace_id": found[0]["workspace_id"]} for each in found]),
        lambda caller: any(
            each["job_name"] == SALES["job_name"]
            and not caller.page(**SALES, workspace_id=each["workspace_id"])["total"]
            for each in caller.nodes().json()
        ),
    ),
    _outside(
        "guids-of-32-characters",
        "A GUID that differs from a table's in its last four characters is a different GUID.",
        CHECKS["operators of a table"],
        on_arguments(_known_by_32, of=NODES),
        lambda caller: caller.nodes(f"{TABLE_GUID[:_SHORT_GUID]}0000").status == OK,
    ),
)
