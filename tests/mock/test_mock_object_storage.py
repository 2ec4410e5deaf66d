"""The mock's object storage: who may read what, by virtual host, and what else is said."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import obstore
import pytest
from obstore.exceptions import PermissionDeniedError
from obstore.store import S3Store

from dataarts_datamap_contract.mock import MockConfig, MockServer
from dataarts_datamap_contract.mock._data.logs import Log
from dataarts_datamap_contract.mock._identity.storage_signatures import (
    StorageError,
    obs_signature,
    obs_string_to_sign,
    v4_canonical_request,
)
from dataarts_datamap_contract.mock._web.requests import RequestParts
from support.mock_caller import NO_AUTHORITIES
from support.mock_signing import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
CONFIG = MockConfig(now=NOW, clock=lambda: NOW)
BUCKET = f"dlf-log-{CONFIG.project_id}"
HOST = f"{BUCKET}.obs.eu-west-101.myhuaweicloud.eu"
KEY_PATH = "/b88c445407b24283aa949f9833a38fd8/etl-dli2dws/2024-01-11_09_01_47.000/ETL%20Job/%E8%AE%A2%E5%8D%95.job"
DATE = "Thu, 11 Jan 2024 01:29:22 GMT"
SECRET_KEY = "SKexample" + "0" * 32
DOCUMENTED_BUCKET = "dlf-log-0833a5737480d53b2f25c010dc1a7b88"

VECTORS: list[tuple[str, str, dict[str, str], str, str]] = [
    (KEY_PATH, "", {"Date": DATE}, f"GET\n\n\n{DATE}\n", "oRObn6/OuL+e+R0iwKYrYGxWR+E="),
    (
        KEY_PATH,
        "",
        {"Date": DATE, "x-obs-security-token": "STEXAMPLE"},
        f"GET\n\n\n{DATE}\nx-obs-security-token:STEXAMPLE\n",
        "tZ8lHYKN1DmndqojbFZG1ISdi2A=",
    ),
    (
        KEY_PATH,
        "",
        {"x-obs-date": DATE, "Range": "bytes=-100", "x-obs-security-token": "STEXAMPLE"},
        f"GET\n\n\n\nx-obs-date:{DATE}\nx-obs-security-token:STEXAMPLE\n",
        "lqPuJkg3PjJCHiYWkTNrQReuDhc=",
    ),
    ("/", "prefix=a&max-keys=100", {"Date": DATE}, f"GET\n\n\n{DATE}\n", "pcw4W7n9dtIo84BXSrvQz/8EmqY="),
]
"""Path, query, headers, the beginning of the string to sign, and the signature of the official signer."""


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One server for the tests that change nothing."""
    with MockServer(CONFIG) as server:
        yield server


def failed_path(server: MockServer, number: int = 0) -> str:
    """The path, below its bucket, of the log of one of the newest failed runs of the first operator."""
    with server.controls.world.lock:
        history = next(iter(server.controls.world.dataset.histories.values()))
        failed = [row for row in history if row["status"] == "fail"]
    return quote(str(failed[number]["executionLogPath"]).removeprefix(f"obs://{BUCKET}"), safe="/~")


def signed(  # noqa: PLR0913  one for each thing that can be wrong
    path: str,
    *,
    bucket: str = BUCKET,
    method: str = "GET",
    date: datetime = NOW,
    keys: tuple[str, str] = (CONFIG.access_key, CONFIG.secret_key),
    token: str | None = None,
) -> dict[str, str]:
    """Headers that sign a request, made without the mock's own code."""
    text = format_datetime(date, usegmt=True)
    own = {} if token is None else {"x-obs-security-token": token}
    lines = "".join(f"{name}:{value}\n" for name, value in own.items())
    to_sign = f"{method}\n\n\n{text}\n{lines}/{bucket}{path}"
    signature = base64.b64encode(hmac.digest(keys[1].encode(), to_sign.encode(), "sha1")).decode()
    return {"Date": text, "Authorization": f"OBS {keys[0]}:{signature}", **own}


def ask(  # noqa: PLR0913  the parts of a request
    server: MockServer, path: str, headers: Mapping[str, str], *, host: str = HOST, method: str = "GET", query: str = ""
) -> httpx.Response:
    """The response to a request that the server gets as a proxy."""
    with httpx.Client(proxy=server.url, trust_env=False, verify=NO_AUTHORITIES) as client:
        return client.request(method, f"http://{host}{path}{query and '?'}{query}", headers=dict(headers))


def code_of(response: httpx.Response) -> tuple[int, str]:
    """Status and error code of a response in XML."""
    assert "application/xml" == response.headers["content-type"].partition(";")[0]
    return response.status_code, "".join(re.findall("<Code>(.*)</Code>", response.text))


@pytest.mark.parametrize(("path", "query", "headers", "beginning", "signature"), VECTORS)
def test_vectors(*, path: str, query: str, headers: dict[str, str], beginning: str, signature: str) -> None:
    """The checker computes what the official signer does."""
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    request = RequestParts({}, query.encode(), sent, "GET", path.encode())
    to_sign = obs_string_to_sign(request, DOCUMENTED_BUCKET)

    assert f"{beginning}/{DOCUMENTED_BUCKET}{path}" == to_sign.decode()
    assert signature == obs_signature(SECRET_KEY, to_sign)


def test_bytes_that_are_not_utf_8(server: MockServer) -> None:
    """A key of such bytes does not exist; in a query, they are signed like others."""
    assert (404, "NoSuchKey") == code_of(ask(server, "/%FF", signed("/%FF")))
    request = RequestParts({}, b"\xff&acl", [], "GET", b"/%FF")
    assert b"GET\n\n\n\n/bucket/%FF?acl" == obs_string_to_sign(request, "bucket")


def test_a_hash_that_is_sent_twice_is_refused() -> None:
    """As one that is not the hash of no body."""
    hashes = [(b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD")] * 2
    with pytest.raises(StorageError, match="hash"):
        v4_canonical_request(RequestParts({}, b"", hashes, "GET", b"/"), ["host"])


def test_every_failed_run_has_a_log_but_three(server: MockServer) -> None:
    """Each of the failed runs has a log that says why, but one that is missing, one forbidden and one archived."""
    paths = [failed_path(server, number) for number in range(6)]
    responses = [ask(server, path, signed(path)) for path in paths]

    assert [200, 404, 403, 403, 200, 200] == [one.status_code for one in responses]
    assert ["NoSuchKey", "AccessDenied", "InvalidObjectState"] == [code_of(one)[1] for one in responses[1:4]]
    assert all("ERROR" in one.text for one in responses[:1] + responses[4:])


def test_object_and_its_parts(server: MockServer) -> None:
    """A range is a part, an end is clamped, a malformed range is the whole, and one behind the end is refused."""
    path = failed_path(server)
    whole = ask(server, path, signed(path))
    size = len(whole.content)

    def part(asked: str) -> tuple[int, bytes, str | None]:
        found = ask(server, path, {**signed(path), "Range": asked})
        return found.status_code, found.content, found.headers.get("content-range")

    assert (206, whole.content[-9:], f"bytes {size - 9}-{size - 1}/{size}") == part("bytes=-9")
    assert (206, whole.content, f"bytes 0-{size - 1}/{size}") == part("bytes=-99999")
    assert (206, whole.content[5:10], f"bytes 5-9/{size}") == part("bytes=5-9")
    assert (206, whole.content[5:], f"bytes 5-{size - 1}/{size}") == part("bytes=5-99999")
    assert (200, whole.content, None) == part("bytes=5-9,12-14")
    assert (200, whole.content, None) == part("lines=5-9")
    assert 416 == part(f"bytes={size}-")[0]
    digits = "9" * 5_000
    assert {(200, whole.content, None)} == {
        part(f"bytes={asked}") for asked in (f"{digits}-", f"0-{digits}", f"-{digits}")
    }


@pytest.mark.parametrize("time", ["soon", [], {"at": 5}, "9" * 5_000, 10**20, -(10**20), None])
def test_a_strange_time_spoils_no_log(time: Any) -> None:
    """A run may have any JSON value as its end: its log and all others of the bucket can still be read and listed."""
    with MockServer(CONFIG) as server:
        path, world = failed_path(server), server.controls.world
        expected = ask(server, path, signed(path)).content
        operator = next(iter(world.dataset.histories))
        start = time if isinstance(time, int) else 0
        (row,) = world.put_runs(
            [(operator, {"status": "fail", "endTime": time, "submitTime": time, "startTime": start})]
        )
        world.set_log(int(str(row["taskRunningLogId"])), Log())
        strange = failed_path(server)
        responses = [ask(server, each, signed(each)) for each in (path, strange, "/")]

    assert strange != path
    assert [200, 200, 200] == [response.status_code for response in responses]
    assert expected == responses[0].content
    assert "ERROR" in responses[1].text


def test_head_has_no_content(server: MockServer) -> None:
    """A HEAD tells the size."""
    path = failed_path(server)
    found = ask(server, path, signed(path, method="HEAD"), method="HEAD")

    assert (200, b"") == (found.status_code, found.content)
    assert int(found.headers["content-length"]) > 100


def test_listing(server: MockServer) -> None:
    """A listing is of a prefix, in the order of the keys, and goes on behind a marker."""
    path = failed_path(server)
    folder = path.rsplit("/", 3)[0].removeprefix("/")
    first = ask(server, "/", signed("/"), query=f"prefix={folder}&max-keys=2")
    keys = re.findall("<Key>(.*?)</Key>", first.text)
    rest = ask(server, "/", signed("/"), query=f"prefix={folder}&max-keys=1&marker={quote(keys[0])}")

    assert 200 == first.status_code
    assert 2 == len(keys) == len([key for key in keys if key.startswith(folder)])
    assert "<IsTruncated>true</IsTruncated>" in first.text
    assert keys[1:] == re.findall("<Key>(.*?)</Key>", rest.text)


REFUSED: dict[str, tuple[Callable[[str], dict[str, str]], tuple[int, str]]] = {
    "not signed": (lambda _: {}, (403, "AccessDenied")),
    "another scheme": (lambda _: {"Authorization": "Bearer a"}, (400, "InvalidArgument")),
    "a token of IAM": (lambda _: {"X-Auth-Token": CONFIG.token}, (403, "AccessDenied")),
    "another path": (lambda path: signed(f"{path}x"), (403, "SignatureDoesNotMatch")),
    "another bucket": (lambda path: signed(path, bucket="other"), (403, "SignatureDoesNotMatch")),
    "another method": (lambda path: signed(path, method="HEAD"), (403, "SignatureDoesNotMatch")),
    "another secret": (lambda path: signed(path, keys=(CONFIG.access_key, "no")), (403, "SignatureDoesNotMatch")),
    "another key": (lambda path: signed(path, keys=("AK", CONFIG.secret_key)), (403, "InvalidAccessKeyId")),
    "a security token": (lambda path: signed(path, token="no"), (403, "InvalidSecurityToken")),
    "an old date": (lambda path: signed(path, date=NOW - timedelta(minutes=16)), (403, "RequestTimeTooSkewed")),
    "a coming date": (lambda path: signed(path, date=NOW + timedelta(minutes=16)), (403, "RequestTimeTooSkewed")),
    "no date": (
        lambda path: {name: value for name, value in signed(path).items() if name != "Date"},
        (403, "AccessDenied"),
    ),
    "a date that is none": (lambda path: {**signed(path), "Date": "today"}, (403, "AccessDenied")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(server: MockServer, name: str) -> None:
    """Each mistake of a signature is refused, in XML."""
    headers, expected = REFUSED[name]
    path = failed_path(server)

    assert expected == code_of(ask(server, path, headers(path)))


def test_hosts(server: MockServer) -> None:
    """The bucket stands in the host, of the right region; in the path it is refused."""
    path = failed_path(server)
    in_path = f"/{BUCKET}{path}"

    def code(host: str, path: str = path, bucket: str = BUCKET) -> tuple[int, str]:
        return code_of(ask(server, path, signed(path, bucket=bucket), host=host))

    address = server.url.removeprefix("http://")
    assert (403, "VirtualHostDomainRequired") == code(address, in_path)
    assert (403, "VirtualHostDomainRequired") == code("obs.eu-west-101.myhuaweicloud.eu", in_path)
    assert (301, "PermanentRedirect") == code(f"{BUCKET}.obs.cn-north-4.myhuaweicloud.com")
    assert (404, "NoSuchBucket") == code("other.obs.eu-west-101.myhuaweicloud.eu", bucket="other")
    assert 200 == ask(server, path, signed(path), host=f"{BUCKET}.{address}").status_code


def test_no_other_method(server: MockServer) -> None:
    """Nothing can be written or deleted."""
    path = failed_path(server)

    assert (405, "MethodNotAllowed") == code_of(ask(server, path, signed(path, method="DELETE"), method="DELETE"))


def temporary_key(server: MockServer, token: str, body: Any) -> httpx.Response:
    """The response to a wish for a temporary key."""
    url = f"{server.url}/v3.0/OS-CREDENTIAL/securitytokens"
    with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:
        return client.post(url, headers={"X-Auth-Token": token}, json=body)


def test_temporary_key() -> None:
    """A token leads to a key that signs, with its security token, for as long as was wished, and without it never."""
    clock = SteppedClock()
    with MockServer(MockConfig(now=NOW, clock=clock)) as server:
        wish = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 1000}}}}
        response = temporary_key(server, CONFIG.token, wish)
        key = response.json()["credential"]
        keys, path = (key["access"], key["secret"]), failed_path(server)

        assert (201, "2026-11-20T08:46:40.000000Z") == (response.status_code, key["expires_at"])
        assert 200 == ask(server, path, signed(path, keys=keys, token=key["securitytoken"])).status_code
        in_query = f"{quote(key['secret'], safe='')}&b={key['securitytoken']}"
        ask(server, path, signed(path), query=f"a={in_query}")
        assert f"{path}?a=***&b=***" == server.record.requests[-1]["target"]
        assert (403, "InvalidSecurityToken") == code_of(ask(server, path, signed(path, keys=keys)))
        clock.step(seconds=1001)
        late = signed(path, keys=keys, token=key["securitytoken"], date=clock())
        assert (403, "InvalidAccessKeyId") == code_of(ask(server, path, late))


@pytest.mark.parametrize(
    ("token", "identity", "status"),
    [
        ("another", {"methods": ["token"]}, 401),
        (CONFIG.token, {"methods": ["assume_role"]}, 400),
        (CONFIG.token, {"methods": ["token"], "token": {"duration_seconds": 899}}, 400),
        (CONFIG.token, {"methods": ["token"], "token": {"duration_seconds": 86_401}}, 400),
        (CONFIG.token, {"methods": ["token"]}, 201),
    ],
)
def test_who_gets_a_temporary_key(server: MockServer, token: str, identity: dict[str, Any], status: int) -> None:
    """A good token, and a wish within the documented bounds."""
    assert status == temporary_key(server, token, {"auth": {"identity": identity}}).status_code


def store(server: MockServer, **changes: Any) -> S3Store:
    """Another's client for S3, which signs by version 4 and goes through the server as its proxy."""
    known: dict[str, Any] = {
        "endpoint": f"http://{HOST}",
        "region": CONFIG.region,
        "virtual_hosted_style_request": True,
        "access_key_id": CONFIG.access_key,
        "secret_access_key": CONFIG.secret_key,
        "client_options": {"proxy_url": server.url, "allow_http": True},
        "retry_config": {"max_retries": 0},
    }
    return S3Store(BUCKET, **{**known, **changes})


def test_signature_version_4() -> None:
    """Another's client for S3 reads and lists logs, and is refused where its key or its region is another."""
    with MockServer(MockConfig()) as server:  # that client has no clock to set
        path = failed_path(server)
        key = httpx.URL(path).path.removeprefix("/")
        content = bytes(obstore.get(store(server), key).bytes())
        tail = bytes(obstore.get(store(server), key, options={"range": {"suffix": 9}}).bytes())
        listed = obstore.list(store(server), key.rsplit("/", 1)[0]).collect()

        assert b"ERROR" in content
        assert content[-9:] == tail
        assert [key] == [one["path"] for one in listed]
        with pytest.raises(PermissionDeniedError, match="SignatureDoesNotMatch"):
            obstore.get(store(server, secret_access_key="no"), key)
        with pytest.raises(PermissionDeniedError, match="InvalidSecurityToken"):
            obstore.get(store(server, session_token="no"), key)
        with pytest.raises(Exception, match="AuthorizationHeaderMalformed"):
            obstore.get(store(server, region="us-east-1"), key)
        in_path = {"endpoint": server.url, "client_options": {"allow_http": True}}
        with pytest.raises(Exception, match="VirtualHostDomainRequired"):
            obstore.get(store(server, virtual_hosted_style_request=False, **in_path), key)


@pytest.mark.parametrize("dates", [0, 2])
def test_version_4_needs_one_date(server: MockServer, dates: int) -> None:
    """Without a date, or with two, a signature is refused, in XML."""
    scope = f"{CONFIG.access_key}/{NOW:%Y%m%d}/{CONFIG.region}/s3/aws4_request"
    own = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    headers = [("Authorization", own), *[("x-amz-date", f"{NOW:%Y%m%dT%H%M%SZ}")] * dates]
    with httpx.Client(proxy=server.url, trust_env=False, verify=NO_AUTHORITIES) as client:
        response = client.get(f"http://{HOST}{failed_path(server)}", headers=headers)

    assert (403, "AccessDenied") == code_of(response)


def test_requests_are_remembered(server: MockServer) -> None:
    """What was asked is in the log of requests, without signature and token."""
    path = failed_path(server)
    ask(server, path, signed(path, token="Zq-secret"))
    last = server.record.requests[-1]

    assert (path, 403) == (last["target"], last["status"])
    assert "Zq-secret" not in str(last)
    assert CONFIG.secret_key not in str(last)


@pytest.mark.parametrize("scenario", ["upstream-failed", "cycle", "unparsed"])
def test_failure_of_a_scenario_has_a_log(scenario: Any) -> None:
    """The run that a scenario lets fail has a log that says why."""
    with MockServer(MockConfig(scenario=scenario, now=NOW, clock=lambda: NOW)) as server:
        rows = [row for runs in server.controls.world.dataset.histories.values() for row in runs]
        (failed,) = [row for row in rows if row["status"] == "fail"]
        path = str(failed["executionLogPath"]).removeprefix(f"obs://{BUCKET}")
        found = ask(server, path, signed(path))

    assert 200 == found.status_code
    assert "ERROR" in found.text
