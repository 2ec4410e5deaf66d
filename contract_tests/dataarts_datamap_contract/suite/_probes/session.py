"""What the probes ask a server with: requests that are right but for what a probe changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from dataarts_datamap_contract.suite._http.caller import BrokenResponseError, InterruptedRunError, NoResponseError
from dataarts_datamap_contract.suite._http.credentials import NOBODY, Signer, good_credential
from dataarts_datamap_contract.suite._http.messages import Request
from dataarts_datamap_contract.suite._judging.invariants.common import (
    OK,
    RUNS,
    THROTTLED,
    UNAUTHORIZED,
    asks_really,
    must_be_served,
)
from dataarts_datamap_contract.suite._judging.oracle import Exchange, Oracle
from dataarts_datamap_contract.suite.text import printable

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dataarts_datamap_contract.suite._http.caller import Caller
    from dataarts_datamap_contract.suite._http.messages import Credential, Response
    from dataarts_datamap_contract.suite._http.proxies import Proxy
    from dataarts_datamap_contract.suite._judging.ledger import Ledger
    from dataarts_datamap_contract.suite.target import Target

Pairs = tuple[tuple[str, str], ...]
"""Query parameters, not yet percent-encoded."""

_CONTENT_TYPE = ("Content-Type", "application/json")
_FORBIDDEN = 403
_GATEWAY = frozenset({502, 503, 504})
_PASSING = frozenset({UNAUTHORIZED, _FORBIDDEN, THROTTLED, *_GATEWAY})
"""What an environment answers when credentials, a quota or a backend end: it need not be the server's fault."""

_SHOWN = 200


def _real_clock() -> datetime:
    return datetime.now(UTC)


class Session:
    """A run's way to its server.

    Attributes:
        target: The server, and what is real there.
        ledger: Where each exchange and each judgement is noted.
        random: Where a probe's choices come from.
        clock: Gives the present of signatures, in UTC.
    """

    def __init__(  # noqa: PLR0913  what a run is made of
        self,
        target: Target,
        caller: Caller,
        ledger: Ledger,
        oracle: Oracle,
        *,
        generator: random.Random,
        clock: Callable[[], datetime] = _real_clock,
    ) -> None:
        self.target = target
        self.ledger = ledger
        self.oracle = oracle
        self.random = generator
        self.clock = clock
        self._caller = caller
        # By whether it is signed: a request that was served.
        self._served: dict[bool, Request] = {}

    @property
    def host(self) -> str:
        """The value of the ``Host`` header."""
        return self._caller.host

    @property
    def proxy(self) -> Proxy | None:
        """The proxy on the way; None for none."""
        return self._caller.proxy

    @property
    def base_path(self) -> str:
        """What stands before the specification's paths."""
        return self._caller.base_path

    def take_turn(self) -> None:
        """Wait until someone else may send a request, and count it.

        Raises:
            BudgetSpentError: None is left.
        """
        self._caller.take_turn()

    def send(self, request: Request) -> Exchange:
        """Send a request, and hold what comes back to every invariant.

        Raises:
            NoResponseError: Nothing came back.
            BudgetSpentError: No request is left.
            StopRunError: A check failed that the run stops on.
            InterruptedRunError: The environment has ended, as `check_environment` finds out.
        """
        judgement = self.oracle.judge(request)
        try:
            response = self._caller.send(request)
        except BrokenResponseError as error:
            self.ledger.fail("A-answer-whole", request, str(error))
            raise
        except NoResponseError:
            self._ask_again(request)
            raise
        return self._note(Exchange(request, judgement, response))

    def send_together(self, requests: Sequence[Request]) -> list[Exchange]:
        """Send requests side by side, and hold what comes back to every invariant.

        Raises:
            As `send` does.
        """
        responses = self._caller.send_together(requests)
        pairs = zip(requests, responses, strict=True)
        return [self._note(Exchange(request, self.oracle.judge(request), response)) for request, response in pairs]

    def _note(self, exchange: Exchange) -> Exchange:
        response = exchange.response
        self.check_environment(exchange)
        self.ledger.judge("A-answer-whole", exchange, *_uncoded(response))
        self.ledger.record(exchange)
        return exchange

    def check_environment(self, exchange: Exchange) -> None:
        """Find out whether an error response is the environment's fault: what was served before is served no more.

        Raises:
            InterruptedRunError: It is.
            BudgetSpentError: No request is left.
        """
        request, status = exchange.request, exchange.response.status
        if status == OK and exchange.operation_id == RUNS and must_be_served(exchange, self.target):
            self._served.setdefault(_is_signed(request), request)
            return
        # Bad credentials are rightly refused, and so is an id of someone else.
        is_due = status not in {UNAUTHORIZED, _FORBIDDEN} or asks_really(exchange, self.target)
        if status in _PASSING and is_due and request.credential.standing == "good":
            self._ask_again(request)

    def _ask_again(self, request: Request) -> None:
        """Send a request that was served before."""
        served = self._served.get(_is_signed(request))
        if served is None:
            return
        again = self.sign(served) if _is_signed(served) else served
        try:
            response = self._caller.send(again)
        except NoResponseError as error:
            raise InterruptedRunError(f"the server does not answer any more: {error}") from error
        if response.status in _PASSING:
            raise InterruptedRunError(_what_ended(response, self._caller.sent))

    def sign(self, request: Request) -> Request:
        """The request, signed with the target's access key, now."""
        return Signer(self.target, self.host, self.base_path, self.clock()).sign(request)

    def runs_request(self, **changes: Any) -> Request:  # noqa: ANN401  each has its own type
        """A request for the target's runs, ten from the first, with some of its parts changed.

        Args:
            changes: ``project_id``, ``task_id`` and ``instance`` in place of the target's; ``instance=None`` leaves the
                header out; ``query`` in place of the whole query string; ``credential``; and query parameters by name,
                of which None leaves one out.
        """
        query = changes.pop("query", None)
        path = self._path("ShowInstanceInfos", changes)
        fields = self._fields(changes)
        credential = changes.pop("credential", None)
        raw = query if query is not None else encode_query(self.query_pairs(**changes))
        return self.authorize(Request(path=path, query=raw, fields=fields, credential=credential or NOBODY), credential)

    def query_pairs(self, **changes: object) -> Pairs:
        """The query parameters of a request for the target's runs, with some of them changed; None leaves one out."""
        names = ("workspace_id", "job_name", "start_time", "end_time", "offset", "limit")
        values = {name: self.target.real_values.get(name) for name in names} | changes
        return tuple((name, str(value)) for name, value in values.items() if value is not None)

    def runs(self, **changes: Any) -> Exchange:  # noqa: ANN401  each has its own type
        """Ask for the target's runs, with some parts changed as in `runs_request`."""
        return self.send(self.runs_request(**changes))

    def nodes_request(self, **changes: Any) -> Request:  # noqa: ANN401  each has its own type
        """A request for the operators of the target's table; ``guid`` and the others change it as in `runs_request`."""
        path = self._path("ShowNodes", changes)
        fields = self._fields(changes)
        credential = changes.pop("credential", None)
        return self.authorize(Request(path=path, fields=fields, credential=credential or NOBODY), credential)

    def nodes(self, **changes: Any) -> Exchange:  # noqa: ANN401  each has its own type
        """Ask for the operators of the target's table, with some parts changed."""
        return self.send(self.nodes_request(**changes))

    def authorize(self, request: Request, credential: Credential | None = None) -> Request:
        """The request with a credential, the target's own by default."""
        if credential is not None:
            return request
        return good_credential(self.target, request, host=self.host, base_path=self.base_path, moment=self.clock())

    def judge(self, check: str, exchange: Exchange, *problems: str) -> None:
        """Note a judgement."""
        self.ledger.judge(check, exchange, *problems)

    def _path(self, operation_id: str, changes: dict[str, Any]) -> str:
        operation = self.oracle.operation(operation_id)
        path = operation.template
        for parameter in operation.parameters:
            if parameter.location == "path":
                value = changes.pop(parameter.name, self.target.real_values[parameter.name])
                path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe=""))
        return path

    def _fields(self, changes: dict[str, Any]) -> Pairs:
        instance = changes.pop("instance", self.target.instance_id)
        return (_CONTENT_TYPE,) if instance is None else (("instance", instance), _CONTENT_TYPE)


def _is_signed(request: Request) -> bool:
    return bool(request.header("Authorization"))


def words_of(response: Response) -> str:
    """What an error response says, made printable and short."""
    document: object = response.document
    error = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    words = " ".join(str(error[name]) for name in ("error_code", "error_msg") if error.get(name))
    return printable(words)[:_SHOWN]


def _what_ended(response: Response, sent: int) -> str:
    status, words = response.status, words_of(response)
    cause = "the quota is spent" if status == THROTTLED else "the gateway fails" if status in _GATEWAY else ""
    said = f": {words}" if words else ""
    return (
        f"{cause or 'the credentials ended'} after {sent} requests: one that was served before is answered "
        f"{status}{said}"
    )


def _uncoded(response: Response) -> Iterator[str]:
    """A coding that the response says it has, and has not: in no coding is a JSON document one as it stands."""
    coding = ", ".join(response.header("Content-Encoding"))
    if coding.lower() not in {"", "identity"} and response.content and response.json_problem is None:
        yield f"the response says that its coding is {coding}, and is plain JSON"


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as a query string; a space becomes ``%20``, which means the same everywhere."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
