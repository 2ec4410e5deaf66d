"""Differences that the documentation leaves open, committed before the suite was run against any of them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from dataarts_datamap_contract.broken._caller import MAX_TIME, TASK_ID
from dataarts_datamap_contract.broken._seams import (
    Answer,
    Perform,
    Values,
    before_app,
    on_arguments,
    on_body,
    on_field,
    on_listing,
    on_query,
    on_refusal,
    refuse_on,
    whole,
)
from dataarts_datamap_contract.broken._server import CorrectServer
from dataarts_datamap_contract.mock._web.responses import RefusalError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract.broken._seams import Document, Pairs

_NUMBERS = ("start_time", "end_time", "offset", "limit")
_MOST_LIMIT = 100
_DEEPEST = 10_000
_MONTH = 31 * 24 * 3_600_000
_TIMES = re.compile(r'("(?:planTime|submitTime|startTime|endTime|taskRunningLogId)":[0-9]+)')


def _decoded(text: str) -> str:
    """A whole number as Spring's converter reads it: blanks go, hexadecimal is read, and digits of any script are."""
    bare = "".join(text.split())
    if re.fullmatch(r"-?(?:0[xX]|#)[0-9a-fA-F]{1,15}", bare):
        return str(int(bare.replace("#", "0x"), 16))
    return str(int(bare)) if re.fullmatch(r"[+-]?\d{1,18}", bare) else text


def _as_spring_reads(pairs: Pairs) -> Pairs:
    return [(name, _decoded(value) if name in _NUMBERS else value) for name, value in pairs]


def _a_month_at_most(perform: Perform, values: Values) -> Document:
    if int(values["end_time"]) - int(values["start_time"]) > _MONTH:
        raise RefusalError(400, "DLF.0801", "The window is longer than 31 days")
    return perform(values)


def _options(scope: Scope) -> Answer | None:
    return Answer(204, {"allow": "GET, OPTIONS"}, b"") if scope["method"] == "OPTIONS" else None


def _head_as_get(scope: Scope) -> Answer | None:
    return Answer(200, {"content-type": "application/json"}, b"") if scope["method"] == "HEAD" else None


def _oldest_first_of_a_moment(perform: Perform, values: Values) -> Document:
    """Runs of one plan time come in the order in which they were made; pages are cut after that."""
    everything = whole(perform, values)
    rows = sorted(everything["rows"], key=lambda row: (-row["planTime"], row["taskRunningLogId"]))
    offset, limit = int(values["offset"]), int(values["limit"])
    return {**everything, "rows": rows[offset : offset + limit]}


BLIND_CORRECT_SERVERS = (
    CorrectServer(
        name="numbers-as-spring-reads-them",
        difference="blanks, a plus sign, hexadecimal and digits of other scripts are read: how the text of a query "
        "becomes an integer is specified nowhere, and stock Java servers do so",
        seam=on_query(_as_spring_reads),
        shown=lambda caller: caller.runs(limit="0x0A").status == caller.runs(limit="\u0661\u0660").status == 200,
    ),
    CorrectServer(
        name="task-id-as-a-number",
        difference="a task_id with zeros before it is the same number: rows show it as one, so it may be kept as one",
        seam=on_arguments(lambda values: {**values, "task_id": str(values["task_id"]).lstrip("0")}),
        shown=lambda caller: bool(caller.rows(task_id=f"00{TASK_ID}")),
    ),
    CorrectServer(
        name="whole-numbers-with-a-point",
        difference="times and ids are written as 1.0, which is an integer for JSON Schema",
        seam=on_body(lambda body: _TIMES.sub(r"\1.0", body)),
        shown=lambda caller: isinstance(caller.rows()[0]["planTime"], float),
    ),
    CorrectServer(
        name="ids-beyond-53-bits",
        difference="ids of runs are 63 bits long",
        seam=on_field("taskRunningLogId", lambda number: MAX_TIME - number),
        shown=lambda caller: min(caller.run_ids()) > 2**53,
    ),
    CorrectServer(
        name="options-answered",
        difference="OPTIONS is answered with 204 and what is allowed, as HTTP has it",
        seam=before_app(_options),
        shown=lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 204,
    ),
    CorrectServer(
        name="head-answered",
        difference="HEAD is answered as GET is, without a body, as HTTP has it",
        seam=before_app(_head_as_get),
        shown=lambda caller: caller.get(caller.runs_target(), method="HEAD").status == 200,
    ),
    CorrectServer(
        name="limit-above-100-refused",
        difference="a limit above 100 is refused with 400, as some siblings do",
        seam=refuse_on(
            lambda _, values: any(text.isdecimal() and int(text) > _MOST_LIMIT for text in values.get("limit", ())),
            RefusalError(400, "DLF.0801", "limit must be in the range of 1 to 100"),
        ),
        shown=lambda caller: caller.runs(limit=_MOST_LIMIT + 1).status == 400,
    ),
    CorrectServer(
        name="offset-above-10000-refused",
        difference="an offset above 10,000 is refused with 400, as search engines do",
        seam=refuse_on(
            lambda _, values: any(text.isdecimal() and int(text) > _DEEPEST for text in values.get("offset", ())),
            RefusalError(400, "DLF.0801", "offset must be in the range of 0 to 10000"),
        ),
        shown=lambda caller: caller.runs(offset=_DEEPEST + 1).status == 400,
    ),
    CorrectServer(
        name="window-of-a-month-at-most",
        difference="a window of more than 31 days is refused with 400",
        seam=on_listing(_a_month_at_most),
        shown=lambda caller: caller.runs(start_time=0).status == 400,
    ),
    CorrectServer(
        name="other-project-unauthorized",
        difference="a token that is not good for the project is answered with 401 instead of 403",
        seam=on_refusal(lambda answer: replace(answer, status=401), 403),
        shown=lambda caller: caller.runs(project_id="f" * 32).status == 401,
    ),
    CorrectServer(
        name="ties-oldest-first",
        difference="runs of one plan time come in another order than the reference's, the same each time",
        seam=on_listing(_oldest_first_of_a_moment),
        shown=lambda caller: any(
            row["planTime"] == below["planTime"] and row["taskRunningLogId"] < below["taskRunningLogId"]
            for row, below in pairwise(caller.rows())
        ),
    ),
)
