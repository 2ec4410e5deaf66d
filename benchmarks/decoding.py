"""Figures for decoding: from the bytes of a response to typed rows, without a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import requests

from benchmarks.measure import paired
from benchmarks.peers import decode_official, official_client
from benchmarks.rows import CONTENT_TYPE, Alphabet, Window, page
from benchmarks.table import Figure
from dataarts_datamap import Request, Response, Run
from dataarts_datamap._api.show_instance_infos import decode_page

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS: Final = 1000
_ROUNDS: Final = 30
_TIMES: Final = ("planTime", "submitTime", "startTime", "endTime")
_TEXTS: Final = ("runningData", "runningParam")
_ATTRIBUTES: Final = tuple(name for name in Run.__struct_fields__ if not name.startswith("_")) + tuple(
    name.removeprefix("_") for name in Run.__struct_fields__ if name.startswith("_")
)


def decoding() -> Iterator[Figure]:
    """Figures for rows as documented, and for rows with some Chinese and emoji."""
    for alphabet in Alphabet:
        yield from _compare(alphabet)


def _compare(alphabet: Alphabet) -> Iterator[Figure]:
    content = page(Window.of_rows(_ROWS), offset=0, limit=_ROWS, alphabet=alphabet)
    request = Request(method="GET", endpoint="http://127.0.0.1", path="/")
    response = Response(request=request, status=200, headers={}, content=content)
    official, answer, bare = official_client("http://127.0.0.1"), _answer(content), _Bare()

    def ours() -> tuple[Run, ...]:
        return decode_page(response, offset=0).runs

    def theirs() -> list[dict[str, Any]]:
        return decode_official(official.sync_response_handler(answer, "ShowInstanceInfosResponse", [], None))

    seconds = paired(
        {
            "ours": ours,
            "ours, read": lambda: [[getattr(run, name) for name in _ATTRIBUTES] for run in ours()],
            "official": theirs,
            "official, read": lambda: [_read(row) for row in theirs()],
            "bare": lambda: bare.decode(content),
        },
        rounds=_ROUNDS,
        repeats=1,
    )
    what = f"bytes → {_ROWS:,} typed rows, {alphabet.value}"
    sdk, struct = "official SDK + json.loads", "bare msgspec.Struct"
    yield Figure(what=what, against=sdk, value=seconds["official"] / seconds["ours"], at_least=6)
    yield Figure(what=what, against=struct, value=seconds["ours"] / seconds["bare"], unit="× its time", at_most=1.15)
    yield Figure(what=f"the same by {struct}", against=sdk, value=seconds["official"] / seconds["bare"])
    read = f"{what}, every attribute read once"
    yield Figure(
        what=read, against=f"{sdk}, the same values made", value=seconds["official, read"] / seconds["ours, read"]
    )


def _read(row: dict[str, Any]) -> list[object]:
    """The values of a row as in this client: times as datetimes, inner documents decoded."""
    return [
        datetime.fromtimestamp(value / 1000, UTC) if name in _TIMES else json.loads(value) if name in _TEXTS else value
        for name, value in row.items()
    ]


def _answer(content: bytes) -> requests.Response:
    """The response as the official SDK's HTTP library returns it."""
    answer = requests.Response()
    answer.status_code, answer.encoding = 200, "UTF-8"
    answer.headers["Content-Type"] = CONTENT_TYPE
    answer._content = content  # noqa: SLF001  it cannot be set in another way without a socket
    return answer


class _Bare:
    """The same fields in msgspec, with plain types and nothing else."""

    def __init__(self) -> None:
        fields = [(name, kind | None, None) for name, kind in _KINDS.items()]
        row = msgspec.defstruct("Row", fields)
        total, success, message = (
            ("total", int | None, None),
            ("success", bool | None, None),
            ("msg", str | None, None),
        )
        body = msgspec.defstruct("Body", [("rows", list[row]), total, success, message])  # type: ignore[valid-type]
        self._envelope = msgspec.json.Decoder(msgspec.defstruct("Envelope", [("status_code", int), ("body", str)]))
        self._body = msgspec.json.Decoder(body)

    def decode(self, content: bytes) -> object:
        """The rows."""
        envelope: Any = self._envelope.decode(content)
        body: Any = self._body.decode(envelope.body)
        return body.rows


_KINDS: Final[dict[str, type]] = {
    **dict.fromkeys(("taskName", "jobName", "type", "status", "owner", "executionLogPath"), str),
    **dict.fromkeys(("workspaceId", "workspaceName", "runningData", "runningParam"), str),
    **dict.fromkeys(("taskRunningLogId", "taskId", "jobId", *_TIMES, "runningTime", "retryTimes"), int),
    **dict.fromkeys(("failCount", "inputRowCount", "outputRowCount", "forceSuccess"), int),
    "speed": float,
}
