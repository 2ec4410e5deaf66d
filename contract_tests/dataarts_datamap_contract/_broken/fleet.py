"""All servers of the fleet."""

from __future__ import annotations

from typing import Final, get_args

from dataarts_datamap_contract._broken import (
    access_rules,
    arithmetic,
    asset_requests,
    assets,
    background_syncs,
    bad_input,
    body,
    caches,
    calendar,
    catalogues,
    connections,
    correct_assets,
    correct_catalogues,
    correct_data,
    correct_formats,
    correct_rules,
    correct_services,
    correct_wire,
    correct_worlds,
    crashes,
    credentials,
    databases,
    envelope,
    error_responses,
    filters,
    gateways,
    graph_stores,
    graphs,
    isolation,
    large_pages,
    lineage,
    number_parsers,
    one_world,
    operators,
    outside,
    paging,
    query_builders,
    replicas,
    row_mappers,
    row_values,
    search_indexes,
    signatures,
    unseen_assets,
    unseen_runs,
    upgrades,
    windows,
)
from dataarts_datamap_contract._broken.servers import BrokenServer, Cohort, CorrectServer

_COHORTS: Final = get_args(Cohort)
_SUBJECTS: Final = (
    *(envelope, error_responses, body, paging, windows, filters),
    *(credentials, signatures, bad_input, crashes),
    *(large_pages, arithmetic, one_world, calendar, operators, connections, isolation, number_parsers),
    *(assets, lineage, asset_requests, unseen_runs, unseen_assets),
    *(databases, row_values, caches, gateways, catalogues, graphs),
    outside,
    *(query_builders, row_mappers, replicas, search_indexes, background_syncs, graph_stores, upgrades, access_rules),
)
_CORRECT: Final = (
    *(*correct_rules.CORRECT_SERVERS, *correct_formats.CORRECT_SERVERS),
    *(*correct_data.CORRECT_SERVERS, *correct_assets.CORRECT_SERVERS),
    *(*unseen_assets.CORRECT_SERVERS, *correct_wire.CORRECT_SERVERS, *correct_worlds.CORRECT_SERVERS),
    *outside.CORRECT_SERVERS,
    *(*correct_catalogues.CORRECT_SERVERS, *correct_services.CORRECT_SERVERS),
)


def _cohort(server: BrokenServer | CorrectServer) -> int:
    return _COHORTS.index(server.cohort)


BROKEN_SERVERS: Final[tuple[BrokenServer, ...]] = tuple(
    sorted((server for subject in _SUBJECTS for server in subject.BROKEN_SERVERS), key=_cohort)
)
"""Every broken server, sorted by cohort and level."""

CORRECT_SERVERS: Final[tuple[CorrectServer, ...]] = tuple(sorted(_CORRECT, key=_cohort))
"""Every correct but different server, sorted by cohort."""
