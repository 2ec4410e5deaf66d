"""Searches for tables, and their names and lineage, as steps for both clients."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from dataarts_datamap._api.asset_graph import edges_around, is_table, kind_of
from dataarts_datamap._api.entity_details import (
    MOST_GUIDS,
    decode_entities,
    decode_entity,
    details_request,
    entity_request,
)
from dataarts_datamap._api.lineage import (
    bulk_lineage_request,
    decode_bulk_lineage,
    decode_table_lineage,
    table_lineage_request,
)
from dataarts_datamap._api.search_tables import SearchTerms, decode_tables, search_request
from dataarts_datamap._arguments import members, path_segment
from dataarts_datamap._errors import (
    AmbiguousTableError,
    AuthenticationError,
    ClientClosedError,
    ConnectionFailedError,
    DataMapError,
    IncompleteWalkError,
    InvalidArgumentError,
    InvalidResponseError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    TableNotFoundError,
    TransportError,
)
from dataarts_datamap._models.tables import Table, TablePage
from dataarts_datamap._monitoring.lineage import Lineage, checked_depth, is_same_operator
from dataarts_datamap._monitoring.table_names import choose_table, folded, keyword_of, name_of
from dataarts_datamap._paging.lineage_walk import read_lineage
from dataarts_datamap._paging.search_walk import SearchWalk
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._sentences import remark, sentence
from dataarts_datamap._shared_value import Fetched, SharedValue
from dataarts_datamap._text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._api.lineage import LineagePage
    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._client.settings import Scope
    from dataarts_datamap._messages import Request, Response, Send, Sleep, Steps, Wait
    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap._models.tables import FlowDirection, LineageEdge, LineageNode
    from dataarts_datamap._retry.policy import Policy

T = TypeVar("T")

LINEAGE_LIFE: Final = 300.0
"""Seconds for which lineage is cached."""

SEARCH: Final = "ShowDataSets"
DETAIL: Final = "ShowDataDetail"
DETAILS: Final = "ListEntityDetails"
BULK: Final = "ShowLineageBulk"
AROUND: Final = "ShowDatamapLineage"

_PATIENCE: Final = 20
_MOST_HITS: Final = 2_000
_PAGE_SIZE: Final = 100
_MOST_AROUND: Final = 200
_MOST_OPERATORS: Final = 1_000
_MOST_CACHED: Final = 1_000
_LONGEST_REASON: Final = 200
_UNREADABLE: Final = (ServiceError, TransportError, InvalidResponseError, IncompleteWalkError)
_UNPUBLISHED: Final = "0101"


class Ask(Protocol):
    """Builds a request of an operation for a scope."""

    def __call__(self, *, endpoint: str, project_id: str, instance_id: str) -> Request: ...


class TableLineage(NamedTuple):
    """Lineage of tables, None if it is not known; and the reason why some lineage was not read, else empty."""

    lineage: Lineage | None = None
    reason: str = ""


class _Inputs(NamedTuple):
    edges: tuple[LineageEdge, ...]
    until: float


class _TooManyHitsError(Exception):
    """A name is similar to more tables than can be compared; only ``find_table`` catches it."""


class Catalog:
    """The tables of an instance. An operation that the service refuses to this account is not requested again."""

    def __init__(
        self, endpoint: str, find_scope: Callable[[], Steps[Scope]], credentials: Credentials, policy: Policy
    ) -> None:
        self._endpoint = endpoint
        self._find_scope = find_scope
        self._credentials = credentials
        self._policy = policy
        self._refused: dict[str, DataMapError] = {}
        self._inputs_of: dict[str, _Inputs] = {}
        self._counted: int | None = None
        self._lineage: SharedValue[Lineage, Send | Sleep | Wait] = SharedValue(
            self._fetch_lineage, policy.clock.monotonic, margin=0.0
        )

    def search(self, terms: SearchTerms, types: Sequence[str], *, page_size: int) -> SearchWalk:
        """A walk over the assets of the given kinds that a search finds; of all kinds if none is given."""
        search_request(endpoint="-", project_id="-", instance_id="-", terms=terms, offset=0, limit=page_size)

        def ask(offset: int, limit: int) -> Steps[TablePage]:
            build = partial(search_request, terms=terms, offset=offset, limit=limit)
            return (yield from self._ask(SEARCH, build, decode_tables))

        return SearchWalk(ask, is_wanted=_kind_filter(types), limit=page_size)

    def find_table(self, table: Table | str, *, by_lineage: bool = True) -> Steps[Table]:
        """The table with a GUID, without a request; or the only table with a name, found by a search or in lineage.

        With ``by_lineage``, lineage is read if the search is refused, finds nothing similar to the name, or finds too
        many tables. A ``Table`` is returned as it is.
        """
        if isinstance(table, Table):
            return table
        name = name_of(table)
        if name is None:
            return Table(guid=table)
        try:
            return choose_table(name, (yield from self._hits(name)))
        except TableNotFoundError as error:
            lineage = (yield from self._lineage_or_reason()).lineage if by_lineage and not error.nearest else None
            if lineage is None:
                raise
        except _TooManyHitsError as error:
            lineage = (yield from self._lineage_or_reason()).lineage if by_lineage else None
            if lineage is None or not lineage.named(name):
                raise InvalidArgumentError(*error.args) from None
        except DataMapError as refusal:
            lineage = (yield from self.lineage_or_none()) if by_lineage and is_refusal(refusal) else None
            if lineage is None:
                raise
        return lineage.find(table)

    def _lineage_or_reason(self) -> Steps[TableLineage]:
        """The lineage of the instance, or the reason why it could not be read; neither if the operation is refused.

        Raises:
            AuthenticationError: The credentials are invalid, so nothing else could be read.
            ConnectionFailedError: The service cannot be reached.
        """
        try:
            return TableLineage((yield from self.lineage_or_none()))
        except (AuthenticationError, ConnectionFailedError):
            raise
        except _UNREADABLE as error:
            return TableLineage(reason=_reason(error))

    def _hits(self, name: str) -> Steps[list[Table]]:
        walk = self.search(SearchTerms(query=keyword_of(name)), ("table",), page_size=_PAGE_SIZE)
        found: list[Table] = []
        while (page := (yield from walk.next_page())) is not None:
            found += page
            if len(found) > _MOST_HITS:
                keyword = shown(keyword_of(name))
                raise _TooManyHitsError(
                    f"more than {_MOST_HITS:,} tables match {keyword}, too many to compare: give the table's GUID"
                )
        return found

    def resolve(self, table: Table | str) -> Steps[Table]:
        """The table with a GUID or a name, as in ``find_table``, but looked up first in lineage (perhaps cached)."""
        return (yield from self._resolve_by(table, (yield from self.lineage_or_none())))

    def _resolve_by(self, table: Table | str, lineage: Lineage | None) -> Steps[Table]:
        if lineage is None:
            return (yield from self.find_table(table, by_lineage=False))
        try:
            return lineage.find(table)
        except AmbiguousTableError as error:
            return (yield from self._one_that_is_left(table, error))
        except TableNotFoundError as error:
            try:
                return (yield from self.find_table(table))
            except TableNotFoundError as beyond:
                raise (beyond if beyond.nearest or not error.nearest else error) from None
            except DataMapError as refusal:
                if not is_refusal(refusal):
                    raise
                raise error from refusal

    def _one_that_is_left(self, table: Table | str, ambiguous: AmbiguousTableError) -> Steps[Table]:
        """The table that the search finds, of several that lineage has under one path.

        If a table was dropped and created again, lineage keeps the dropped one, too.

        Raises:
            AmbiguousTableError: The paths differ, or the search finds several tables or none of these, or fails.
        """
        if len({folded(one.full_name) for one in ambiguous.candidates}) > 1:
            raise ambiguous
        try:
            found = yield from self.find_table(table)
        except (AmbiguousTableError, ClientClosedError):
            raise
        except DataMapError:
            raise ambiguous from None
        if all(found.guid != one.guid for one in ambiguous.candidates):
            raise ambiguous
        return found

    def table(self, guid: str) -> Steps[Table]:
        try:
            return (yield from self._ask(DETAIL, partial(entity_request, guid=guid), decode_entity))
        except NotFoundError as error:
            if is_refusal(error):
                raise
            raise TableNotFoundError(f"no table has the GUID {shown(guid)}") from error

    def tables(self, guids: Iterable[str]) -> Steps[dict[str, Table | None]]:
        """The tables by their GUIDs, in the given order; None for a GUID that the service does not know."""
        wanted = _checked_guids(guids)
        known: dict[str, Table | None] = dict.fromkeys(wanted)
        waiting = [wanted[first : first + MOST_GUIDS] for first in range(0, len(wanted), MOST_GUIDS)]
        while waiting:
            some = waiting.pop()
            try:
                found = yield from self._ask(DETAILS, partial(details_request, guids=some), decode_entities)
            except NotFoundError as error:
                if is_refusal(error):
                    raise
                if len(some) > 1:  # the service may refuse all because of one that it does not know
                    waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
                continue
            by_guid = {table.guid.casefold(): table for table in found}
            known.update((guid, by_guid.get(guid.casefold())) for guid in some)
        return known

    def lineage(self) -> Steps[Lineage]:
        """The lineage of the whole instance, cached for some minutes."""
        return (yield from self._lineage.get(self._policy.clock.monotonic() + _PATIENCE * self._policy.deadline))

    def lineage_or_none(self) -> Steps[Lineage | None]:
        """The lineage of the whole instance; None if this account may not use the operation."""
        return _unless_refused(self.lineage())

    def lineage_of(self, guid: str, operators: Sequence[Operator]) -> Steps[TableLineage]:
        """Lineage that says which operators of a table write it, read with as few requests as possible.

        That is the lineage of the instance if it is cached; else the lineage of the table. If the lineage of the table
        cannot be read, names no operator that writes it, or names one that is not among the operators, the lineage of
        the instance is read if it is short. The result has lineage, or the reason why there is none.
        """
        cached = self._lineage.peek()
        if cached is not None:
            return TableLineage(cached)
        around = yield from _or_reason(self._inputs(guid))
        if around.lineage is not None and _all_join(operators, around.lineage.producers(Table(guid=guid))):
            return around
        whole = yield from _or_reason(self._short_lineage())
        if whole.lineage is not None:
            return whole
        return around if around.lineage is not None and around.lineage.edges else whole

    def _inputs(self, guid: str) -> Steps[TableLineage]:
        """The lineage with the edges into a table, cached for some minutes."""
        now = self._policy.clock.monotonic()
        known = self._inputs_of.get(guid)
        if known is None or known.until <= now:
            edges = yield from self._around(guid, "IN", is_first=True)
            if len(self._inputs_of) >= _MOST_CACHED:
                self._inputs_of.clear()
            inputs = tuple(edge for edge in edges if edge.target is not None and edge.target.guid == guid)
            # without the edges farther upstream, which may be many
            self._inputs_of[guid] = known = _Inputs(inputs, now + LINEAGE_LIFE)
        return TableLineage(Lineage(known.edges, is_whole=False))

    def _short_lineage(self) -> Steps[TableLineage]:
        """The lineage of the instance, or the reason if it is too long to read for one table."""
        if self._counted is None or self._counted <= _MOST_OPERATORS:
            self._counted = (yield from self._bulk_page(0, 1)).total
        if self._counted is None or self._counted > _MOST_OPERATORS:
            count = sentence("an unknown number of") if self._counted is None else f"{self._counted:,}"
            words = "the instance has {count} operators, too many to read all lineage for one table"
            return TableLineage(reason=remark(words, count=count))
        return TableLineage((yield from self.lineage()))

    def table_lineage(self, table: Table | str, *, direction: FlowDirection, depth: int | None) -> Steps[Lineage]:
        """The lineage of the instance; if refused, lineage upstream or downstream of a table, read table by table.

        It always contains the table, even if the table has no lineage.
        """
        steps = checked_depth(depth)
        found = yield from self.resolve(table)
        lineage = yield from self.lineage_or_none()
        if lineage is None:
            try:
                edges = yield from self._by_table(found, direction, depth=steps)
            except NotFoundError as error:
                if is_refusal(error):
                    raise
                found, edges = (yield from self.table(found.guid)), []  # the table may exist without lineage
            return Lineage(edges, is_whole=False, tables=[found])
        if found.guid in lineage.tables:
            return lineage
        if found.name is None:
            found = (yield from _unless_refused(self.table(found.guid))) or found
        return Lineage(lineage.edges, tables=[found])

    def near_lineage(self, table: Table, *, depth: int) -> Steps[Lineage | None]:
        """Lineage of some steps upstream of a table; None if the service refuses to send it.

        It is the lineage of the instance if that is cached or short, else it is read table by table.
        """
        cached = self._lineage.peek()
        if cached is not None:
            return cached
        short = yield from _unless_refused(self._short_lineage())
        if short is not None and short.lineage is not None:
            return short.lineage
        return (yield from self._upstream_by_table(table, depth=depth))

    def with_upstream(self, table: Table | str, *, depth: int | None) -> Steps[tuple[Table, TableLineage]]:
        """A table, and the lineage of the instance; if it cannot be read, lineage upstream, read table by table.

        There is no lineage if both operations are refused or fail. The result has the reason for the first failure.
        """
        steps = checked_depth(depth)
        whole = yield from self._lineage_or_reason()
        found = yield from self._resolve_by(table, whole.lineage)
        if whole.lineage is not None:
            return whole.lineage.find(found), whole
        near, reason = None, ""
        try:
            near = yield from self._upstream_by_table(found, depth=steps)
        except _UNREADABLE as error:
            reason = _reason(error)
        return (found if near is None else near.find(found)), TableLineage(near, whole.reason or reason)

    def _upstream_by_table(self, table: Table, *, depth: int) -> Steps[Lineage | None]:
        """Lineage upstream of a table, perhaps empty; None if the operation is refused."""
        edges: list[LineageEdge] = []
        try:
            edges = yield from self._by_table(table, "IN", depth=depth)
        except DataMapError as error:
            if is_refusal(error):
                return None
            if not isinstance(error, NotFoundError):
                raise
        return Lineage(edges, is_whole=False)

    def _by_table(self, table: Table, direction: FlowDirection, *, depth: int) -> Steps[list[LineageEdge]]:
        """The edges upstream or downstream of a table.

        A response may hold one step or all, so the next requests are for its outermost tables only.
        """
        edges: list[LineageEdge] = []
        asked: set[str] = set()
        waiting = [table.guid]
        for _ in range(depth):
            for guid in waiting:
                if len(asked) >= _MOST_AROUND:
                    break
                asked.add(guid)
                edges += yield from self._around(guid, direction, is_first=guid == table.guid)
            known = Lineage(edges, is_whole=False)
            follow, beyond = (known.upstream, known.inputs) if direction == "IN" else (known.downstream, known.outputs)
            waiting = [one.guid for one in follow(table) if one.guid not in asked and not beyond(one)]
            if not waiting:
                break
        return edges

    def _around(self, guid: str, direction: FlowDirection, *, is_first: bool) -> Steps[list[LineageEdge]]:
        build = partial(table_lineage_request, guid=guid, direction=direction)
        try:
            return edges_around(guid, (yield from self._ask(AROUND, build, decode_table_lineage)), direction)
        except NotFoundError:
            if is_first:
                raise
            return []  # the table of a stale edge is gone

    def _fetch_lineage(self) -> Steps[Fetched[Lineage]]:
        edges = yield from read_lineage(self._bulk_page)
        return Fetched(Lineage(edges), life=LINEAGE_LIFE)

    def _bulk_page(self, offset: int, limit: int) -> Steps[LineagePage]:
        build = partial(bulk_lineage_request, offset=offset, limit=limit)
        return (yield from self._ask(BULK, build, decode_bulk_lineage))

    def _ask(self, operation: str, build: Ask, decode: Callable[[Response], T]) -> Steps[T]:
        refused = self._refused.get(operation)
        if refused is not None:
            raise copy(refused)
        scope = yield from self._find_scope()
        request = build(endpoint=self._endpoint, project_id=scope.project_id, instance_id=scope.instance_id)
        try:
            return (yield from exchange(request, self._credentials, self._policy, decode))
        except DataMapError as error:
            is_whole = operation in {BULK, SEARCH} and isinstance(error, NotFoundError)
            if error.path == request.path and (_is_closed(error) or is_whole):  # otherwise the request was for a token
                said: Any = error.args[0]
                ids = f"project_id {shown(scope.project_id)} or instance_id {shown(scope.instance_id)}"
                why = f"this account may not be invited to it, or {ids} is wrong"
                error.args = (f"{said}; {operation} is in invitational test: {why}; datamap doctor finds out which",)
                vars(error)["refused_operation"] = operation
                self._refused[operation] = copy(error)
            raise


def is_refusal(error: DataMapError) -> bool:
    """Whether the whole operation is refused to this account, and not just one table."""
    return "refused_operation" in vars(error)


def _unless_refused(steps: Steps[T]) -> Steps[T | None]:
    """The result of the steps; None if this account may not use an operation that they need."""
    try:
        return (yield from steps)
    except DataMapError as error:
        if not is_refusal(error):
            raise
        return None


def _or_reason(steps: Steps[TableLineage]) -> Steps[TableLineage]:
    """The result of the steps, or the reason why it could not be read."""
    try:
        return (yield from steps)
    except ClientClosedError:
        raise
    except DataMapError as error:
        return TableLineage(reason=_reason(error))


def _checked_guids(guids: object) -> list[str]:
    found = None if isinstance(guids, str) else members(guids)
    if found is None or not all(isinstance(one, str) for one in found):
        raise InvalidArgumentError(f"guids must be a list of GUIDs, not {shown(guids)}")
    checked = [path_segment("table_guid", one) for one in found]
    return list(dict.fromkeys(checked))


def _all_join(operators: Sequence[Operator], nodes: Sequence[LineageNode]) -> bool:
    return bool(nodes) and all(any(is_same_operator(one, node) for one in operators) for node in nodes)


def _reason(error: DataMapError) -> str:
    if is_refusal(error):
        return remark("the service does not let this account read lineage")
    if isinstance(error, NotFoundError):
        return remark("the service knows no lineage of the table")
    reason = printable(str(error), limit=_LONGEST_REASON)
    return remark("lineage could not be read: {reason}", reason=reason)


def _is_closed(error: DataMapError) -> bool:
    return isinstance(error, PermissionDeniedError) or (error.error_code or "").endswith(_UNPUBLISHED)


def _kind_filter(types: Sequence[str]) -> Callable[[Table], bool]:
    """A filter of assets by kinds, each a full name such as ``dataasset.Table``, or its last part."""
    wanted = {one.casefold() for one in types}

    def is_wanted(asset: Table) -> bool:
        kind = (asset.type_name or "").casefold()
        return not wanted or bool(wanted & {kind, kind_of(asset)}) or ("table" in wanted and is_table(asset))

    return is_wanted
