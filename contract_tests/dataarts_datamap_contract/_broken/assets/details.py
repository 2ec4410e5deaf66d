"""Assets with wrong details, or with the details of another asset."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.asset_seams import RAW, detailing, on_assets, on_path, shown_names
from dataarts_datamap_contract._broken.seams import (
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
    Ask,
    Document,
    fresh,
    on_answers,
    on_json,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.seams import Response
    from dataarts_datamap_contract.mock._web.validation import Arguments

_lineage = partial(BrokenServer, level="C", cohort="lineage")

ASSETS: Final = (SEARCH, DETAIL, DETAILS, LINEAGE)
_SECOND = 1_000


def _html_errors(scope: Scope, response: Response) -> Response:
    if response.status < 400 or not on_path(scope):
        return response
    return fresh(response.status, b"<html><body>error</body></html>", "text/html")


def _without_code(scope: Scope, response: Response) -> Response:
    if response.status < 400 or not on_path(scope):
        return response
    document = json.loads(response.body)
    return write(response, json.dumps({"message": document.get("error_msg", "")}).encode())


def _neighbour(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    """For the raw table, the details of the documented one."""
    guid = arguments.text("guid")
    return ask(replace(arguments, values={**arguments.values, "guid": TABLE_GUID if guid == RAW else guid}))


def _by_prefix(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    """A GUID that begins like that of the documented table gets the response for that table."""
    guid = arguments.text("guid")
    wanted = TABLE_GUID if guid[:8] == TABLE_GUID[:8] else guid
    return ask(replace(arguments, values={**arguments.values, "guid": wanted}))


def _unknown_fails(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    try:
        return ask(arguments)
    except HttpError as error:
        if error.status == 404:
            raise HttpError(500, "DLG.0500", "Internal server error") from None
        raise


def _upper(entity: Document) -> Document:
    attributes = {**entity["attributes"], "name": str(entity["attributes"]["name"]).upper()}
    return {**entity, "attributes": attributes, "display_text": str(entity["display_text"]).upper()}


BROKEN_SERVERS = (
    _lineage(
        "details-as-map",
        "the assets of ListEntityDetails are an array",
        frozenset({"A-catalog-shape"}),
        on_json(lambda page: {**page, "entities": {each["guid"]: each for each in page["entities"]}}, DETAILS),
        lambda caller: isinstance(caller.details(TABLE_GUID)["entities"], dict),
        level="A",
    ),
    _lineage(
        "asset-errors-as-html",
        "an error of the operations on assets is JSON",
        frozenset({"A-content-type", "A-json"}),
        on_wire(_html_errors),
        lambda caller: caller.ask("GET", "/v1/{p}/datamap/entities/guid/x").body.startswith(b"<html>"),
        level="A",
    ),
    _lineage(
        "asset-errors-without-code",
        "an error of the operations on assets has a code and a text",
        frozenset({"A-error-shape"}),
        on_wire(_without_code),
        lambda caller: b"error_code" not in caller.ask("GET", "/v1/{p}/datamap/entities/guid/x").body,
        level="A",
    ),
    _lineage(
        "unknown-asset-breaks-details",
        "a GUID that no asset has does not make the server fail",
        frozenset({"A-server-error"}),
        on_answers(_unknown_fails, DETAIL, LINEAGE),
        lambda caller: caller.ask("GET", "/v1/{p}/datamap/entities/guid/x").status == 500,
        level="A",
    ),
    _lineage(
        "asset-attributes-as-text",
        "the attributes of an asset are an object",
        frozenset({"B-asset-shape"}),
        on_assets(lambda asset: {**asset, "attributes": json.dumps(asset.get("attributes"))}, *ASSETS),
        lambda caller: isinstance(caller.detail()["entity"]["attributes"], str),
        level="B",
    ),
    _lineage(
        "asset-kind-as-list",
        "the type of an asset is text",
        frozenset({"B-asset-shape"}),
        on_assets(lambda asset: {**asset, "type_name": [asset["type_name"]]}, DETAIL),
        lambda caller: isinstance(caller.detail()["entity"]["type_name"], list),
        level="B",
    ),
    _lineage(
        "asset-workspace-as-number",
        "the workspaces of an asset are text",
        frozenset({"B-asset-shape"}),
        on_assets(lambda asset: {**asset, "workspace_id": [7]}, DETAILS),
        lambda caller: caller.details(TABLE_GUID)["entities"][0]["workspace_id"] == [7],
        level="B",
    ),
    _lineage(
        "asset-times-in-seconds",
        "the times of an asset are milliseconds",
        frozenset({"B-asset-times"}),
        on_assets(
            lambda asset: {**asset, **{key: asset[key] // _SECOND for key in ("create_time", "update_time")}},
            SEARCH,
            DETAIL,
            DETAILS,
        ),
        lambda caller: caller.detail()["entity"]["create_time"] < 10**11,
        level="B",
    ),
    _lineage(
        "asset-changed-before-it-was-made",
        "the update of an asset does not precede its creation",
        frozenset({"B-asset-times"}),
        on_assets(
            lambda asset: {**asset, "create_time": asset["update_time"], "update_time": asset["create_time"]},
            SEARCH,
            DETAIL,
            DETAILS,
        ),
        lambda caller: caller.detail()["entity"]["update_time"] < caller.detail()["entity"]["create_time"],
        level="B",
    ),
    _lineage(
        "details-of-a-neighbour",
        "ShowDataDetail shows the asset whose GUID was requested",
        frozenset({"C-asset-agrees"}),
        on_answers(_neighbour, DETAIL),
        lambda caller: caller.detail(RAW)["entity"]["guid"] == TABLE_GUID,
    ),
    _lineage(
        "detail-without-wrapper",
        "the response of ShowDataDetail has the asset in its member entity",
        frozenset({"A-catalog-shape", "C-asset-agrees"}),
        on_json(lambda document: document["entity"], DETAIL),
        lambda caller: "entity" not in caller.detail(),
    ),
    _lineage(
        "names-in-capitals-in-a-search",
        "an asset has the same name wherever it is shown",
        frozenset({"C-asset-agrees"}),
        on_assets(_upper, SEARCH),
        lambda caller: "DWS_ORDERS" in shown_names(caller.search()),
    ),
    _lineage(
        "workspace-of-the-first-asset",
        "an asset has the same workspace wherever it is shown",
        frozenset({"C-asset-agrees"}),
        on_json(
            lambda page: {
                **page,
                "entities": [
                    {**each, "workspace_id": page["entities"][0]["workspace_id"]} for each in page["entities"]
                ],
            },
            SEARCH,
        ),
        lambda caller: len({str(each["workspace_id"]) for each in caller.search()["entities"]}) == 1,
    ),
    _lineage(
        "made-at-the-time-of-asking-for-many",
        "ListEntityDetails shows when an asset was created, not when it was last changed",
        frozenset({"C-asset-agrees"}),
        on_assets(lambda asset: {**asset, "create_time": asset["update_time"]}, DETAILS),
        lambda caller: caller.details(TABLE_GUID)["entities"][0]["create_time"] > 1_700_000_000_000,
    ),
    _lineage(
        "details-lose-the-last",
        "ListEntityDetails shows each known asset that was requested",
        frozenset({"C-details-batch"}),
        detailing(
            lambda found, guids: {
                **(page := found(guids)),
                "entities": page["entities"][:-1] if len(guids) > 1 else page["entities"],
            }
        ),
        lambda caller: len(caller.details(TABLE_GUID, RAW)["entities"]) == 1,
    ),
    _lineage(
        "details-of-the-first-for-all",
        "ListEntityDetails shows each asset with its own GUID",
        frozenset({"C-details-batch"}),
        detailing(lambda found, guids: {**found(guids), "entities": found(guids[:1])["entities"] * len(guids)}),
        lambda caller: RAW not in str(caller.details(TABLE_GUID, RAW)),
    ),
    _lineage(
        "details-with-more-than-asked",
        "ListEntityDetails shows no asset that was not requested",
        frozenset({"C-details-batch"}),
        detailing(lambda found, guids: found([*guids, *({RAW, TABLE_GUID} - set(guids))])),
        lambda caller: len(caller.details(TABLE_GUID)["entities"]) == 2,
    ),
    _lineage(
        "asset-by-part-of-its-guid",
        "a GUID that only resembles that of an asset has no details",
        frozenset({"C-asset-other"}),
        on_answers(_by_prefix, DETAIL),
        lambda caller: "entity" in caller.detail(TABLE_GUID[:-1]),
    ),
    _lineage(
        "lineage-by-part-of-a-guid",
        "a GUID that only resembles that of an asset has no lineage",
        frozenset({"C-asset-other"}),
        on_answers(_by_prefix, LINEAGE),
        lambda caller: bool(caller.lineage(TABLE_GUID[:-1]).get("relationships")),
    ),
)
