"""Servers that accept words such as true and null as integers, or that refuse or fail on valid integers."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import PAGES, WINDOWS
from dataarts_datamap_contract._broken.seams import Document, Perform, Seam, Values, fail_on, on_listing, on_parameter
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import HOUR, OK, SECOND, as_integer, day, has, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

_sealed = partial(BrokenServer, level="E", cohort="sealed")

_TYPE = frozenset({"E-wrong-type"})


def _reads(name: str, pattern: str, value: Callable[[re.Match[str]], object]) -> Seam:
    """A seam that reads matching texts of a parameter as another value."""
    return on_parameter(
        name, lambda text: str(value(found)) if (found := re.fullmatch(pattern, text)) is not None else text
    )


def _before_1970(perform: Perform, values: Values) -> Document:
    """A window that ends in the first hour of 1970 is refused, as if its end were missing."""
    if int(values["end_time"]) < HOUR:
        raise HttpError(400, "APIGW.0106", "end_time is missing")
    return perform(values)


def _refused_between(perform: Perform, values: Values) -> Document:
    """An offset that is not a multiple of the limit is refused."""
    if int(values["offset"]) % int(values["limit"]):
        raise HttpError(400, "DLF.0801", "offset must be a multiple of limit")
    return perform(values)


def _odd_limits(perform: Perform, values: Values) -> Document:
    """Limits between 20 and 50, which a console may not offer, are refused."""
    if int(values["limit"]) in range(21, 50):
        raise HttpError(400, "DLF.0801", "limit must be one of 10, 20, 50, 100")
    return perform(values)


BROKEN_SERVERS = (
    _sealed(
        "end-time-infinite",
        "an end_time that is the word infinity is refused",
        _TYPE,
        _reads("end_time", r"[+]?(?i:inf(inity)?)", lambda _: 2**63 - 1),
        lambda caller: status_of(caller, end_time="Infinity") == OK,
    ),
    _sealed(
        "true-for-one",
        "a limit that is the word true is refused",
        _TYPE,
        _reads("limit", r"(?i:true)", lambda _: 1),
        lambda caller: status_of(caller, limit="true") == OK,
    ),
    _sealed(
        "blank-limit-for-the-default",
        "a blank limit is refused",
        _TYPE | frozenset({"E-missing-parameter"}),
        _reads("limit", r"", lambda _: 10),
        lambda caller: status_of(caller, limit="") == OK,
    ),
    _sealed(
        "null-for-the-epoch",
        "a start_time that is the word null is refused",
        _TYPE,
        _reads("start_time", r"null|undefined|None", lambda _: 0),
        lambda caller: status_of(caller, start_time="null") == OK,
    ),
    _sealed(
        "negative-zero-fails",
        "an offset of minus zero causes no failure",
        frozenset({"A-server-error"}),
        fail_on(has("offset", lambda text: text == "-0")),
        lambda caller: status_of(caller, offset="-0") == 500,
        level="A",
    ),
    _sealed(
        "window-of-tomorrow-fails",
        "a window in the future causes no failure",
        frozenset({"A-server-error", "E-maximum-unserved"}),
        fail_on(has("start_time", lambda text: (as_integer(text) or 0) > 2_000_000_000 * SECOND)),
        lambda caller: status_of(caller, start_time=4_000_000_000 * SECOND) == 500,
        level="A",
    ),
    _sealed(
        "offset-of-half-a-page-refused",
        "an offset need not be a multiple of the limit",
        PAGES | frozenset({"E-valid-refused"}),
        on_listing(_refused_between),
        lambda caller: status_of(caller, offset=5) == 400,
    ),
    _sealed(
        "limits-of-the-console-only",
        "a limit between 20 and 50 is served, like 20 and 50",
        PAGES | frozenset({"E-valid-refused", "E-maximum-unserved"}),
        on_listing(_odd_limits),
        lambda caller: status_of(caller, limit=25) == 400,
    ),
    _sealed(
        "end-near-the-epoch-refused",
        "a window may end in the first hour of 1970",
        WINDOWS | frozenset({"E-minimum-refused"}),
        on_listing(_before_1970),
        lambda caller: status_of(caller, end_time=5) == 400 and status_of(caller, **day(caller)) == OK,
    ),
)
