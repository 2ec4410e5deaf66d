"""Wrong details of many assets at once, and fields of an asset that differ between responses."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import (
    FAILURE,
    FIRST,
    LOOP,
    MARGIN,
    SEARCH_PATH,
    SECOND,
    UNKNOWN_GUID,
    by_first_block,
    detailing,
    on_assets,
    shown_guids,
    shown_names,
)
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    DETAIL,
    DETAILS,
    SEARCH,
    Ask,
    Document,
    on_answers,
    on_arguments,
    on_document,
    on_json,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import HOUR
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_unseen = partial(BrokenServer, level="C", cohort="unseen")
_apart = partial(BrokenServer, level="C", cohort="apart")
_outside = partial(BrokenServer, level="C", cohort="outside")

_SEA = table_guid("island.sea")
_MOST_DETAILS = 8
_NOT_FOUND = 404
_BATCH = 10
_DESCRIPTION = re.compile(rb'"description":"((?:[^"\\]|\\.)*)"')
_DESCRIPTION_BYTES = 20


def _zipped(found: Callable[[list[str]], Document], guids: list[str]) -> Document:
    """The assets are read in the order of their GUIDs, and paired with the GUIDs in the order of the request."""
    page = found(sorted(guids))
    asked = [guid for guid in guids if any(each["guid"] == guid for each in page["entities"])]
    entities = [{**each, "guid": guid} for each, guid in zip(page["entities"], asked, strict=False)]
    return {**page, "entities": entities}


def _mojibake(entity: Document) -> Document:
    return {**entity, "display_text": str(entity.get("display_text")).encode().decode("latin-1")}


def _local_times(entity: Document) -> Document:
    return {**entity, **{name: entity[name] + 8 * HOUR for name in ("create_time", "update_time") if name in entity}}


def _twice_fails(found: Callable[[list[str]], Document], guids: list[str]) -> Document:
    if not guids:
        raise FAILURE
    return found(guids)


def _without_relationships(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    document = ask(arguments)
    return {**document, "entity": None} if arguments.values.get("ignore_relationships") is True else document


def _in_seconds(_: str, ask: Ask, arguments: Arguments) -> Document:
    document = dict(ask(arguments))
    entity = document["entity"]
    return {**document, "entity": {**entity, "update_time": int(entity["update_time"]) // 1_000}}


def _ignoring_too_much(_: str, ask: Ask, arguments: Arguments) -> Document:
    document = dict(ask(arguments))
    if not arguments.values.get("ignore_relationships"):
        return document
    return {**document, "entity": {**document["entity"], "attributes": {}}}


def _empty_asset(_: str, ask: Ask, arguments: Arguments) -> Document:
    try:
        return dict(ask(arguments))
    except HttpError as error:
        if error.status != _NOT_FOUND:
            raise
        return {"entity": {}, "referred_entities": {}}


def _the_first_details(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(replace(arguments, body=arguments.body[:_MOST_DETAILS])))


def _all_or_nothing(_: str, ask: Ask, arguments: Arguments) -> Document:
    document = dict(ask(arguments))
    is_whole = len(document["entities"]) == len(arguments.body)
    return document if is_whole else {**document, "entities": []}


def _side_by_side(_: str, ask: Ask, arguments: Arguments) -> Document:
    """The results are paired with the requested GUIDs by position."""
    document = dict(ask(arguments))
    pairs = zip(arguments.body, document["entities"], strict=False)
    return {**document, "entities": [{**entity, "guid": guid} for guid, entity in pairs]}


def _nothing_is_everything(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(arguments if arguments.body else replace(arguments, body=[TABLE_GUID])))


def _confuses_assets(caller: Caller) -> bool:
    guids = [UNKNOWN_GUID, *shown_guids(caller.search(limit=3))]
    found = caller.details(*guids)["entities"]
    return any(
        entity["display_text"] != caller.detail(TABLE_GUID)["entity"]["display_text"]
        for entity in found
        if entity["guid"] == TABLE_GUID
    ) or UNKNOWN_GUID in [each["guid"] for each in found]


def _seconds_and_milliseconds(caller: Caller) -> bool:
    return bool(caller.detail()["entity"]["update_time"] != caller.details(TABLE_GUID)["entities"][0]["update_time"])


def _has_no_attributes(caller: Caller) -> bool:
    response = caller.ask("GET", f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}?ignore_relationships=true")
    return bool(response.json()["entity"]["attributes"] == {})


def _cut_between_bytes(document: bytes) -> bytes:
    return _DESCRIPTION.sub(lambda match: b'"description":"' + match[1][:_DESCRIPTION_BYTES] + b'"', document)


def _of_its_maker(document: Document) -> Document:
    entities = [
        {**entity, "attributes": {**entity["attributes"], "owner": entity["created_by"]}}
        for entity in document["entities"]
    ]
    return {**document, "entities": entities}


def _in_tens(_: str, ask: Ask, arguments: Arguments) -> Document:
    guids: list[str] = arguments.body
    is_lost = len(guids) > 1 and len(guids) % _BATCH == 1
    document: Document = ask(replace(arguments, body=guids[:-1] if is_lost else guids))
    return document


def _is_no_text(caller: Caller) -> bool:
    try:
        caller.ask("POST", SEARCH_PATH, {"limit": 100, "offset": 0}).body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _changes_owners(caller: Caller) -> bool:
    found = caller.search()["entities"]
    owners = {entity["guid"]: entity["attributes"]["owner"] for entity in found}
    others = {entity["guid"]: entity["attributes"]["owner"] for entity in caller.details(*owners)["entities"]}
    return owners != others


def _loses_the_eleventh(caller: Caller) -> bool:
    guids = [entity["guid"] for entity in caller.search()["entities"][:11]]
    return len(caller.details(*guids)["entities"]) < len(guids)


BROKEN_SERVERS = (
    _unseen(
        "details-mixed-up",
        "each asset of a batch has its own details",
        frozenset({"C-asset-agrees", "C-details-batch"}),
        detailing(_zipped),
        lambda caller: any(
            shown_names(caller.details(first, second))[0] != shown_names(caller.details(first))[0]
            for first, second in ((TABLE_GUID, MARGIN), (MARGIN, TABLE_GUID))
        ),
    ),
    _unseen(
        "details-of-five-at-most",
        "ListEntityDetails shows each requested asset",
        frozenset({"C-details-batch"}),
        detailing(lambda found, guids: found(guids[:5])),
        lambda caller: len(shown_names(caller.details(TABLE_GUID, LOOP, MARGIN, FIRST, SECOND, _SEA))) == 5,
    ),
    _unseen(
        "details-of-nothing-fail",
        "an empty list of GUIDs causes no failure",
        frozenset({"A-server-error"}),
        detailing(_twice_fails),
        lambda caller: "error_code" in caller.details(),
        level="A",
    ),
    _unseen(
        "no-asset-without-its-relationships",
        "ShowDataDetail shows the asset itself, even if ignore_relationships is true",
        frozenset({"C-asset-agrees"}),
        on_answers(_without_relationships, DETAIL),
        lambda caller: (
            b'"entity":null'
            in caller.ask("GET", f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}?ignore_relationships=true").body
        ),
    ),
    _unseen(
        "names-in-the-wrong-character-set",
        "an asset has the same name in each response, even if the name is Chinese",
        frozenset({"C-asset-agrees"}),
        on_assets(_mojibake, DETAILS),
        lambda caller: "订单" not in str(shown_names(caller.details(table_guid("lake.订单_汇总")))),
    ),
    _unseen(
        "times-of-the-zone-in-details",
        "ShowDataDetail shows the same times of an asset as ListEntityDetails",
        frozenset({"C-asset-agrees"}),
        on_assets(_local_times, DETAIL),
        lambda caller: (
            caller.detail()["entity"]["create_time"] > caller.details(TABLE_GUID)["entities"][0]["create_time"]
        ),
    ),
    _apart(
        "asset-by-the-first-block",
        "A GUID that only begins like another GUID is a different GUID.",
        frozenset({"C-asset-other", "C-asset-agrees"}),
        on_arguments(by_first_block, of=DETAIL),
        lambda caller: "entity" in caller.detail(f"{TABLE_GUID[:8]}-0000-4000-8000-000000000000"),
    ),
    _apart(
        "unknown-asset-is-an-empty-one",
        "A GUID that no asset has gets an error response, not an empty asset.",
        frozenset({"C-asset-other", "C-asset-agrees"}),
        on_answers(_empty_asset, DETAIL),
        lambda caller: "entity" in caller.detail(UNKNOWN_GUID),
    ),
    _apart(
        "one-asset-changed-in-seconds",
        "The times of an asset are in milliseconds in each response.",
        frozenset({"B-asset-times", "C-asset-agrees"}),
        on_answers(_in_seconds, DETAIL),
        _seconds_and_milliseconds,
        level="B",
    ),
    _apart(
        "attributes-ignored-with-relationships",
        "With ignore_relationships, an asset still has its attributes.",
        frozenset({"C-asset-agrees"}),
        on_answers(_ignoring_too_much, DETAIL),
        _has_no_attributes,
    ),
    _apart(
        "details-of-eight",
        "A request for more than eight assets gets all of them, or an error response.",
        frozenset({"C-details-batch", "C-asset-agrees"}),
        on_answers(_the_first_details, DETAILS),
        lambda caller: len(caller.details(*shown_guids(caller.search(limit=12)))["entities"]) < 12,
    ),
    _apart(
        "unknown-guid-hides-the-known",
        "An unknown GUID does not hide a known asset.",
        frozenset({"C-details-batch", "C-asset-other"}),
        on_answers(_all_or_nothing, DETAILS),
        lambda caller: caller.details(TABLE_GUID, UNKNOWN_GUID)["entities"] == [],
    ),
    _apart(
        "details-beside-the-wrong-guid",
        "Each asset has its own GUID, even if one of the requested GUIDs is unknown.",
        frozenset({"C-details-batch", "C-asset-agrees", "C-asset-other"}),
        on_answers(_side_by_side, DETAILS),
        _confuses_assets,
    ),
    _apart(
        "no-guids-get-an-asset",
        "A request with an empty list of GUIDs gets no asset.",
        frozenset({"C-details-batch", "C-asset-other"}),
        on_answers(_nothing_is_everything, DETAILS),
        lambda caller: caller.details()["entities"] != [],
    ),
    _outside(
        "descriptions-cut-between-bytes",
        "A response is JSON in UTF-8: a description is not cut within a character.",
        CHECKS["text is JSON and UTF-8"],
        on_document(_cut_between_bytes, of=SEARCH),
        _is_no_text,
        level="B",
    ),
    _outside(
        "owner-is-who-made-it",
        "An asset has the same owner in ListEntityDetails as in a search.",
        CHECKS["assets agree"],
        on_json(_of_its_maker, DETAILS),
        _changes_owners,
    ),
    _outside(
        "last-of-eleven-lost",
        "ListEntityDetails shows every requested asset that exists, even the eleventh, the twenty-first and so on.",
        CHECKS["assets agree"],
        on_answers(_in_tens, DETAILS),
        _loses_the_eleventh,
    ),
)
