"""What the probes ask a server with: requests that are right but for what a probe changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dataarts_datamap_contract.suite._http.caller import BrokenResponseError
from dataarts_datamap_contract.suite._http.credentials import NOBODY, good_credential
from dataarts_datamap_contract.suite._http.messages import Request
from dataarts_datamap_contract.suite._judging.oracle import Exchange, Oracle

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator

    from dataarts_datamap_contract.suite._http.caller import Caller
    from dataarts_datamap_contract.suite._http.messages import Credential, Response
    from dataarts_datamap_contract.suite._judging.ledger import Ledger
    from dataarts_datamap_contract.suite.target import Target

Pairs = tuple[tuple[str, str], ...]
"""Query parameters, not yet percent-encoded."""

_CONTENT_TYPE = ("Content-Type", "application/json")


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

    @property
    def host(self) -> str:
        """The value of the ``Host`` header."""
        return self._caller.host

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
        """
        judgement = self.oracle.judge(request)
        try:
            response = self._caller.send(request)
        except BrokenResponseError as error:
            self.ledger.fail("A-answer-whole", request, str(error))
            raise
        exchange = Exchange(request, judgement, response)
        self.ledger.judge("A-answer-whole", exchange, *_uncoded(response))
        self.ledger.record(exchange)
        return exchange

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


def _uncoded(response: Response) -> Iterator[str]:
    """A coding that the response says it has, and has not: in no coding is a JSON document one as it stands."""
    coding = ", ".join(response.header("Content-Encoding"))
    if coding.lower() not in {"", "identity"} and response.content and response.json_problem is None:
        yield f"the answer says that its coding is {coding}, and is plain JSON"


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as a query string; a space becomes ``%20``, which means the same everywhere."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
