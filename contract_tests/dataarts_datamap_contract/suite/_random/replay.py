"""Connects schemathesis to a run: its requests use the run's pace, credentials and ledger."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
import schemathesis
from requests.auth import AuthBase

from dataarts_datamap_contract.suite._http.caller import BudgetSpentError, InterruptedRunError
from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._http.messages import Request, Response
from dataarts_datamap_contract.suite._judging.ledger import StopRunError
from dataarts_datamap_contract.suite._judging.oracle import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite.target import Target

_OURS = ("Authorization", "X-Auth-Token", "X-Sdk-Date", "X-Security-Token")


class Replay(AuthBase):
    """The hooks around each request of schemathesis.

    Attributes:
        target: The server.
        ended_by: The error that ended the run during schemathesis's requests; None if there was none.
    """

    def __init__(self, session: Session) -> None:
        self.target: Target = session.target
        self.ended_by: StopRunError | BudgetSpentError | InterruptedRunError | None = None
        self._session = session

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Give a request the target's credentials in place of any others, once its URL is final."""
        for name in _OURS:
            r.headers.pop(name, None)
        # Requests writes a space as a plus sign, which not every server reads as a space.
        path, mark, query = (r.url or "").partition("?")
        r.url = path + mark + query.replace("+", "%20")
        r.headers["Content-Type"] = "application/json"
        r.headers.update(self._translate(r).credential.fields)
        return r

    @property
    def proxies(self) -> dict[str, str | None]:
        """The run's proxy for both schemes; without one, None for each, so that no proxy of the environment is used."""
        proxy = self._session.proxy
        if proxy is None:
            return {"http": None, "https": None, "all": None}
        scheme, _, host = proxy.address.partition("://")
        user = ":".join(quote(each, safe="") for each in proxy.auth) + "@" if proxy.auth else ""
        return dict.fromkeys(("http", "https"), f"{scheme}://{user}{host}")

    def wait(self) -> None:
        """Wait until the next request may be sent.

        Raises:
            requests.ConnectionError: The run has ended; `ended_by` says why.
        """
        try:
            if self.ended_by is None:
                self._session.take_turn()
        except BudgetSpentError as error:
            self.ended_by = error
        if self.ended_by is not None:
            raise requests.ConnectionError("the run has ended")

    def note(self, response: schemathesis.Response) -> None:
        """Record the response."""
        if self.ended_by is not None:
            return
        exchange = self._exchange(response)
        try:
            if not self._session.check_environment(exchange):
                self._session.ledger.record(exchange)
        except (StopRunError, BudgetSpentError, InterruptedRunError) as error:
            self.ended_by = error

    def _exchange(self, response: schemathesis.Response) -> Exchange:
        request = self._translate(response.request)
        fields = tuple((name, value) for name, values in response.headers.items() for value in values)
        received = Response(response.status_code, fields, response.content)
        return Exchange(request, self._session.oracle.judge(request), received)

    def _translate(self, request: requests.PreparedRequest) -> Request:
        path, _, query = request.path_url.partition("?")
        instance: Any = request.headers.get("instance")
        text: str | None = instance.decode("latin-1") if isinstance(instance, bytes) else instance
        content_type = ("Content-Type", "application/json")
        body = request.body
        content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
        return self._session.authorize(
            Request(
                method=request.method or "GET",
                content=content,
                path=path.removeprefix(self._session.base_path),
                query=query,
                fields=(content_type,) if text is None else (("instance", text), content_type),
                credential=NOBODY,
            )
        )


_replays: dict[str, Replay] = {}


@contextmanager
def replaying(session: Session) -> Generator[Replay]:
    """Connect schemathesis to a session until the block ends."""
    replay = _replays[session.target.endpoint] = Replay(session)
    try:
        yield replay
    finally:
        del _replays[session.target.endpoint]


def replay_of(case: Any) -> Replay | None:  # noqa: ANN401  schemathesis leaves a type argument open
    """The replay to which a case of schemathesis belongs; None if no run tests the server of the case."""
    return _replays.get(case.operation.schema.config.base_url or "")


def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Keep the pace, and use the target's credentials and the run's proxy."""
    replay = replay_of(case)
    if replay is not None:
        replay.wait()
        kwargs["auth"] = replay
        kwargs["proxies"] = replay.proxies


def after_call(
    _context: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
) -> None:
    """Record the response."""
    replay = replay_of(case)
    if replay is not None:
        replay.note(response)


def _register(*hooks: Callable[..., None]) -> None:
    # schemathesis's own annotations leave the type of a hook open.
    library: Any = schemathesis
    for hook in hooks:
        library.hook(hook)


_register(before_call, after_call)
