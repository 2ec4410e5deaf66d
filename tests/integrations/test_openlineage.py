"""Runs as OpenLineage events: valid by the standard's own schemas, named by rules, and sent or refused aloud."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jsonschema_rs
import pytest
from openlineage.client.serde import Serde
from openlineage.client.transport import Config, Transport

from dataarts_datamap import (
    ConfigurationError,
    DataMapClient,
    DatasetNames,
    DatasetRule,
    ExportError,
    Lineage,
    LineageEdge,
    LineageNode,
    Run,
    Table,
    TableFileError,
    TokenCredentials,
    load_dataset_names,
)
from dataarts_datamap.integrations.openlineage import (
    PRODUCER,
    EventSender,
    default_namespace,
    event_json,
    to_openlineage,
)
from dataarts_datamap_contract.mock import FakeService, MockConfig, MockServer
from support.answers import json_answer
from support.command import called, point_at
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openlineage.client.event_v2 import RunEvent

    Command = Callable[..., tuple[int, str, str]]

SCHEMAS = Path(__file__).parents[1] / "data" / "openlineage"
SECRET = "a-secret-that-must-not-show"
PLAN = 1_704_906_000_000
ORDERS = Table(guid="a" * 32, name="orders", schema="sales", database="postgres", source_type="dws")
RAW = Table(guid="b" * 32, name="raw_orders", database="lake", source_type="hive")
NAMES = DatasetNames(
    rules=(
        DatasetRule(source_type="DWS", namespace="postgres://dws.example.com:8000"),
        DatasetRule(source_type="hive", namespace="hive://metastore:9083", name="{database}.{name}"),
    )
)


@pytest.fixture(scope="module")
def valid() -> Callable[[dict[str, Any]], None]:
    """Refuses an event that breaks a schema: its own, or that of one of its facets."""
    documents = {schema["$id"]: schema for path in SCHEMAS.glob("*.json") for schema in [json.loads(path.read_bytes())]}
    registry = jsonschema_rs.Registry(list(documents.items()))

    def validator(url: str) -> jsonschema_rs.Validator:
        return jsonschema_rs.validator_for(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": url},
            registry=registry,
            validate_formats=True,
        )

    known: dict[str, jsonschema_rs.Validator] = {}

    def check(event: dict[str, Any]) -> None:
        event = {name: value for name, value in event.items() if value is not None}
        for part in (event, *facets_of(event)):
            url = part.get("schemaURL") or part["_schemaURL"]
            assert url.partition("#")[0] in documents
            known.setdefault(url, validator(url)).validate(part)

    return check


def facets_of(value: object) -> Iterator[dict[str, Any]]:
    """Each facet inside of an event."""
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for one in value.values():
            yield from facets_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from facets_of(one)


def run_of(status: str = "success", **changes: Any) -> Run:
    """A run of ``load``."""
    sent = {
        "taskRunningLogId": 7,
        "taskId": 1,
        "taskName": "nightly",
        "jobName": "load",
        "workspaceId": "w",
        "status": status,
        "planTime": PLAN,
        "startTime": PLAN + 1_000,
        "endTime": PLAN + 61_000,
        "outputRowCount": 5,
        "owner": "ann",
        "executionLogPath": "obs://logs/load.job",
        "type": "DWSSQL",
        "runningData": json.dumps({"jobId": "j-1", "type": "DLI", "sqlList": f"insert '{SECRET}'"}),
        "runningParam": json.dumps({"total": 1, "rows": [{"name": "password", "value": SECRET}]}),
    }
    return Run.from_raw({**sent, **changes})


def lineage_of(*, reads: tuple[Table, ...] = (RAW,), writes: tuple[Table, ...] = (ORDERS,)) -> Lineage:
    """What ``load`` reads and writes."""
    node = LineageNode(guid="n", name="load", workspace_id="w")
    return Lineage([LineageEdge(source=source, target=target, node=node) for source in reads for target in writes])


def events_of(run: Run, **how: Any) -> list[dict[str, Any]]:
    """The events of a run, as they are sent."""
    return [Serde.to_dict(event) for event in to_openlineage(run, **how)]


def test_all_events_of_a_service_are_valid(valid: Callable[[dict[str, Any]], None]) -> None:
    """Weeks of runs of all operators, in every status: events, facets and formats, with running data and without."""
    with MockServer() as server, client_of(server) as client:
        lineage = client.lineage()
        walks = [client.list_table_runs(guid, since=timedelta(days=20)) for guid in lineage.tables]
        runs = {run.key: run for walk in walks for run in walk}.values()
        assert 300 < len(runs)
        made = [
            event
            for number, run in enumerate(runs)
            for event in events_of(run, lineage=lineage, names=NAMES, running_data=number % 2 == 0)
        ]
    for event in made:
        valid(event)
    kinds = {event["eventType"] for event in made}
    assert {"START", "COMPLETE", "FAIL", "ABORT"} == kinds
    assert any(event["inputs"] and event["outputs"] for event in made)


def test_the_schemas_refuse(valid: Callable[[dict[str, Any]], None]) -> None:
    """A time that is none, and a facet without what it has to have."""
    (event,) = events_of(run_of("running"))
    valid(event)
    engine = {**event["run"]["facets"]["processing_engine"], "version": 5}
    for wrong in ({"eventTime": "today"}, {"run": {**event["run"], "facets": {"processing_engine": engine}}}):
        with pytest.raises(jsonschema_rs.ValidationError):
            valid({**event, **wrong})


def client_of(server: MockServer) -> DataMapClient:
    """A client of a mock server."""
    config = server.config
    return DataMapClient(
        endpoint=server.url,
        project_id=config.project_id,
        instance_id=config.instance_id,
        credentials=TokenCredentials(config.token),
    )


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        *((status, ["START", "COMPLETE"]) for status in ("success", "forceSuccess", "ignoreSuccess")),
        ("fail", ["START", "FAIL"]),
        *((status, ["START", "ABORT"]) for status in ("manual-stop", "skip", "skip-by-depend", "freeze")),
        *((status, ["START"]) for status in ("running", "pause", "what-is-this")),
    ],
)
def test_a_status_is_an_event(status: str, kinds: list[str], valid: Callable[[dict[str, Any]], None]) -> None:
    """What ended has an end, what is not known has none, and what was stopped by hand did not fail."""
    events = events_of(run_of(status), table=ORDERS, names=NAMES)
    assert kinds == [event["eventType"] for event in events]
    for event in events:
        valid(event)


def test_what_did_not_start_has_no_start() -> None:
    """A run that waits has no event, a skipped one was aborted when it was planned, and one without times has none."""
    none = {"startTime": 0, "endTime": 0}
    assert [] == events_of(run_of("waiting", **none))
    (skipped,) = events_of(run_of("skip", **none))
    assert ("ABORT", "2024-01-10T17:00:00.000Z") == (skipped["eventType"], skipped["eventTime"])
    assert [] == events_of(run_of("fail", planTime=0, submitTime=0, **none))


def test_an_event_says_what_was_read_and_written() -> None:
    """By the names of the rules, which other producers know; rows are those of the only output."""
    _, event = events_of(run_of(), lineage=lineage_of(), names=NAMES)
    assert [("hive://metastore:9083", "lake.raw_orders")] == named(event["inputs"])
    assert [("postgres://dws.example.com:8000", "postgres.sales.orders")] == named(event["outputs"])
    assert 5 == event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"]
    _, two = events_of(run_of(), lineage=lineage_of(writes=(ORDERS, RAW)), names=NAMES)
    assert 2 == len(two["outputs"])
    assert not any("outputStatistics" in one["outputFacets"] for one in two["outputs"])


def named(datasets: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The names of datasets."""
    return [(one["namespace"], one["name"]) for one in datasets]


def test_a_table_without_a_rule_is_called_by_its_guid() -> None:
    """A rule does not hold where a part of a name is not known, or another source is meant."""
    odd = Table(guid="c" * 32, name="odd", source_type="dws")
    (event,) = events_of(run_of("running"), table=odd, names=NAMES)
    assert [("dataarts://unknown", "c" * 32)] == named(event["outputs"])
    assert "dataarts://unknown" == default_namespace(run_of())
    assert [] == event["inputs"]


def test_a_table_that_the_operator_reads_is_no_output() -> None:
    """The service lists those that read a table, too."""
    (event,) = events_of(run_of("running"), lineage=lineage_of(), table=RAW, names=NAMES)
    assert ["lake.raw_orders"] == [one["name"] for one in event["inputs"]]
    assert ["postgres.sales.orders"] == [one["name"] for one in event["outputs"]]


def test_a_run_has_all_of_its_tables() -> None:
    """Those that lineage names, and those that it was listed for."""
    other = Table(guid="c" * 32, name="odd", source_type="dws")
    for tables in ([RAW, ORDERS, other], [other, ORDERS]):
        (event,) = events_of(run_of("running"), lineage=lineage_of(), table=tables, names=NAMES)
        assert ["lake.raw_orders"] == [one["name"] for one in event["inputs"]]
        assert {"postgres.sales.orders", "c" * 32} == {one["name"] for one in event["outputs"]}


def test_ids_are_the_same_for_each_reading() -> None:
    """So that sending again overwrites: a run keeps its id when it ends, and two plans are two runs."""
    started, ended = events_of(run_of("running"))[0], events_of(run_of(outputRowCount=9))[1]
    again = events_of(run_of(planTime=PLAN + 1))[0]
    assert started["run"]["runId"] == ended["run"]["runId"] != again["run"]["runId"]
    assert 7 == UUID(started["run"]["runId"]).version
    other = events_of(run_of(jobName="check", taskRunningLogId=8))[0]
    parents = [one["run"]["facets"]["parent"] for one in (started, other)]
    assert parents[0]["run"]["runId"] == parents[1]["run"]["runId"]
    assert ("dataarts://unknown/w", "nightly") == tuple(parents[0]["job"][name] for name in ("namespace", "name"))
    assert ["nightly.load", "nightly.check"] == [one["job"]["name"] for one in (started, other)]


def test_each_event_names_its_engine_and_producer() -> None:
    """A catalog may refuse events of a producer whose engine has no name; facets are ours, not the library's."""
    for event in events_of(run_of("fail"), table=ORDERS):
        assert "DataArts Studio" == event["run"]["facets"]["processing_engine"]["name"]
        assert {PRODUCER} == {facet["_producer"] for facet in facets_of(event)}
        assert PRODUCER == event["producer"]
    failed = events_of(run_of("fail"))[1]["run"]["facets"]
    assert "the run ended with the status fail; log: obs://logs/load.job" == failed["errorMessage"]["message"]
    assert ("j-1", "DLI") == tuple(failed["externalQuery"][name] for name in ("externalQueryId", "source"))


def test_running_data_is_sent_only_when_asked_for() -> None:
    """SQL and parameters can hold secrets."""
    assert SECRET not in json.dumps(events_of(run_of(), table=ORDERS))
    event = events_of(run_of(), table=ORDERS, running_data=True)[1]
    assert f"insert '{SECRET}'" == event["job"]["facets"]["sql"]["query"]
    (parameter,) = event["run"]["facets"]["executionParameters"]["parameters"]
    assert ("password", SECRET) == (parameter["key"], parameter["value"])


@pytest.mark.parametrize(
    ("running_data", "running_param"),
    [("no JSON", "none"), ("[1]", "[2]"), ('{"sql": 5, "jobId": 7}', '{"rows": [1, {"name": 2}]}'), (None, None)],
)
def test_odd_running_data_breaks_no_event(
    running_data: str | None, running_param: str | None, valid: Callable[[dict[str, Any]], None]
) -> None:
    """Its members depend on the kind of operator."""
    for event in events_of(run_of(runningData=running_data, runningParam=running_param), running_data=True):
        valid(event)


@pytest.fixture
def no_transport(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, and nothing of OpenLineage in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE_")]:  # its client sets some itself
        monkeypatch.delenv(name)
    return tmp_path


def to_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Let events go to a file; gives what reads and empties it."""
    target = folder / "events.ndjson"
    config = {"transport": {"type": "file", "log_file_path": str(target), "append": True}}
    (folder / "ol.yml").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(folder / "ol.yml"))

    def read() -> list[dict[str, Any]]:
        lines = target.read_text(encoding="utf-8").splitlines() if target.exists() else []
        target.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    return read


@pytest.mark.parametrize("config", [None, "none.yml"])
def test_no_transport_is_an_error(config: str | None, no_transport: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would write events to a log, and all would look well; so it would if its file is not there."""
    if config is not None:
        monkeypatch.setenv("OPENLINEAGE_CONFIG", str(no_transport / config))
    with pytest.raises(ConfigurationError, match="no transport of OpenLineage is configured"):
        EventSender()


def test_a_disabled_client_is_an_error(no_transport: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would throw all events away."""
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    with pytest.raises(ConfigurationError, match="OPENLINEAGE_DISABLED"):
        EventSender()
    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "no-such-transport")
    with pytest.raises(ConfigurationError, match="cannot be set up"):
        EventSender()
    assert not list(no_transport.iterdir())


@pytest.mark.usefixtures("no_transport")
def test_a_url_that_is_refused_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even in the traceback, which shows every error that led to this one."""
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://user:{SECRET}@host:notaport")
    with pytest.raises(ConfigurationError, match="cannot be set up: ValueError") as caught:
        EventSender()
    assert SECRET not in "".join(format_exception(caught.value))
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


@pytest.mark.usefixtures("no_transport")
def test_no_transport_is_not_said_to_be_the_console(caplog: pytest.LogCaptureFixture) -> None:
    """OpenLineage's client logs that it will print the events, but here that is an error and none is printed."""
    with pytest.raises(ConfigurationError):
        EventSender()
    assert [] == caplog.messages


def test_the_console_is_one_if_it_is_asked_for(
    no_transport: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Then it is what the user wants, if its log is on: otherwise, its events would be seen nowhere."""
    (event,) = to_openlineage(run_of("running"), table=ORDERS)
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "console")
    with pytest.raises(ConfigurationError, match="console logs events at level INFO, which is off: use --dry-run"):
        EventSender()
    caplog.set_level("INFO", "openlineage.client.transport.console")
    sender = EventSender()
    sender.send(event)
    sender.close()
    assert [event_json(event)] == caplog.messages
    assert not list(no_transport.iterdir())


HTTP = {"type": "http", "url": "http://127.0.0.1:9"}
ASYNC = {**HTTP, "type": "async_http"}
DATADOG = {"type": "datadog", "apiKey": SECRET, "site": "http://127.0.0.1:9"}
BOTH = {"type": "composite", "transports": [HTTP, HTTP]}
QUEUE = f"{__name__}.Queue"
ENTIRE = {"type": "transform", "transformer_class": "openlineage.client.transport.transform.transform.EventTransformer"}


class QueueConfig(Config):
    """The settings of a queue."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings

    @classmethod
    def from_dict(cls, params: dict[str, Any]) -> QueueConfig:
        """The settings as they are."""
        return cls(params)


class Queue(Transport):
    """A transport of a user: it takes ``most`` events, and writes them to a file when it is closed, if at all."""

    kind = "queue"
    config_class = QueueConfig

    def __init__(self, config: QueueConfig) -> None:
        self._settings = config.settings
        self._events: list[RunEvent] = []

    def emit(self, event: Any) -> None:
        """Queue an event."""
        if len(self._events) >= self._settings["most"]:
            raise OSError(SECRET)
        self._events.append(event)

    def close(self, timeout: float = -1) -> bool:
        """Write the events, unless they cannot be written."""
        del timeout
        target = self._settings.get("file")
        if target is None:
            return False
        Path(target).write_text("".join(f"{event_json(event)}\n" for event in self._events), encoding="utf-8")
        return True


class QueueOfKafka(Queue):
    """A transport that is one of Kafka for who looks at its kind; the library for Kafka itself is not installed."""

    kind = "kafka"


def use(transport: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let events go by a transport."""
    (folder / "ol.yml").write_text(json.dumps({"transport": transport}), encoding="utf-8")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(folder / "ol.yml"))


@pytest.mark.parametrize(
    ("transport", "said"),
    [
        (ASYNC, "async_http only logs events that it could not send: use http"),
        ({"type": f"{__name__}.QueueOfKafka", "most": 9}, "kafka only logs events that it could not send: use http"),
        (BOTH, "composite only logs what one of its transports could not send: set continue_on_failure: false"),
        ({**BOTH, "continue_on_failure": False, "transports": [HTTP, ASYNC]}, "async_http only logs"),
        (
            {**BOTH, "continue_on_failure": False, "transports": {"a": {"type": "noop"}, "b": HTTP}},
            "noop sends nothing",
        ),
        ({**ENTIRE, "transport": ASYNC}, "async_http only logs"),
        ({**DATADOG, "async_transport_rules": {"*": {"*": True}}}, "datadog only logs .*: set async_transport_rules"),
        ({**DATADOG, "async_transport_rules": {"DataArts": {"dwssql": True}}}, "datadog only logs"),
    ],
)
def test_a_transport_that_hides_failures_is_refused(
    transport: dict[str, Any], said: str, no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events would count as sent whether or not they arrived: the error says what to use, or how to accept that."""
    use(transport, no_transport, monkeypatch)
    with pytest.raises(ConfigurationError, match=said) as caught:
        EventSender()
    assert SECRET not in str(caught.value)
    assert "--unconfirmed" in str(caught.value)
    assert EventSender(unconfirmed=True)


@pytest.mark.parametrize(
    "transport",
    [
        HTTP,
        DATADOG,
        {**BOTH, "transports": [HTTP]},
        {**BOTH, "continue_on_failure": False},
        {**BOTH, "continue_on_success": False},
        {**ENTIRE, "transport": HTTP},
        {"type": QUEUE, "most": 9, "file": "sent.ndjson"},
    ],
)
def test_a_transport_that_raises_is_used(
    transport: dict[str, Any], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that reports each failure, or that stands in for another one that failed."""
    use(transport, no_transport, monkeypatch)
    EventSender().close()


@pytest.mark.parametrize("file", [None, "."])
def test_a_queue_that_is_not_sent_is_an_error(
    file: str | None, no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transport says when it is closed whether all was sent."""
    use({"type": QUEUE, "most": 9, "file": file}, no_transport, monkeypatch)
    with pytest.raises(ExportError, match="not all queued events could be sent by OpenLineage"):
        EventSender().close()


@pytest.mark.usefixtures("no_transport")
def test_events_are_sent_and_a_refusal_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """By HTTP with the key in a header; an error names the status alone."""
    (event,) = to_openlineage(run_of("running"), table=ORDERS)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", SECRET)
    with ScriptedServer(Answer(b"", 201), json_answer({"detail": SECRET}, status=403)) as catalog:
        monkeypatch.setenv("OPENLINEAGE_URL", catalog.url)
        sender = EventSender()
        sender.send(event)
        assert f"Bearer {SECRET}" == catalog.asked[0].headers["authorization"]
        assert "nightly.load" in catalog.asked[0].content.decode() or catalog.asked[0].headers["content-encoding"]
        with pytest.raises(ExportError, match="could not be sent by OpenLineage: HTTP 403") as caught:
            sender.send(event)
        sender.close()
    assert SECRET not in str(caught.value)


@pytest.fixture
def command(
    no_transport: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Iterator[tuple[FakeService, Command]]:
    """A fake service with a table, one that it is made of, and an operator between; and the command that asks it."""
    with FakeService() as service:
        source = service.add_table("lake.raw_orders", source_type="hive")
        service.add_operator(job_name="load")
        service.add_lineage(reads=[source], writes=[service.table_guid])
        point_at(service, monkeypatch)
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        (no_transport / "datamap.toml").write_text(FILE, encoding="utf-8")

        def call(*arguments: str) -> tuple[int, str, str]:
            return called(capfdbinary, "openlineage", *arguments)

        yield service, call


FILE = """
[[tables]]
name = "sales.dws_orders"

[openlineage]
job_namespace = "dataarts://prod"

[[openlineage.datasets]]
source_type = "dws"
namespace = "postgres://dws:8000"

[[openlineage.datasets]]
source_type = "hive"
namespace = "hive://metastore"
name = "{database}.{name}"
"""


def test_the_command_prints_what_it_would_send(command: tuple[FakeService, Command], no_transport: Path) -> None:
    """No transport is needed, and nothing is noted."""
    service, call = command
    service.add_run(status="fail")
    code, out, err = call("--dry-run", "--since-last")
    start, end = map(json.loads, out.splitlines())
    assert (0, "datamap: 2 events of 1 run would be sent\n") == (code, err)
    assert ["START", "FAIL"] == [start["eventType"], end["eventType"]]
    assert [("hive://metastore", "lake.raw_orders")] == named(end["inputs"])
    assert [("postgres://dws:8000", "postgres.sales.dws_orders")] == named(end["outputs"])
    assert "dataarts://prod" == end["job"]["namespace"]
    assert ["datamap.toml"] == [path.name for path in no_transport.iterdir()]


def test_the_command_refuses_to_send_nowhere(command: tuple[FakeService, Command]) -> None:
    """Before anything is asked."""
    service, call = command
    code, out, err = call()
    assert (3, "") == (code, out)
    assert "no transport of OpenLineage is configured" in err
    assert [] == service.requests


def test_the_command_sends_what_is_new(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run once; again when it has changed; one that is weeks old, too, if it ended only now."""
    service, call = command
    read = to_file(no_transport, monkeypatch)
    old = service.add_run(status="running", plan_time=datetime.now(UTC) - timedelta(days=20))
    service.add_run(status="success")
    assert 0 == call("--since-last", "--since", "30d")[0]
    assert ["COMPLETE", "START", "START"] == sorted(event["eventType"] for event in read())
    assert (0, []) == (call("--since-last")[0], read())
    service.change_run(old, status="success", end_time=datetime.now(UTC))
    assert 0 == call("--since-last")[0]
    events = read()
    assert ["START", "COMPLETE"] == [event["eventType"] for event in events]
    assert events[0]["run"]["runId"] == events[1]["run"]["runId"]
    assert (0, []) == (call("--since-last")[0], read())


def test_what_could_not_be_sent_is_sent_again(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog that refuses ends the command with 2, and nothing counts as sent."""
    service, call = command
    service.add_run()
    with ScriptedServer(json_answer({}, status=403)) as catalog:
        monkeypatch.setenv("OPENLINEAGE_URL", catalog.url)
        code, _, err = call("--since-last")
    assert 2 == code
    assert "could not be sent by OpenLineage: HTTP 403" in err
    read = to_file(no_transport, monkeypatch)
    assert 0 == call("--since-last")[0]
    assert 2 == len(read())


def test_a_transport_that_hides_failures_sends_nothing(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog that refuses each event would be a success, and the runs would never be sent again."""
    service, call = command
    service.add_run()
    with ScriptedServer(json_answer({}, status=403)) as catalog:
        use({"type": "async_http", "url": catalog.url}, no_transport, monkeypatch)
        code, _, err = call("--since-last")
        assert (3, []) == (code, catalog.asked)
    assert "async_http" in err
    assert not (no_transport / "datamap.openlineage.json").exists()


def test_what_is_queued_is_sent_before_the_command_ends(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it ends with an error."""
    service, call = command
    for number in range(2):
        service.add_run(plan_time=datetime.now(UTC) - timedelta(hours=number + 1))
    use({"type": QUEUE, "most": 3, "file": str(no_transport / "sent.ndjson")}, no_transport, monkeypatch)
    code, _, err = call("--since-last")
    assert (2, True) == (code, "could not be sent by OpenLineage: OSError" in err)
    assert 3 == len((no_transport / "sent.ndjson").read_text(encoding="utf-8").splitlines())


def test_a_queue_that_was_not_sent_is_sent_again(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts as sent is what counted before."""
    service, call = command
    service.add_run(plan_time=datetime.now(UTC) - timedelta(hours=2))
    read = to_file(no_transport, monkeypatch)
    assert (0, 2) == (call("--since-last")[0], len(read()))
    service.add_run(plan_time=datetime.now(UTC) - timedelta(hours=1))
    use({"type": QUEUE, "most": 9}, no_transport, monkeypatch)
    code, _, err = call("--since-last")
    assert (2, True) == (code, "not all queued events could be sent" in err)
    read = to_file(no_transport, monkeypatch)
    assert (0, 2) == (call("--since-last")[0], len(read()))


def test_a_run_of_two_tables_without_lineage_is_sent_with_both(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last events have both tables, in whichever order the file names them."""
    service, call = command
    guids = [service.add_table(f"other.{name}") for name in "ab"]
    for guid in guids:
        operator = service.add_operator("both", table_guid=guid)
    service.add_run(operator)
    (no_transport / "datamap.toml").write_text(
        "".join(f'[[tables]]\nguid = "{guid}"\n' for guid in guids), encoding="utf-8"
    )
    read = to_file(no_transport, monkeypatch)
    assert 0 == call()[0]
    assert [{guids[0]}, {guids[0]}, {*guids}, {*guids}] == [{one["name"] for one in each["outputs"]} for each in read()]


def test_a_table_that_cannot_be_read_hides_no_other(
    command: tuple[FakeService, Command], no_transport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and the exit code is 2; a table without a rule is told, too."""
    service, call = command
    service.add_run()
    (no_transport / "datamap.toml").write_text(
        '[[tables]]\nname = "no.such_table"\n[[tables]]\nname = "sales.dws_orders"\n', encoding="utf-8"
    )
    read = to_file(no_transport, monkeypatch)
    code, _, err = call()
    assert (2, 2) == (code, len(read()))
    assert "no.such_table: no table is named" in err
    assert "2 tables without a rule in datamap.toml under [openlineage]" in err


def test_lineage_that_is_refused_is_told(
    no_transport: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Events have the table as their output, and no inputs."""
    with FakeService(MockConfig(invited=False)) as service:
        service.add_run()
        point_at(service, monkeypatch)
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        (no_transport / "datamap.toml").write_text(f'[[tables]]\nguid = "{service.table_guid}"\n', encoding="utf-8")
        code, out, err = called(capfdbinary, "openlineage", "--dry-run")
    assert 0 == code
    assert "lineage cannot be read" in err
    event = json.loads(out.splitlines()[0])
    assert ([], [service.table_guid]) == (event["inputs"], [one["name"] for one in event["outputs"]])


def test_a_state_without_its_purpose_is_refused(command: tuple[FakeService, Command]) -> None:
    """Without --since-last, all runs would be sent, and the file would not be used."""
    _, call = command
    code, _, err = call("--dry-run", "--state", "sent.json")
    assert (3, True) == (code, "--state needs --since-last" in err)


def test_a_state_of_something_else_is_left_alone(command: tuple[FakeService, Command], no_transport: Path) -> None:
    """A file that is no state is not written over."""
    _, call = command
    (no_transport / "datamap.openlineage.json").write_text("[]", encoding="utf-8")
    code, _, err = call("--since-last", "--dry-run")
    assert 3 == code
    assert "is not a state of datamap openlineage" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("openlineage = 5", "datamap.toml:1: openlineage must be a table"),
        ("[openlineage]\nnamespaces = 1", "no key is called 'namespaces' in openlineage"),
        ("[openlineage]\njob_namespace = 1", "job_namespace must be a text, not 1"),
        ("[[openlineage.datasets]]\nname = 'a'", "datamap.toml:1: a rule for datasets needs a namespace"),
        (
            "[[openlineage.datasets]]\nnamespace = 'a'\n[[openlineage.datasets]]\nnamespace = '{table}'",
            "datamap.toml:3: namespace has '{table}', which is not one of database, schema, name",
        ),
        ("[[openlineage.datasets]]\nnamespace = '{a.__class__}'", "which is not one of"),
        ("[[openlineage.datasets]]\nnamespace = '{name!r:>9}'", "namespace has '{name!r:>9}', which is not one of"),
        ("[[openlineage.datasets]]\nnamespace = '{{{name:}}}'", "an empty format: write '{{{name}}}'"),
        ("[[openlineage.datasets]]\nnamespace = 'a{'", "unmatched braces"),
        ("[[openlineage.datasets]]\nnamespace = 'a'\nsource = 'b'", "no key is called 'source'"),
        ("[openlineage]\ndatasets = [1]", "each of datasets must be a table"),
        ("[openlineage]\ndatasets = 'a'", "datasets must be tables"),
    ],
)
def test_a_rule_that_is_none_is_told_with_its_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever reads the file."""
    monkeypatch.chdir(tmp_path)
    Path("datamap.toml").write_text(f"{text}\n[[tables]]\nname = 'a'\n", encoding="utf-8")
    with pytest.raises(TableFileError) as caught:
        load_dataset_names()
    assert said in str(caught.value)


def test_a_rule_in_python_is_checked() -> None:
    """As one in a file is."""
    with pytest.raises(ValueError, match="which is not one of"):
        DatasetRule(namespace="a", name="{nothing}")
    with pytest.raises(ValueError, match="an empty format"):
        DatasetRule(namespace="a", name="{name:}")
    assert "{{a:}}b}}{{{name}" == DatasetRule(namespace="a", name="{{a:}}b}}{{{name}").name
