"""Where requests for a log go, and how they are signed."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from dataarts_datamap import REGIONS, AccessKeyCredentials, ConfigurationError, Request
from dataarts_datamap._logs.locations import LogLocation, StorageHost, bucket_host, storage_endpoint
from dataarts_datamap._logs.objects import list_request, part_request
from dataarts_datamap._logs.signing import sign

BUCKET = "dlf-log-0833a5737480d53b2f25c010dc1a7b88"
KEY = "b88c445407b24283aa949f9833a38fd8/etl-dli2dws/2024-01-11_09_01_47.000/ETL Job/订单.job"
MOMENT = datetime(2024, 1, 11, 1, 29, 22, tzinfo=UTC)
DATE = "Thu, 11 Jan 2024 01:29:22 GMT"
ACCESS_KEY, SECRET_KEY = "AKEXAMPLE0000000000", "SKexample" + "0" * 32
HOST = StorageHost(f"https://{BUCKET}.obs.eu-west-101.myhuaweicloud.eu")


def key(security_token: str | None = None) -> AccessKeyCredentials:
    """The key of the vectors."""
    return AccessKeyCredentials(ACCESS_KEY, SECRET_KEY, security_token, clock=lambda: MOMENT)


def test_vector_of_an_object() -> None:
    """An object's request has the signature that the official signer gives it, whatever range is asked for."""
    request = part_request(HOST, LogLocation(BUCKET, KEY), "bytes=-100")
    signed = sign(request, bucket=BUCKET, key=key())

    assert f"OBS {ACCESS_KEY}:oRObn6/OuL+e+R0iwKYrYGxWR+E=" == signed.headers["Authorization"]
    assert (DATE, "bytes=-100") == (signed.headers["Date"], signed.headers["Range"])


def test_vector_of_a_temporary_key() -> None:
    """The security token goes along, and is signed."""
    signed = sign(part_request(HOST, LogLocation(BUCKET, KEY), None), bucket=BUCKET, key=key("STEXAMPLE"))

    assert f"OBS {ACCESS_KEY}:tZ8lHYKN1DmndqojbFZG1ISdi2A=" == signed.headers["Authorization"]
    assert "STEXAMPLE" == signed.headers["x-obs-security-token"]


def test_vector_of_a_list() -> None:
    """What a list is asked for with is not signed."""
    request = list_request(HOST, "a/b")
    signed = sign(request, bucket=BUCKET, key=key())

    assert f"OBS {ACCESS_KEY}:pcw4W7n9dtIo84BXSrvQz/8EmqY=" == signed.headers["Authorization"]


def test_dates_are_english_in_every_locale() -> None:
    """The date is that of RFC 1123, by the clock of the key."""
    signed = sign(Request(method="GET", endpoint="https://h", path="/k"), bucket="b", key=key())
    to_sign = f"GET\n\n\n{format_datetime(MOMENT, usegmt=True)}\n/b/k"
    expected = base64.b64encode(hmac.digest(SECRET_KEY.encode(), to_sign.encode(), "sha1")).decode()

    assert f"OBS {ACCESS_KEY}:{expected}" == signed.headers["Authorization"]


def test_secrets_are_shown_by_no_request() -> None:
    """A signed request shows neither key nor token."""
    signed = sign(part_request(HOST, LogLocation(BUCKET, KEY), None), bucket=BUCKET, key=key("STEXAMPLE"))

    assert "STEXAMPLE" not in repr(signed)
    assert "STEXAMPLE" not in repr(signed.headers)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://obs.eu-west-101.myhuaweicloud.eu", StorageHost("https://a-b.obs.eu-west-101.myhuaweicloud.eu")),
        ("https://obs.example:8443", StorageHost("https://a-b.obs.example:8443")),
        ("http://127.0.0.1:8080", StorageHost("http://127.0.0.1:8080", "a-b.127.0.0.1:8080")),
        ("http://localhost", StorageHost("http://localhost", "a-b.localhost")),
        ("http://[::1]:8080", StorageHost("http://[::1]:8080", "a-b.localhost:8080")),
        ("https://10.1.2.3", StorageHost("https://10.1.2.3", "a-b.10.1.2.3")),
    ],
)
def test_bucket_has_a_host_of_its_own(endpoint: str, expected: StorageHost) -> None:
    """A bucket is always named by the host, and one that has no address is named by the request."""
    assert expected == bucket_host(endpoint, "a-b")


@pytest.mark.parametrize(
    ("region", "endpoint", "expected"),
    [
        ("eu-west-101", "https://dayu.example", "https://obs.eu-west-101.myhuaweicloud.eu"),
        ("cn-north-4", "https://dayu.example", "https://obs.cn-north-4.myhuaweicloud.com"),
        ("new-region-9", "https://dayu.example", "https://obs.new-region-9.myhuaweicloud.com"),
        (None, "https://dayu.eu-west-101.myhuaweicloud.eu", "https://obs.eu-west-101.myhuaweicloud.eu"),
        (None, "https://dayu.cn-north-4.myhuaweicloud.com", "https://obs.cn-north-4.myhuaweicloud.com"),
        (None, "http://127.0.0.1:8080/prefix", "http://127.0.0.1:8080"),
        ("eu-west-101", "http://127.0.0.1:8080", "https://obs.eu-west-101.myhuaweicloud.eu"),
    ],
)
def test_endpoint_of_a_region(region: str | None, endpoint: str, expected: str) -> None:
    """Object storage is that of the client's region, which the service's public address tells, too."""
    assert expected == storage_endpoint(region, endpoint)


def test_endpoint_that_is_not_known() -> None:
    """Another address of the service tells no region."""
    with pytest.raises(ConfigurationError):
        storage_endpoint(None, "https://dayu.eu-west-101.example.com")


def test_each_region_has_object_storage() -> None:
    """In Europe it is below .eu, elsewhere below .com."""
    assert "https://obs.eu-west-101.myhuaweicloud.eu" == REGIONS["eu-west-101"].obs_endpoint
    others = {region.obs_endpoint for region in REGIONS.values() if region.id != "eu-west-101"}
    assert all(one.startswith("https://obs.") and one.endswith(".myhuaweicloud.com") for one in others)
