"""The known regions, with the addresses of the service and of IAM."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dataarts_datamap._arguments import any_text
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGION: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SERVICE_HOST: Final = re.compile(r"https://dayu\.([a-z0-9-]+)\.myhuaweicloud\.(?:com|eu)")
_DOMAIN: Final = "myhuaweicloud.com"
# The European documentation has .eu, the official SDK's region file .com.
_DOMAINS: Final = MappingProxyType({"eu-west-101": "myhuaweicloud.eu"})
_REGIONS_WITH_IAM: Final = (
    *("cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-east-2", "cn-east-3", "cn-east-4", "cn-south-1"),
    *("cn-southwest-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "af-south-1"),
    *("sa-brazil-1", "la-south-2", "la-north-2", "na-mexico-1", "tr-west-1", "me-east-1", "ae-ad-1", "ru-moscow-1"),
    *("my-kualalumpur-1", "eu-west-101"),
)
_REGIONS_WITHOUT_IAM: Final = ("cn-north-11", "ru-northwest-2")


class Region(Struct, frozen=True):
    """A region, with the addresses of the service and of IAM.

    Attributes:
        id: Its id, which is also the name of each account's first project in it.
        endpoint: Address of DataArts Studio's Data Map.
        iam_endpoint: Address of IAM. A token of a region's own IAM is only valid in that region, a token of the global
            IAM (``https://iam.myhuaweicloud.com``) in every region (documented).
    """

    id: str
    endpoint: str
    iam_endpoint: str

    @property
    def obs_endpoint(self) -> str:
        """Address of object storage; each bucket has a subdomain of it (official OBS SDK)."""
        return self.endpoint.replace("://dayu.", "://obs.", 1)


def _region(region: str, *, has_iam: bool) -> Region:
    domain = _DOMAINS.get(region, _DOMAIN)
    iam = f"iam.{region}.{domain}" if has_iam else f"iam.{_DOMAIN}"
    return Region(region, f"https://dayu.{region}.{domain}", f"https://{iam}")


REGIONS: Final[Mapping[str, Region]] = MappingProxyType(
    {
        region: _region(region, has_iam=region in _REGIONS_WITH_IAM)
        for region in sorted((*_REGIONS_WITH_IAM, *_REGIONS_WITHOUT_IAM))
    }
)
"""The regions of DataArts Studio in the official SDK 3.1.219, by id. Their endpoints are the SDK's, except in
Europe: there the documentation has ``myhuaweicloud.eu``, the SDK ``.com``.

For any other region, a client uses the documented rule ``dayu.{region}.myhuaweicloud.com`` and the global IAM, since
regions are added over time. A region that does not exist leads to a ``ConnectionFailedError`` that names the host.
"""


def find_region(region: str) -> Region:
    """The region with an id; an id that is not in ``REGIONS`` gets the addresses described there.

    Raises:
        InvalidArgumentError: It is not text.
        ConfigurationError: The text does not have the form of an id.
    """
    if not _REGION.fullmatch(any_text("region", region)):
        raise ConfigurationError(f"{shown(region)} is not the id of a region, such as eu-west-101")
    return REGIONS.get(region) or _region(region, has_iam=False)


def region_of(endpoint: str) -> str | None:
    """The id of the region in a public address of the service; None for any other address."""
    match = _SERVICE_HOST.fullmatch(endpoint)
    return None if match is None else match[1]
