"""A service where several runs have the same id, each with its own log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from support.answers import json_answer, run_page
from support.scripted_server import Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUN_ID = 7


def namesakes(operators: Sequence[tuple[str, str, str]], *, runs: int = 1) -> Callable[[Asked], Answer]:
    """Serves a table with operators, each given as job name, task id and workspace, with failed runs of the same id.

    The log of each run identifies it: job name, task id, workspace, and its number, the newest last.
    """
    now = int(time.time() * 1000)

    def answer(asked: Asked) -> Answer:
        url = urlsplit(asked.target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = unquote(url.path).split("/")
        if url.path.endswith("/node"):
            return json_answer([{"job_name": one[0], "task_id": one[1], "workspace_id": one[2]} for one in operators])
        if url.path.endswith("/instances"):
            whose = f"{query['job_name']} {parts[-2]} {query['workspace_id']}"
            return run_page(
                *(
                    {
                        "taskRunningLogId": RUN_ID,
                        "jobName": query["job_name"],
                        "status": "fail",
                        "planTime": now - (runs - number) * 60_000,
                        "startTime": now - (runs - number) * 60_000,
                        "endTime": now - (runs - number) * 60_000 + 1000,
                        "executionLogPath": f"obs://logs/{whose} {number}.log",
                    }
                    for number in range(runs)
                )
            )
        if parts[-1].endswith(".log"):
            return Answer(
                parts[-1].removesuffix(".log").encode(), headers={"Content-Type": "text/plain", "ETag": '"1"'}
            )
        return json_answer({"error_code": "APIGW.0101", "error_msg": "no such API"}, status=404)

    return answer
