"""What must hold of every response about assets and their lineage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.invariants.common import (
    ASSETS,
    EARLIEST,
    LATEST,
    Invariant,
    Problems,
    violations,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target

_LINEAGE: Final = re.compile(r"\$\.(data|relationships)\[")
_ASSET: Final = re.compile(r"\$\.(entities\[|entity\.|referred_entities\.)")
_MOST_SHOWN: Final = 5
_MOST_DIGITS: Final = 20


def _catalog_shape(exchange: Exchange, _: Target) -> Problems:
    return _violations(exchange, lambda path: not _LINEAGE.match(path) and not _ASSET.match(path))


def _asset_shape(exchange: Exchange, _: Target) -> Problems:
    found = _violations(exchange, lambda path: bool(_ASSET.match(path)))
    return found or (() if any(_assets(exchange)) else None)


def _lineage_shape(exchange: Exchange, _: Target) -> Problems:
    found = _violations(exchange, lambda path: bool(_LINEAGE.match(path)))
    shows = any(exchange.response.listed(name) for name in ("data", "relationships"))
    return found or (() if shows else None)


def _asset_times(exchange: Exchange, _: Target) -> Problems:
    if exchange.operation_id not in ASSETS:
        return None
    known = [(each, _time(each, "create_time"), _time(each, "update_time")) for each in _assets(exchange)]
    timed = [(each, made, changed) for each, made, changed in known if made or changed]
    wrong = [
        f"asset {each.get('guid')}: {name} is {time}, not milliseconds since the epoch"
        for each, made, changed in timed
        for name, time in (("create_time", made), ("update_time", changed))
        if time and not EARLIEST <= time < LATEST
    ]
    wrong += [
        f"asset {each.get('guid')}: update_time {changed} is before create_time {made}"
        for each, made, changed in timed
        if made and changed and changed < made
    ]
    return tuple(wrong[:_MOST_SHOWN]) if timed else None


def _time(asset: Mapping[str, Any], name: str) -> int:
    value: object = asset.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value) if len(value) < _MOST_DIGITS else LATEST
    return whole_number(value) or 0


def _assets(exchange: Exchange) -> Iterator[Mapping[str, Any]]:
    if exchange.operation_id in ASSETS:
        entity: object = exchange.response.members.get("entity")
        yield from exchange.response.listed("entities")
        if isinstance(entity, dict):
            yield cast("dict[str, Any]", entity)


def _violations(exchange: Exchange, wanted: Callable[[str], bool]) -> Problems:
    return violations(exchange, exchange.operation_id, wanted) if exchange.operation_id in ASSETS else None


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "A-catalog-shape": _catalog_shape,
    "B-asset-shape": _asset_shape,
    "B-lineage-shape": _lineage_shape,
    "B-asset-times": _asset_times,
}
"""The invariants by the ids of their checks."""
