"""Pages of runs as columns, of which only those that are asked for are decoded: ``runningData`` is half of a page."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from msgspec import defstruct, field, json
from msgspec.structs import astuple, fields

from dataarts_datamap._envelope import decode_page, open_page
from dataarts_datamap._models import Run

if TYPE_CHECKING:
    from dataarts_datamap._messages import Response

_FIELDS: Final = {known.name.removeprefix("_"): known for known in fields(Run)}


def decode_columns(response: Response, names: tuple[str, ...], *, offset: int = 0) -> tuple[tuple[Any, ...], ...]:
    """The values of a page of runs, a tuple for each attribute of a run, as they were sent: times are milliseconds.

    They are those of the runs that ``decode_page`` gives, and None where a value came with an unexpected type; a page
    that is not quite healthy is left to it.

    Args:
        response: The answer.
        names: Attributes of a run that were sent as fields of a row, such as ``plan_time``.
        offset: The offset that was asked for.

    Raises:
        KeyError: No field is named so.
        DataMapError: What ``decode_page`` raises.
    """
    try:
        body = _decoder(names).decode(open_page(response))
    except (ValueError, RecursionError):
        return _columns_of(decode_page(response, offset=offset).runs, names)
    if body.error_code or not body.success or not body.rows:
        return _columns_of(decode_page(response, offset=offset).runs, names)
    return tuple(zip(*map(astuple, body.rows), strict=True))


def _columns_of(runs: tuple[Run, ...], names: tuple[str, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(getattr(run, _FIELDS[name].name) for run in runs) for name in names)


@lru_cache(maxsize=32)
def _decoder(names: tuple[str, ...]) -> json.Decoder[Any]:
    known = ((name, _FIELDS[name]) for name in names)
    row = defstruct("Row", [(name, its.type, field(name=its.encode_name, default=None)) for name, its in known])
    rows = ("rows", list[row])  # type: ignore[valid-type]  # pyright: ignore[reportInvalidTypeArguments]  made above
    body = defstruct("Body", [rows, ("success", bool | None, None), ("error_code", Any, None)])
    return json.Decoder(body)
