"""The addresses that messages go to, through apprise. An address holds a secret, and is shown nowhere."""

from __future__ import annotations

import logging
import warnings
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._extras import load_extra
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._checks.notifications import Message
    from dataarts_datamap._extras import Untyped

VARIABLE: Final = "DATAMAP_NOTIFY"
"""The variable that holds the addresses, with blanks or line feeds between them."""

_LONGEST: Final = 40


class MessageAddress:
    """Where messages go, such as a channel, a phone or a mailbox.

    Attributes:
        key: What tells it from others, without its secret.
        name: What it is called in what is shown: its place in the variable, and its kind.
    """

    def __init__(self, number: int, text: str, service: Untyped) -> None:
        self.key = sha256(text.encode()).hexdigest()[:16]
        self.name = f"address {number} of {VARIABLE} ({printable(text.partition(':')[0], limit=_LONGEST)})"
        self._service = service

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def send(self, message: Message) -> bool:
        """Send a message; returns whether it was taken."""
        log = logging.getLogger("apprise")
        before = log.disabled
        log.disabled = True  # it would name the address
        try:
            sent = self._service.notify(
                body=message.text, title=message.title, notify_type=message.gravity.value, body_format="text"
            )
        except Exception:  # noqa: BLE001  a hundred services, each with libraries of its own
            return False
        finally:
            log.disabled = before
        return bool(sent)


def addresses_of(environ: Mapping[str, str]) -> list[MessageAddress]:
    """The addresses of the environment.

    Raises:
        ConfigurationError: There are none, or one is none that apprise knows.
        MissingExtraError: apprise is not installed.
    """
    texts = environ.get(VARIABLE, "").split()
    if not texts:
        raise ConfigurationError(f"{VARIABLE} holds no address: give it one of apprise, such as mailto://…")
    found: list[MessageAddress] = []
    log = logging.getLogger("apprise")
    before = log.disabled
    log.disabled = True  # as above
    try:
        apprise = _apprise()
        for number, text in enumerate(texts, start=1):
            service = apprise.Apprise()
            address = MessageAddress(number, text, service)
            if "://" not in text or not service.add(text):
                kind = address.name if "://" in text else f"address {number} of {VARIABLE}"
                raise ConfigurationError(f"{kind} is none that apprise knows")
            found.append(address)
    finally:
        log.disabled = before
    return found


def _apprise() -> Untyped:
    """The library, with all that it loads: parts of it warn of what only concerns its makers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise = load_extra("apprise", extra="notify")
        apprise.Apprise.instantiate("json://localhost", suppress_exceptions=True)
    return apprise
