"""Regions and their addresses."""

from __future__ import annotations

from typing import Any

import pytest

from dataarts_datamap import REGIONS, DataMapClient, Region
from dataarts_datamap._api.endpoints import checked_endpoint
from dataarts_datamap._api.regions import find_region
from support.faces import SETTINGS

GLOBAL_IAM = "https://iam.myhuaweicloud.com"


@pytest.mark.parametrize(
    "region",
    [
        Region("eu-west-101", "https://dayu.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"),
        Region("cn-north-4", "https://dayu.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"),
        Region("cn-north-11", "https://dayu.cn-north-11.myhuaweicloud.com", GLOBAL_IAM),
        Region("ru-northwest-2", "https://dayu.ru-northwest-2.myhuaweicloud.com", GLOBAL_IAM),
    ],
)
def test_known_region(region: Region) -> None:
    """The addresses are the official SDK's, but for Europe's, which are the documentation's."""
    assert region == REGIONS[region.id] == find_region(region.id)


def test_unknown_region() -> None:
    """A region that is not known yet has the address of the documented rule, and the global IAM."""
    assert Region("xx-new-9", "https://dayu.xx-new-9.myhuaweicloud.com", GLOBAL_IAM) == find_region("xx-new-9")
    assert "xx-new-9" not in REGIONS


def test_table() -> None:
    """There are the 26 regions that the official SDK knows, each with addresses that a client takes."""
    assert 26 == len(REGIONS)
    assert sorted(REGIONS) == list(REGIONS)
    for region in REGIONS.values():
        assert region.endpoint == checked_endpoint(region.endpoint)
        assert region.iam_endpoint == checked_endpoint(region.iam_endpoint)


def test_table_is_frozen() -> None:
    """No one changes the table for everyone."""
    table: Any = REGIONS
    with pytest.raises(TypeError):
        table["a"] = find_region("a")
    with pytest.raises(AttributeError):
        table["cn-north-4"].endpoint = "https://elsewhere"


def test_overrides() -> None:
    """Each address of a region can be overridden."""
    client = DataMapClient(**{**SETTINGS, "region": "cn-north-4", "endpoint": "https://h", "iam_endpoint": "https://i"})

    assert "endpoint='https://h'" in repr(client)
