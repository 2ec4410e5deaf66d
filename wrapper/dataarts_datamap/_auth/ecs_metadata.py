"""Temporary keys of the cloud server that this code runs on.

Source: the metadata accessor of huaweicloudsdkcore 3.1.219, and the user guide of ECS
(https://support.huaweicloud.com/intl/en-us/usermanual-ecs/ecs_03_0166.html).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dataarts_datamap._api.endpoints import checked_endpoint, is_link_local
from dataarts_datamap._api.error_responses import UNREADABLE, build_error, check_status, reason_of
from dataarts_datamap._arguments import any_text, secret_text
from dataarts_datamap._auth.credentials import now_utc
from dataarts_datamap._auth.temporary_keys import decode_key
from dataarts_datamap._errors import InvalidEnvelopeError, StatusError
from dataarts_datamap._messages import Request
from dataarts_datamap._secrets import Secret
from dataarts_datamap._shared_value import SharedValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dataarts_datamap._auth.credentials import AccessKeyCredentials
    from dataarts_datamap._messages import Call, Response, Wait
    from dataarts_datamap._shared_value import Fetched

_METADATA_ENDPOINT: Final = "http://169.254.169.254"
_SIX_HOURS: Final = "21600"
_NO_TOKENS: Final = frozenset({404, 405, 503})  # for the official SDK, these statuses mean that there are no tokens
_MARGIN: Final = 40 * 60.0


@dataclass(frozen=True, slots=True)
class EcsMetadataCredentials(Secret):
    """The temporary access key of the cloud server (ECS) that this code runs on, issued for its agency.

    The key comes from the metadata service, ``http://169.254.169.254``, which only the server itself can reach; no
    proxy is used. A first request gets a token of that service, a second request the key. The key is cached, and
    renewed when less than 40 minutes of its life are left (as the official SDK does), or less than a quarter if its
    life is shorter than 160 minutes. One object makes these requests once for all threads, tasks and clients that share
    it.

    These credentials are only used if they are selected: on any other machine the address belongs to someone else, or
    to nobody. If nobody responds, calls end in a ``ConnectionFailedError``.

    Attributes:
        endpoint: Address of the metadata service. Plain ``http`` is allowed for a link-local address and for this
            machine.
        clock: Returns the present time as an aware datetime.

    Raises:
        ConfigurationError: The address is unusable.
    """

    endpoint: str = _METADATA_ENDPOINT
    clock: Callable[[], datetime] = field(default=now_utc, kw_only=True, repr=False, compare=False)
    _keys: SharedValue[AccessKeyCredentials, Request | Wait] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        any_text("the metadata endpoint", self.endpoint)
        checked_endpoint(
            self.endpoint, name="metadata endpoint", allow_http=is_link_local(self.endpoint), remedy="write https"
        )
        keys = SharedValue(self._fetch, lambda: self.clock().timestamp(), margin=_MARGIN)
        object.__setattr__(self, "_keys", keys)

    def authenticate(self, request: Request) -> Call[Request]:
        """The signed request; yields requests for the key if there is none, or if it must be renewed.

        Raises:
            ServiceError: The metadata service refused: the server may have no agency.
            InvalidResponseError: One of its responses holds no token or no key.
        """
        keys = yield from self._keys.get()
        return (yield from keys.authenticate(request))

    def access_key_credentials(self) -> Call[AccessKeyCredentials]:
        """The key; yields requests for it if there is none, or if it must be renewed.

        Raises:
            ServiceError: The metadata service refused: the server may have no agency.
            InvalidResponseError: One of its responses holds no token or no key.
        """
        return (yield from self._keys.get())

    def discard(self, request: Request) -> bool:  # noqa: ARG002  the same for any key
        """Forget the key. The request is not sent again, since the next key may be the same, and failures lock it."""
        self._keys.discard(lambda _: True)
        return False

    def _fetch(self) -> Call[Fetched[AccessKeyCredentials]]:
        life = {"X-Metadata-Token-Ttl-Seconds": _SIX_HOURS}
        wanted = self._key_request((yield self._request("PUT", "/meta-data/latest/api/token", life)))
        return decode_key((yield wanted), issuer="the metadata service", clock=self.clock)

    def _key_request(self, response: Response) -> Request:
        token = _decode_token(response)
        proof = {} if token is None else {"X-Metadata-Token": token}
        return self._request("GET", "/openstack/latest/securitykey", proof)

    def _request(self, method: str, path: str, headers: Mapping[str, str]) -> Request:
        return Request(method=method, endpoint=self.endpoint.rstrip("/"), path=path, headers=headers, direct=True)


def _decode_token(response: Response) -> str | None:
    """The token of the metadata service itself; None if the service has no tokens."""
    try:
        check_status(response)
    except StatusError as error:
        if error.status in _NO_TOKENS:
            return None
        raise
    try:
        return secret_text("token", response.text)
    except UNREADABLE as error:
        problem = f"the metadata service's response is not a token: {reason_of(error)}"
    raise build_error(InvalidEnvelopeError, problem, response, raw="")
