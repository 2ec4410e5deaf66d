"""Level C: filters, and the operators of a table."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dataarts_datamap_contract._broken.caller import JOB_NAME, Caller
from dataarts_datamap_contract._broken.seams import (
    NODES,
    Document,
    Pairs,
    Perform,
    Response,
    Seam,
    Values,
    before_app,
    cut,
    fresh,
    on_arguments,
    on_field,
    on_listing,
    on_operators,
    on_query,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, data, set_arguments, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

_OPERATORS = (
    ("937987", JOB_NAME),
    ("941206", "订单汇总_日报📊"),
    ("937987", "check/rows<stage>"),
    ("958113", "Load orders-eu"),
    ("960042", "export_customers"),
)
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"


def _named(matches: Callable[[str, str], bool]) -> Seam:
    """A seam on which a name that no operator of the task has finds the first operator whose name matches."""

    def change(values: Values) -> Values:
        task_id, wanted = values["task_id"], str(values["job_name"])
        names = [name for task, name in _OPERATORS if task == task_id]
        found = [name for name in names if matches(name, wanted)]
        return {**values, "job_name": found[0]} if wanted not in names and found else values

    return on_arguments(change)


def _any_task(values: Values) -> Values:
    tasks = [task for task, name in _OPERATORS if name == values["job_name"]]
    return {**values, "task_id": tasks[0]} if tasks else values


def _every_job_of_the_task(perform: Perform, values: Values) -> Document:
    pages = [whole(perform, values, job_name=name) for task, name in _OPERATORS if task == values["task_id"]]
    rows = sorted((row for page in pages for row in page["rows"]), key=_newest_first)
    return {**perform(values), "rows": cut(rows, values), "total": len(rows)}


def _newest_first(row: Document) -> tuple[int, int]:
    return -row["planTime"], -row["taskRunningLogId"]


def _misread(name: str) -> str:
    return name.encode().decode("latin-1")


def _firewall(scope: Scope) -> Response | None:
    return fresh(403, b"<h1>Request blocked</h1>", "text/html") if b"%3C" in scope["query_string"].upper() else None


def _like_percent(name: str, wanted: str) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split("%")))
    return "%" in wanted and re.fullmatch(pattern, name) is not None


def _like_underscore(name: str, wanted: str) -> bool:
    return re.fullmatch(".".join(map(re.escape, wanted.split("_"))), name) is not None


def _nothing_behind_limit(pairs: Pairs) -> Pairs:
    names = [name for name, _ in pairs]
    return pairs[: names.index("limit") + 1] if "limit" in names else pairs


def _emoji_rows(caller: Caller) -> list[Document]:
    rows: list[Document] = caller.rows(task_id=EMOJI_TASK, job_name=CHINESE)
    return rows


def _without_accents(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", name) if not unicodedata.combining(char))


BROKEN_SERVERS = (
    BrokenServer(
        name="job-name-by-prefix",
        level="C",
        rule="job_name is compared as a whole",
        checks=frozenset({"C-job-name-prefix"}),
        seam=_named(str.startswith),
        shown=lambda caller: bool(caller.rows(job_name=JOB_NAME[:-1])),
    ),
    BrokenServer(
        name="job-name-in-any-case",
        level="C",
        rule="job_name is compared with case",
        checks=frozenset({"C-job-name-case"}),
        seam=_named(lambda name, wanted: name.lower() == wanted.lower()),
        shown=lambda caller: bool(caller.rows(job_name=JOB_NAME.upper())),
    ),
    BrokenServer(
        name="job-name-ignored",
        level="C",
        rule="a page has only runs of the job_name",
        checks=frozenset({"C-rows-of-job", "C-job-name-other"}),
        seam=on_listing(_every_job_of_the_task),
        shown=lambda caller: len({row["jobName"] for row in caller.rows()}) > 1,
    ),
    BrokenServer(
        name="task-id-ignored",
        level="C",
        rule="a page has only runs of the task_id",
        checks=frozenset({"C-task-id-other", "C-rows-of-task"}),
        seam=on_arguments(_any_task),
        shown=lambda caller: bool(caller.rows(task_id="1")),
    ),
    BrokenServer(
        name="workspace-id-ignored",
        level="C",
        rule="a page has only runs of the workspace_id",
        checks=frozenset({"C-workspace-other", "C-rows-of-workspace"}),
        seam=set_arguments(workspace_id=lambda _: ""),
        shown=lambda caller: bool(caller.rows(workspace_id="0" * 32)),
    ),
    BrokenServer(
        name="operator-listed-twice",
        level="C",
        rule="ShowNodes lists nothing twice",
        checks=frozenset({"C-nodes-unique"}),
        seam=on_operators(lambda operators: [*operators, *operators[:1]]),
        shown=lambda caller: len(caller.nodes().json()) > len({str(one) for one in caller.nodes().json()}),
    ),
    BrokenServer(
        name="job-name-misread",
        level="C",
        rule="jobName of each row is the job_name, even in Chinese",
        checks=frozenset({"C-rows-of-job"}),
        seam=on_field("jobName", _misread),
        shown=lambda caller: _emoji_rows(caller)[0]["jobName"].startswith("è®¢"),
        cohort="late",
    ),
    BrokenServer(
        name="job-name-escaped-for-html",
        level="C",
        rule="jobName of each row is the job_name itself, not escaped for HTML",
        checks=frozenset({"C-rows-of-job"}),
        seam=on_field("jobName", html.escape),
        shown=lambda caller: "&lt;" in caller.rows(job_name="check/rows<stage>")[0]["jobName"],
        cohort="late",
    ),
    BrokenServer(
        name="firewall-against-brackets",
        level="C",
        rule="a job_name with < in it is served",
        checks=frozenset({"C-job-name-unusual", "C-nodes-chain"}),
        seam=before_app(_firewall),
        shown=lambda caller: status_of(caller, job_name="check/rows<stage>") == 403,
        cohort="late",
    ),
    BrokenServer(
        name="chinese-names-lost",
        level="C",
        rule="a job_name of Chinese text is found",
        checks=frozenset({"C-job-name-unusual"}),
        seam=set_arguments(job_name=lambda name: name.encode("ascii", "replace").decode()),
        shown=lambda caller: _emoji_rows(caller) == [],
        cohort="late",
    ),
    BrokenServer(
        name="blanks-lost",
        level="C",
        rule="a job_name with a blank is found",
        checks=frozenset({"C-job-name-unusual"}),
        seam=set_arguments(job_name=lambda name: name.replace(" ", "")),
        shown=lambda caller: caller.rows(task_id="958113", job_name="Load orders-eu") == [],
        cohort="late",
    ),
    BrokenServer(
        name="per-cent-as-wildcard",
        level="C",
        rule="a percent sign in a job_name is literal",
        checks=frozenset({"C-job-name-wildcard"}),
        seam=_named(_like_percent),
        shown=lambda caller: bool(caller.rows(job_name="ETL%")),
        cohort="late",
    ),
    BrokenServer(
        name="underscore-as-wildcard",
        level="C",
        rule="an underscore in a job_name is literal",
        checks=frozenset({"C-job-name-wildcard"}),
        seam=_named(_like_underscore),
        shown=lambda caller: bool(caller.rows(job_name="ETL_Job_dli2dw_")),
        cohort="late",
    ),
    BrokenServer(
        name="job-name-trimmed",
        level="C",
        rule="a job_name with a trailing blank is another one",
        checks=frozenset({"C-job-name-prefix", "C-job-name-other"}),
        seam=set_arguments(job_name=str.strip),
        shown=lambda caller: bool(caller.rows(job_name=f"{JOB_NAME} ")),
        cohort="late",
    ),
    BrokenServer(
        name="decoded-twice",
        level="C",
        rule="a query is decoded once",
        checks=frozenset({"C-replay"}),
        seam=set_arguments(job_name=unquote),
        shown=lambda caller: bool(caller.rows(job_name="ETL%5FJob_dli2dws")),
        cohort="late",
    ),
    BrokenServer(
        name="nothing-read-behind-the-limit",
        level="C",
        rule="parameters count wherever they are in the query",
        checks=frozenset({"C-replay"}),
        seam=on_query(_nothing_behind_limit),
        shown=lambda caller: (
            caller.get(caller.runs_target().replace("?", "?limit=10&").removesuffix("&limit=10")).status == 400
        ),
        cohort="late",
    ),
    BrokenServer(
        name="table-by-its-beginning",
        level="C",
        rule="a table is identified by its whole guid",
        checks=frozenset({"C-table-other"}),
        seam=on_arguments(
            lambda values: (
                {**values, "guid": "09318f28-939f-4ab6-a374-9e621096652c"}
                if str(values["guid"]).startswith("09318f28")
                else values
            ),
            of=NODES,
        ),
        shown=lambda caller: data(caller.nodes("09318f28-939f-4ab6-a374-9e621096652d")),
        cohort="late",
    ),
    BrokenServer(
        name="first-operator-left-out",
        level="C",
        rule="ShowNodes names every operator of the table",
        checks=frozenset({"C-nodes-operator"}),
        seam=on_operators(lambda operators: operators[1:]),
        shown=lambda caller: JOB_NAME not in {operator["job_name"] for operator in caller.nodes().json()},
        cohort="late",
    ),
    BrokenServer(
        name="operators-with-padded-task-ids",
        level="C",
        rule="what ShowNodes lists can be used in requests",
        checks=frozenset({"C-nodes-operator", "C-nodes-chain"}),
        seam=on_operators(
            lambda operators: [{**operator, "task_id": operator["task_id"].zfill(10)} for operator in operators]
        ),
        shown=lambda caller: caller.nodes().json()[0]["task_id"] == "0000937987",
        cohort="late",
    ),
    BrokenServer(
        name="accents-do-not-count",
        level="C",
        rule="a job_name with an accent on a letter is another one",
        checks=frozenset({"C-job-name-other", "C-job-name-case"}),
        seam=_named(lambda name, wanted: _without_accents(wanted) == name),
        shown=lambda caller: bool(caller.rows(job_name="ÉTL_Job_dli2dws")),
        cohort="blind",
    ),
    BrokenServer(
        name="workspace-by-pattern",
        level="C",
        rule="a percent sign in a workspace_id is literal",
        checks=frozenset({"C-workspace-other"}),
        seam=set_arguments(
            workspace_id=lambda text: (
                _WORKSPACE if "%" in text and re.fullmatch(re.escape(text).replace("%", ".*"), _WORKSPACE) else text
            )
        ),
        shown=lambda caller: bool(caller.rows(workspace_id="b88c%")),
        cohort="blind",
    ),
)
