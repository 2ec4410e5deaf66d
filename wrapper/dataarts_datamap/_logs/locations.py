"""The locations of logs: buckets and keys, and the hosts of buckets."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from dataarts_datamap._api.endpoints import checked_endpoint
from dataarts_datamap._api.regions import find_region, region_of
from dataarts_datamap._arguments import ip_address_of, is_loopback
from dataarts_datamap._errors import ConfigurationError, LogPathError
from dataarts_datamap._text import printable, shown

_PATH: Final = re.compile(r"obs://([^/]*)/(.+)", re.DOTALL)
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LONGEST_KEY: Final = 1024


class LogLocation(Struct, frozen=True):
    """An object of object storage."""

    bucket: str
    key: str

    @property
    def path(self) -> str:
        """The location as text, in the form of a run's log path."""
        return f"obs://{self.bucket}/{self.key}"


class StorageHost(Struct, frozen=True):
    """The host for requests to a bucket.

    Attributes:
        endpoint: Scheme, host and port to connect to.
        virtual_host: The host that the request names; None for the endpoint's own.
    """

    endpoint: str
    virtual_host: str | None = None


def log_location(path: str | None) -> LogLocation:
    """The location that a run's log path names.

    Raises:
        LogPathError: The path is missing, or is not a valid path in object storage.
    """
    if not path:
        raise LogPathError("the run has no log path: it wrote no log, perhaps because it did not start")
    match = _PATH.fullmatch(path)
    if match is None or not _BUCKET.fullmatch(match[1]) or ".." in match[1] or len(match[2]) > _LONGEST_KEY:
        raise LogPathError(
            f"the run's log path {shown(path, limit=200)} is not a path in object storage, obs://bucket/key"
        )
    return LogLocation(match[1], match[2])


def checked_storage_endpoint(endpoint: str, *, allow_http: bool, is_proxied: bool) -> str:
    """The address of object storage without slashes at its end.

    Raises:
        ConfigurationError: ``checked_endpoint`` refuses the address, or it has a path.
    """
    name = "object storage endpoint"
    checked = checked_endpoint(endpoint, name=name, allow_http=allow_http, is_proxied=is_proxied)
    if urlsplit(checked).path:
        raise ConfigurationError(
            f"the {name} {printable(endpoint, limit=120)} holds a path: give only host and port, without a bucket"
        )
    return checked


def storage_endpoint(region: str | None, service_endpoint: str) -> str:
    """The address of a region's object storage, without a bucket.

    If the region is not given, the service's address can show it. If it does not, a service on this machine, such as a
    mock server, is its own object storage.

    Raises:
        ConfigurationError: Neither the region nor the service's address determines it, or the region is not an id.
    """
    if known := region or region_of(service_endpoint):
        return find_region(known).obs_endpoint
    own = own_machine(service_endpoint)
    if own is None:
        raise ConfigurationError(
            "the address of object storage is not known: pass obs_endpoint=… or region=… (--obs-endpoint, --region), "
            "or set DATAMAP_OBS_ENDPOINT or DATAMAP_REGION"
        )
    return own


def own_machine(endpoint: str) -> str | None:
    """Scheme, host and port of an address on this machine; None for any other."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}" if is_loopback(parts.hostname or "") else None


def bucket_host(endpoint: str, bucket: str) -> StorageHost:
    """The host for requests to a bucket: the bucket's subdomain, since OBS refuses a bucket in the path.

    A numeric address, or this machine, has no subdomains: the connection goes to the address itself, and the request
    names the bucket's host.
    """
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if is_loopback(host) or ip_address_of(host) is not None:
        name = "localhost" if ":" in host else host
        port = "" if parts.port is None else f":{parts.port}"
        return StorageHost(endpoint, f"{bucket}.{name}{port}")
    return StorageHost(f"{parts.scheme}://{bucket}.{parts.netloc}")
