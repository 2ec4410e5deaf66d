"""Pages of made-up runs, as from the service: 24 fields, encoded twice, made in a few microseconds a row."""

from __future__ import annotations

import json
from enum import Enum
from typing import Final, NamedTuple

FIRST_PLAN_TIME: Final = 1_704_934_907_000
MILLISECONDS_BETWEEN: Final = 1000
TASK_ID: Final = 937987
JOB_NAME: Final = "ETL_Job_dli2dws"
CONTENT_TYPE: Final = "application/json;charset=UTF-8"

_RUN_ID, _PLAN_TIME = 7_000_000_001, 7_000_000_002  # the placeholders in the template for the values of a row
_SQL: Final = """Create table if NOT EXISTS wk.wk_shuju_temp_20240111090152_RVo0 (
 num int,
 sno string,
 name string
) using csv options(
 path 'obs://dlf-log-0833a5737480d53b2f25c010dc1a7b88/1e490376-4778-3a55-a2f5-76b4ac707a87/obs/',mode 'DROPMALFORMED'
);
INSERT into TABLE wk.wk_shuju_temp_20240111090152_RVo0
 select
 num,
 sno,
 name
 from wk.wk_shuju ;
drop table if exists wk.wk_shuju_temp_20240111090152_RVo0;"""
_ROW: Final[dict[str, object]] = {
    "endTime": _PLAN_TIME,
    "executionLogPath": "obs://dlf-log-0833a5737480d53b2f25c010dc1a7b88/b88c445407b24283aa949f9833a38fd8/etl-dli2dws/"
    "2024-01-11_09_01_39.684/ETL_Job_dli2dws/ETL_Job_dli2dws.job",
    "failCount": -1,
    "forceSuccess": 0,
    "inputRowCount": 1204,
    "jobId": 1,
    "jobName": JOB_NAME,
    "outputRowCount": 1204,
    "owner": "username",
    "planTime": _PLAN_TIME,
    "retryTimes": 0,
    "runningData": json.dumps(
        {
            "obsDataPath": "obs://dlf-log-0833a5737480d53b2f25c010dc1a7b88/1e490376-4778-3a55-a2f5-76b4ac707a87/obsData/",
            "jobId": "ca7ec295-0fe7-4fe9-bb2e-30f946334b28",
            "dliCurrentStep": "1",
            "firstTimeEtlSqlList": _SQL,
            "type": "DLI",
        }
    ),
    "runningParam": json.dumps(
        {
            "total": 1,
            "rows": [
                {
                    "name": "running parameter",
                    "value": "com.hwclouds.dataide.lts.plugins.hwclouds.etl.ETLJobRunner;dps;dps",
                }
            ],
        }
    ),
    "runningTime": 0,
    "speed": 0.0,
    "startTime": _PLAN_TIME,
    "status": "success",
    "submitTime": _PLAN_TIME,
    "taskId": TASK_ID,
    "taskName": "etl-dli2dws",
    "taskRunningLogId": _RUN_ID,
    "type": "ETLJob",
    "workspaceId": "b88c445407b24283aa949f9833a38fd8",
    "workspaceName": "kw_test",
}
_HEADER_MAP: Final = {"Server": "CloudMiddleWareTomcat", "X-Request-Id": "e8c092e7-2acf-4f26-ab84-80f296352d99"}


class Alphabet(Enum):
    """The characters in the texts of a page. One character beyond Latin-1 makes a page's whole text wide in memory."""

    DOCUMENTED = "ASCII as documented"
    MIXED = "one in ten in Chinese with emoji"


class Window(NamedTuple):
    """A window in milliseconds since the epoch, including both ends; runs are planned a second apart."""

    start: int
    end: int

    @classmethod
    def of_rows(cls, count: int) -> Window:
        """The window with a number of rows."""
        return cls(FIRST_PLAN_TIME, FIRST_PLAN_TIME + (count - 1) * MILLISECONDS_BETWEEN)

    def rows(self) -> range:
        """The numbers of the rows inside."""
        first = max(0, -((FIRST_PLAN_TIME - self.start) // MILLISECONDS_BETWEEN))
        return range(first, (self.end - FIRST_PLAN_TIME) // MILLISECONDS_BETWEEN + 1)


def _template(row: dict[str, object]) -> bytes:
    """The row as JSON inside a JSON string, with placeholders for its id and its times."""
    twice = json.dumps(json.dumps(row, ensure_ascii=False), ensure_ascii=False)[1:-1].encode()
    marked = twice.replace(b"%", b"%%").replace(str(_RUN_ID).encode(), b"%(id)d")
    return marked.replace(str(_PLAN_TIME).encode(), b"%(time)d")


_NARROW: Final = _template(_ROW)
_WIDE: Final = _template({**_ROW, "taskName": "订单汇总_日报📊"})
_TEMPLATES: Final = {Alphabet.DOCUMENTED: [_NARROW], Alphabet.MIXED: [_WIDE, *[_NARROW] * 9]}
_HEAD: Final = b'{"status_code": 200, "body": "{\\"msg\\": \\"success\\", \\"rows\\": ['
_TAIL: Final = b'], \\"success\\": true, \\"total\\": %d}", "header_map": ' + json.dumps(_HEADER_MAP).encode() + b"}"


def page(window: Window, *, offset: int, limit: int, alphabet: Alphabet = Alphabet.MIXED) -> bytes:
    """A response: the window's rows after the first ``offset``, ``limit`` at most."""
    rows, templates = window.rows(), _TEMPLATES[alphabet]
    sent = [
        templates[number % len(templates)]
        % {b"id": number + 1, b"time": FIRST_PLAN_TIME + number * MILLISECONDS_BETWEEN}
        for number in rows[offset : offset + limit]
    ]
    return b"".join((_HEAD, b", ".join(sent), _TAIL % len(rows)))
