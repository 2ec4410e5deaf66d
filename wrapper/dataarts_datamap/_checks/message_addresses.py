"""The addresses to which apprise sends messages. An address holds a secret, and is never shown."""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._extras import load_extra

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from dataarts_datamap._checks.notifications import Message
    from dataarts_datamap._extras import Untyped

VARIABLE: Final = "DATAMAP_NOTIFY"
"""The variable that holds the addresses, with blanks or line feeds between them."""

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,39})://", re.ASCII | re.IGNORECASE)


class MessageAddress:
    """A receiver of messages, such as a channel, a phone or a mailbox.

    Attributes:
        key: A digest that identifies it without revealing its secret.
        name: Its display name: its position in the variable, and its scheme, such as ``mailto``.
    """

    def __init__(self, name: str, text: str, service: Untyped) -> None:
        self.key = sha256(text.encode()).hexdigest()[:16]
        self.name = name
        self._service = service

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def send(self, message: Message) -> bool:
        """Send a message; returns whether the service accepted it."""
        try:
            with _silence():
                sent = self._service.notify(
                    body=message.text, title=message.title, notify_type=message.gravity.value, body_format="text"
                )
        except Exception:  # noqa: BLE001  each of a hundred services has its own errors
            return False
        return bool(sent)


def addresses_of(environ: Mapping[str, str]) -> list[MessageAddress]:
    """The addresses in the environment.

    Raises:
        ConfigurationError: There are none, apprise does not support one, or one holds a control or an invisible
            character.
        MissingExtraError: apprise is not installed.
    """
    texts = environ.get(VARIABLE, "").split()
    if not texts:
        raise ConfigurationError(f"{VARIABLE} holds no address: set it to an address for apprise, such as mailto://…")
    found: list[MessageAddress] = []
    with _silence():
        apprise = _apprise()
        for number, text in enumerate(texts, start=1):
            if not text.isprintable():
                raise ConfigurationError(f"{_named(number, None)} holds a control or an invisible character")
            service = apprise.Apprise()
            scheme = _SCHEME.match(text)
            if scheme is None or not service.add(text):
                raise ConfigurationError(f"{_named(number, scheme)} is not an address that apprise supports")
            for plugin in service:
                if plugin.overflow_mode == apprise.OverflowMode.UPSTREAM:
                    plugin.overflow_mode = apprise.OverflowMode.TRUNCATE
            found.append(MessageAddress(_named(number, scheme), text, service))
    return found


def _named(number: int, scheme: re.Match[str] | None) -> str:
    """The name of an address. It shows only the scheme, since all else may be secret."""
    return f"address {number} of {VARIABLE}{'' if scheme is None else f' ({scheme[1]})'}"


@contextmanager
def _silence() -> Generator[None]:
    """Silence logs and warnings of libraries, which would show the address."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _apprise() -> Untyped:
    """The library, with all its services, which warn while they load."""
    apprise = load_extra("apprise", extra="notify")
    apprise.Apprise.instantiate("json://localhost", suppress_exceptions=True)
    return apprise
