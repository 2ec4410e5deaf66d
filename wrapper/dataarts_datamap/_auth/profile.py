"""Reads the official SDK's profile file. A variable can name any file instead, so the file is checked first."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import CredentialsError, InsecureFileWarning
from dataarts_datamap._secrets import Hidden, SecretStruct
from dataarts_datamap._warnings import calling_place

if TYPE_CHECKING:
    from configparser import ConfigParser

FILE_VARIABLE: Final = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
SECTIONS: Final = ("basic", "basiccredentials")
_OTHERS_MAY_READ: Final = stat.S_IRGRP | stat.S_IROTH
_LARGEST: Final = 1024 * 1024
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Profile(SecretStruct, frozen=True):
    """The values in the official SDK's profile file; None for missing ones."""

    path: Path
    access_key: str | None = None
    secret_key: str | None = None
    security_token: str | None = None
    project_id: str | None = None
    iam_endpoint: str | None = None


def read_profile(named: str | None, *, strict_permissions: bool) -> Profile | str:
    """The values in the profile file, or the reason why the file in the home folder cannot be read.

    Reading never blocks: a pipe or a device is refused, and no more than 1 MiB is read.

    Args:
        named: The path of the file; None for the file in the home folder.
        strict_permissions: Whether a file that others may read is refused; otherwise it causes a warning.

    Raises:
        CredentialsError: The named file does not exist or cannot be read; or either file is a folder, a pipe, a device
            or too large, is not a profile, or, with ``strict_permissions``, may be read by others.
    """
    if named is None:
        try:
            path = Path("~/.huaweicloud/credentials").expanduser()
        except RuntimeError:  # no HOME, and no such user in the password database
            return "there is no home folder with a file .huaweicloud/credentials: HOME is not set"
    else:
        path = Path(named)
    try:
        content, mode = _read(path)
    except FileNotFoundError:
        problem = f"{FILE_VARIABLE} names {path}, which does not exist" if named else f"there is no file {path}"
    except (OSError, ValueError) as error:
        problem = f"{path} cannot be read: {type(error).__name__}"
    else:
        _check_permissions(path, mode, strict=strict_permissions)
        return _parse(path, content)
    if named is None:
        return problem
    raise CredentialsError(problem)


def _read(path: Path) -> tuple[Hidden[bytes], int]:
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)  # the built-in open refuses a folder, too, but leaves the descriptor open
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device"
        raise CredentialsError(f"{path} is {kind}, not a file: write the credentials to a file")
    with open(descriptor, "rb") as file:  # noqa: PTH123  pathlib cannot open a descriptor
        content = Hidden(file.read(_LARGEST + 1))
    if len(content.value) > _LARGEST:
        raise CredentialsError(f"{path} is not a profile file: it is larger than 1 MiB")
    return content, mode


def _check_permissions(path: Path, mode: int, *, strict: bool) -> None:
    if os.name == "nt" or not mode & _OTHERS_MAY_READ:
        return
    problem = f"others may read the credentials in {path}: run chmod 600 '{path}'"
    if strict:
        raise CredentialsError(problem)
    stacklevel, _ = calling_place()
    warnings.warn(problem, InsecureFileWarning, stacklevel=stacklevel)


def _parse(path: Path, content: Hidden[bytes]) -> Profile:
    import configparser  # noqa: PLC0415  rarely needed

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(content.value.decode("utf-8-sig"))
    except (configparser.Error, UnicodeDecodeError) as error:
        problem = f"{path} is not a profile file: {type(error).__name__}"  # its text may quote a secret
    else:
        return _profile(path, parser)
    raise CredentialsError(problem)


def _profile(path: Path, parser: ConfigParser) -> Profile:
    section = next(filter(parser.has_section, SECTIONS), SECTIONS[0])
    keys = ("ak", "sk", "security_token", "project_id", "iam_endpoint")
    return Profile(path, *(parser.get(section, key, fallback=None) or None for key in keys))
