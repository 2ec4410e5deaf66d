"""The operators that count when a table is judged: those that write it, if lineage knows them. No I/O."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast

from msgspec import Struct

from dataarts_datamap._arguments import members
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._monitoring.lineage import is_same_operator
from dataarts_datamap._monitoring.table_names import shown_name, shown_text
from dataarts_datamap._sentences import remark, sentence
from dataarts_datamap._text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap._models.tables import LineageNode, Table
    from dataarts_datamap._monitoring.lineage import Lineage

OperatorRole: TypeAlias = Literal["associated", "producers"]
"""All operators that the service lists for a table, or those that write it."""

_MOST_LISTED: Final = 30
_NOT_KNOWN: Final = remark("the table's lineage is not known")


class OperatorBasis(StrEnum):
    """How it was determined which operators of a table count.

    Attributes:
        CHOSEN: The caller named them.
        LINEAGE: Lineage says that they write the table. Operators of lineage and of the service are matched by name and
            workspace (inferred). An operator that may have another name in lineage counts, too; a note says so.
        ASSOCIATED: All operators that the service lists count, except ignored ones. It is unknown which of them only
            read the table.
    """

    CHOSEN = "chosen"
    LINEAGE = "lineage"
    ASSOCIATED = "associated"


class Producers(Struct, frozen=True, kw_only=True):
    """The operators of a table that count.

    Attributes:
        operators: The operators that count, in the service's order.
        basis: How they were determined.
        others: The operators that do not count, because lineage does not name them as writers: usually readers.
        ignored: The operators that were left out on request.
        notes: Conflicts between the service and lineage, and the reason if readers and producers cannot be
            distinguished. Names in them are made printable.
    """

    operators: tuple[Operator, ...]
    basis: OperatorBasis
    others: tuple[Operator, ...] = ()
    ignored: tuple[Operator, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def are_known(self) -> bool:
        """Whether the caller or lineage determined them; if not, some of them may only read the table."""
        return self.basis is not OperatorBasis.ASSOCIATED


class Join(NamedTuple):
    """The operators that the service lists for a table, compared with those that lineage names.

    Attributes:
        pairs: The operators that write the table, each with its node in lineage; None for one that may have
            another name there.
        notes: Conflicts between the service and lineage.
    """

    pairs: dict[Operator, LineageNode | None]
    notes: tuple[str, ...]


class ChosenOperators(NamedTuple):
    """The operators of a table that count, and those that were left out on request."""

    chosen: list[Operator]
    ignored: list[Operator]


def choose_producers(  # noqa: PLR0913  one keyword for each choice
    table: Table,
    operators: Iterable[Operator],
    lineage: Lineage | None,
    *,
    only: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    reason: str = _NOT_KNOWN,
) -> Producers:
    """Of the operators that the service lists for a table, those that count.

    ``only`` names them. Without it, they are the operators that write the table according to lineage; all, if lineage
    is not known or names none of them. Operators named by ``ignore`` never count. ``reason`` says in a few words why
    lineage is not known.

    Raises:
        InvalidArgumentError: As for ``choose_operators``; or all operators that write the table are ignored.
    """
    listed = list(dict.fromkeys(operators))
    chosen, ignored = choose_operators(listed, only=only, ignore=ignore)
    if only is not None:
        return Producers(operators=tuple(chosen), basis=OperatorBasis.CHOSEN, ignored=tuple(ignored))
    join = Join({}, ()) if lineage is None else join_operators(table, listed, lineage, may_be_renamed=True)
    if not join.pairs:
        why = _reason(table, lineage, reason)
        said = (*join.notes, remark("readers and producers cannot be distinguished: {reason}", reason=why))
        notes = said if listed else ()
        basis = OperatorBasis.ASSOCIATED
        return Producers(operators=tuple(chosen), basis=basis, ignored=tuple(ignored), notes=notes)
    writing = tuple(one for one in chosen if one in join.pairs)
    if not writing:
        raise InvalidArgumentError(f"no operator that writes the table is left to judge: {_listed(listed)}")
    others = tuple(one for one in chosen if one not in join.pairs)
    return Producers(
        operators=writing, basis=OperatorBasis.LINEAGE, others=others, ignored=tuple(ignored), notes=join.notes
    )


def join_operators(table: Table, operators: Sequence[Operator], lineage: Lineage, *, may_be_renamed: bool) -> Join:
    """The operators that write a table, each with its node in lineage; none if lineage names none of them.

    With ``may_be_renamed``, an operator that lineage does not know is one of them if lineage names a writer that the
    service does not list: the two may be the same.
    """
    table = lineage.find(table)
    producers, readers = lineage.producers(table), lineage.readers(table)
    pairs: dict[Operator, LineageNode | None] = {}
    notes: list[str] = []
    for node in producers:
        partners = [one for one in operators if is_same_operator(one, node)]
        pairs.update((one, node) for one in partners)
        if not partners:
            label = node.name or node.guid
            what = shown_text(label) if label else sentence("an operator")
            words = "lineage says that {what} writes {table}, but the service does not list it"
            notes.append(remark(words, what=what, table=shown_name(table)))
    is_missing = bool(notes)
    if pairs:
        known = (*producers, *readers)
        for one in operators:
            if any(is_same_operator(one, node) for node in known):
                continue
            job = shown_text(one.job_name)
            if may_be_renamed and is_missing:
                pairs[one] = None
                words = "{job} may have another name in lineage, and write {table}: it counts"
                notes.append(remark(words, job=job, table=shown_name(table)))
            elif lineage.is_whole:
                words = "{job} is listed for {table}, but lineage does not know it: it does not count"
                notes.append(remark(words, job=job, table=shown_name(table)))
    return Join({one: pairs[one] for one in operators if one in pairs}, tuple(notes))


def choose_operators(
    operators: Iterable[Operator], *, only: Iterable[str] | None = None, ignore: Iterable[str] = ()
) -> ChosenOperators:
    """Narrow the operators of a table by name: job name, ``workspace/job_name`` or task id.

    A name stands for each operator that it matches.

    Raises:
        InvalidArgumentError: The names are not a list of text; or a name matches no operator, or no operator is left,
            and the text lists the known ones.
    """
    known = list(dict.fromkeys(operators))
    wanted, unwanted = (None if only is None else _checked_names("only", only)), _checked_names("ignore", ignore)
    for name in (*(wanted or ()), *unwanted):
        if not any(name in _names(one) for one in known):
            raise InvalidArgumentError(f"no operator of the table is called {shown(name)}: {_listed(known)}")
    chosen = [
        one
        for one in known
        if (wanted is None or not set(wanted).isdisjoint(_names(one))) and set(unwanted).isdisjoint(_names(one))
    ]
    if known and not chosen:
        raise InvalidArgumentError(f"no operator of the table is left to judge: {_listed(known)}")
    return ChosenOperators(chosen, [one for one in known if one not in chosen])


def operator_name(operator: Operator) -> str:
    """``workspace/job_name`` of an operator, or ``job_name`` if it has no workspace; made printable and shortened."""
    workspace = "" if operator.workspace_id is None else f"{printable(operator.workspace_id, limit=40)}/"
    return f"{workspace}{printable(operator.job_name, limit=80)}"


def distinct_name(operator: Operator, among: Iterable[Operator]) -> str:
    """The simplest name that chooses only this operator; its task id if every name is shared."""
    others = [_names(one) for one in among if one != operator]
    names = _names(operator)
    return next((name for name in names if not any(name in other for other in others)), operator.task_id)


def _reason(table: Table, lineage: Lineage | None, reason: str) -> str:
    if lineage is None:
        return reason
    if lineage.producers(table):
        return remark("the service does not list the operators that lineage names")
    return remark("lineage names no operator that writes the table")


def _checked_names(what: str, names: object) -> list[str]:
    found = None if isinstance(names, str) else members(names)
    if found is None or not all(isinstance(one, str) for one in found):
        raise InvalidArgumentError(f"{what} must be a list of names of operators, not {shown(names)}")
    return cast("list[str]", found)


def _names(operator: Operator) -> tuple[str, ...]:
    """The names that choose an operator, the simplest first."""
    if operator.workspace_id is None:
        return operator.job_name, operator.task_id
    return operator.job_name, f"{operator.workspace_id}/{operator.job_name}", operator.task_id


def _listed(operators: Sequence[Operator]) -> str:
    if not operators:
        return "it has none"
    names = [f"{operator_name(one)} (task {printable(one.task_id, limit=40)})" for one in operators[:_MOST_LISTED]]
    more = f" and {len(operators) - _MOST_LISTED} more" if len(operators) > _MOST_LISTED else ""
    return f"it has {', '.join(names)}{more}"
