"""The columns of an export, and the conversion of runs to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args
from warnings import warn

from msgspec.structs import astuple, fields

from dataarts_datamap._errors import InvalidArgumentError, RowProblemWarning
from dataarts_datamap._models.runs import Run
from dataarts_datamap._text import shown
from dataarts_datamap._warnings import calling_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Nested: TypeAlias = Literal["json", "skip"]
"""Whether the nested documents of a run are kept, as the JSON text that was sent, or skipped."""

Batch: TypeAlias = "list[list[Any]]"
"""Some rows, as a list of values for each column. Times are milliseconds since the epoch (UTC)."""

BATCH_ROWS: Final = 10_000

_INT64: Final = range(-(2**63), 2**63)


class Kind(Enum):
    """The kinds of columns.

    Attributes:
        INTEGER: Integers of 64 bits.
        NUMBER: Floating point numbers of 64 bits.
        FLAG: True or false.
        TIME: Times in milliseconds, UTC.
        LABEL: Text that repeats.
        TEXT: Text.
    """

    INTEGER = auto()
    NUMBER = auto()
    FLAG = auto()
    TIME = auto()
    LABEL = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind


_KINDS: Final = {
    "run_id": Kind.INTEGER,
    "task_id": Kind.LABEL,
    "task_name": Kind.LABEL,
    "job_id": Kind.INTEGER,
    "job_name": Kind.LABEL,
    "type": Kind.LABEL,
    "status": Kind.LABEL,
    "state": Kind.LABEL,
    "plan_time": Kind.TIME,
    "submit_time": Kind.TIME,
    "start_time": Kind.TIME,
    "end_time": Kind.TIME,
    "duration_ms": Kind.INTEGER,
    "running_time": Kind.INTEGER,
    "retry_times": Kind.INTEGER,
    "fail_count": Kind.INTEGER,
    "input_row_count": Kind.INTEGER,
    "output_row_count": Kind.INTEGER,
    "speed": Kind.NUMBER,
    "force_success": Kind.FLAG,
    "owner": Kind.LABEL,
    "execution_log_path": Kind.TEXT,
    "workspace_id": Kind.LABEL,
    "workspace_name": Kind.LABEL,
    "running_data": Kind.TEXT,
    "running_param": Kind.TEXT,
    "region": Kind.LABEL,
    "project_id": Kind.LABEL,
    "instance_id": Kind.LABEL,
}
SOURCE: Final = ("region", "project_id", "instance_id")
"""The columns of a run's origin, which come last."""

_NESTED: Final = frozenset({"running_data", "running_param"})
_COUNTS: Final = frozenset({"running_time", "retry_times", "fail_count", "input_row_count", "output_row_count"})
_FIELDS: Final = tuple(known.name.removeprefix("_") for known in fields(Run))


def chosen_columns(names: Sequence[str] | None, nested: Nested) -> tuple[Column, ...]:
    """The columns with these names, in order; all for None. With ``skip``, nested documents are left out."""
    if nested not in get_args(Nested):
        raise InvalidArgumentError(f"nested must be 'json' or 'skip', not {shown(nested)}")
    if isinstance(names, str):
        raise InvalidArgumentError(f"columns must be a list of names, not the text {shown(names)}")
    chosen = list(_KINDS if names is None else names)
    for name in chosen:
        if name not in _KINDS:
            raise InvalidArgumentError(f"{shown(name)} is not a column; the columns are {', '.join(_KINDS)}")
    if len({*chosen}) < len(chosen) or not chosen:
        raise InvalidArgumentError(f"columns must be names, each once, not {shown(names)}")
    left = tuple(Column(name, _KINDS[name]) for name in chosen if nested == "json" or name not in _NESTED)
    if not left:
        raise InvalidArgumentError(
            f"columns {shown(chosen)} are nested documents only, which nested='skip' leaves out: name others, too"
        )
    return left


def batches(runs: Iterable[Run], columns: Sequence[Column]) -> Iterator[Batch]:
    """The runs in batches, small enough that memory stays flat."""
    walk = iter(runs)
    while some := list(islice(walk, BATCH_ROWS)):
        yield batch_of(some, columns)


def batch_of(runs: Sequence[Run], columns: Sequence[Column]) -> Batch:
    """The runs, at least one, as columns. An integer beyond 64 bits becomes None, with a ``RowProblemWarning``."""
    sent = dict(zip(_FIELDS, map(list, zip(*map(astuple, runs), strict=True)), strict=True))
    return [_clean(column, sent, runs) for column in columns]


def _clean(column: Column, sent: dict[str, list[Any]], runs: Sequence[Run]) -> list[Any]:
    """The values of a column, with None for 0 as a time and for -1 as a count or a flag: these mean a missing value."""
    name = column.name
    match name, column.kind:
        case "state", _:
            values: list[Any] = [run.state.value for run in runs]
        case "duration_ms", _:
            values = list(map(_duration, sent["start_time"], sent["end_time"]))
        case "task_id", _:
            texts = [None if id_ is None else str(id_) for id_ in sent[name]]
            values = _of_operator(name, texts, runs)
        case (("job_name" | "workspace_id"), _):
            values = _of_operator(name, sent[name], runs)
        case _ if name in SOURCE:
            values = [None if run.origin is None else getattr(run.origin, name) for run in runs]
        case _, Kind.TIME:
            values = [time or None for time in sent[name]]
        case _, Kind.FLAG:
            values = [None if flag is None or flag < 0 else bool(flag) for flag in sent[name]]
        case _ if name in _COUNTS:
            values = [None if number == -1 else number for number in sent[name]]
        case _:
            values = sent[name]
    return _within_64_bits(name, values) if column.kind is Kind.INTEGER else values


def _of_operator(name: str, values: list[Any], runs: Sequence[Run]) -> list[Any]:
    """The values; a row whose value is missing or empty gets the value of the requested operator."""
    if all(values):
        return values
    return [value or _requested(name, run) or value for run, value in zip(runs, values, strict=True)]


def _requested(name: str, run: Run) -> str | None:
    """The value in the request for a run. The requested workspace can be the client's default."""
    if run.origin is None:
        return None
    value: str | None = getattr(run.origin if name == "workspace_id" else run.origin.operator, name)
    return value


def _duration(start: int | None, end: int | None) -> int | None:
    return end - start if start and end else None


def _within_64_bits(name: str, numbers: list[Any]) -> list[Any]:
    odd = next((number for number in numbers if number is not None and number not in _INT64), None)
    if odd is None:
        return numbers
    stacklevel, _ = calling_place()
    text = f"{name} {shown(odd)} has more than 64 bits and is left out of the export; others may be, too"
    warn(text, RowProblemWarning, stacklevel=stacklevel)
    return [number if number is not None and number in _INT64 else None for number in numbers]
