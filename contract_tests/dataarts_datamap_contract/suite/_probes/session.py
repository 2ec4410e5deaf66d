"""Makes and sends the requests of the probes, which are valid except for what a probe changes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from dataarts_datamap_contract.suite._http.caller import BrokenResponseError, InterruptedRunError, NoResponseError
from dataarts_datamap_contract.suite._http.credentials import NOBODY, Signer, good_credential
from dataarts_datamap_contract.suite._http.messages import Request
from dataarts_datamap_contract.suite._judging.findings import Finding
from dataarts_datamap_contract.suite._judging.invariants.common import (
    ASSETS,
    BULK,
    DETAILS,
    LINEAGE,
    NODES,
    OK,
    RUNS,
    SEARCH,
    THROTTLED,
    asks_really,
    must_be_served,
)
from dataarts_datamap_contract.suite._judging.oracle import Exchange, Judgement, Oracle
from dataarts_datamap_contract.suite.text import printable, shortened

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._http.caller import Caller
    from dataarts_datamap_contract.suite._http.messages import Credential, Response
    from dataarts_datamap_contract.suite._http.proxies import Proxy
    from dataarts_datamap_contract.suite._judging.ledger import Ledger
    from dataarts_datamap_contract.suite.target import Target

T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]
"""Query parameters, not yet percent-encoded."""

_CONTENT_TYPE = ("Content-Type", "application/json")
_REFUSED = frozenset({401, 403})
_CLOSED = frozenset({403, 404, 405, 501})
"""Statuses that may say that the server has no such operation, or refuses it to the account."""

_GATEWAY = frozenset({502, 503, 504})
_PASSING = frozenset({*_REFUSED, THROTTLED, *_GATEWAY})
"""The statuses of expired credentials, a spent quota or a failed backend, which need not be the server's fault."""

_NOT_IN_THIS_WAY = frozenset({411, 417})
_WAYS_OF_BODIES = frozenset({"transfer-encoding", "expect"})
"""Header fields that say how a body is sent; a server may refuse them with a status of `_NOT_IN_THIS_WAY`."""

_LOCKED = (1.0, 4.0)
"""The waits, in seconds, for a server that refuses good requests after a wrong token."""

_SHOWN = 200
_PLAIN: dict[str, dict[str, Any]] = {
    SEARCH: {"document": {"query": "", "limit": 10, "offset": 0}},
    BULK: {"query": "offset=0&limit=10"},
    LINEAGE: {"query": "direction=BOTH&relationship_type_categories=DATA_FLOW"},
}
"""What a valid request for each operation has besides the ids."""

_LEAST: dict[str, dict[str, Any]] = {
    SEARCH: {"document": {"query": "", "limit": 1, "offset": 0}},
    BULK: {"query": "limit=1"},
    LINEAGE: {"query": ""},
}
"""What the smallest valid request for each operation has besides the ids."""


def _real_clock() -> datetime:
    return datetime.now(UTC)


class Session:
    """Sends the requests of a run, and has the responses judged.

    Attributes:
        target: The server, and the ids that exist there.
        ledger: Where exchanges and judgements are noted.
        oracle: Judges each request.
        random: Generates the random choices of the probes.
        clock: Gives the time at which requests are signed, in UTC.
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
        self._decks: dict[object, list[Any]] = {}
        # One request that was served, by whether it is signed.
        self._served: dict[bool, Request] = {}
        self._deadline: float | None = None
        self._takes_one_piece_only = False

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
        """The path in front of the specification's paths."""
        return self._caller.base_path

    def deal(self, key: object, values: Iterable[T]) -> T:
        """A value chosen at random; for the same key, none comes twice before each has come once."""
        deck = self._decks.setdefault(key, [])
        if not deck:
            deck += values
            self.random.shuffle(deck)
        dealt: T = deck.pop()
        return dealt

    def limit_time(self, seconds: float | None) -> None:
        """Begin nothing new after so many seconds; None for no limit."""
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def has_time_for(self, what: str) -> bool:
        """Whether there is time left to begin something; if not, its name is noted for the report."""
        is_left = self._deadline is None or time.monotonic() < self._deadline
        if not is_left:
            self.ledger.cut.append(what)
        return is_left

    def take_turn(self) -> None:
        """Wait as before a request of this session, and count one: for code that sends its requests itself.

        Raises:
            BudgetSpentError: No request is left.
        """
        self._caller.take_turn()

    def send(self, request: Request) -> Exchange:
        """Send a request, and hold what comes back to every invariant.

        Raises:
            NoResponseError: There is no response, or a broken one.
            BudgetSpentError: No request is left.
            StopRunError: A check that stops the run failed.
            InterruptedRunError: The environment failed, as `check_environment` finds out.
        """
        exchange = self._note(self._ask(request))
        self.confirm()
        return exchange

    def _ask(self, request: Request) -> Exchange:
        plain = self._in_one_piece(request)
        if self._takes_one_piece_only:
            request = plain
        try:
            response = self._caller.send(request)
            if response.status in _NOT_IN_THIS_WAY and request.content and plain is not request:
                return self._ask(plain)
            return Exchange(request, self.oracle.judge(request), response)
        except BrokenResponseError as error:
            self.ledger.fail("A-answer-whole", request, str(error))
            raise
        except NoResponseError:
            # Each further request with fields of _WAYS_OF_BODIES would wait as long; this one is noted as an error.
            self._takes_one_piece_only |= plain is not request
            self._ask_again(request)
            raise

    def _in_one_piece(self, request: Request) -> Request:
        """The request without the header fields that say how its body is sent.

        The request itself if it has none, or has a wrong signature, which must stay wrong.
        """
        fields = tuple(each for each in request.fields if each[0].lower() not in _WAYS_OF_BODIES)
        if fields == request.fields or (is_signed(request) and request.credential.standing != "good"):
            return request
        bare = replace(request, fields=fields)
        return self.sign(replace(bare, credential=NOBODY)) if is_signed(request) else bare

    def confirm(self) -> None:
        """Judge each contradiction between two responses that may come from a change of the data, if it persists.

        Assets and runs may be created and changed while the suite runs. So the earlier of the two responses is
        requested again, and the contradiction only counts if that response has not changed, or has new GUIDs each time.

        Raises:
            As `send` does.
        """
        doubts, self.ledger.doubts = self.ledger.doubts, []
        for exchange, finding in doubts:
            if not self.ledger.wants([finding.check]):
                continue
            if self._is_unchanged(finding.earlier or exchange):
                self.ledger.judge_finding(exchange, finding)
            elif exchange.operation_id == RUNS:
                self.ledger.world.forget_open()
            else:
                self.ledger.world.assets.forget()
                self.ledger.moved.add(exchange.operation_id)

    def doubt(self, check: str, exchange: Exchange, problem: str, earlier: Exchange | None = None) -> None:
        """Have a problem judged if it persists: `confirm` repeats the request of ``earlier``, or else of ``exchange``.

        Raises:
            As `send` does.
        """
        self.ledger.doubts.append((exchange, Finding(check, problem, earlier)))
        self.confirm()

    def _is_unchanged(self, exchange: Exchange) -> bool:
        """Whether one of two more attempts gets the same response, or all three responses have different GUIDs."""
        again = self.sign(exchange.request) if is_signed(exchange.request) else exchange.request
        responses = [exchange.response]
        for _ in range(2):
            responses.append(self._ask(again).response)
            if _content(responses[-1]) == _content(exchange.response):
                return True
        return _are_named_anew([_guids(each.document) for each in responses])

    def open(self, operation_id: str) -> Exchange:
        """Try an operation that the server need not have, or may refuse to the target's account.

        A plain request is sent, and the smallest possible one; for ListEntityDetails, requests with one GUID and with
        the same GUID twice. If the operation is closed, the plain response is judged like one for an undeclared path.

        Returns:
            An exchange that was served, if there is one; else the plain one.

        Raises:
            As `send` does.
        """
        plain = self._ask(self.question(operation_id))
        other = {"document": [self.table_guid] * 2} if operation_id == DETAILS else _LEAST.get(operation_id, {})
        least = self._ask(self.question(operation_id, **other))
        served = [each for each in (plain, least) if each.response.status == OK]
        if not served and plain.response.status in _CLOSED:
            return self._note(Exchange(plain.request, Judgement(None, {}, {}), plain.response))
        if any(each.response.json_problem is None for each in served):
            self.ledger.served.add(operation_id)
        for exchange in (plain, least):
            self._note(exchange)
        return served[0] if served else plain

    def send_together(self, requests: Sequence[Request]) -> list[Exchange]:
        """Send requests side by side, and hold what comes back to every invariant.

        Raises:
            As `send` does.
        """
        try:
            responses = self._caller.send_together(requests)
        except BrokenResponseError as error:
            beside = tuple(each for each in requests if each is not error.request)
            self.ledger.fail("A-answer-whole", error.request, str(error), before=beside)
            raise
        pairs = zip(requests, responses, strict=True)
        noted = [self._note(Exchange(request, self.oracle.judge(request), response)) for request, response in pairs]
        self.confirm()
        return noted

    def _note(self, exchange: Exchange) -> Exchange:
        response = exchange.response
        if self.check_environment(exchange):
            return exchange
        self.ledger.judge("A-answer-whole", exchange, *_uncoded(response))
        self.ledger.record(exchange)
        return exchange

    def judge_coding(self, request: Request) -> None:
        """Send a request, and judge nothing but whether the response claims a coding although it is plain JSON.

        Raises:
            As `send` does.
        """
        exchange = self._ask(request)
        self.judge("A-answer-whole", exchange, *_uncoded(exchange.response))

    def check_environment(self, exchange: Exchange) -> bool:
        """Find out whether an error is the environment's fault: if it is, a request that was served before fails, too.

        Returns:
            Whether the error response is an effect of a wrong token before it; if so, this is judged here.

        Raises:
            InterruptedRunError: It is the environment's fault.
            BudgetSpentError: No request is left.
            StopRunError: A check that stops the run failed.
        """
        request, status = exchange.request, exchange.response.status
        if status == OK and exchange.operation_id == RUNS and must_be_served(exchange, self.target):
            self._served.setdefault(is_signed(request), request)
            return False
        # Bad credentials are rightly refused, and so is an id of someone else.
        is_due = status not in _REFUSED or asks_really(exchange, self.target)
        if status in _PASSING and is_due and request.credential.standing == "good":
            return self._ask_again(request)
        return False

    def _ask_again(self, request: Request) -> bool:
        """Send a request that was served before; return whether it was refused only for a while after a wrong token.

        Raises:
            InterruptedRunError: It gets no response, or a status of `_PASSING`: that need not be the server's fault.
            BudgetSpentError: No request is left.
            StopRunError: A check that stops the run failed.
        """
        served = self._served.get(is_signed(request))
        if served is None:
            return False
        before = [each.request for each in self.ledger.seen[-1:] if each.request.credential.standing == "bad"]
        waits = _LOCKED if before and not is_signed(before[0]) else ()
        response = self._send_again(served)
        for wait, waited in zip(waits, accumulate(waits), strict=True) if response.status in _REFUSED else ():
            self._caller.pause(wait)
            response = self._send_again(served)
            if response.status not in _PASSING:
                problem = f"a good request is refused soon after a wrong token, and no longer {waited:g} s later"
                self.ledger.fail("E-valid-refused", request, problem, before=(before[0],))
                return True
        if response.status in _PASSING:
            raise InterruptedRunError(_what_ended(response.status, self.words_of(response), self._caller.sent))
        return False

    def words_of(self, response: Response) -> str:
        """What an error response says, printable, without secrets, and short."""
        return shortened(self.ledger.redact(words_of(response)), _SHOWN)

    def _send_again(self, served: Request) -> Response:
        try:
            return self._caller.send(self.sign(served) if is_signed(served) else served)
        except NoResponseError as error:
            raise InterruptedRunError(f"the server does not answer any more: {error}") from error

    def sign(self, request: Request) -> Request:
        """The request, signed with the target's access key, now."""
        return Signer(self.target, self.host, self.base_path, self.clock()).sign(request)

    def request(
        self,
        operation_id: str,
        *,
        query: str = "",
        document: object = None,
        content: bytes | None = None,
        credential: Credential | None = None,
        **changes: Any,  # noqa: ANN401  each has its own type
    ) -> Request:
        """A request for an operation, with the target's ids.

        Args:
            operation_id: The operation.
            query: The query string, percent-encoded.
            document: What is sent as JSON; None for nothing.
            content: What is sent in place of a document.
            credential: The credentials to send; the target's own if None.
            changes: Path parameters and ``instance`` in place of the target's; ``instance=None`` leaves it out.
        """
        sent = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
        method = self.oracle.operation(operation_id).method
        request = Request(
            method=method,
            path=self._path(operation_id, changes),
            query=query,
            fields=self._fields(changes),
            credential=credential or NOBODY,
            content=sent if content is None else content,
            is_question=method != "GET",
        )
        return self.authorize(request, credential)

    def question(self, operation_id: str, **changes: Any) -> Request:  # noqa: ANN401  each has its own type
        """A valid request for an operation, limit 10 if it has one, changed as in `request` or `runs_request`."""
        if operation_id == RUNS:
            return self.runs_request(**changes)
        plain: dict[str, Any] = {**_PLAIN.get(operation_id, {}), **changes}
        if operation_id == DETAILS:
            plain.setdefault("document", [self.table_guid])
        return self.request(operation_id, **plain)

    def questions(self, **changes: Any) -> list[Request]:  # noqa: ANN401  each has its own type
        """The request of `question` for each operation that the run calls (`asks_for`)."""
        return [self.question(each, **changes) for each in (RUNS, NODES, *ASSETS) if self.asks_for(each)]

    def asks_for(self, operation_id: str) -> bool:
        """Whether the run calls an operation: ShowNodes if the target names a table, one on assets if it is served."""
        if operation_id == NODES:
            return self.target.table_guid is not None
        return operation_id not in ASSETS or operation_id in self.ledger.served

    @property
    def table_guid(self) -> str | None:
        """The GUID of the target's table, else of the first table or asset that was shown; None if none was."""
        assets = self.ledger.world.assets
        return self.target.table_guid or next(iter((*assets.ends, *assets.assets)), None)

    def operators(self) -> tuple[Mapping[str, Any], ...]:
        """The operators that ShowNodes names for the target's table; none if the target names no table."""
        return self.nodes().response.operators if self.asks_for(NODES) else ()

    def runs_request(self, **changes: Any) -> Request:  # noqa: ANN401  each has its own type
        """A request for the first ten of the target's runs, with some of its parts changed.

        Args:
            changes: ``project_id``, ``task_id`` and ``instance`` in place of the target's; ``instance=None`` leaves the
                header out; ``query`` in place of the whole query string; ``credential``; and query parameters by name;
                None leaves such a parameter out.
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
        """A request for the operators of the target's table, with some parts changed as in `request`."""
        return self.request(NODES, **changes)

    def nodes(self, **changes: Any) -> Exchange:  # noqa: ANN401  each has its own type
        """Ask for the operators of the target's table, with some parts changed as in `request`."""
        return self.send(self.nodes_request(**changes))

    def authorize(self, request: Request, credential: Credential | None = None) -> Request:
        """The request with the target's own credential; unchanged if ``credential`` is given: the request has it."""
        if credential is not None:
            return request
        return good_credential(self.target, request, host=self.host, base_path=self.base_path, moment=self.clock())

    def judge(self, check: str, exchange: Exchange, *problems: str) -> None:
        """Note that a check judged an exchange, and the problems that it found."""
        self.ledger.judge(check, exchange, *problems)

    def _path(self, operation_id: str, changes: dict[str, Any]) -> str:
        operation = self.oracle.operation(operation_id)
        path = operation.template
        for parameter in operation.parameters:
            if parameter.location == "path":
                value = changes.pop(parameter.name, None)
                if value is None:
                    value = self.table_guid if parameter.name == "guid" else self.target.real_values[parameter.name]
                path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe=""))
        return path

    def _fields(self, changes: dict[str, Any]) -> Pairs:
        instance = changes.pop("instance", self.target.instance_id)
        return (_CONTENT_TYPE,) if instance is None else (("instance", instance), _CONTENT_TYPE)


def _content(response: Response) -> tuple[int, object]:
    """What a response says; of an error response only the status, since its request id differs each time."""
    document = response.page.document if response.page else response.document
    return response.status, document if response.status == OK else None


def _guids(document: object) -> frozenset[str]:
    """All GUIDs in a document, at any depth."""
    if isinstance(document, list):
        return frozenset[str]().union(*map(_guids, cast("list[object]", document)))
    members = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    guid = members.get("guid")
    own = frozenset({guid} if isinstance(guid, str) else ())
    return own.union(*map(_guids, members.values()))


def _are_named_anew(shown: Sequence[frozenset[str]]) -> bool:
    """Whether several responses have equally many GUIDs, and each has a GUID that no other one has.

    No asset changes so often: the server makes up GUIDs for each response.
    """
    return all(
        len(each) == len(shown[0]) and each.difference(*(other for other in shown if other is not each))
        for each in shown
    )


def is_signed(request: Request) -> bool:
    """Whether a request has an ``Authorization`` header: a signature, good or bad, or something in its place."""
    return bool(request.header("Authorization"))


def words_of(response: Response) -> str:
    """What an error response says, made printable; it can be long, and have secrets (`Session.words_of`)."""
    document: object = response.document
    error = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    words = " ".join(str(error[name]) for name in ("error_code", "error_msg") if error.get(name))
    return printable(words)


def _what_ended(status: int, words: str, sent: int) -> str:
    cause = "the quota is spent" if status == THROTTLED else "the gateway fails" if status in _GATEWAY else ""
    said = f": {words}" if words else ""
    return (
        f"{cause or 'the credentials ended'} after {sent} requests: one that was served before is answered "
        f"{status}{said}"
    )


def _uncoded(response: Response) -> Iterator[str]:
    """A content coding that a response claims, but does not have: its body is plain JSON."""
    coding = ", ".join(response.header("Content-Encoding"))
    if coding.lower() not in {"", "identity"} and response.content and response.json_problem is None:
        yield f"the response says that its coding is {coding}, but it is plain JSON"


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as a query string; a space becomes ``%20``, which means the same everywhere."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def every_byte(text: str) -> str:
    """The text with every byte percent-encoded."""
    return "".join(f"%{byte:02X}" for byte in text.encode())
