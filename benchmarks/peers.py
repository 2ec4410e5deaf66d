"""One page of runs, requested and decoded by this client, and by the alternatives that a user has.

Each client signs with an access key, except the generated client, which cannot sign and sends a token. Where a peer
leaves work to its user, a few lines here do that work.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import httpx
import orjson
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdataartsstudio.v1 import DataArtsStudioClient, ShowInstanceInfosRequest, ShowInstanceInfosResponse

from benchmarks.ours import ACCESS_KEY, INSTANCE_ID, PROJECT_ID, SECRET_KEY, UNLIMITED, our_client, our_runs
from benchmarks.rows import JOB_NAME, TASK_ID, Window
from dataarts_datamap_client.api.data_map import show_instance_infos
from dataarts_datamap_client.client import AuthenticatedClient
from dataarts_datamap_client.models.envelope import Envelope
from dataarts_datamap_client.models.run_page import RunPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Reader = Callable[[], Sequence[object]]

OURS: Final = "dataarts-datamap"
OFFICIAL: Final = "official SDK"
GENERATED: Final = "generated client as it comes"
HTTPX_ORJSON: Final = "httpx + orjson"
FLOOR: Final = "http.client + orjson"

_PATH: Final = f"/v1/{PROJECT_ID}/datamap/node/{TASK_ID}/instances"


@contextmanager
def page_readers(url: str, rows: int) -> Iterator[dict[str, Reader]]:
    """Functions that read a page of a number of rows, one for each client; connections stay open in the block."""
    with ExitStack() as stack:
        yield {
            OURS: stack.enter_context(_ours(url, rows)),
            OFFICIAL: official_reader(url, rows),
            GENERATED: stack.enter_context(_generated(url, rows)),
            HTTPX_ORJSON: stack.enter_context(_httpx_orjson(url, rows)),
            FLOOR: stack.enter_context(_floor(url, rows)),
        }


def official_client(url: str) -> DataArtsStudioClient:
    """A client of the official SDK."""
    credentials = BasicCredentials(ACCESS_KEY, SECRET_KEY, PROJECT_ID)
    return DataArtsStudioClient.new_builder().with_credentials(credentials).with_endpoint(url).build()


def official_rows(client: DataArtsStudioClient, window: Window, *, offset: int, limit: int) -> list[dict[str, Any]]:
    """The rows of a page from the official SDK, with the inner text decoded, which the SDK leaves to its user."""
    request = ShowInstanceInfosRequest(
        instance=INSTANCE_ID,
        task_id=str(TASK_ID),
        job_name=JOB_NAME,
        start_time=window.start,
        end_time=window.end,
        offset=offset,
        limit=limit,
    )
    return decode_official(client.show_instance_infos(request))


def decode_official(answer: ShowInstanceInfosResponse) -> list[dict[str, Any]]:
    """The rows of a response of the official SDK."""
    rows: list[dict[str, Any]] = json.loads(answer.body)["rows"]
    return rows


@contextmanager
def _ours(url: str, rows: int) -> Iterator[Reader]:
    with our_client(url, UNLIMITED) as client:
        yield lambda: next(our_runs(client, Window.of_rows(rows), page_size=rows).pages()).runs


def official_reader(url: str, rows: int) -> Reader:
    """A function that reads a page of a number of rows by the official SDK."""
    client, window = official_client(url), Window.of_rows(rows)
    return lambda: official_rows(client, window, offset=0, limit=rows)


@contextmanager
def _generated(url: str, rows: int) -> Iterator[Reader]:
    start, end = Window.of_rows(rows)
    client = AuthenticatedClient(base_url=url, token="made-up", prefix="", auth_header_name="X-Auth-Token")  # noqa: S106
    with client:

        def read() -> Sequence[object]:
            envelope = show_instance_infos.sync(
                PROJECT_ID,
                str(TASK_ID),
                client=client,
                job_name=JOB_NAME,
                start_time=start,
                end_time=end,
                offset=0,
                limit=rows,
                instance=INSTANCE_ID,
            )
            if not isinstance(envelope, Envelope):
                raise TypeError(envelope)
            return RunPage.from_dict(json.loads(envelope.body)).rows

        yield read


@contextmanager
def _httpx_orjson(url: str, rows: int) -> Iterator[Reader]:
    target, parts = page_target(rows), urlsplit(url)
    host = parts.netloc
    with httpx.Client(base_url=url) as client:

        def read() -> Sequence[object]:
            answer = client.get(target, headers=signed_headers(host, target))
            return decode_page(answer.content)

        yield read


@contextmanager
def _floor(url: str, rows: int) -> Iterator[Reader]:
    target, parts = page_target(rows), urlsplit(url)
    host = parts.netloc
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host)

    def read() -> Sequence[object]:
        connection.request("GET", target, headers=signed_headers(host, target))
        return decode_page(connection.getresponse().read())

    try:
        yield read
    finally:
        connection.close()


def decode_page(content: bytes) -> Sequence[object]:
    """The rows of a page, by orjson."""
    rows: list[object] = orjson.loads(orjson.loads(content)["body"])["rows"]
    return rows


def page_target(rows: int) -> str:
    """Path and query of a page of a number of rows, as signed."""
    start, end = Window.of_rows(rows)
    return f"{_PATH}?end_time={end}&job_name={quote(JOB_NAME)}&limit={rows}&offset=0&start_time={start}"


def signed_headers(host: str, target: str) -> dict[str, str]:
    """The minimal signature of this request: SDK-HMAC-SHA256 over three headers."""
    query = target.partition("?")[2]
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = "host;instance;x-sdk-date"
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n{_PATH}/\n{query}\nhost:{host}\ninstance:{INSTANCE_ID}\nx-sdk-date:{date}\n\n{signed}\n{nothing}"
    to_sign = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(SECRET_KEY.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"SDK-HMAC-SHA256 Access={ACCESS_KEY}, SignedHeaders={signed}, Signature={signature}"
    return {"Host": host, "instance": INSTANCE_ID, "X-Sdk-Date": date, "Authorization": authorization}
