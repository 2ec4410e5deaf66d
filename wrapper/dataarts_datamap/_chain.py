"""Where credentials are looked for when none are given: the environment, then the official SDK's profile file."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from dataarts_datamap._credentials import AccessKeyCredentials, TokenCredentials
from dataarts_datamap._errors import CredentialsError, InsecureFileWarning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._credentials import Credentials

_FILE_VARIABLE: Final = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
_SECTIONS: Final = ("basic", "basiccredentials")
_OTHERS_MAY_READ: Final = stat.S_IRGRP | stat.S_IROTH


class Profile(NamedTuple):
    """What the official SDK's profile file tells; None for what it does not."""

    path: Path
    access_key: str | None = None
    secret_key: str | None = None
    security_token: str | None = None
    project_id: str | None = None


def find_credentials(*, environ: Mapping[str, str] | None = None, strict_permissions: bool = False) -> Credentials:
    """The first credentials that are found, in this order; an empty variable counts as not set.

    1. ``DATAMAP_TOKEN``: a user token.
    2. ``HUAWEICLOUD_SDK_AK``, ``HUAWEICLOUD_SDK_SK`` and, for temporary keys, ``HUAWEICLOUD_SDK_SECURITY_TOKEN``.
    3. ``ak``, ``sk`` and ``security_token`` in section ``[basic]`` or ``[basiccredentials]`` of the file that
       ``HUAWEICLOUD_SDK_CREDENTIALS_FILE`` names, or of ``~/.huaweicloud/credentials``.

    The names are those of the official SDK, but for the token, which it does not know.

    Args:
        environ: The variables; those of this process, if left out.
        strict_permissions: Whether a file that others may read is refused, instead of used with a warning.

    Raises:
        CredentialsError: There are none, and the text says of each place why; or the file cannot be used.
        InvalidArgumentError: What was found holds what a header field cannot.
    """
    variables = os.environ if environ is None else environ
    if token := variables.get("DATAMAP_TOKEN"):
        return TokenCredentials(token)
    access_key, secret_key = variables.get("HUAWEICLOUD_SDK_AK"), variables.get("HUAWEICLOUD_SDK_SK")
    if access_key and secret_key:
        return AccessKeyCredentials(access_key, secret_key, variables.get("HUAWEICLOUD_SDK_SECURITY_TOKEN") or None)
    profile = read_profile(variables, strict_permissions=strict_permissions)
    if profile is not None and profile.access_key and profile.secret_key:
        return AccessKeyCredentials(profile.access_key, profile.secret_key, profile.security_token)
    raise CredentialsError(
        "no credentials: DATAMAP_TOKEN is not set; "
        f"{_missing({'HUAWEICLOUD_SDK_AK': access_key, 'HUAWEICLOUD_SDK_SK': secret_key})}; "
        f"{_declined(profile, variables)}. Set one of them, or pass credentials=…"
    )


def read_profile(environ: Mapping[str, str], *, strict_permissions: bool = False) -> Profile | None:
    """What the profile file tells; None if there is no file.

    Raises:
        CredentialsError: The file is named but not there, cannot be read, is no profile file, or may be read by
            others and ``strict_permissions`` is set.
    """
    path = _path(environ)
    try:
        text = path.read_text(encoding="utf-8-sig")
        mode = path.stat().st_mode
    except FileNotFoundError:
        if environ.get(_FILE_VARIABLE):
            raise CredentialsError(f"{_FILE_VARIABLE} names {path}, which is not there") from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{path} cannot be read: {type(error).__name__}"
    else:
        _check_permissions(path, mode, strict=strict_permissions)
        return _parse(path, text)
    raise CredentialsError(problem)


def _path(environ: Mapping[str, str]) -> Path:
    named = environ.get(_FILE_VARIABLE)
    return Path(named) if named else Path("~/.huaweicloud/credentials").expanduser()


def _check_permissions(path: Path, mode: int, *, strict: bool) -> None:
    if os.name == "nt" or not mode & _OTHERS_MAY_READ:
        return
    problem = f"others may read the credentials in {path}: run chmod 600 '{path}'"
    if strict:
        raise CredentialsError(problem)
    warnings.warn(problem, InsecureFileWarning, stacklevel=4)


def _parse(path: Path, text: str) -> Profile:
    import configparser  # noqa: PLC0415  few have such a file

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        problem = f"{path} is no profile file: {type(error).__name__}"  # its text holds the line, and so a secret
    else:
        section = next(filter(parser.has_section, _SECTIONS), _SECTIONS[0])
        keys = ("ak", "sk", "security_token", "project_id")
        return Profile(path, *(parser.get(section, key, fallback=None) or None for key in keys))
    raise CredentialsError(problem)


def _missing(values: Mapping[str, str | None]) -> str:
    names = [name for name, value in values.items() if not value]
    return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} not set"


def _declined(profile: Profile | None, environ: Mapping[str, str]) -> str:
    if profile is None:
        return f"there is no file {_path(environ)}"
    return f"{profile.path} has no ak and sk in [{'] or ['.join(_SECTIONS)}]"
