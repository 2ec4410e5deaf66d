"""Reads the settings of a target from environment variables and a TOML file, and makes the target from them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args
from urllib.parse import urlsplit

from dataarts_datamap_contract.suite.target import (
    KnownJob,
    OffsetUnit,
    SecondTenant,
    Target,
    TargetError,
    WindowColumn,
    is_url,
)
from dataarts_datamap_contract.suite.text import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")

_SECRETS = {
    "token": "DATAMAP_TOKEN",
    "access_key": "HUAWEICLOUD_SDK_AK",
    "secret_key": "HUAWEICLOUD_SDK_SK",
    "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
}
_IDS = ("project_id", "workspace_id", "task_id", "table_guid")
_STATUSES = range(100, 600)
_REQUIRED = ("endpoint", "project_id", "instance_id", "task_id", "job_name", "window_start", "window_end")
DISCOVERED = frozenset({"task_id", "job_name", "window_start", "window_end"})
"""The required settings that discovery can find."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SAID = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("", "0", "false", "no", "off"), False)}
_REMEDY = "use https, or set DATAMAP_ALLOW_HTTP=1 to try it out"
_GENTLE_RATE = 10.0
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


def read_settings(
    environment: Mapping[str, str], file: Path | None = None, *, tell: Callable[[str], object] = str, **chosen: object
) -> dict[str, Any]:
    """The settings of a target: arguments override the environment, and the environment overrides the file.

    Args:
        environment: ``DATAMAP_`` and a setting's name in capitals, such as ``DATAMAP_TASK_ID``; credentials as the
            client reads them: ``DATAMAP_TOKEN``, and ``HUAWEICLOUD_SDK_AK``, ``_SK`` and ``_SECURITY_TOKEN``.
            ``known_jobs`` and ``second_tenant`` have no variable. Blank values count as not set.
        file: A TOML file with the settings by name, without secrets; None for the one that ``DATAMAP_TARGET`` names, if
            any.
        tell: Called with a text for each variable that overrides a different value of the file.
        chosen: Settings by name; None means not set.

    Raises:
        TargetError: The file cannot be read, or has a secret or an unknown setting.
    """
    path = file or (Path(environment["DATAMAP_TARGET"]) if environment.get("DATAMAP_TARGET", "").strip() else None)
    settings = _read_file(path) if path else {}
    names = [each.name for each in fields(Target) if each.name not in {"known_jobs", "second_tenant"}]
    for name in names:
        variable = _SECRETS.get(name, f"DATAMAP_{name.upper()}")
        text = environment.get(variable, "")
        if text.strip():
            if chosen.get(name) is None and name in settings and not _mean_the_same(name, settings[name], text):
                tell(f"{variable} overrides {name} in {path}")
            settings[name] = text
    return settings | {name: value for name, value in chosen.items() if value is not None}


def _mean_the_same(name: str, one: object, other: object) -> bool:
    convert = _CONVERSIONS.get(name, _text)
    try:
        return bool(convert(one) == convert(other))
    except (ValueError, TypeError):
        return False


def allows_http(environment: Mapping[str, str]) -> bool:
    """Whether ``DATAMAP_ALLOW_HTTP`` allows an endpoint with plain http on another machine.

    Raises:
        TargetError: The variable is not empty, and none of 1, true, yes, on, 0, false, no and off.
    """
    said = environment.get("DATAMAP_ALLOW_HTTP", "").lower()
    if said not in _SAID:
        raise TargetError(f"DATAMAP_ALLOW_HTTP must be 1 or 0, not {said!r:.80}")
    return _SAID[said]


def make_target(
    settings: Mapping[str, Any], *, discovered: bool = False, allow_http: bool = False, option_prefix: str = "--"
) -> Target:
    """The target that settings describe.

    Args:
        settings: As `read_settings` returns them.
        discovered: Whether settings that can be discovered may be missing; they get values that find nothing, and
            ``table_guid`` is required.
        allow_http: Whether the endpoint may have plain http on another machine.
        option_prefix: How the caller's options begin; the text of an error names them.

    Raises:
        TargetError: Settings are missing or wrong, and the text names them all; or they contradict each other.
    """
    values, problems = _convert(settings)
    endpoint = str(settings.get("endpoint") or "")
    if discovered:
        nothing: dict[str, Any] = {"task_id": "-", "job_name": "-", "window_start": 0, "window_end": 0}
        values = nothing | values
    required = (*_REQUIRED, *(("table_guid",) if discovered else ()))
    missing = [name for name in required if values.get(name) in {None, ""} and name not in problems]
    texts = [f"set {', '.join(missing)} ({_how_to_set(missing, option_prefix)})"] if missing else []
    texts += [*problems.values(), *(_endpoint_problems(endpoint, allow_http=allow_http) if endpoint else ())]
    if texts:
        raise TargetError(f"cannot aim at {_without_secrets(endpoint)}: {'; '.join(texts)}")
    if values.get("rate_limit") is None and not values.get("is_mock") and not _is_loopback(endpoint):
        values["rate_limit"] = _GENTLE_RATE
    values["endpoint"] = endpoint.rstrip("/")
    return Target(**values)


def _how_to_set(missing: Iterable[str], prefix: str) -> str:
    variables = ", ".join(f"DATAMAP_{name.upper()}" for name in missing)
    how = f"as {variables}; or in a TOML file, with {prefix}target FILE"
    find = f"{how}; or let {prefix}discover {prefix}table GUID find an operator"
    return how if DISCOVERED.isdisjoint(missing) else find


def _read_file(path: Path) -> dict[str, Any]:
    try:
        settings = read_toml(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TargetError(f"cannot read the target {path}: {error}") from None
    known = {each.name for each in fields(Target)}
    secret = sorted(set(settings) & _SECRETS.keys() - {"access_key"})
    unknown = sorted(set(settings) - known)
    allowed = sorted(known - _SECRETS.keys() | {"access_key"})
    if secret:
        variables = ", ".join(_SECRETS[name] for name in secret)
        raise TargetError(f"the target {path} has a secret ({', '.join(secret)}): put it into {variables}")
    if unknown:
        raise TargetError(
            f"the target {path} has unknown settings: {', '.join(unknown)}; known are {', '.join(allowed)}"
        )
    return settings


def _convert(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of the settings that can be converted, and the mistakes in all settings, by name."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in settings.items():
        try:
            values[name] = _CONVERSIONS.get(name, _text)(value)
        except (ValueError, TypeError) as error:
            problems[name] = f"{name} {error}"
    for name in (*_SECRETS, "instance_id", *_IDS):
        if damage := _damage(name, values.get(name) or ""):
            problems[name] = f"{name} {damage}"
    for name in (*_SECRETS, "workspace_id", "table_guid"):
        if values.get(name) == "":
            problems[name] = f"{name} is '': name one, or leave it out"
    return values, problems


def _damage(name: str, text: str) -> str | None:
    """How a credential or an id is damaged; None if it is sound. A few requests with a damaged key can lock it."""
    if name in _IDS:
        is_sound = text.isascii() and text.isprintable() and text == text.strip()
        return None if is_sound else "has characters that no id has, perhaps a line end or a blank"
    if not (text.isascii() and text.isprintable()) or " " in text:
        where = "no key has" if name == "secret_key" else "no header can carry"
        return f"has characters that {where}, perhaps a line end"
    return "is in quotes: leave them out" if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"is {value!r}, not a text: put it in quotes")
    return value


def _id(value: object) -> str:
    """The text of an id, which a TOML file may have without quotes if it is a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _moment(value: object) -> int:
    """A time in milliseconds since the epoch, from an integer of at least 0, digits, or a time with an offset."""
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return (value - _EPOCH) // timedelta(milliseconds=1)
    text = str(value)
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise ValueError(
            f"is {text!r}, neither milliseconds since the epoch such as 1705248000000 nor a time with an offset such as"
            " 2024-01-15T00:00:00+08:00"
        )
    return _moment(moment)


def _one_of(choices: Iterable[str]) -> Callable[[object], str]:
    known = tuple(choices)

    def convert(value: object) -> str:
        if value not in known:
            raise ValueError(f"is {value!r}; choose one of {', '.join(known)}")
        return str(value)

    return convert


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"1", "true", "yes"}:
        return True
    if str(value).lower() in {"0", "false", "no"}:
        return False
    raise ValueError(f"is {value!r}, neither true nor false")


def _rate(value: object) -> float:
    try:
        number = float(cast("Any", value)) if not isinstance(value, bool) else None
    except (ValueError, TypeError, OverflowError):
        number = None
    if number is None:
        raise ValueError(f"is {value!r:.80}: give a number of requests a second, such as 10")
    if not number > 0:
        raise ValueError(f"is {value!r}: it must be above 0")
    return number


def _count(value: object) -> int:
    number = _whole(value)
    if number is None:
        raise ValueError(f"is {value!r:.80}: give a whole number, such as 4000")
    if not number > 0:
        raise ValueError(f"is {value!r}: it must be above 0")
    return number


def _whole(value: object) -> int | None:
    """An integer, or the one that a text has in digits; None for anything else."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    try:
        return int(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _statuses(value: object) -> tuple[int, ...]:
    listed = value.split(",") if isinstance(value, str) else value
    items = cast("list[object]", listed) if isinstance(listed, list | tuple) else [None]
    numbers = [_whole(item) for item in items]
    found = tuple(each for each in numbers if each in _STATUSES)
    if len(found) < len(numbers):
        raise ValueError(f"is {value!r:.80}: list statuses, such as 404, 405")
    return cast("tuple[int, ...]", found)


def _jobs(value: object) -> tuple[KnownJob, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"is {value!r:.80}: list tables with task_id and job_name, each below [[known_jobs]]")
    return tuple(_table(KnownJob, each, ("task_id", "job_name")) for each in cast("list[object]", value))


def _tenant(value: object) -> SecondTenant:
    return _table(SecondTenant, value)


def _table(kind: type[T], value: object, required: Iterable[str] = ()) -> T:
    """The ids that a TOML table names."""
    names = [each.name for each in fields(cast("Any", kind))]
    if not isinstance(value, dict):
        raise TypeError(f"has {value!r:.80}: give a table with {', '.join(names)}")
    table = cast("dict[str, object]", value)
    if unknown := sorted(set(table) - set(names)):
        raise ValueError(f"has the unknown {', '.join(unknown)}: known are {', '.join(names)}")
    if missing := [name for name in required if name not in table]:
        raise ValueError(f"has {table!r:.80}: set {', '.join(missing)}, too")
    return kind(**{name: _named_id(name, each) for name, each in table.items()})


def _named_id(name: str, value: object) -> str:
    try:
        text = _id(value) if name != "job_name" else _text(value)
    except TypeError as error:
        raise TypeError(f"has a {name} that {error}") from None
    damage = _damage(name, text) if name != "job_name" else None
    if damage or not text:
        raise ValueError(f"has a {name} that {damage or 'is empty: name one, or leave it out'}")
    return text


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys((*_IDS, "instance_id"), _id),
    "window_start": _moment,
    "window_end": _moment,
    "offset_unit": _one_of(get_args(OffsetUnit)),
    "window_column": _one_of(get_args(WindowColumn)),
    "rate_limit": _rate,
    "max_requests": _count,
    "undeclared_methods": _statuses,
    "is_mock": _flag,
    "allow_credential_probes": _flag,
    "known_jobs": _jobs,
    "second_tenant": _tenant,
}


def _endpoint_problems(endpoint: str, *, allow_http: bool) -> list[str]:
    if not is_url(endpoint):
        return ["the endpoint is not an http or https URL, such as https://dayu.eu-west-101.myhuaweicloud.eu"]
    parts = urlsplit(endpoint)
    if "@" in parts.netloc or parts.query or parts.fragment:
        return ["the endpoint has a user, a query or a fragment: leave it out"]
    if parts.scheme == "http" and not allow_http and not _is_loopback(endpoint):
        return [f"the endpoint is plain http to another machine, where anyone can read the token: {_REMEDY}"]
    return []


def _is_loopback(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in _LOOPBACK


def _without_secrets(endpoint: str) -> str:
    """The endpoint without its user, query and fragment.

    A password may itself have a ``?`` or ``#``: if an ``@`` comes after one, no user and no port can be told apart, and
    all from the last colon on is left out, too.
    """
    shown = re.split(r"[?#]", endpoint, maxsplit=1)[0]
    after = endpoint[len(shown) :]
    shown = shown.rpartition("@")[2]
    scheme, slashes, rest = shown.rpartition("://")
    return repr(f"{scheme}{slashes}{rest.partition(':')[0]}" if "@" in after else shown)
