"""Nothing of the environment goes to object storage but what was asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap import AccessKeyCredentials, LogNotFoundError
from dataarts_datamap_contract.mock import FakeService
from support.forward_proxy import forward_proxy
from support.log_faces import BUCKET, logged_run, settings_of

if TYPE_CHECKING:
    from support.log_faces import LogFace

PLANTED = {
    "AWS_ACCESS_KEY_ID": "ZqAccessKey",
    "AWS_SECRET_ACCESS_KEY": "ZqSecretKey",
    "AWS_SESSION_TOKEN": "ZqSessionToken",
    "AWS_TOKEN": "ZqToken",
    "AWS_REGION": "zq-region-1",
    "AWS_DEFAULT_REGION": "zq-region-2",
    "AWS_ENDPOINT": "http://zq.example",
    "AWS_ENDPOINT_URL": "http://zq.example",
    "AWS_ENDPOINT_URL_S3": "http://zq.example",
    "AWS_BUCKET": "zq-bucket",
    "AWS_REQUEST_PAYER": "true",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_CONDITIONAL_PUT": "Zq",
    "AWS_SERVER_SIDE_ENCRYPTION": "sse-c",
    "AWS_SSE_CUSTOMER_KEY_BASE64": "WnFTc2VDdXN0b21lcktleTAxMjM0NTY3ODlhYmNkZWY=",
    "AWS_SSE_KMS_KEY_ID": "ZqKmsKey",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "ZqContainerToken",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://zq.example/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/zq",
    "AWS_PROFILE": "ZqProfile",
    "AWS_PROXY_URL": "http://zq.example:3128",
    "AWS_USER_AGENT": "ZqAgent",
    "OBS_ACCESS_KEY_ID": "ZqObsKey",
    "OBS_SECRET_ACCESS_KEY": "ZqObsSecret",
}
"""What libraries for object storage read of the environment, and some of them send."""

HEADERS = {
    *("host", "user-agent", "accept", "accept-encoding", "range", "date", "authorization"),
    *("x-obs-security-token", "connection", "proxy-connection"),
}


def header_names(head: bytes) -> set[str]:
    """The names of the headers in the head of a request."""
    return {line.split(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:] if line}


def test_nothing_of_the_environment_is_sent(logs: LogFace, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all of ``AWS_…`` set, a log is asked for at its own bucket's host alone, with our headers alone."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    with FakeService() as service, forward_proxy(service.url) as proxy:
        run = logged_run(service, "text")
        below = logged_run(service, "text", state="missing", key="c.job")
        settings = settings_of(
            service,
            obs_endpoint="http://obs.eu-west-101.myhuaweicloud.eu",
            proxy=proxy.url,
            allow_http=True,
        )
        assert "text" == logs.read(settings, run).text
        assert [b"text"] == logs.read_pieces(settings, run)
        with pytest.raises(LogNotFoundError):
            logs.read(settings, below)

    own = f"{BUCKET}.obs.eu-west-101.myhuaweicloud.eu"
    storage = [head for head in proxy.heads if own.encode() in head]
    sent = b"\n".join(proxy.heads)
    assert {own, service_host(service, proxy.heads)} == proxy.hosts
    assert set() == {name for head in storage for name in header_names(head)} - HEADERS
    assert any(b"prefix=" in head for head in storage)
    assert [] == [name for name, value in PLANTED.items() if len(value) > 5 and value.encode() in sent]


def service_host(service: FakeService, heads: list[bytes]) -> str:
    """The host of the service, of which IAM is a part; it no longer runs."""
    (host,) = {match[1].decode() for head in heads if (match := re.match(rb"POST http://([^/]*)/v3\.0/", head))}
    assert service.project_id
    return host


def test_own_key_is_the_one_that_signs(logs: LogFace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The access key of the client signs, even where the environment has another one."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    with FakeService() as service, forward_proxy(service.url) as proxy:
        credentials = AccessKeyCredentials(service.access_key, service.secret_key)
        settings = settings_of(service, proxy=proxy.url, allow_http=True, credentials=credentials)
        logs.read(settings, logged_run(service, "text"))

    (head,) = proxy.heads
    assert f"Authorization: OBS {service.access_key}:".encode() in head
    assert b"x-obs-security-token" not in head.lower()
