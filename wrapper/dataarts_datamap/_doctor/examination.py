"""Finds out, step by step, why a client does not work, and what to fix.

Error responses are interpreted with the gateway's public table of codes. Other responses are read as the documentation
of sibling services describes them.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from msgspec import structs

from dataarts_datamap._api.id_lists import PAGE_SIZE, IdPage, decode_instances, instances_request
from dataarts_datamap._api.lenient_json import decode_leniently
from dataarts_datamap._api.show_nodes import decode_operators, operators_request
from dataarts_datamap._auth.credentials import AccessKeyCredentials, TokenCredentials
from dataarts_datamap._auth.ecs_metadata import EcsMetadataCredentials
from dataarts_datamap._auth.password import PasswordCredentials
from dataarts_datamap._client.discovery import Discovery
from dataarts_datamap._doctor.findings import Finding, Outcome, failed, ok, unknown
from dataarts_datamap._doctor.remedies import (
    authentication_remedy,
    certificate_remedy,
    is_closed_operation,
    is_of_the_gateway,
)
from dataarts_datamap._errors import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DataMapError,
    DiscoveryError,
    ErrorBodyError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._retry.policy import Policy, Retry
from dataarts_datamap._times import http_time
from dataarts_datamap._transport import tls
from dataarts_datamap._transport.address_race import AddressRace, ordered
from dataarts_datamap._transport.driver import SyncTransport
from dataarts_datamap._transport.proxies import environment_proxy
from dataarts_datamap._transport.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._client.settings import Settings
    from dataarts_datamap._messages import Call, Request, Response, Steps
    from dataarts_datamap._transport.driver import Network

_PATIENCE: Final = 20.0
_CLOCK_WINDOW: Final = timedelta(minutes=15)
_NOTABLE_SKEW: Final = timedelta(minutes=1)
_SOON: Final = timedelta(days=14)
_NO_TABLE: Final = "00000000-0000-0000-0000-000000000000"
_MOST_SHOWN: Final = 5
_OK: Final = 200
_UNSET: Final = "-"
_INSTANCE_REMEDY: Final = "set DATAMAP_INSTANCE_ID (--instance-id) to one of the project's"
_SETTINGS: Final = "settings"
_ACCEPTED: Final = "the credentials are accepted"
_UNWELL: Final = "if the network is fine, the service or a proxy in front of it has a problem: try again later"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorInput:
    """The settings of the client to examine; instead of credentials, there can be the reason why there are none."""

    settings: Settings
    credentials: Credentials | str
    network: Network
    policy: Policy
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Anonymous:
    """Credentials of a client without any: requests are sent unchanged."""

    def authenticate(self, request: Request) -> Call[Request]:
        yield from ()
        return request


def input_of(client: DataMapClient, *, credentials_problem: str | None = None) -> DoctorInput:
    inside: dict[str, Any] = vars(client)
    return DoctorInput(
        settings=inside["_settings"],
        credentials=credentials_problem or inside["_credentials"],
        network=inside["_network"],
        policy=inside["_policy"],
    )


def examine(doctor_input: DoctorInput) -> Iterator[Finding]:
    """The finding of each step, as soon as it has ended.

    No request is sent twice, and none takes longer than 20 seconds. At most three requests carry the credentials, and
    none follows one that was refused because of them: so a wrong secret key causes only one of the failures that lock
    the access key.
    """
    transport = SyncTransport(doctor_input.network, doctor_input.policy.clock)
    examination = _Examination(doctor_input, transport)
    ended: dict[str, Outcome] = {}
    try:
        for step in _STEPS:
            finding = _blocked(step, ended) or step.check(examination)
            ended[step.name] = finding.outcome
            yield replace(finding, step=step.name)
    finally:
        transport.close()


def unsettled(problem: str) -> Iterator[Finding]:
    """The findings for invalid settings: their problem, and all steps as skipped."""
    remedy = "fix it, as an option or a variable (datamap doctor --help names them), and run the doctor again"
    yield replace(failed(problem, remedy), step=_SETTINGS)
    for step in _STEPS:
        yield Finding(Outcome.SKIPPED, f"needs {_SETTINGS}", step=step.name)


class _Examination:
    """The steps, and the facts that earlier steps find out for later steps."""

    def __init__(self, doctor_input: DoctorInput, transport: SyncTransport) -> None:
        self._input = doctor_input
        self._transport = transport
        self._policy = structs.replace(
            doctor_input.policy, retry=Retry(attempts=1), deadline=min(doctor_input.policy.deadline, _PATIENCE)
        )
        self._patience = min(doctor_input.network.timeout, _PATIENCE)
        self._endpoint = doctor_input.settings.endpoint
        self._project_id = doctor_input.settings.project_id
        self._instance_id = doctor_input.settings.instance_id
        self._proxy, self._proxy_problem = doctor_input.network.proxy, ""
        try:
            self._proxy = self._proxy or environment_proxy(self._endpoint)
        except ConfigurationError as error:
            self._proxy_problem = str(error)
        parts = urlsplit(self._proxy.address if self._proxy else self._endpoint)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._what = "the proxy " if self._proxy else ""
        self._credentials = Anonymous() if isinstance(doctor_input.credentials, str) else doctor_input.credentials
        self._date = ""
        self._undecided: DiscoveryError | None = None
        self._listing: IdPage | DataMapError | None = None

    def credentials(self) -> Finding:
        credentials = self._input.credentials
        if isinstance(credentials, str):
            return failed(credentials, "set the named variables or options; nothing was sent")
        return ok(_kind(credentials))

    def address(self) -> Finding:
        if self._proxy_problem:
            return failed(self._proxy_problem, "check the proxy variables in the environment of this program")
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name with two dots in a row, or a part of 64 letters
            reason = error.strerror if isinstance(error, OSError) else error
            remedy = "check the spelling of the endpoint, the region or the proxy; else ask the network administrator"
            return failed(f"{self._what}{self._host} has no address: {reason}", remedy)
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        return ok(f"{self._what}{self._host} is {', '.join(addresses[:_MOST_SHOWN])}")

    def connection(self) -> Finding:
        try:
            connected, silent = self._connect()
            connected.close()
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            remedy = "look for a firewall in between; if a proxy is required, name it in HTTPS_PROXY"
            return failed(f"no connection to {self._what}{self._host}:{self._port}: {reason}", remedy)
        seen = f"{self._what}{self._host}:{self._port} accepts connections"
        if silent:
            slow = ", ".join(silent[:_MOST_SHOWN])
            remedy = f"ask the network administrator why {slow} does not respond: it delays each new connection"
            return ok(f"{seen}, but not at once: {slow} does not respond", remedy)
        return ok(seen)

    def certificate(self) -> Finding:
        if not self._endpoint.startswith("https:"):
            return ok("plain http: there is no certificate")
        if self._proxy:
            return ok("through the proxy: the next step checks it")
        try:
            with (
                self._connect()[0] as plain,
                tls.tls_context().wrap_socket(plain, server_hostname=self._host) as secure,
            ):
                return self._validity(secure)
        except ConfigurationError as error:
            return failed(error, "check SSL_CERT_FILE in the environment of this program")
        except ssl.SSLCertVerificationError as error:
            return failed(f"not trusted: {error.verify_message}", certificate_remedy(error.verify_code))
        except (OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            remedy = "check the endpoint; something in between may interrupt the connection"
            if tls.is_without_tls(error):
                reason, remedy = "the port does not use TLS", tls.NO_TLS_ADVICE
            return failed(f"no TLS with {self._host}:{self._port}: {reason}", remedy)

    def service(self) -> Finding:
        """Send a request without credentials: its error response shows that the service is there, and costs nothing."""
        try:
            greeting = self._ask(self._list_request(), Anonymous())
        except DataMapError as error:
            return failed(error, _UNWELL)
        self._date = greeting.headers.get("date", "")
        if not _is_json(greeting):
            type_ = greeting.headers.get("content-type", "no content type")
            remedy = "this is not the service: a proxy, a sign-in page or another server responds at the endpoint"
            return failed(f"HTTP {greeting.status} with {type_} instead of JSON", remedy)
        problem = _error_of(greeting)
        if isinstance(problem, ServerError):
            return failed(problem, "the service has a problem: try again later")
        return ok(f"responds with HTTP {greeting.status}")

    def clock(self) -> Finding:
        date = http_time(self._date)
        if date is None:
            return unknown("the response has no valid date", "compare this machine's clock with another")
        skew = self._input.now() - date
        if abs(skew) <= _NOTABLE_SKEW:
            return ok("this machine and the server agree to the minute")
        seen = f"this machine is {_span(skew)} {'ahead of' if skew > timedelta() else 'behind'} the server"
        remedy = "set this machine's clock (NTP)"
        if abs(skew) > _CLOCK_WINDOW and isinstance(self._credentials, AccessKeyCredentials | EcsMetadataCredentials):
            return failed(f"{seen}; signatures are refused beyond 15 minutes", remedy)
        return ok(seen, remedy)

    def authentication(self) -> Finding:
        try:
            self._project_id = self._project_id or self._transport.run(self._find_project())
            response = self._ask(self._list_request(), self._credentials)
        except DiscoveryError as error:
            self._undecided = error
            return ok(_ACCEPTED)
        except AuthenticationError as error:
            return failed(error, authentication_remedy(error, self._credentials))
        except DataMapError as error:
            return failed(error, _UNWELL)
        problem = _error_of(response)
        if isinstance(problem, AuthenticationError):
            return failed(problem, authentication_remedy(problem, self._credentials))
        self._listing = problem or _read_listing(response)
        if isinstance(problem, RateLimitError | ServerError):
            return unknown(problem, "try again later")
        return ok(_ACCEPTED)

    def project(self) -> Finding:
        listing = self._listing
        if self._undecided is not None:
            return failed(self._undecided, "set DATAMAP_PROJECT_ID (--project-id) to the id of a project in the region")
        if not isinstance(listing, DataMapError):
            return ok(f"{self._project_id} is known")
        remedy = (
            "take the project id of the endpoint's region (console: My Credentials > API Credentials); a token must "
            "have this project as its scope"
        )
        if isinstance(listing, BadRequestError | PermissionDeniedError | NotFoundError) and not is_closed_operation(
            listing
        ):
            return failed(listing, remedy)
        return unknown(listing, "see the last step: the list of instances could not be read")

    def instance(self) -> Finding:
        if not isinstance(self._listing, IdPage):
            return unknown("the list of instances could not be read", "see the last step")
        if self._instance_id is None:
            return self._only_instance(self._listing)
        if self._instance_id in {order.id for order in self._listing.candidates}:
            return ok(f"{self._instance_id} is an instance of the project")
        if _is_cut(self._listing):
            return unknown(
                f"{self._instance_id} is not among the listed instances, but there are more", "see the last step"
            )
        seen = f"{self._instance_id} is not an instance of the project: {_known(self._listing)}"
        return failed(seen, _INSTANCE_REMEDY)

    def _only_instance(self, listing: IdPage) -> Finding:
        """The finding if no instance is set; the next step uses the only one in effect on the first page."""
        in_effect = list(dict.fromkeys(order.id for order in listing.candidates if order.flaw is None))
        is_cut = _is_cut(listing)
        if len(in_effect) > 1 or not (in_effect or is_cut):
            seen = f"none is set, and {len(in_effect)} of the project's instances are in effect: {_known(listing)}"
            return failed(seen, _INSTANCE_REMEDY)
        self._instance_id = next(iter(in_effect), None)
        if is_cut:
            one = f"only {self._instance_id}" if in_effect else "none"
            seen = f"none is set, and of the listed instances {one} is in effect, but there are more"
            return unknown(seen, _INSTANCE_REMEDY)
        return ok(f"none is set, and {self._instance_id} is the only one in effect")

    def data_map(self) -> Finding:
        """Request a table that cannot exist: an account with the right to read gets the error that there is none."""
        if self._instance_id is None:
            return unknown("there is no instance for the request", "set DATAMAP_INSTANCE_ID (--instance-id)")
        request = operators_request(
            endpoint=self._endpoint,
            project_id=self._project_id or _UNSET,
            instance_id=self._instance_id,
            table_guid=_NO_TABLE,
        )
        try:
            problem = _error_of(self._ask(request, self._credentials))
        except DataMapError as error:
            return unknown(error, "try again later")
        if problem is None or (isinstance(problem, _NO_TABLE_ERRORS) and not is_of_the_gateway(problem)):
            return ok("the Data Map responds")
        if isinstance(problem, PermissionDeniedError):
            remedy = "check project and instance id; else ask for a role that may read (DAYU User or above)"
            return failed(problem, remedy)
        if isinstance(problem, NotFoundError):
            return failed(problem, "the Data Map is not offered at this address: check endpoint, prefix and region")
        return unknown(problem, "try again later")

    def _connect(self) -> tuple[socket.socket, list[str]]:
        """A connection, and the addresses that were tried before and have not responded."""
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        race = AddressRace(ordered(found, None), lambda: self._patience, lambda _: nullcontext())
        try:
            connected, _ = race.run()
        except WireError as error:
            cause = error.args[0]
            failure = cause if isinstance(cause, OSError) else TimeoutError(str(error))
        else:
            connected.settimeout(self._patience)
            return connected, [str(address.where[0]) for address in race.silent]
        raise failure

    def _validity(self, secure: ssl.SSLSocket) -> Finding:
        certificate: Mapping[str, object] = secure.getpeercert() or {}
        expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
        seen = f"trusted until {expires:%Y-%m-%d}"
        if expires - self._input.now() < _SOON:
            return ok(seen, "tell the operator of the service that its certificate expires soon")
        return ok(seen)

    def _find_project(self) -> Steps[str]:
        """The id of the project with the region's name."""
        settings = structs.replace(self._input.settings, instance_id=_UNSET, workspace_id=None)
        return (yield from Discovery(settings, self._credentials, self._policy).scope()).project_id

    def _list_request(self) -> Request:
        return instances_request(0, endpoint=self._endpoint, project_id=self._project_id or _UNSET)

    def _ask(self, request: Request, credentials: Credentials) -> Response:
        return self._transport.run(exchange(request, credentials, self._policy, lambda response: response))


class _Step(NamedTuple):
    name: str
    check: Callable[[_Examination], Finding]
    needs: tuple[str, ...] = ()


_STEPS: Final = (
    _Step("credentials", _Examination.credentials),
    _Step("address", _Examination.address),
    _Step("connection", _Examination.connection, ("address",)),
    _Step("certificate", _Examination.certificate, ("connection",)),
    _Step("service", _Examination.service, ("certificate",)),
    _Step("clock", _Examination.clock, ("service",)),
    _Step("authentication", _Examination.authentication, ("credentials", "service", "clock")),
    _Step("project", _Examination.project, ("authentication",)),
    _Step("instance", _Examination.instance, ("project",)),
    _Step("data map", _Examination.data_map, ("instance",)),
)
_STOPPING: Final = frozenset({Outcome.FAILED, Outcome.SKIPPED})
_NO_TABLE_ERRORS: Final = (BadRequestError, NotFoundError, ErrorBodyError)


def _blocked(step: _Step, ended: Mapping[str, Outcome]) -> Finding | None:
    missing = [name for name in step.needs if ended[name] in _STOPPING]
    return Finding(Outcome.SKIPPED, f"needs {' and '.join(missing)}") if missing else None


def _kind(credentials: Credentials) -> str:
    match credentials:
        case TokenCredentials():
            return "a user token"
        case AccessKeyCredentials(security_token=None):
            return "an access key"
        case AccessKeyCredentials():
            return "a temporary access key with its security token"
        case PasswordCredentials():
            return "a user and a password"
        case EcsMetadataCredentials():
            return "the key of this cloud server"
        case _:
            return type(credentials).__name__


def _error_of(response: Response) -> DataMapError | None:
    """The error in a response; None for HTTP 200 without an error body."""
    try:
        decode_operators(response)
    except DataMapError as error:
        return None if response.status == _OK and not isinstance(error, ErrorBodyError) else error
    return None


def _is_json(response: Response) -> bool:
    try:
        decode_leniently(response.content)
    except (ValueError, RecursionError):
        return False
    return True


def _read_listing(response: Response) -> IdPage | None:
    try:
        page = decode_instances(response)
    except DataMapError:
        return None
    return page if page.is_sent else None


def _is_cut(page: IdPage) -> bool:
    """Whether there are more orders than on the first page, or may be: a full page without a count leaves it open."""
    return page.rows < page.total if page.total is not None else page.rows >= PAGE_SIZE


def _known(listing: IdPage) -> str:
    ids = list(dict.fromkeys(order.id for order in listing.candidates))
    return f"it has {', '.join(ids[:_MOST_SHOWN]) or 'none'}"


def _span(skew: timedelta) -> str:
    return str(timedelta(seconds=round(abs(skew).total_seconds())))
