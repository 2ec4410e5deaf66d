"""No secret gets out: it is hunted for in all that a client shows, logs, raises, tells and pickles."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.pretty import pretty_repr

import dataarts_datamap
from dataarts_datamap import (
    AccessKeyCredentials,
    AsyncDataMapClient,
    Attempt,
    Clock,
    Credentials,
    DataMapClient,
    DataMapError,
    EcsMetadataCredentials,
    PasswordCredentials,
    Request,
    Response,
    Retry,
    Run,
    TokenCredentials,
    find_credentials,
)
from dataarts_datamap._auth.chain import Search
from dataarts_datamap._auth.credentials import now_utc
from dataarts_datamap._auth.profile import Profile
from dataarts_datamap._auth.temporary_keys import _Key  # pyright: ignore[reportPrivateUsage]  what it holds is secret
from dataarts_datamap._doctor.examination import examine, input_of
from dataarts_datamap._secrets import Hidden, SecretHeaders, mask
from dataarts_datamap._shared_value import Fetched
from dataarts_datamap._transport.proxies import checked_proxy
from dataarts_datamap._transport.wire import Deadline, Origin, Timeouts, WireRequest
from dataarts_datamap.integrations.otel import attempt_hook
from support.echoes import ESCAPES, PLACES, Echo, echoing_server
from support.faces import SETTINGS, WINDOW, InstantClock
from support.faults import Connection, faulty_server, head, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.faults import Faulty

OURS: Final = Path(dataarts_datamap.__file__).parent

Plant = Callable[[], str]

REQUEST: Final = Request(method="GET", endpoint="https://h", path="/", headers={"X-Auth-Token": "Zq-secret"})

CREDENTIALS: Final[dict[str, Callable[[Plant, str], Credentials]]] = {
    "token": lambda plant, _: TokenCredentials(plant()),
    "access key": lambda plant, _: AccessKeyCredentials(plant_word(plant), plant()),
    "temporary access key": lambda plant, _: AccessKeyCredentials(plant_word(plant), plant(), plant()),
    "password": lambda plant, iam: PasswordCredentials("a", plant(), "b", project_id="c", iam_endpoint=iam),
}
"""Each kind of credentials, made of planted secrets and the address of IAM."""


def plant_word(plant: Plant) -> str:
    """An access key: letters and digits."""
    return plant().encode().hex()


def runs_of(client: Any) -> Any:
    """A pager that takes no field of an unexpected type."""
    return client.list_runs("937987", job_name="a-job", **WINDOW, strict=True)


def call(client: DataMapClient, hunted: list[object]) -> None:
    """List runs."""
    pager = runs_of(client)
    hunted.append(pager)
    pager.to_list()


def call_operators(client: DataMapClient, hunted: list[object]) -> None:
    """List operators."""
    hunted.append(client)
    client.list_operators("a-table")


def call_doctor(client: DataMapClient, hunted: list[object]) -> None:
    """Examine the client."""
    hunted += examine(input_of(client))


def call_log(client: DataMapClient, hunted: list[object]) -> None:
    """Read a log."""
    hunted.append(client)
    client.read_log(Run(execution_log_path="obs://a-bucket/a-key"))


def call_async(client: AsyncDataMapClient, hunted: list[object]) -> Any:
    """List runs in an event loop."""
    hunted.append(client)
    return runs_of(client).to_list()


CALLS: Final[list[Callable[[Any, list[object]], Any]]] = [call, call_operators, call_doctor, call_log, call_async]

MOST_SHOWN: Final = 20
"""So many characters of a secret are too many."""

SECRETS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E) | st.sampled_from("ü密😀"), min_size=8, max_size=40
).flatmap(lambda text: st.sampled_from([f"Zq{text}", f"Zq{text}" * 40]))


class Collector(logging.Handler):
    """Keeps all that is logged, on every level and by every logger."""

    def __init__(self, hunted: list[object]) -> None:
        super().__init__(level=1)
        self._hunted = hunted

    def emit(self, record: logging.LogRecord) -> None:
        self._hunted += (record.getMessage(), vars(record))


@contextmanager
def everything_logged(hunted: list[object]) -> Iterator[None]:
    """Collects the log."""
    root, collector = logging.getLogger(), Collector(hunted)
    level = root.level
    root.setLevel(1)
    root.addHandler(collector)
    try:
        yield
    finally:
        root.removeHandler(collector)
        root.setLevel(level)


def texts_of(value: object) -> Iterator[str]:
    """All text in what a program may show of a value."""
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode(errors="replace")
        case dict():
            for pair in value.items():
                yield from map(str, pair)
        case BaseException():
            yield from texts_of_error(value)
        case _:
            yield repr(value)
            yield pretty_repr(value)


def texts_of_error(error: BaseException | None) -> Iterator[str]:
    """All text in an error, in what it came from, and in its pickle."""
    if error is not None:
        yield from (str(error), repr(error), *map(str, error.args), *traceback.format_exception(error))
        yield from texts_of(vars(error))
        yield from texts_of(pickle.dumps(error))
        yield from texts_of_error(error.__cause__)
        yield from texts_of_error(error.__context__)


def forms_of(secret: str) -> set[str]:
    """The beginning of a secret in each way that it may be written, and as the repr of each."""
    secret = secret[:MOST_SHOWN]
    ways: list[Callable[[str], str]] = [str, *ESCAPES.values()]
    written = {outer(inner(secret)) for inner, outer in product(ways, ways)}
    return written | {repr(form)[1:-1] for form in written} | {json.dumps(form)[1:-1] for form in written}


def finish(client: Any, act: Callable[[Any, list[object]], Any], hunted: list[object]) -> None:
    """Call a client of threads, and close it."""
    with client:
        act(client, hunted)


async def finish_async(client: Any, act: Callable[[Any, list[object]], Any], hunted: list[object]) -> None:
    """Call a client of an event loop, and close it."""
    async with client:
        await act(client, hunted)


def watch(url: str, credentials: Credentials, act: Callable[[Any, list[object]], Any]) -> list[object]:
    """All that comes of a call: what is logged, raised, told and warned of."""
    attempts: list[Attempt] = []
    exporter, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace = attempt_hook(tracer_provider=tracers)

    def hook(attempt: Attempt) -> None:
        attempts.append(attempt)
        trace(attempt)

    hunted: list[object] = [credentials]
    changed = {"credentials": credentials, "clock": InstantClock(), "retry": Retry(attempts=2), "on_attempt": hook}
    with everything_logged(hunted), warnings.catch_warnings(record=True) as warned:
        try:
            if act is call_async:
                asyncio.run(finish_async(AsyncDataMapClient(endpoint=url, **{**SETTINGS, **changed}), act, hunted))
            else:
                finish(DataMapClient(endpoint=url, **{**SETTINGS, **changed}), act, hunted)
        except DataMapError as error:
            hunted.append(error)
    assert attempts
    hunted += (*attempts, pickle.dumps(attempts), *(str(warning.message) for warning in warned))
    hunted += (span.to_json() for span in exporter.get_finished_spans())
    return hunted


@pytest.fixture(scope="module")
def echoing() -> Iterator[tuple[Faulty, Echo]]:
    """A server that echoes."""
    with echoing_server() as served:
        yield served


@pytest.mark.parametrize(
    "value",
    [
        checked_proxy("http://user:Zq-secret@host:1"),
        _Key(access="a", secret="Zq-secret", securitytoken="Zq-secret", expires_at=now_utc()),
        Fetched("Zq-secret"),
        Hidden("Zq-secret"),
        SecretHeaders({"X-Auth-Token": "Zq-secret"}),
        Profile(Path("a-file"), secret_key="Zq-secret"),
        Search(environ={"DATAMAP_PASSWORD": "Zq-secret"}),
        Response(request=REQUEST, status=201, headers={"x-subject-token": "Zq-secret"}, content=b"Zq-secret"),
        REQUEST,
        WireRequest(
            method="GET",
            origin=Origin("https", "h", None),
            target=b"/",
            headers=[(b"X-Auth-Token", Hidden(b"Zq-secret"))],
            content=b"Zq-secret",
            timeouts=Timeouts(free=1, connect=1, silence=1),
            deadline=Deadline(1, Clock()),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_on_the_way_show_nothing(value: object) -> None:
    """No secret is in what a debugger, an error tracker or rich shows of a variable, nor in a pickle."""
    assert "secret" not in repr(value)
    assert "secret" not in pretty_repr(value)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(value)


def shown_variables(call: Callable[[], object]) -> str:
    """What an error tracker shows of our variables for the error that a call ends in."""
    with pytest.raises(DataMapError) as caught:
        call()
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    return "\n".join(f"{frame.name} {frame.locals}" for frame in frames if OURS in Path(frame.filename).parents)


def test_variables_of_settings_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where settings are missing, the environment is not shown, nor is the client that could not be made."""
    monkeypatch.setenv("DATAMAP_PASSWORD", "Zq-secret")

    assert "Zq-secret" not in shown_variables(DataMapClient.from_env)
    assert "'self': 'DataMapClient()'" in shown_variables(DataMapClient)


@pytest.mark.parametrize(
    "environ",
    [
        {
            "DATAMAP_CREDENTIALS": "password",
            "DATAMAP_USER": "u",
            "DATAMAP_ACCOUNT": "a",
            "DATAMAP_PASSWORD": "Zq-secret",
        },
        {"HUAWEICLOUD_SDK_AK": "k", "HUAWEICLOUD_SDK_SK": "Zq-secret\n"},
        {"DATAMAP_TOKEN": "Zq-secret\n"},
        {"DATAMAP_TOKEN": "Zq-secret", "DATAMAP_ALLOW_HTTP": "perhaps"},
        {"DATAMAP_PASSWORD": "Zq-secret"},
    ],
)
@pytest.mark.parametrize("find", [find_credentials, DataMapClient.from_env])
def test_variables_of_a_search_show_nothing(
    environ: dict[str, str], find: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with what the environment has, no variable on the way shows a secret."""
    for name, value in {"DATAMAP_ENDPOINT": "https://a.example.com", "DATAMAP_PROJECT_ID": "p", **environ}.items():
        monkeypatch.setenv(name, value)

    shown = shown_variables(find)

    assert "find_credentials" in shown or "from_env" in shown
    assert "Zq-secret" not in shown


def test_variables_of_a_key_that_is_cut_short_show_nothing() -> None:
    """Neither the token of a metadata service is shown, nor what came of its key."""

    def answer(connection: Connection) -> None:
        asks_for_token = connection.read_request().startswith(b"PUT")
        connection.send(whole(b"Zq-secret") if asks_for_token else head("Content-Length: 100") + b"Zq-secret")

    with faulty_server(answer) as server:
        settings = {**SETTINGS, "credentials": EcsMetadataCredentials(server.url)}
        with DataMapClient(endpoint=server.url, **settings) as client:
            shown = shown_variables(lambda: client.list_operators("a-table"))

    assert "_fetch" in shown
    assert "Zq-secret" not in shown


def test_token_of_an_answer_that_is_cut_short(echoing: tuple[Faulty, Echo]) -> None:
    """A token that came in the head of an answer is masked in its request id, even if the answer did not come whole."""
    server, echo = echoing
    echo.place, echo.escapes, echo.granted = "request id of an answer that is cut short", (), "a-new-token"
    hunted = watch(server.url, CREDENTIALS["password"](lambda: "a-password", server.url), call)

    assert "***" in "".join(error.request_id or "" for error in hunted if isinstance(error, DataMapError))
    assert "a-new-token" not in "\n".join(text for seen in hunted for text in texts_of(seen))


def hunt(data: st.DataObject, server: Faulty, echo: Echo) -> None:
    """Plant secrets, have them echoed, and look for them."""
    planted: list[str] = []

    def plant() -> str:
        planted.append(data.draw(SECRETS, label="secret"))
        return planted[-1]

    kind = data.draw(st.sampled_from(list(CREDENTIALS)), label="credentials")
    credentials = CREDENTIALS[kind](plant, server.url)
    echo.granted = plant() if data.draw(st.booleans(), label="logged in") else None
    act = data.draw(st.sampled_from(CALLS), label="call")
    echo.place = data.draw(st.sampled_from(list(PLACES)), label="place")
    echo.escapes = tuple(data.draw(st.lists(st.sampled_from(list(ESCAPES)), max_size=2), label="escapes"))
    echo.heard.clear()

    shown = "\n".join(text for seen in watch(server.url, credentials, act) for text in texts_of(seen))

    secrets = {*planted, *(secret.encode().hex() for secret in planted), *echo.heard}
    assert set() == {form for secret in secrets for form in forms_of(secret) if form in shown}


@example(secret="Zq-secret-ü", escapes=["JSON"] * 5)
@given(secret=SECRETS, escapes=st.lists(st.sampled_from(list(ESCAPES)), max_size=3))
def test_mask(secret: str, escapes: list[str]) -> None:
    """A secret is masked whole however deep it is escaped, and what stands around it is left as it was."""
    request = Request(method="GET", endpoint="https://h", path="/", headers={"X-Auth-Token": secret})
    written = secret
    for name in escapes:
        written = ESCAPES[name](written)

    around = '{"a": "%C3%A4\\u00e4&auml; '
    text = f"{around}{written} - {written} {around}"
    assert f"{around}*** - *** {around}" == mask(text, request.headers, secrets=request.secrets, limit=len(text))


def test_mask_of_what_the_answer_itself_made_secret() -> None:
    """A token that an answer brings is masked in all else that is shown of it."""
    request = Request(method="POST", endpoint="https://h", path="/")

    assert "server: ***" == mask("server: a-new-token", request.headers, {"x-subject-token": "a-new-token"})


def test_mask_is_quick() -> None:
    """An answer of megabytes with an escape in every word is no burden: it is gone through a few times at most."""
    request = Request(method="GET", endpoint="https://h", path="/", headers={"X-Auth-Token": "a-token" * 500})
    text = 'a \\"word\\" in a row ' * 100_000
    started = time.process_time()

    assert text == mask(text, request.headers, secrets=request.secrets, limit=len(text))
    assert time.process_time() - started < 5


NO_CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@pytest.mark.filterwarnings("ignore::dataarts_datamap.DamagedValueWarning")
@settings(max_examples=200, suppress_health_check=NO_CHECKS)
@given(data=st.data())
def test_no_secret_gets_out(data: st.DataObject, echoing: tuple[Faulty, Echo]) -> None:
    """Whatever a server echoes, wherever and however escaped, no secret is in what comes of a call."""
    hunt(data, *echoing)


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore::dataarts_datamap.DamagedValueWarning")
@settings(max_examples=2000, suppress_health_check=NO_CHECKS)
@given(data=st.data())
def test_no_secret_gets_out_of_many(data: st.DataObject, echoing: tuple[Faulty, Echo]) -> None:
    """The same, ten times as often."""
    hunt(data, *echoing)
