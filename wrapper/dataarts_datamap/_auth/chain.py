"""Finds credentials when none are given: in the environment, else in the official SDK's profile file."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dataarts_datamap._auth.credentials import AccessKeyCredentials, TokenCredentials
from dataarts_datamap._auth.profile import FILE_VARIABLE, SECTIONS, read_profile
from dataarts_datamap._errors import ConfigurationError, CredentialsError, DataMapError, InvalidArgumentError
from dataarts_datamap._secrets import Hidden, SecretStruct
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from dataarts_datamap._auth.credentials import Credentials

_NAME_VARIABLE: Final = "DATAMAP_CREDENTIALS"
_HTTP_VARIABLE: Final = "DATAMAP_ALLOW_HTTP"
_ON: Final = frozenset({"1", "true", "yes", "on"})
OFF: Final = frozenset({"", "0", "false", "no", "off"})
"""The values of a variable that say no, in small letters."""


class Found(Struct, frozen=True):
    """Credentials, and the settings found with them; None for settings that were not found."""

    credentials: Credentials
    project_id: str | None = None
    iam_endpoint: str | None = None


class Search(SecretStruct, frozen=True, kw_only=True):
    """The arguments of ``find_credentials``, with ``environ`` and ``allow_http`` known."""

    environ: Mapping[str, str]
    region: str | None = None
    project_id: str | None = None
    iam_endpoint: str | None = None
    allow_http: bool = False
    strict_permissions: bool = False

    def first(self, *names: str) -> str | None:
        """The value of the first of these variables that is set; None if none is."""
        return next(filter(None, map(self.environ.get, names)), None)

    def run(self, name: str | None = None) -> Found:
        """The credentials in the place with this name.

        If there is no name, ``DATAMAP_CREDENTIALS`` names the place; if that is not set, the first place with
        credentials counts. Errors as in ``find_credentials``.
        """
        named = name or self.first(_NAME_VARIABLE)
        if named is None:
            return self._walk()
        if named not in _PLACES:  # not shown: it may be a token in the wrong variable
            place = "the name of credentials" if name else _NAME_VARIABLE
            raise ConfigurationError(f"{place} must be one of {', '.join(_PLACES)}")
        found = self._look(named)
        if isinstance(found, str):
            raise CredentialsError(f"no credentials: {named} is selected, but {found}")
        return found

    def _look(self, place: str) -> Found | str:
        """What a place has, or the reason why it has nothing.

        An error begins anew here, since the variables of its traceback would show the secret.
        """
        try:
            return _PLACES[place](self)
        except DataMapError as error:
            failure = error
        failure.__context__ = None
        raise failure.with_traceback(None)

    def _walk(self) -> Found:
        reasons: list[str] = []
        for name in _CHAIN:
            found = self._look(name)
            if isinstance(found, Found):
                return found
            reasons.append(found)
        others = " and ".join(name for name in _PLACES if name not in _CHAIN)
        raise CredentialsError(
            f"no credentials: {'; '.join(reasons)}. Set one of them, or pass credentials=… in Python; "
            f"{others} are only used if {_NAME_VARIABLE} names them"
        )


def allows_http(environ: Mapping[str, str]) -> bool:
    """Whether ``DATAMAP_ALLOW_HTTP`` allows plain ``http`` to another machine."""
    said = environ.get(_HTTP_VARIABLE, "")
    del environ  # a traceback would show it
    if said.lower() not in _ON | OFF:
        raise ConfigurationError(f"{_HTTP_VARIABLE} must be 1 or 0, not {shown(said)}")
    return said.lower() in _ON


def find_credentials(  # noqa: PLR0913  a password needs its region, project and IAM
    name: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    region: str | None = None,
    project_id: str | None = None,
    iam_endpoint: str | None = None,
    allow_http: bool | None = None,
    strict_permissions: bool = False,
) -> Credentials:
    """Find credentials in the first of these places that has them; an empty variable counts as not set.

    1. ``token``: the user token in ``DATAMAP_TOKEN``.
    2. ``access-key``: ``HUAWEICLOUD_SDK_AK``, ``HUAWEICLOUD_SDK_SK`` and, for temporary keys,
       ``HUAWEICLOUD_SDK_SECURITY_TOKEN``.
    3. ``profile``: ``ak``, ``sk`` and ``security_token`` in section ``[basic]`` or ``[basiccredentials]`` of the file
       that ``HUAWEICLOUD_SDK_CREDENTIALS_FILE`` names, or of ``~/.huaweicloud/credentials``.

    Two more places are used only if they are named:

    - ``password``: ``DATAMAP_USER``, ``DATAMAP_PASSWORD`` and ``DATAMAP_ACCOUNT``, for ``PasswordCredentials``.
    - ``ecs-metadata``: the metadata service of the cloud server, for ``EcsMetadataCredentials``.

    These variables have the official SDK's names, except those for tokens and passwords, which it does not support.

    Args:
        name: The only place to search. If left out: the one in ``DATAMAP_CREDENTIALS``, else the order above.
        environ: The variables. If left out: the environment of this process.
        region: Region of a password's IAM and project. If left out: ``DATAMAP_REGION``.
        project_id: Project of a password's token. If left out: ``DATAMAP_PROJECT_ID`` or
            ``HUAWEICLOUD_SDK_PROJECT_ID``, else the project that has the region's name.
        iam_endpoint: Address of a password's IAM. If left out: ``HUAWEICLOUD_SDK_IAM_ENDPOINT``, else the region's.
        allow_http: Whether that address may be plain ``http`` to another machine than this one. If left out:
            ``DATAMAP_ALLOW_HTTP`` (1 or 0).
        strict_permissions: Whether a file that others may read is refused; otherwise it causes a warning.

    Raises:
        CredentialsError: There are no credentials: the text has the reason for each place. Or the profile file cannot
            be used, such as a pipe, a folder, or a file of more than 1 MiB. Or a value is damaged, such as by a line
            break at its end: the text says where it was found and how to fix it, and shows no secret.
        ConfigurationError: No place has the given name. Or a password was found but no region, which it needs unless
            the address of IAM and the project are known; the region is not an id; the address of IAM is unusable; or
            ``DATAMAP_ALLOW_HTTP`` is neither on nor off.
    """
    known = Hidden(os.environ if environ is None else environ)
    del environ  # a traceback would show it
    search = Search(
        environ=known.value,
        region=region,
        project_id=project_id,
        iam_endpoint=iam_endpoint,
        allow_http=allows_http(known.value) if allow_http is None else allow_http,
        strict_permissions=strict_permissions,
    )
    return search.run(name).credentials


def _find_token(search: Search) -> Found | str:
    token = search.first("DATAMAP_TOKEN")
    if token is None:
        return "DATAMAP_TOKEN is not set"
    with _found_in("DATAMAP_TOKEN"):
        return Found(TokenCredentials(token))


def _find_access_key(search: Search) -> Found | str:
    names = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
    access_key, secret_key = map(search.first, names)
    if access_key is None or secret_key is None:
        return _missing(search, *names)
    with _found_in("the variables HUAWEICLOUD_SDK_AK, _SK and _SECURITY_TOKEN"):
        return Found(AccessKeyCredentials(access_key, secret_key, search.first("HUAWEICLOUD_SDK_SECURITY_TOKEN")))


def _find_profile(search: Search) -> Found | str:
    profile = read_profile(search.first(FILE_VARIABLE), strict_permissions=search.strict_permissions)
    if isinstance(profile, str):
        return profile
    if profile.access_key is None or profile.secret_key is None:
        return f"{profile.path} has no ak and sk in [{'] or ['.join(SECTIONS)}]"
    with _found_in(str(profile.path)):
        keys = AccessKeyCredentials(profile.access_key, profile.secret_key, profile.security_token)
    return Found(keys, profile.project_id, profile.iam_endpoint)


def _find_password(search: Search) -> Found | str:
    names = ("DATAMAP_USER", "DATAMAP_PASSWORD", "DATAMAP_ACCOUNT")
    user, password, account = map(search.first, names)
    if user is None or password is None or account is None:
        return _missing(search, *names)
    from dataarts_datamap._auth.password import PasswordCredentials  # noqa: PLC0415  only loaded if selected

    with _found_in("the variables DATAMAP_USER, DATAMAP_PASSWORD and DATAMAP_ACCOUNT"):
        credentials = PasswordCredentials(
            user,
            password,
            account,
            project_id=search.project_id or search.first("DATAMAP_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
            region=search.region or search.first("DATAMAP_REGION"),
            iam_endpoint=search.iam_endpoint or search.first("HUAWEICLOUD_SDK_IAM_ENDPOINT"),
            allow_http=search.allow_http,
        )
    return Found(credentials)


def _find_ecs_metadata(search: Search) -> Found | str:  # noqa: ARG001  like the others
    from dataarts_datamap._auth.ecs_metadata import EcsMetadataCredentials  # noqa: PLC0415  only loaded if selected

    return Found(EcsMetadataCredentials())


_PLACES: Final[Mapping[str, Callable[[Search], Found | str]]] = {
    "token": _find_token,
    "access-key": _find_access_key,
    "profile": _find_profile,
    "password": _find_password,
    "ecs-metadata": _find_ecs_metadata,
}
"""The function that searches each place: it returns the credentials, or the reason why there are none."""

_CHAIN: Final = ("token", "access-key", "profile")


@contextmanager
def _found_in(place: str) -> Generator[None]:
    """Convert the error of an unusable value to a ``CredentialsError`` that says where the value was found."""
    try:
        yield
    except InvalidArgumentError as error:
        raise CredentialsError(f"{error.args[0]} (found in {place})") from None


def _missing(search: Search, *names: str) -> str:
    missing = [name for name in names if search.first(name) is None]
    return f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set"
