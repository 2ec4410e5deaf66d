"""Ids that were not given: found where there is one, and listed where there is not."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AccessKeyCredentials,
    AsyncDataMapClient,
    ConfigurationError,
    DataMapClient,
    DiscoveryError,
    ErrorBodyError,
    InvalidArgumentError,
    InvalidEnvelopeError,
    PermissionDeniedError,
    TokenCredentials,
)
from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.answers import json_answer, run_page
from support.crowd import CROWDS, SIZE
from support.faces import SETTINGS
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Addressed, Face

REGION = "eu-west-101"
UNKNOWN: dict[str, Any] = {"region": REGION, "project_id": None, "instance_id": None}


def order(id_: str | None, status: int | None = 2, name: str | None = None) -> dict[str, object]:
    """One order of the list of instances."""
    return {"resource_id": id_, "resource_name": name, "status": status}


class Lists:
    """A service with lists of its own; each list in pages of as many as are asked for, or fewer."""

    def __init__(
        self,
        *,
        projects: object = ({"id": "p1", "name": REGION},),
        orders: object = (order("i1"),),
        workspaces: object = ({"id": "w1", "name": "one"},),
        most: int = 100,
        **members: object,
    ) -> None:
        self._lists = {"projects": projects, "instances": orders, "workspaces": workspaces}
        self._most = most
        self._members = members

    def __call__(self, asked: Asked) -> Answer:
        path, _, query = asked.target.partition("?")
        if path == "/v3/projects":
            return json_answer({"projects": self._lists["projects"]})
        if path.endswith("/instances") and "/datamap/" not in path:
            return self._page("instances", "commodity_orders", query)
        if "/workspaces/" in path:
            return self._page("workspaces", "data", query)
        return run_page()

    def _page(self, kind: str, name: str, query: str) -> Answer:
        rows: Any = self._lists[kind]
        given = dict(part.split("=") for part in query.split("&"))
        offset, limit = int(given["offset"]), min(int(given["limit"]), self._most)
        page = {name: rows and rows[offset : offset + limit], "count": len(rows or ()), **self._members}
        return json_answer({member: value for member, value in page.items() if value is not None})


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Points both faces at a server, with no id given."""

    def point_at(server: Addressed, **settings: Any) -> None:
        for name, value in {**UNKNOWN, "iam_endpoint": server.url, **settings}.items():
            monkeypatch.setitem(SETTINGS, name, value)

    return point_at


def test_region_and_key_are_enough(face: Face, point: Callable[..., None]) -> None:
    """With a region and an access key, the mock server's project and instance are found."""
    config = MockConfig()
    with MockServer(config) as server:
        point(server, region=config.region, credentials=AccessKeyCredentials(config.access_key, config.secret_key))

        assert [] == face.list_runs(server)


def test_only_workspace_is_found_if_asked_for(face: Face, point: Callable[..., None]) -> None:
    """The mock server's only workspace is found at "auto"."""
    config = MockConfig(workspace_id="b88c445407b24283aa949f9833a38fd8")
    with MockServer(config) as server:
        point(server, region=config.region, credentials=TokenCredentials(config.token), workspace_id="auto")

        (run,) = face.list_runs(server, job_name="ETL_Job_dli2dws")
        assert config.workspace_id == run.workspace_id


def test_what_is_asked(face: Face, point: Callable[..., None]) -> None:
    """Each list is asked for as it is documented, and what was found is sent."""
    with ScriptedServer(Lists()) as server:
        point(server, workspace_id="auto")
        face.list_runs(server)

    *lists, call = server.asked
    assert [
        f"/v3/projects?name={REGION}",
        "/v1/p1/instances?limit=100&offset=0",
        "/v1/p1/workspaces/i1?limit=100&offset=0",
    ] == [asked.target for asked in lists]
    assert [None, "p1", "p1"] == [asked.headers.get("x-project-id") for asked in lists]
    assert call.target.startswith("/v1/p1/datamap/node/937987/instances?workspace_id=w1&")
    assert ("i1", "p1") == (call.headers["instance"], call.headers["x-project-id"])


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({}, ["/v3/projects", "/v1/p1/instances"]),
        ({"project_id": "p9"}, ["/v1/p9/instances"]),
        ({"instance_id": "i9"}, ["/v3/projects"]),
        ({"project_id": "p9", "instance_id": "i9"}, []),
        ({"project_id": "p9", "instance_id": "i9", "workspace_id": "w9"}, []),
        ({"project_id": "p9", "instance_id": "i/9", "workspace_id": "auto"}, ["/v1/p9/workspaces/i%2F9"]),
    ],
)
def test_what_is_given_is_not_looked_for(
    face: Face, point: Callable[..., None], given: dict[str, str], paths: list[str]
) -> None:
    """Only what is not given is looked for, and a workspace only if it is asked for."""
    with ScriptedServer(Lists()) as server:
        point(server, **given)
        face.list_runs(server)

    assert paths == [asked.target.partition("?")[0] for asked in server.asked[:-1]]
    assert ("workspace_id=" in server.asked[-1].target) is ("workspace_id" in given)


@pytest.mark.parametrize("crowd", CROWDS[:2])
def test_crowd_looks_once(crowd: Callable[[dict[str, Any]], list[Any]]) -> None:
    """Threads and tasks that need the ids at once look for them once."""
    with ScriptedServer(Lists()) as server:
        outcomes = crowd({**SETTINGS, **UNKNOWN, "endpoint": server.url, "iam_endpoint": server.url})

    assert [[]] * SIZE == outcomes
    assert 2 + SIZE == len(server.asked)


@pytest.mark.parametrize(
    ("lists", "candidates", "told"),
    [
        (Lists(projects=[]), (), rf"project_id .*no project named {REGION}.*DATAMAP_PROJECT_ID"),
        (Lists(projects=[{"id": "p2", "name": "other"}]), (), "project_id .*no project"),
        (
            Lists(projects=[{"id": "p2", "name": REGION, "enabled": False}]),
            (("p2", REGION),),
            "no project .*p2 .* disabled",
        ),
        (
            Lists(projects=[{"id": "p1", "name": REGION}, {"id": "p2", "name": REGION}]),
            (("p1", REGION), ("p2", REGION)),
            rf"more than one project .*p1 '{REGION}', p2 '{REGION}'.*--project-id",
        ),
        (Lists(orders=[]), (), r"instance_id .*no DataArts Studio instance.*--instance-id.*DATAMAP_INSTANCE_ID"),
        (Lists(orders=None, count=None), (), "no DataArts Studio instance"),
        (
            Lists(orders=[order("i1", 4, "cold"), order("i2", 3)]),
            (("i1", "cold"), ("i2", None)),
            r"\(i1 'cold' of status 4, i2 of status 3\)",
        ),
        (
            Lists(orders=[order("i1", 2, "a\u202e"), order("i2", 2, "b"), order("i3", 1), order(None)], most=2),
            (("i1", "a\u202e"), ("i2", "b")),
            r"more than one .*i1 'a\\u202e', i2 'b'\)",
        ),
        (Lists(workspaces=[]), (), "workspace_id .*no workspace in instance i1"),
        (
            Lists(workspaces=[{"id": f"w{n}", "name": f"n{n}"} for n in range(230)]),
            tuple((f"w{n}", f"n{n}") for n in range(230)),
            "more than one workspace .*w19 'n19' and 210 more.*--workspace-id",
        ),
        (Lists(orders=[order("i1")], count=3), (("i1", None),), "only 1 of 3 rows could be read"),
    ],
)
def test_not_exactly_one(
    face: Face,
    point: Callable[..., None],
    lists: Lists,
    candidates: tuple[tuple[str, str | None], ...],
    told: str,
) -> None:
    """Where there is not exactly one that counts, the error lists what there is and says what to set."""
    with ScriptedServer(lists) as server:
        point(server, workspace_id="auto")
        with pytest.raises(DiscoveryError, match=told) as caught:
            face.list_runs(server)

    assert candidates == caught.value.candidates
    assert candidates == pickle.loads(pickle.dumps(caught.value)).candidates  # noqa: S301  our own


@pytest.mark.parametrize("most", [1, 2, 3, 100])
@pytest.mark.parametrize("told", [{}, {"count": None}, {"count": None, "total_page": None}])
def test_only_one_on_any_page_is_found(
    face: Face, point: Callable[..., None], most: int, told: dict[str, object]
) -> None:
    """The pages are walked to their end, of whatever size they are, and whether or not a total is told."""
    orders = [order("i1", 4), order(None, 1), order("i2", 1), order("i3", 2), order("i3", 3), order("i4", 3)]
    with ScriptedServer(Lists(orders=orders, most=most, **told)) as server:
        point(server)
        face.list_runs(server)

    assert "i3" == server.asked[-1].headers["instance"]


@pytest.mark.parametrize("total", [{}, {"count": 3}])
def test_list_that_ignores_the_offset(face: Face, point: Callable[..., None], total: dict[str, int]) -> None:
    """The same page again is the end, and an error if there should be more."""
    answer = json_answer({"commodity_orders": [order("i1")], **total})
    with ScriptedServer(answer, answer, run_page()) as server:
        point(server, project_id="p")
        if total:
            with pytest.raises(DiscoveryError, match="1 of 3"):
                face.list_runs(server)
        else:
            assert [] == face.list_runs(server)


FULL = [order(f"i{n}", 2 if n == 7 else 1) for n in range(100)]


@pytest.mark.parametrize("again", [[], FULL])
def test_full_page_that_may_not_be_all(face: Face, point: Callable[..., None], again: list[dict[str, object]]) -> None:
    """As many rows as were asked for, then none: a service that counts pages would send more at another offset."""
    answers = [json_answer({"commodity_orders": rows}) for rows in (FULL, again)]
    with ScriptedServer(*answers) as server:
        point(server, project_id="p")
        with pytest.raises(DiscoveryError, match=r"whether there are more than the 100 rows .*--instance-id") as caught:
            face.list_runs(server)

    assert 2 == len(server.asked)
    assert 100 == len(caught.value.candidates)


@pytest.mark.parametrize("rows", [99, 100, 101, 199])
@pytest.mark.parametrize("told", [{}, {"count": None}])
def test_long_list_is_read_to_its_end(face: Face, point: Callable[..., None], rows: int, told: dict[str, Any]) -> None:
    """A total, or a page that is not full, shows where the list ends. Without a total, one more request does."""
    orders = [order(f"i{n}", 2 if n == rows - 1 else 1) for n in range(rows)]
    with ScriptedServer(Lists(orders=orders, **told)) as server:
        point(server, project_id="p")
        if told and rows == 100:
            with pytest.raises(DiscoveryError, match="whether there are more"):
                face.list_runs(server)
        else:
            face.list_runs(server)
            assert f"i{rows - 1}" == server.asked[-1].headers["instance"]
    requests = [asked for asked in server.asked if asked.target.startswith("/v1/p/instances?")]
    assert (rows + 99) // 100 + len(told) == len(requests)


@pytest.mark.parametrize("told", [{"count": None, "total_page": 1}, {"count": 100}])
def test_full_page_that_is_said_to_be_all(face: Face, point: Callable[..., None], told: dict[str, Any]) -> None:
    """By the number of pages or of rows; no further request is needed."""
    workspaces = [{"id": f"w{n}", "name": None} for n in range(100)]
    with ScriptedServer(Lists(workspaces=workspaces, **told)) as server:
        point(server, project_id="p", instance_id="i", workspace_id="auto")
        with pytest.raises(DiscoveryError, match="more than one workspace"):
            face.list_runs(server)

    assert 1 == len(server.asked)


@pytest.mark.parametrize("first", [{"count": 150}, {"count": None, "total_page": 2}])
def test_total_of_the_first_page_holds(face: Face, point: Callable[..., None], first: dict[str, int | None]) -> None:
    """Also if the next page is empty and does not repeat it."""
    workspaces = [{"id": f"w{n}", "name": None} for n in range(50)]
    with ScriptedServer(json_answer({"data": workspaces, **first}), json_answer({"data": []})) as server:
        point(server, project_id="p", instance_id="i", workspace_id="auto")
        with pytest.raises(DiscoveryError, match=r"only 50 of 150 rows|only 1 of 2 pages"):
            face.list_runs(server)


def test_workspace_that_is_auto_is_not_said_to_be_missing(face: Face, point: Callable[..., None]) -> None:
    """It is set; what it stands for cannot be found."""
    with ScriptedServer(Lists(workspaces=[]), Lists(workspaces=[])) as server:
        point(server, instance_id="i", project_id="p", workspace_id="auto")
        with pytest.raises(
            DiscoveryError, match=r"^workspace_id is \"auto\", and these credentials can see no workspace"
        ):
            face.list_runs(server)
    with ScriptedServer(json_answer({}, status=403)) as server:
        point(server, instance_id="i", project_id="p", workspace_id="auto")
        with pytest.raises(PermissionDeniedError, match='this request was sent because workspace_id is "auto": pass'):
            face.list_runs(server)
    with ScriptedServer(json_answer({}, status=403)) as server:
        point(server, project_id="p", workspace_id="auto")
        with pytest.raises(PermissionDeniedError, match="because instance_id is not set: pass"):
            face.list_runs(server)


def test_list_without_an_end(face: Face, point: Callable[..., None]) -> None:
    """A list that has ever new rows and tells no total is given up."""

    def grow(asked: Asked) -> Answer:
        return json_answer({"commodity_orders": [order(f"i{asked.target.rpartition('=')[2]}", 1)]})

    with ScriptedServer(grow) as server:
        point(server, project_id="p")
        with pytest.raises(DiscoveryError, match="no end after 20 pages"):
            face.list_runs(server)

    assert 20 == len(server.asked)


def test_number_of_pages_is_enough(face: Face, point: Callable[..., None]) -> None:
    """The list of workspaces tells its pages, too; what it counts beside is documented otherwise elsewhere."""
    with ScriptedServer(Lists(count=7, total_page=1)) as server:
        point(server, instance_id="i", workspace_id="auto")
        face.list_runs(server)

    assert "workspace_id=w1" in server.asked[-1].target


@pytest.mark.parametrize("told", [{"total_page": 1}, {"total_page": 1, "count": 9}, {"total_page": 2, "count": None}])
def test_number_of_pages_is_not_believed_alone(
    face: Face, point: Callable[..., None], told: dict[str, int | None]
) -> None:
    """Where the total says that there is more, it is looked for: of two workspaces, none is taken for the only one."""
    workspaces = ({"id": "w1", "name": "one"}, {"id": "w2", "name": "two"})
    with ScriptedServer(Lists(workspaces=workspaces, most=1, **told)) as server:
        point(server, instance_id="i", workspace_id="auto")
        with pytest.raises(DiscoveryError) as caught:
            face.list_runs(server)

    assert {"w1", "w2"} == {one for one, _ in caught.value.candidates}


def test_nothing_is_kept_of_a_failure() -> None:
    """A client that could not find an id looks again at the next call."""
    none, one = Lists(orders=[]), Lists()
    script = [none, none, one, one, one]
    with ScriptedServer(*script) as server:
        client = DataMapClient(**{**SETTINGS, **UNKNOWN, "endpoint": server.url, "iam_endpoint": server.url})
        with client:
            with pytest.raises(DiscoveryError):
                client.list_runs("1", job_name="a", start=1704902400000).to_list()
            assert [] == client.list_runs("1", job_name="a", start=1704902400000).to_list()


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (json_answer({"error_code": "X.1", "error_msg": "no"}, status=403), PermissionDeniedError, "X.1.*instance_id"),
        (json_answer({"error_code": "X.1", "error_msg": "no"}), ErrorBodyError, r"X\.1"),
        (json_answer({"commodity_orders": 7}), InvalidEnvelopeError, "not a list of instances"),
        (json_answer([]), InvalidEnvelopeError, "not a list of instances"),
        (json_answer({"commodity_orders": [], "count": 10**4000}), InvalidEnvelopeError, "not a list of instances"),
        (Answer(b"<html>"), InvalidEnvelopeError, "the response is not JSON: "),
        (Answer(b"", 302), InvalidEnvelopeError, "302"),
        (json_answer({"commodity_orders": [order("../x")]}), InvalidEnvelopeError, "an invalid id"),
        (json_answer({"commodity_orders": [order("x\r\ny")]}), InvalidEnvelopeError, "an invalid id|control"),
    ],
)
def test_list_that_cannot_be_had(
    face: Face, point: Callable[..., None], answer: Answer, error: type[Exception], told: str
) -> None:
    """A list that is refused or is none is an error; a refusal says why the list was asked for."""
    with ScriptedServer(answer) as server:
        point(server, project_id="p")
        with pytest.raises(error, match=told):
            face.list_runs(server)


@pytest.mark.parametrize("client_type", [DataMapClient, AsyncDataMapClient])
@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"region": None, "endpoint": "https://h"}, ConfigurationError, "--project-id.*--region"),
        ({"iam_endpoint": "http://iam.example.com"}, ConfigurationError, "IAM endpoint .*plain http"),
        ({"iam_endpoint": ""}, ConfigurationError, "IAM endpoint"),
        ({"region": "no region"}, ConfigurationError, "not the id of a region"),
        ({"project_id": ""}, InvalidArgumentError, "project_id"),
        ({"instance_id": "a\nb"}, InvalidArgumentError, "instance_id"),
        ({"workspace_id": ""}, InvalidArgumentError, "workspace_id"),
    ],
)
def test_wrong_settings(client_type: Any, settings: dict[str, Any], error: type[Exception], told: str) -> None:
    """What cannot work is told when the client is made; nothing is sent by then."""
    with pytest.raises(error, match=told):
        client_type(**{**SETTINGS, **UNKNOWN, **settings})


def test_bad_argument_is_told_before_anything_is_looked_for() -> None:
    """A bad argument is told at once."""
    with ScriptedServer(Answer(status=500)) as server:
        settings = {**SETTINGS, **UNKNOWN, "endpoint": server.url, "iam_endpoint": server.url}
        with DataMapClient(**settings) as client, pytest.raises(InvalidArgumentError):
            client.list_operators("../x")

    assert [] == server.asked


def test_client_shows_what_it_was_given() -> None:
    """The repr tells what was given, and that the rest was not."""
    where = "endpoint='https://dayu.eu-west-101.myhuaweicloud.eu', project_id=None, instance_id=None"

    assert f"DataMapClient({where})" == repr(DataMapClient(**{**SETTINGS, **UNKNOWN}))
