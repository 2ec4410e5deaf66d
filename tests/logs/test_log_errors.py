"""Why a log cannot be read: an error for each reason, which says what to do, is bounded and holds no secret."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AccessKeyCredentials,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DataMapClient,
    DataMapError,
    InvalidEnvelopeError,
    LogArchivedError,
    LogBucketNotFoundError,
    LogError,
    LogForbiddenError,
    LogNotFoundError,
    LogPathError,
    LogRegionError,
    NotFoundError,
    PermissionDeniedError,
    Retry,
    Run,
    ServerError,
    StatusError,
    TokenCredentials,
)
from support.log_faces import BUCKET, logged_run, run_at, settings_of
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from dataarts_datamap._messages import Call, Request
    from dataarts_datamap_contract.mock import FakeService
    from support.log_faces import LogFace

XML = {"Content-Type": "application/xml"}


STATES: list[tuple[str, type[LogError], int, str, str]] = [
    ("missing", LogNotFoundError, 404, "NoSuchKey", "it is not written yet, or was removed"),
    ("forbidden", LogForbiddenError, 403, "AccessDenied", "the permission obs:object:GetObject"),
    ("archived", LogArchivedError, 403, "InvalidObjectState", "restore the object in OBS"),
]


@pytest.mark.parametrize(("state", "kind", "status", "code", "advice"), STATES)
def test_log_that_cannot_be_read(  # noqa: PLR0913  one for each fact
    *, logs: LogFace, service: FakeService, state: str, kind: type[LogError], status: int, code: str, advice: str
) -> None:
    """Each reason has an error of its own, with what object storage said and what to do."""
    run = logged_run(service, "text", state=state)

    with pytest.raises(LogError, match=advice) as caught:
        logs.read(settings_of(service), run)

    error = caught.value
    assert (kind, status, code) == (type(error), error.status, error.error_code)
    assert f"obs://{BUCKET}/a/b.job" == error.log_path
    assert len(error.request_id or "") == 32
    assert error == pickle.loads(pickle.dumps(error))  # noqa: S301  it was made here


def test_no_bucket(logs: LogFace, service: FakeService) -> None:
    """A bucket that is not there is told apart from a log that is not."""
    with pytest.raises(LogBucketNotFoundError, match="there is no bucket some-bucket for the log obs://some-bucket/k"):
        logs.read(settings_of(service), run_at("k", "some-bucket"))


def test_wrong_region(logs: LogFace, service: FakeService) -> None:
    """A bucket of another region is said to be one, and the redirect is not followed."""
    run = logged_run(service, "text")
    elsewhere = {"obs_endpoint": "http://obs.cn-north-4.myhuaweicloud.com", "proxy": service.url, "allow_http": True}

    with pytest.raises(LogRegionError, match=r"another region, at obs\.eu-west-101\.myhuaweicloud\.eu: pass that"):
        logs.read(settings_of(service, **elsewhere), run)


OWN = {"x-obs-request-id": "R1"}
SIGN_IN = b"<html><body>Sign in</body></html>"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("kind", "own", "said"),
    [
        (LogRegionError, OWN, r"another region, at 127\.0\.0\.1: pass"),
        (LogRegionError, {"x-amz-request-id": "R1"}, r"another region, at 127\.0\.0\.1: pass"),
        (InvalidEnvelopeError, {}, r"not from object storage, and leads to 127\.0\.0\.1: a proxy or a sign-in page"),
    ],
)
def test_redirect_is_not_followed(  # noqa: PLR0913  one for each fact
    *, logs: LogFace, service: FakeService, status: int, kind: type[DataMapError], own: dict[str, str], said: str
) -> None:
    """Where a redirect leads, no key and no security token goes; one of a proxy's is not taken for a bucket's."""
    with ScriptedServer(Answer()) as elsewhere:
        answer = Answer(SIGN_IN, status, {"Location": f"{elsewhere.url}/k", **own})
        with ScriptedServer(answer) as server, pytest.raises(kind, match=said):
            logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

        assert [] == elsewhere.asked
        assert 1 == len(server.asked)


WITHDRAWN = [
    ("InvalidAccessKeyId", "the access key is unknown"),
    ("InvalidSecurityToken", "the security token is invalid: it has expired"),
    ("ExpiredToken", "the security token is invalid: it has expired"),
]


def test_wrong_secret_key(logs: LogFace, service: FakeService) -> None:
    """A signature that does not match is asked for once, and the text says which key is wrong."""
    run = logged_run(service, "text")
    wrong = AccessKeyCredentials(service.access_key, "wrong-secret-key")

    with pytest.raises(LogForbiddenError, match="the secret key does not belong to the access key"):
        logs.read(settings_of(service, credentials=wrong), run)


def test_unknown_access_key(logs: LogFace, service: FakeService) -> None:
    """A key that object storage does not know is said to be one."""
    run = logged_run(service, "text")
    unknown = AccessKeyCredentials("UNKNOWN", "wrong-secret-key")

    with pytest.raises(LogForbiddenError, match="the access key is unknown"):
        logs.read(settings_of(service, credentials=unknown), run)


@pytest.mark.parametrize(("code", "advice"), WITHDRAWN)
def test_key_that_is_withdrawn(logs: LogFace, service: FakeService, code: str, advice: str) -> None:
    """A temporary key that does not count any more is changed for another one, once."""
    with ScriptedServer(error_answer(403, code), Answer(b"text", 200, TAG)) as server:
        assert "text" == logs.read(settings_of(service, obs_endpoint=server.url), run_at("k")).text
    with ScriptedServer(error_answer(403, code)) as server, pytest.raises(LogForbiddenError, match=advice):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    assert 2 == len(server.asked)
    assert 4 == sum("securitytokens" in one["target"] for one in service.requests)


class KeyRing:
    """Credentials of two keys that finds the refused one by what was sent."""

    def __init__(self) -> None:
        self.keys = ["WITHDRAWN", "VALID"]
        self.discarded: list[str] = []

    def authenticate(self, request: Request) -> Call[Request]:
        return (yield from self._key().authenticate(request))

    def access_key_credentials(self) -> Call[AccessKeyCredentials]:
        return (yield from self._key().access_key_credentials())

    def discard(self, request: Request) -> bool:
        """Forget the key that signed the request."""
        refused = [key for key in self.keys if f" {key}:" in request.headers.get("Authorization", "")]
        self.discarded += refused
        self.keys = [key for key in self.keys if key not in refused]
        return bool(refused)

    def _key(self) -> AccessKeyCredentials:
        return AccessKeyCredentials(self.keys[0], "a-secret-key")


@pytest.mark.parametrize("failures", [(), (Answer(b"", 503),)], ids=["at once", "after a repetition"])
def test_refused_key_is_found_by_its_request(logs: LogFace, service: FakeService, failures: tuple[Answer, ...]) -> None:
    """Credentials see the refused request as it was sent, and so can forget its key and keep the others."""
    ring = KeyRing()
    with ScriptedServer(*failures, error_answer(403, "InvalidAccessKeyId"), Answer(b"text", 200, TAG)) as server:
        settings = settings_of(service, obs_endpoint=server.url, credentials=ring)
        assert "text" == logs.read(settings, run_at("k")).text

    assert (["WITHDRAWN"], ["VALID"]) == (ring.discarded, ring.keys)


def test_wrong_clock(logs: LogFace, service: FakeService) -> None:
    """A clock that is more than 15 minutes off is said to be."""
    run = logged_run(service, "text")
    late = AccessKeyCredentials(
        service.access_key, service.secret_key, clock=lambda: datetime.now(UTC) + timedelta(minutes=16)
    )

    with pytest.raises(LogForbiddenError, match="clock is more than 15 minutes off"):
        logs.read(settings_of(service, credentials=late), run)


def test_bucket_that_may_not_be_listed(logs: LogFace, service: FakeService) -> None:
    """A log that is not there, in a bucket that may not be listed, is missing, and the text says what is not known."""
    answers = [error_answer(404, "NoSuchKey"), error_answer(403, "AccessDenied")]
    with (
        ScriptedServer(*answers) as server,
        pytest.raises(LogNotFoundError, match="listing the bucket was denied") as caught,
    ):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    assert "NoSuchKey" == caught.value.error_code
    assert ["/k", "/?prefix=k&max-keys=1000"] == [asked.target for asked in server.asked]


PATHS = [
    None,
    "",
    "obs://",
    "obs://bucket",
    "obs://bucket/",
    "obs:///key",
    "s3://bucket/key",
    "/var/log/job",
    "obs://user@evil.example/key",
    "obs://evil.example:80/key",
    "obs://evil.example#/key",
    "obs://Bucket/key",
    "obs://../key",
    "obs://a..b/key",
    "obs://b/key",
    f"obs://{'b' * 64}/key",
    f"obs://bucket/{'k' * 1025}",
    "obs://bücket/key",
]


@pytest.mark.parametrize("path", PATHS)
def test_path_that_is_none(service: FakeService, path: str | None) -> None:
    """A path that names no object of object storage is refused, and nothing is sent for it."""
    with DataMapClient(**settings_of(service)) as client, pytest.raises(LogPathError):
        client.read_log(Run(execution_log_path=path))

    assert [] == service.requests


def test_no_address_of_object_storage(service: FakeService) -> None:
    """Where neither region nor address says where object storage is, the text says what to set."""
    settings = settings_of(service, obs_endpoint=None, endpoint="https://dayu.example.com")
    with DataMapClient(**settings) as client, pytest.raises(ConfigurationError, match="DATAMAP_OBS_ENDPOINT"):
        client.read_log(run_at("k"))


def test_no_address_of_iam(service: FakeService) -> None:
    """A token opens no object storage by itself: where IAM is not known, the text says what to set."""
    settings = settings_of(service, iam_endpoint=None, endpoint="https://dayu.example.com")
    with DataMapClient(**settings) as client, pytest.raises(ConfigurationError, match="HUAWEICLOUD_SDK_IAM_ENDPOINT"):
        client.read_log(run_at("k"))


@pytest.mark.parametrize("endpoint", ["http://obs.example", "https://obs.example/bucket", "obs.example", "ftp://a.b"])
def test_address_that_is_none(service: FakeService, endpoint: str) -> None:
    """An address of object storage that cannot be used is refused when the client is made."""
    with pytest.raises(ConfigurationError, match="object storage endpoint"):
        DataMapClient(**settings_of(service, obs_endpoint=endpoint))


def test_token_that_iam_refuses(logs: LogFace, service: FakeService) -> None:
    """A token that leads to no key is an authentication error of IAM's."""
    with pytest.raises(AuthenticationError) as caught:
        logs.read(settings_of(service, credentials=TokenCredentials("another-token")), logged_run(service, "text"))

    assert "/v3.0/OS-CREDENTIAL/securitytokens" == caught.value.path


def test_what_is_no_object_storage(logs: LogFace, service: FakeService) -> None:
    """A server that knows nothing of objects does not make a log look missing."""
    with ScriptedServer(Answer(b'{"error_code": "APIGW.0101"}', 404)) as server, pytest.raises(NotFoundError):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))


def error_answer(status: int, code: str, message: str = "said") -> Answer:
    """An error as object storage sends it."""
    document = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R1</RequestId></Error>"
    return Answer(f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode(), status, XML)


OTHERS: list[tuple[int, str, type[StatusError], int]] = [
    (400, "TooManyWrongSignature", BadRequestError, 1),
    (408, "RequestTimeout", StatusError, 1),
    (500, "InternalError", ServerError, 3),
    (503, "SlowDown", ServerError, 3),
]


@pytest.mark.parametrize(("status", "code", "kind", "attempts"), OTHERS)
def test_other_errors(  # noqa: PLR0913  one for each fact
    *, logs: LogFace, service: FakeService, status: int, code: str, kind: type[StatusError], attempts: int
) -> None:
    """Any other status is the error of that status, with code and request id; what passes is tried again."""
    with ScriptedServer(error_answer(status, code)) as server, pytest.raises(StatusError) as caught:
        logs.read(settings_of(service, obs_endpoint=server.url, retry=Retry(attempts=3)), run_at("k"))

    error = caught.value
    assert (kind, status, code, "R1") == (type(error), error.status, error.error_code, error.request_id)
    assert attempts == len(server.asked) == error.attempts


TAG = {"ETag": '"e"'}
BOMB = b'<!DOCTYPE a [<!ENTITY b "cccccccccc">]><Error><Code>&b;</Code></Error>'
SENT = [
    Answer(b"0123456789", 206, {**TAG, "Content-Range": "bytes 5-14/100"}),
    Answer(b"0123456789", 206, {**TAG, "Content-Range": "bytes 90-98/100"}),
    Answer(b"0123456789", 206, {**TAG, "Content-Range": "bytes 91-100/100"}),
    Answer(b"0123456789", 206, {**TAG, "Content-Range": "bytes 90-99/*"}),
    Answer(b"0123456789", 206, {**TAG, "Content-Range": "lines 90-99/100"}),
    Answer(b"0123456789", 206, TAG),
    Answer(b"0123456789", 206, {"Content-Range": "bytes 90-99/100"}),
    Answer(b"<html>502</html>", 200, {"Content-Type": "text/html"}),
    Answer(b"", 204, {}),
]


@pytest.mark.parametrize("answer", SENT, ids=range(len(SENT)))
def test_part_that_cannot_be(logs: LogFace, service: FakeService, answer: Answer) -> None:
    """What is not the part that was asked for, not as long as it says, or no object, is not taken for the log."""
    with ScriptedServer(answer) as server, pytest.raises(InvalidEnvelopeError):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"), tail=10)


@pytest.mark.parametrize("content", [BOMB, b"<a", b"", b"\xff\xfe<\x00a\x00", b"<html/>", b"[]", b"<a>" * 100_000])
def test_error_that_is_no_document(logs: LogFace, service: FakeService, content: bytes) -> None:
    """An error whose document cannot be read is told by its status."""
    with ScriptedServer(Answer(content, 403, {**XML, **OWN})) as server, pytest.raises(LogForbiddenError) as caught:
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    assert caught.value.error_code is None


@pytest.mark.parametrize("content", [SIGN_IN, b"", b'{"error": "no"}', b"<Error><Message>no</Message></Error>"])
def test_proxy_that_forbids_object_storage(logs: LogFace, service: FakeService, content: bytes) -> None:
    """A 403 that object storage did not send names no permission that would be lacking."""
    with ScriptedServer(Answer(content, 403)) as server, pytest.raises(PermissionDeniedError) as caught:
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    assert "HTTP 403 is not from object storage: a proxy or a sign-in page may be in between" in str(caught.value)


@pytest.mark.parametrize("content", [BOMB, b"", b"<Error/>", b"<html/>", b"{}"])
def test_list_that_is_none(logs: LogFace, service: FakeService, content: bytes) -> None:
    """What is no list of objects is not taken for an empty one."""
    with (
        ScriptedServer(error_answer(404, "NoSuchKey"), Answer(content, 200, XML)) as server,
        pytest.raises(InvalidEnvelopeError, match="no list of objects"),
    ):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))


@pytest.mark.parametrize("marker", ["", "<NextMarker/>", "<Contents><Size>1</Size></Contents>"])
def test_list_that_cannot_go_on(logs: LogFace, service: FakeService, marker: str) -> None:
    """A list that says that it goes on, but not after what, is not taken for a whole one."""
    cut = f"<ListBucketResult><IsTruncated>true</IsTruncated>{marker}</ListBucketResult>".encode()
    with (
        ScriptedServer(error_answer(404, "NoSuchKey"), Answer(cut, 200, XML)) as server,
        pytest.raises(InvalidEnvelopeError, match="goes on, but has neither a marker nor a key"),
    ):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))


def test_errors_are_bounded(logs: LogFace, service: FakeService) -> None:
    """Of an error of megabytes a part is kept, and the text is short enough to be read."""
    answer = error_answer(403, "AccessDenied" * 20_000, "m" * 3_000_000)
    with ScriptedServer(answer) as server, pytest.raises(LogForbiddenError) as caught:
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k" * 1000))

    kept = [str(value) for value in vars(caught.value).values()]
    assert max(map(len, kept)) <= 65_537
    assert len(str(caught.value)) < 3_000


def test_errors_show_no_secret(logs: LogFace, service: FakeService) -> None:
    """What object storage says back of key, signature and security token is masked, wherever it is shown."""
    said: list[str] = []

    def echo(asked: Any) -> Answer:
        token, authorization = asked.headers["x-obs-security-token"], asked.headers["authorization"]
        said.extend((token, authorization, *authorization.removeprefix("OBS ").split(":")))
        return error_answer(403, f"C {token}", f"{authorization} StringToSign x-obs-security-token:{token}")

    with ScriptedServer(echo) as server, pytest.raises(LogForbiddenError) as caught:
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    error = caught.value
    shown = [str(error), repr(error), repr(vars(error)), pickle.dumps(error).decode("latin-1")]
    assert 4 == len(said)
    assert [] == [secret for secret in said for text in shown if secret in text]


@pytest.mark.parametrize("message", ["", "<Code>TemporaryRedirect</Code><Message>said</Message>"])
def test_redirect_shows_no_secret(logs: LogFace, service: FakeService, message: str) -> None:
    """A security token that object storage names as the endpoint is masked, with a message beside it or without one."""
    token = "SecurityToken" * 3
    keys = AccessKeyCredentials("an-access-key", "a-secret-key", token)

    def echo(asked: Asked) -> Answer:
        echoed = asked.headers["x-obs-security-token"]
        return Answer(f"<Error>{message}<Endpoint>{echoed}</Endpoint></Error>".encode(), 307, {**XML, **OWN})

    with ScriptedServer(echo) as server, pytest.raises(LogRegionError, match=r"region, at \*\*\*: pass") as caught:
        logs.read(settings_of(service, obs_endpoint=server.url, credentials=keys), run_at("k"))

    error = caught.value
    shown = [str(error), repr(error), repr(vars(error)), pickle.dumps(error).decode("latin-1")]
    assert [] == [text for text in shown if token in text]


def test_every_error_is_one_of_the_tree(service: FakeService) -> None:
    """Whatever goes wrong with a log, who catches the package's errors has caught it."""
    assert issubclass(LogError, DataMapError)
    with DataMapClient(**settings_of(service)) as client, pytest.raises(DataMapError):
        client.open_log(run_at("k", "no-bucket"))
