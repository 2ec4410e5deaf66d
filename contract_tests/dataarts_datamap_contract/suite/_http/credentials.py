"""Credentials: the target's own, and wrong ones that are close to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from dataarts_datamap_contract.suite._http.messages import TOKEN_HEADER, Credential
from dataarts_datamap_contract.suite._http.signing import DATE_HEADER, sdk_date, sign
from dataarts_datamap_contract.suite.target import SHORTEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite.target import Target

NOBODY = Credential("bad")
"""No credentials at all."""

_TOKEN = "$DATAMAP_TOKEN"  # noqa: S105  the name of a variable
_MADE_UP = ("null", "*")
_NO_USER = "Basic Og=="
_DIGITS = 64
_SIGNED = ("X-Sdk-Date: $DATAMAP_SIGNED_DATE", "Authorization: $DATAMAP_AUTHORIZATION")


def good_credential(target: Target, request: Request, *, host: str, base_path: str, moment: datetime) -> Request:
    """The request with the target's own token, or signed with its access key if there is no token."""
    if target.token is not None:
        return _with(request, Credential("good", ((TOKEN_HEADER, target.token),), (f"{TOKEN_HEADER}: {_TOKEN}",)))
    return Signer(target, host, base_path, moment).sign(request)


def near_tokens(token: str) -> Iterator[tuple[str, Credential]]:
    """Credentials with a missing, wrong or misplaced token, each with the check that needs it."""
    half = token[: len(token) // 2]
    other = "".join("b" if char == "a" else "a" for char in token)
    yield "D-missing", NOBODY
    yield "D-token-other", _token(other, other)
    if token != token[::-1]:
        yield "D-token-other", _token(token[::-1], '$(printf %s "$DATAMAP_TOKEN" | rev)')
    encoded = '%$(printf %02X "\'$DATAMAP_TOKEN")${DATAMAP_TOKEN:1}'
    yield "D-token-other", _token(f"%{ord(token[0]):02X}{token[1:]}", encoded)
    yield "D-token-prefix", _token(token[:-1], "${DATAMAP_TOKEN%?}")
    if half not in {token[:-1], ""}:
        yield "D-token-prefix", _token(half, "${DATAMAP_TOKEN:0:$((${#DATAMAP_TOKEN}/2))}")
    yield "D-token-longer", _token(f"{token}x", "${DATAMAP_TOKEN}x")
    yield "D-token-longer", _token(f"x{token}", f"x{_TOKEN}")
    for form in ("{},x", "x, {}", "{};x", "{} x", "Bearer {}"):
        yield "D-token-longer", _token(form.format(token), form.format(_TOKEN))
    for changed, shown in ((token.upper(), "${DATAMAP_TOKEN^^}"), (token.lower(), "${DATAMAP_TOKEN,,}")):
        if changed != token:
            yield "D-token-case", _token(changed, shown)
    for value in _MADE_UP:
        if value != token:
            yield "D-token-other", _token(value, value)
    yield "D-token-blank", _token("", "")
    yield "D-missing", Credential("bad", (("Authorization", _NO_USER),), (f"Authorization: {_NO_USER}",))
    bearer = ("Authorization", f"Bearer {token}")
    yield "D-token-query", Credential("bad", (bearer,), (f"Authorization: Bearer {_TOKEN}",))
    cookie = f"{TOKEN_HEADER}={token}"
    yield "D-token-query", Credential("bad", (("Cookie", cookie),), (f"Cookie: {TOKEN_HEADER}={_TOKEN}",))


def parts_of(token: str, credential: Credential) -> Iterator[str]:
    """The values of a credential that hold `SHORTEST_SECRET` characters of the token, in any case or reversed."""
    whole = token.casefold()
    parts = {
        text[start : start + SHORTEST_SECRET]
        for text in (whole, whole[::-1])
        for start in range(len(text) - SHORTEST_SECRET + 1)
    }
    for _, value in credential.fields:
        read = unquote(value).casefold()
        if value not in {*_MADE_UP, _NO_USER} and any(part in read for part in parts):
            yield value


def tokens_in_query(token: str) -> Iterator[Credential]:
    """Credentials with the token in the query string, where logs would keep it."""
    for name in (TOKEN_HEADER, "token", "access_token"):
        yield Credential("bad", query=f"{name}={quote(token, safe='')}", shown_query=f"{name}={_TOKEN}")


class Signer:
    """Signs requests with the target's access key, rightly or with one mistake.

    Args:
        target: The target with the access key.
        host: The value of the ``Host`` header.
        base_path: The path of the endpoint, which precedes the request's path.
        moment: The current time, in UTC.

    Raises:
        ValueError: The target has no access key.
    """

    def __init__(self, target: Target, host: str, base_path: str, moment: datetime) -> None:
        if target.access_key is None or target.secret_key is None:
            raise ValueError("the target has no access key")
        self.access_key = target.access_key
        self.secret_key = target.secret_key
        self._security_token = target.security_token
        self._host = host
        self._base_path = base_path
        self._moment = moment

    def sign(self, request: Request) -> Request:
        """The request with a valid signature."""
        return self._sign(request, request)

    def sign_wrongly(
        self, request: Request, *, secret_key: str | None = None, access_key: str | None = None
    ) -> Request:
        """The request, signed with another secret key or access key."""
        return self._sign(request, request, secret_key=secret_key, access_key=access_key, standing="bad")

    def sign_nearly(self, request: Request, position: int) -> Request:
        """The request with one digit of its signature changed."""
        signed = self._sign(request, request)
        right = _signature_of(signed)
        digits = list(right)
        digits[position] = "1" if digits[position] == "0" else "0"
        fields = tuple((name, value.replace(right, "".join(digits))) for name, value in signed.credential.fields)
        return _with(request, Credential("bad", fields, _SIGNED, right_values=(right,)))

    def sign_other(self, signed: Request, sent: Request) -> Request:
        """The request ``sent`` with the signature of ``signed``."""
        return self._sign(signed, sent, standing="bad")

    def sign_at(self, request: Request, shift: timedelta) -> Request:
        """The request, signed at another time."""
        return self._sign(request, request, shift=shift, standing="bad")

    def sign_redated(self, request: Request, shift: timedelta) -> Request:
        """The request with the current date, but the signature of another time."""
        signed = self.sign_at(request, shift).credential
        now = ((DATE_HEADER, sdk_date(self._moment)),)
        return _with(request, replace(signed, fields=(*now, *signed.fields[1:])))

    def sign_undated(self, request: Request) -> Request:
        """The request with a signature whose signed header fields leave out the date."""
        return self._sign(request, request, dated=False, standing="bad")

    def _sign(  # noqa: PLR0913  each is one possible mistake
        self,
        signed: Request,
        sent: Request,
        *,
        secret_key: str | None = None,
        access_key: str | None = None,
        shift: timedelta = timedelta(),
        dated: bool = True,
        standing: str = "good",
    ) -> Request:
        date = sdk_date(self._moment + shift)
        own = [(DATE_HEADER, date)]
        if self._security_token is not None:
            own.append(("X-Security-Token", self._security_token))
        # How a non-ASCII value is signed is not documented: it stays unsigned, as every field but the date may.
        ascii_fields = {name: value for name, value in signed.fields if value.isascii()}
        covered = {"Host": self._host, **ascii_fields, **dict(own)}
        if not dated:
            del covered[DATE_HEADER]
        authorization = sign(
            signed.method,
            self._base_path + signed.path,
            signed.query,
            covered,
            date=date,
            access_key=access_key or self.access_key,
            secret_key=secret_key or self.secret_key,
            content=signed.content,
        )
        fields = (*own, ("Authorization", authorization))
        if standing == "good":
            return _with(sent, Credential("good", fields, _SIGNED))
        return _with(
            sent,
            Credential("bad", fields, _SIGNED, right_values=self._right_values(sent, covered, date, authorization)),
        )

    def _right_values(self, sent: Request, covered: dict[str, str], date: str, wrong: str) -> tuple[str, ...]:
        """The right signature for the request as sent; none if it has that signature."""
        present = {name: value for name, value in sent.fields if value.isascii()}
        right = sign(
            sent.method,
            self._base_path + sent.path,
            sent.query,
            {**covered, **{name: present[name] for name in covered if name in present}},
            date=date,
            access_key=self.access_key,
            secret_key=self.secret_key,
            content=sent.content,
        )
        return tuple({right[-_DIGITS:]} - {wrong[-_DIGITS:]})


def _token(value: str, shown: str) -> Credential:
    return Credential("bad", ((TOKEN_HEADER, value),), (f"{TOKEN_HEADER}: {shown}" if shown else f"{TOKEN_HEADER};",))


def _signature_of(request: Request) -> str:
    return request.header("Authorization")[0][-_DIGITS:]


def _with(request: Request, credential: Credential) -> Request:
    return replace(request, credential=credential)
