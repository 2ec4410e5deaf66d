"""The findings as a text to paste into an issue or a ticket, with versions and settings."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dataarts_datamap._api.regions import REGIONS
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._text import printable
from dataarts_datamap._transport.proxies import environment_proxy
from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dataarts_datamap._doctor.examination import DoctorInput
    from dataarts_datamap._doctor.findings import Finding

_LIBRARIES: Final = ("msgspec", "h11", "httpcore2", "certifi", "click", "rich")
_VARIABLES: Final = re.compile(
    r"(?:DATAMAP|HUAWEICLOUD)_\w+|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)", re.IGNORECASE
)
_SHORTEST_KNOWN: Final = 4
_ID: Final = re.compile(
    r"\b(?i:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})[\w-]*"  # a GUID, or a request id that begins with one
    r"|\b[0-9a-f]{16,}\b|\b[A-Z0-9]{16,}\b",  # a hexadecimal id; the id of an access key
    re.ASCII,
)
_ADDRESS: Final = re.compile(
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b"
    r"|(?<![\w:])[0-9a-f:]*::[0-9a-f:]*(?:(?:\.\d{1,3}){3})?(?!\w)",
    re.ASCII | re.IGNORECASE,
)
_BACKTICKS: Final = re.compile(r"`+")


def report(findings: Sequence[Finding], doctor_input: DoctorInput, *, with_ids: bool = False) -> str:
    """Versions, system, the service's address, the names of the client's variables that are set, and the findings.

    It is Markdown, and holds no secret. Without ``with_ids``, it replaces ids, access keys, IP addresses, and the hosts
    of the proxy and of private endpoints by their kinds, even where a server's text has them.
    """
    service = doctor_input.settings.endpoint
    lines = [line for finding in findings for line in _lines(finding)]
    if not with_ids:
        hide = _Hiding(doctor_input)
        service, lines = hide(service), [hide(line) for line in lines]
    rows = [
        ("Version", __version__),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("System", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Libraries", ", ".join(_libraries())),
        ("Service", service),
        ("Variables", ", ".join(sorted(name for name in os.environ if _VARIABLES.fullmatch(name))) or "none"),
    ]
    table = ["| | |", "|---|---|", *(f"| {name} | {printable(value).replace('|', '&#124;')} |" for name, value in rows)]
    fence = _fence(lines)
    return "\n".join(["### datamap doctor", "", *table, "", f"{fence}text", *lines, fence]) + "\n"


def _libraries() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.outcome:<9}{finding.step:<16}{finding.text}"
    if finding.remedy:
        yield f"{'':<25}to fix: {finding.remedy}"


def _fence(lines: Iterable[str]) -> str:
    """A fence of more backticks than any run of them in the lines, so that no text of a server ends the block."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)


class _Hiding:
    """Replaces ids, hosts and addresses by their kinds."""

    def __init__(self, doctor_input: DoctorInput) -> None:
        settings = doctor_input.settings
        named = (
            ("<project>", settings.project_id),
            ("<instance>", settings.instance_id),
            ("<workspace>", settings.workspace_id),
            ("<proxy>", _proxy_host(doctor_input)),
            ("<host>", _own_host(settings.iam_endpoint or "")),
            ("<host>", _own_host(settings.endpoint)),
        )
        self._known = {value: name for name, value in named if value and len(value) >= _SHORTEST_KNOWN}

    def __call__(self, text: str) -> str:
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, self._known[value])
        return _ADDRESS.sub("<address>", _ID.sub("<id>", text))


def _own_host(address: str) -> str | None:
    """The host of an address; None if it is a public host of a region."""
    host = urlsplit(address).hostname
    public = (urlsplit(known).hostname for one in REGIONS.values() for known in (one.endpoint, one.iam_endpoint))
    return None if host in public else host


def _proxy_host(doctor_input: DoctorInput) -> str | None:
    try:
        proxy = doctor_input.network.proxy or environment_proxy(doctor_input.settings.endpoint)
    except ConfigurationError:
        return None
    return urlsplit(proxy.address).hostname if proxy else None
