"""The small IAM beside the mock server, and the lists from which ids can be found."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.mock_caller import NO_AUTHORITIES, Caller
from support.mock_signing import SteppedClock, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = MockConfig().password
TOKENS = "/v3/auth/tokens?nocatalog=true"
WRONG = (401, "IAM.0062", "The username or password is wrong.")


@dataclass(frozen=True)
class Login:
    """Logs in at a server of its own, whose clock it holds."""

    server: MockServer
    caller: Caller
    clock: SteppedClock

    def send(self, document: Any = None, path: str = TOKENS) -> httpx.Response:
        """The answer to a request for a token, a good one unless told otherwise."""
        return self.caller.http.post(path, json=login() if document is None else document)

    def token(self) -> str:
        """A new token."""
        response = self.send()
        assert 201 == response.status_code, response.text
        return response.headers["X-Subject-Token"]

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        """The answer to a GET with a token, the configured one unless told otherwise."""
        headers = {**self.caller.headers, "X-Auth-Token": token or self.server.config.token}
        return self.caller.http.get(path, headers=headers)


@contextmanager
def logging_in(**changes: Any) -> Iterator[Login]:
    """A server with a clock that stands still, for as long as the block lasts."""
    clock = SteppedClock()
    config = MockConfig(**{"clock": clock, "now": clock.now, **changes})
    with (
        MockServer(config) as server,
        httpx.Client(base_url=server.url, trust_env=False, verify=NO_AUTHORITIES) as http,
    ):
        yield Login(server, Caller(http, config), clock)


@pytest.fixture
def iam() -> Iterator[Login]:
    """A server as it is configured by default."""
    with logging_in() as iam:
        yield iam


def login(
    password: Any = PASSWORD,
    *,
    user: str = "mock-user",
    account: str = "mock-account",
    scope: Any = None,
    methods: Any = None,
) -> dict[str, Any]:
    """The documented request for a token, good unless told otherwise."""
    who = {"name": user, "password": password, "domain": {"name": account}}
    identity = {"methods": methods or ["password"], "password": {"user": who}}
    return {"auth": {"identity": identity, "scope": scope or {"project": {"name": "eu-west-101"}}}}


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and text of a refusal in IAM's nested shape."""
    error = response.json()["error"]
    assert {"code", "error_code", "message", "title"} == set(error)
    assert response.status_code == error["code"]
    assert "X-Subject-Token" not in response.headers
    return error["code"], error["error_code"], error["message"]


def test_a_token_comes_in_a_header(iam: Login) -> None:
    """201, the token in X-Subject-Token and not in the body, and the documented body."""
    response = iam.send()
    document = response.json()["token"]
    assert 201 == response.status_code
    assert ("2026-11-20T08:30:00.000000Z", "2026-11-21T08:30:00.000000Z", ["password"]) == (
        document["issued_at"],
        document["expires_at"],
        document["methods"],
    )
    assert ("mock-user", "mock-account") == (document["user"]["name"], document["user"]["domain"]["name"])
    assert (iam.server.config.project_id, "eu-west-101") == (document["project"]["id"], document["project"]["name"])
    assert 1_000 < len(response.headers["X-Subject-Token"]) < 32_000
    assert response.headers["X-Subject-Token"] not in response.text


@pytest.mark.parametrize(
    ("query", "has_catalog"), [("", True), ("?nocatalog=true", False), ("?nocatalog=x", False), ("?nocatalog=", True)]
)
def test_any_value_of_nocatalog_leaves_out_the_catalog(iam: Login, query: str, has_catalog: bool) -> None:  # noqa: FBT001
    """A value that is not empty counts as true."""
    assert has_catalog == ("catalog" in iam.send(path=f"/v3/auth/tokens{query}").json()["token"])


def test_an_issued_token_is_accepted_until_it_expires() -> None:
    """By the clock: a moment before its end it is good, and at its end it must be updated; others are untouched."""
    with logging_in(token_lifetime=timedelta(minutes=10)) as iam:
        first = iam.token()
        iam.clock.step(minutes=9, seconds=59)
        second = iam.token()
        assert first != second
        assert 200 == iam.get(iam.caller.nodes_path(), first).status_code
        iam.clock.step(seconds=1)
        response = iam.get(iam.caller.nodes_path(), first)
        assert (401, "APIGW.0307", "The token must be updated") == (
            response.status_code,
            response.json()["error_code"],
            response.json()["error_msg"],
        )
        assert response.headers["X-Request-Id"] == response.json()["request_id"]
        assert 200 == iam.get(iam.caller.nodes_path(), second).status_code
        assert 200 == iam.get(iam.caller.nodes_path()).status_code


def test_an_issued_token_does_not_show(iam: Login) -> None:
    """Also where a client puts it into the target by mistake."""
    path = iam.caller.nodes_path()
    iam.get(f"{path}?token={iam.token()}")
    assert f"{path}?token=***" == iam.server.record.requests[-1]["target"]


def test_a_token_of_another_server_is_unknown(iam: Login) -> None:
    """Tokens are known where they were handed out."""
    with logging_in() as other:
        response = iam.get(iam.caller.nodes_path(), other.token())
    assert (401, "APIGW.0301") == (response.status_code, response.json()["error_code"])
    assert response.json()["error_msg"].endswith("decrypt token fail")


def test_issued_tokens_are_counted(iam: Login) -> None:
    """Those handed out, and no refused request for one."""
    assert 0 == iam.server.record.tokens_issued
    for document in (login(), login("wrong"), login(), {}):
        iam.send(document)
    assert 2 == iam.server.record.tokens_issued


@pytest.mark.parametrize(
    "document",
    [login("wrong"), login(user="other"), login(account="other"), login("mock-password "), login("订单\ud800")],
)
def test_a_wrong_login_is_refused(iam: Login, document: Any) -> None:
    """In IAM's shape, and without a word on which of the three is wrong."""
    body = json.dumps(document)
    assert WRONG == refusal(iam.caller.http.post(TOKENS, content=body))


def test_five_wrong_passwords_lock_the_account(iam: Login) -> None:
    """For 15 minutes not even the right one is accepted; a right one before that starts the count again."""
    for _ in range(4):
        assert WRONG == refusal(iam.send(login("wrong")))
    iam.token()
    for _ in range(5):
        assert WRONG == refusal(iam.send(login("wrong")))
    locked = (401, "IAM.0061", "The account is locked.")
    assert [locked, locked] == [refusal(iam.send()), refusal(iam.send(login("wrong")))]
    iam.clock.step(minutes=14, seconds=59)
    assert locked == refusal(iam.send())
    iam.clock.step(seconds=1)
    iam.token()


def test_a_lock_leaves_tokens_and_signatures_alone(iam: Login) -> None:
    """What was handed out before goes on, and so does the access key."""
    token = iam.token()
    for _ in range(6):
        iam.send(login("wrong"))
    path = iam.caller.nodes_path()
    assert 200 == iam.get(path, token).status_code
    signed = sign(iam.server.config, path, {"instance": iam.server.config.instance_id})
    assert 200 == iam.caller.http.get(path, headers=signed).status_code


def test_nobody_can_lock_the_account_by_another_name(iam: Login) -> None:
    """Only the user's own wrong passwords count."""
    for _ in range(6):
        iam.send(login(user="other"))
        iam.send(login(account="other"))
    iam.token()


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ({"project": {"id": "0833a5737480d53b2f25c010dc1a7b88"}}, 201),
        ({"project": {"id": "0833a5737480d53b2f25c010dc1a7b88", "name": "eu-west-101"}}, 201),
        ({"project": {"id": "0833a5737480d53b2f25c010dc1a7b88", "name": "cn-north-4"}}, 404),
        ({"project": {"name": "cn-north-4"}}, 404),
        ({"project": {"id": "eu-west-101"}}, 404),
    ],
)
def test_the_scope_is_the_project_by_id_or_name(iam: Login, scope: Any, status: int) -> None:
    """Another project is not found, and costs no try."""
    response = iam.send(login(scope=scope))
    assert status == response.status_code
    if status == 404:
        assert "IAM.0004" == refusal(response)[1]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"{", "is not JSON"),
        pytest.param(b"[" * 99_999, "is not JSON", id="nested without end"),
        (b"[]", "see the top"),
        (b"{}", "see the top"),
        (json.dumps(login(5)).encode(), "see auth/identity/password/user/password"),
        (json.dumps(login("")).encode(), "see auth/identity/password/user/password"),
        (json.dumps(login(methods=["token"])).encode(), "see auth/identity/methods"),
        (json.dumps(login("quiet", methods=["password", "totp"])).encode(), "see auth/identity/methods"),
        (json.dumps(login("quiet", scope={"domain": {"name": "mock-account"}})).encode(), "see auth/scope"),
        (json.dumps(login("quiet", scope={"project": {}})).encode(), "see auth/scope/project"),
        (json.dumps(login(scope={"project": {"name": "eu-west-101", "x": ""}})).encode(), "see auth/scope/project"),
    ],
)
def test_what_is_no_password_login_is_refused(iam: Login, body: bytes, place: str) -> None:
    """The answer says where to look, and never shows what was sent."""
    status, code, message = refusal(iam.caller.http.post(TOKENS, content=body))
    assert (400, "IAM.0011") == (status, code)
    assert f"{place}." in message
    assert "quiet" not in message


def test_only_posts_make_tokens(iam: Login) -> None:
    """405 with Allow, in the gateway's shape."""
    for path, allowed in (("/v3/auth/tokens", "POST"), ("/v3/projects", "GET")):
        response = iam.caller.http.delete(path)
        assert (405, allowed) == (response.status_code, response.headers["Allow"])


@pytest.mark.parametrize(
    ("query", "names"),
    [("?name=eu-west-101", ["eu-west-101"]), ("", ["eu-west-101"]), ("?name=cn-north-4", []), ("?name=", [])],
)
def test_projects_are_found_by_the_name_of_the_region(iam: Login, query: str, names: list[str]) -> None:
    """With a token that is configured, one that was issued, or a signature."""
    path = f"/v3/projects{query}"
    signed = iam.caller.http.get(path, headers=sign(iam.server.config, path, {}))
    for response in (iam.get(path), iam.get(path, iam.token()), signed):
        projects = response.json()["projects"]
        assert (200, names) == (response.status_code, [project["name"] for project in projects])
        assert all(iam.server.config.project_id == project["id"] for project in projects)


def test_the_instance_is_listed(iam: Login) -> None:
    """Its id is the resource of an order that is in effect."""
    document = iam.get(f"/v1/{iam.server.config.project_id}/instances?limit=20&offset=0").json()
    order = {"resource_id": iam.server.config.instance_id, "status": 2}
    assert {"count": 1, "commodity_orders": [order]} == document


def workspaces_path(config: MockConfig) -> str:
    """Where the workspaces are listed."""
    return f"/v1/{config.project_id}/workspaces/{config.instance_id}"


def test_the_workspaces_of_the_data_are_listed(iam: Login) -> None:
    """Every workspace that the data's operators are in, and no other."""
    document = iam.get(workspaces_path(iam.server.config)).json()
    assert (2, 1) == (document["count"], document["total_page"])
    listed = [workspace["id"] for workspace in document["data"]]
    assert len(listed) == len(set(listed))
    assert {operator["workspace_id"] for operator in iam.caller.operators()} == set(listed)
    assert "sales" in [workspace["name"] for workspace in document["data"]]


def test_workspaces_keep_their_names() -> None:
    """A workspace in which only some operators have runs has the name that the runs show."""
    with logging_in(scenario="varied") as iam:
        rows = iam.get(workspaces_path(iam.server.config)).json()["data"]
    assert [] == [row for row in rows if row["name"] == row["id"]]


def test_workspaces_come_in_pages(iam: Login) -> None:
    """Offset counts rows; past the end there are none, and the count stays."""
    path = workspaces_path(iam.server.config)
    pages = [iam.get(f"{path}?limit=1&offset={offset}").json() for offset in range(3)]
    assert [1, 1, 0] == [len(page["data"]) for page in pages]
    assert pages[0]["data"] != pages[1]["data"]
    assert {(2, 2)} == {(page["count"], page["total_page"]) for page in pages}


def test_a_single_workspace_can_be_listed() -> None:
    """A caller who looks for the only one finds it."""
    with logging_in(workspace_id="b88c445407b24283aa949f9833a38fd8") as iam:
        document = iam.get(workspaces_path(iam.server.config)).json()
        assert ["b88c445407b24283aa949f9833a38fd8"] == [workspace["id"] for workspace in document["data"]]
        assert 1 == document["count"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "limit=x", "limit=1&limit=1"])
def test_lists_judge_their_parameters(iam: Login, query: str) -> None:
    """As the operations of the specification do."""
    for path in (f"/v1/{iam.server.config.project_id}/instances", workspaces_path(iam.server.config)):
        response = iam.get(f"{path}?{query}")
        assert (400, "APIGW.0106") == (response.status_code, response.json()["error_code"])


def test_lists_are_of_one_project_and_instance(iam: Login) -> None:
    """Those of somebody else are refused as the service refuses them."""
    config = iam.server.config
    for path in (
        "/v1/other/instances",
        f"/v1/other/workspaces/{config.instance_id}",
        f"/v1/{config.project_id}/workspaces/x",
    ):
        response = iam.get(path)
        assert (403, "DLM.4001") == (response.status_code, response.json()["error_code"])


def test_lists_are_for_those_who_are_known(iam: Login) -> None:
    """The gateway asks who calls before anything else."""
    config = iam.server.config
    for path in ("/v3/projects", "/v1/other/instances", workspaces_path(config)):
        for headers in ({}, {"X-Auth-Token": "other"}, {"Authorization": "SDK-HMAC-SHA256"}):
            response = iam.caller.http.get(path, headers=headers)
            assert (401, "APIGW.0301") == (response.status_code, response.json()["error_code"])


def test_names_of_the_configuration_count() -> None:
    """User, password, account and region can be anything, in any script."""
    names = {"user": "张三", "password": "pässwört 密码", "account": "账户", "region": "cn-north-4_项目"}
    with logging_in(**names) as iam:
        scope = {"project": {"name": names["region"]}}
        document = login(names["password"], user=names["user"], account=names["account"], scope=scope)
        assert 201 == iam.send(document).status_code
        assert WRONG == refusal(iam.send())


@pytest.mark.parametrize("name", ["user", "password", "account", "region", "workspace_id"])
def test_a_blank_name_is_refused(name: str) -> None:
    """The text names it."""
    blank: dict[str, Any] = {name: " "}
    with pytest.raises(ValueError, match=f"{name} is blank"):
        MockConfig(**blank)


def test_the_password_does_not_show() -> None:
    """The configuration can be logged."""
    assert "quiet" not in repr(MockConfig(password="quiet"))
