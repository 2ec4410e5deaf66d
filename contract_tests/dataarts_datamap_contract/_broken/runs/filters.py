"""Names and ids that find too much or too little, or are shown wrongly: collations, casts, decoders and the like."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from dataarts_datamap_contract._broken.caller import JOB_NAME, TASK_ID, Caller
from dataarts_datamap_contract._broken.relations import CHECKS, FILTERS
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
    fail_on,
    fresh,
    on_arguments,
    on_field,
    on_listing,
    on_operators,
    on_query,
    on_row,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    CHINESE,
    EMOJI_TASK,
    WORKSPACE,
    data,
    has,
    set_arguments,
    status_of,
    total_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

_first = partial(BrokenServer, level="C")
_late = partial(BrokenServer, level="C", cohort="late")
_blind = partial(BrokenServer, level="C", cohort="blind")
_unseen = partial(BrokenServer, level="C", cohort="unseen")
_outside = partial(BrokenServer, level="C", cohort="outside")

_OPERATORS = (
    ("937987", JOB_NAME),
    ("941206", "订单汇总_日报📊"),
    ("937987", "check/rows<stage>"),
    ("958113", "Load orders-eu"),
    ("960042", "export_customers"),
)
_WORKSPACES = ("b88c445407b24283aa949f9833a38fd8", "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6")
_HALF = 16
_LONGEST = 255
_SERVER_ERROR = 500
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_FULL_WIDTH = 0xFEE0


def _named(matches: Callable[[str, str], bool]) -> Seam:
    """A seam on which a name that no operator of the task has finds the task's first operator whose name matches."""

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


def _question_marks(row: Document) -> Document:
    return {**row, "jobName": row["jobName"].encode("latin-1", "replace").decode("latin-1")}


def _workspace_in_any_case(values: Values) -> Values:
    return {**values, "workspace_id": str(values["workspace_id"]).lower()} if "workspace_id" in values else values


def _full_width(text: str) -> str:
    return "".join(chr(ord(letter) + _FULL_WIDTH) if letter.isalpha() else letter for letter in text)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text)


def _known_by_half(workspace_id: str) -> str:
    return next((known for known in _WORKSPACES if known[:_HALF] == workspace_id[:_HALF]), workspace_id)


BROKEN_SERVERS = (
    _first(
        "job-name-by-prefix",
        "job_name is compared as a whole",
        frozenset({"C-job-name-prefix"}),
        _named(str.startswith),
        lambda caller: bool(caller.rows(job_name=JOB_NAME[:-1])),
    ),
    _first(
        "job-name-in-any-case",
        "a job_name in another case finds nothing",
        frozenset({"C-job-name-case"}),
        _named(lambda name, wanted: name.lower() == wanted.lower()),
        lambda caller: bool(caller.rows(job_name=JOB_NAME.upper())),
    ),
    _first(
        "job-name-ignored",
        "a page has only runs of the requested job_name",
        frozenset({"C-rows-of-job", "C-job-name-other"}),
        on_listing(_every_job_of_the_task),
        lambda caller: len({row["jobName"] for row in caller.rows()}) > 1,
    ),
    _first(
        "task-id-ignored",
        "a page has only runs of the requested task_id",
        frozenset({"C-task-id-other", "C-rows-of-task"}),
        on_arguments(_any_task),
        lambda caller: bool(caller.rows(task_id="1")),
    ),
    _first(
        "workspace-id-ignored",
        "a page has only runs of the requested workspace_id",
        frozenset({"C-workspace-other", "C-rows-of-workspace"}),
        set_arguments(workspace_id=lambda _: ""),
        lambda caller: bool(caller.rows(workspace_id="0" * 32)),
    ),
    _first(
        "operator-listed-twice",
        "ShowNodes lists no operator twice",
        frozenset({"C-nodes-unique"}),
        on_operators(lambda operators: [*operators, *operators[:1]]),
        lambda caller: len(caller.nodes().json()) > len({str(one) for one in caller.nodes().json()}),
    ),
    _late(
        "job-name-misread",
        "jobName of each row is the job_name, even in Chinese",
        frozenset({"C-rows-of-job"}),
        on_field("jobName", _misread),
        lambda caller: _emoji_rows(caller)[0]["jobName"].startswith("è®¢"),
    ),
    _late(
        "job-name-escaped-for-html",
        "jobName of each row is the job_name itself, not escaped for HTML",
        frozenset({"C-rows-of-job"}),
        on_field("jobName", html.escape),
        lambda caller: "&lt;" in caller.rows(job_name="check/rows<stage>")[0]["jobName"],
    ),
    _late(
        "firewall-against-brackets",
        "a job_name with < in it is served",
        frozenset({"C-job-name-unusual", "C-nodes-chain"}),
        before_app(_firewall),
        lambda caller: status_of(caller, job_name="check/rows<stage>") == 403,
    ),
    _late(
        "chinese-names-lost",
        "a job_name of Chinese text is found",
        frozenset({"C-job-name-unusual"}),
        set_arguments(job_name=lambda name: name.encode("ascii", "replace").decode()),
        lambda caller: _emoji_rows(caller) == [],
    ),
    _late(
        "blanks-lost",
        "a job_name with a blank is found",
        frozenset({"C-job-name-unusual"}),
        set_arguments(job_name=lambda name: name.replace(" ", "")),
        lambda caller: caller.rows(task_id="958113", job_name="Load orders-eu") == [],
    ),
    _late(
        "per-cent-as-wildcard",
        "a percent sign in a job_name is literal",
        frozenset({"C-job-name-wildcard"}),
        _named(_like_percent),
        lambda caller: bool(caller.rows(job_name="ETL%")),
    ),
    _late(
        "underscore-as-wildcard",
        "an underscore in a job_name is literal",
        frozenset({"C-job-name-wildcard"}),
        _named(_like_underscore),
        lambda caller: bool(caller.rows(job_name="ETL_Job_dli2dw_")),
    ),
    _late(
        "job-name-trimmed",
        "a job_name with a trailing blank is another one",
        frozenset({"C-job-name-prefix", "C-job-name-other"}),
        set_arguments(job_name=str.strip),
        lambda caller: bool(caller.rows(job_name=f"{JOB_NAME} ")),
    ),
    _late(
        "decoded-twice",
        "a query is decoded once",
        frozenset({"C-replay"}),
        set_arguments(job_name=unquote),
        lambda caller: bool(caller.rows(job_name="ETL%5FJob_dli2dws")),
    ),
    _late(
        "nothing-read-behind-the-limit",
        "parameters count wherever they are in the query",
        frozenset({"C-replay"}),
        on_query(_nothing_behind_limit),
        lambda caller: (
            caller.get(caller.runs_target().replace("?", "?limit=10&").removesuffix("&limit=10")).status == 400
        ),
    ),
    _late(
        "table-by-its-beginning",
        "a table is identified by its whole guid",
        frozenset({"C-table-other"}),
        on_arguments(
            lambda values: (
                {**values, "guid": "09318f28-939f-4ab6-a374-9e621096652c"}
                if str(values["guid"]).startswith("09318f28")
                else values
            ),
            of=NODES,
        ),
        lambda caller: data(caller.nodes("09318f28-939f-4ab6-a374-9e621096652d")),
    ),
    _late(
        "first-operator-left-out",
        "ShowNodes names every operator of the table",
        frozenset({"C-nodes-operator"}),
        on_operators(lambda operators: operators[1:]),
        lambda caller: JOB_NAME not in {operator["job_name"] for operator in caller.nodes().json()},
    ),
    _late(
        "operators-with-padded-task-ids",
        "a task_id in ShowNodes can be used in requests as it is",
        frozenset({"C-nodes-operator", "C-nodes-chain"}),
        on_operators(
            lambda operators: [{**operator, "task_id": operator["task_id"].zfill(10)} for operator in operators]
        ),
        lambda caller: caller.nodes().json()[0]["task_id"] == "0000937987",
    ),
    _blind(
        "accents-do-not-count",
        "a job_name with an accent on a letter is another one",
        frozenset({"C-job-name-other", "C-job-name-case"}),
        _named(lambda name, wanted: _without_accents(wanted) == name),
        lambda caller: bool(caller.rows(job_name="ÉTL_Job_dli2dws")),
    ),
    _blind(
        "workspace-by-pattern",
        "a percent sign in a workspace_id is literal",
        frozenset({"C-workspace-other"}),
        set_arguments(
            workspace_id=lambda text: (
                WORKSPACE if "%" in text and re.fullmatch(re.escape(text).replace("%", ".*"), WORKSPACE) else text
            )
        ),
        lambda caller: bool(caller.rows(workspace_id="b88c%")),
    ),
    _unseen(
        "names-in-latin-letters",
        "a row has the requested job_name, without question marks for its Chinese letters",
        frozenset({"C-rows-of-job"}),
        on_row(_question_marks),
        lambda caller: "?" in caller.rows(task_id="941206", job_name="订单汇总_日报📊")[0]["jobName"],
    ),
    _unseen(
        "workspace-in-capitals",
        "a workspace_id in another case is another one",
        FILTERS,
        on_arguments(_workspace_in_any_case),
        lambda caller: total_of(caller, workspace_id="B88C445407B24283AA949F9833A38FD8") > 0,
    ),
    _outside(
        "names-folded-to-nfkc",
        "A job name in full-width letters is a different name (jobName equals the query's job_name).",
        CHECKS["a filter takes what is named"],
        set_arguments(job_name=lambda name: unicodedata.normalize("NFKC", name)),
        lambda caller: bool(caller.page(job_name=_full_width(JOB_NAME))["total"]),
    ),
    _outside(
        "utf8mb4_general_ci",
        "Job names that differ only in an emoji are different names; this collation treats all emoji as equal.",
        CHECKS["a filter takes what is named"],
        set_arguments(job_name=lambda name: _BEYOND.sub("📊", name)),
        lambda caller: bool(caller.page(task_id=EMOJI_TASK, job_name="订单汇总_日报📈")["total"]),
    ),
    _outside(
        "ignorable characters",
        "A job name with a zero-width space in it is a different name.",
        CHECKS["a filter takes what is named"],
        set_arguments(job_name=lambda name: _INVISIBLE.sub("", name) or name),
        lambda caller: bool(caller.page(job_name=JOB_NAME[:3] + "\u200b" + JOB_NAME[3:])["total"]),
    ),
    _outside(
        "digits-of-any-script",
        "A task id in Arabic-Indic digits is a different id (the taskId of the rows, as text, equals the task id).",
        CHECKS["a filter takes what is named"],
        set_arguments(task_id=_digits),
        lambda caller: bool(
            caller.page(task_id="".join(chr(0x660 + int(digit)) for digit in TASK_ID), job_name=JOB_NAME)["total"]
        ),
    ),
    _outside(
        "workspace-id-in-char-16",
        "A workspace id that shares only its first half with the operator's is a different workspace.",
        CHECKS["a filter takes what is named"],
        set_arguments(workspace_id=_known_by_half),
        lambda caller: bool(caller.page(workspace_id=_WORKSPACES[0][:_HALF] + "0" * _HALF)["total"]),
    ),
    _outside(
        "decoded-by-proxy-and-server",
        "A percent sign or plus in a job name stands for itself: the query is decoded only once.",
        CHECKS["a filter takes what is named"],
        set_arguments(job_name=unquote_plus),
        lambda caller: bool(caller.page(job_name="check%2Frows%3Cstage%3E")["total"]),
    ),
    _outside(
        "name-too-long-for-its-column",
        "A job name of more than 255 characters finds no run, or is refused with a 4xx; the server does not fail.",
        CHECKS["valid requests succeed"],
        fail_on(has("job_name", lambda name: len(name) > _LONGEST)),
        lambda caller: caller.runs(job_name="a" * (_LONGEST + 1)).status == _SERVER_ERROR,
    ),
)
