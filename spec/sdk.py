"""Compare the official SDK's models with the specification, and write the text of a pull request.

For each operation of the specification, it compares method, path, parameters (their location, and whether they are
required) and the properties of request and response, with their types. A property without a type in the specification
fits any type.

The exit code is 0 if they agree, 1 if not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.specification.levels import resolve_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Json: TypeAlias = Any

ROOT: Final = Path(__file__).resolve().parents[1]
_PINS: Final = ROOT / "constraints.official.txt"
_DISTRIBUTION: Final = "huaweicloudsdkdataartsstudio"
_SDK: Final = {_DISTRIBUTION, "huaweicloudsdkcore"}
_METHODS: Final = ("get", "put", "post", "delete")
_PER_CALL: Final = {"project_id"}  # it is in the SDK's client, not in its requests
_SCALARS: Final = {
    "str": {"string"},
    "int": {"integer"},
    "float": {"number", "integer"},
    "bool": {"boolean"},
    "datetime": {"string"},
}
_LIST: Final = re.compile(r"list\[(.+)\]")
_MAP: Final = re.compile(r"dict\(.+\)")
_PIN: Final = re.compile(r"^([\w.-]+)==(\S+)$", re.MULTILINE)


def read_sdk(python: str, operations: list[str]) -> dict[str, Json]:
    """The operations in the SDK of an environment.

    Raises:
        RuntimeError: It cannot be read.
    """
    program = Path(__file__).with_name("sdk_models.py")
    done = subprocess.run(  # noqa: S603  a program of ours, in an environment that the caller names
        [python, str(program), *operations], check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"the SDK of {python} cannot be read:\n{done.stderr.strip()}")
    told: dict[str, Json] = json.loads(done.stdout)
    return told


def operations_of(document: Json) -> dict[str, tuple[str, str, Json]]:
    """The operations of a specification by id: method, path, and definition."""
    return {
        item[method]["operationId"]: (method.upper(), path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }


def differences(document: Json, told: Mapping[str, Json]) -> Iterator[str]:
    """The differences between the SDK and the specification, each as a line of Markdown."""
    for name, (method, path, operation) in operations_of(document).items():
        known = told[name]
        if known is None:
            yield f"`{name}`: the SDK has no such operation"
            continue
        if (method, path) != (known["method"], known["path"]):
            yield f"`{name}`: `{known['method']} {known['path']}` in the SDK, `{method} {path}` in the specification"
        for found in _Comparison(document, known["models"]).of(operation, known):
            yield f"`{name}` {found}"


class _Comparison:
    """The comparison of one operation."""

    def __init__(self, document: Json, models: Mapping[str, Json]) -> None:
        self._document = document
        self._models = models
        self._seen: set[tuple[str, int]] = set()

    def of(self, operation: Json, known: Json) -> Iterator[str]:
        there = {name: held for name, held in known["parameters"].items() if held["in"] != "body"}
        ours = {one["name"]: one for one in map(self._resolved, operation.get("parameters", ()))}
        yield from self._names("parameter", set(ours) - _PER_CALL, set(there))
        for name in sorted(ours.keys() & there.keys()):
            yield from self._parameter(f"`{name}`", ours[name], there[name])
        bodies = [held["type"] for held in known["parameters"].values() if held["in"] == "body"]
        sent = operation.get("requestBody")
        if bool(sent) != bool(bodies):
            yield f"sends {'a body' if bodies else 'no body'} in the SDK"
        elif sent:
            yield from self._typed("request", self._schema(sent), bodies[0])
        yield from self._received(self._schema(operation["responses"]["200"]), known["response"])

    def _parameter(self, where: str, ours: Json, there: Json) -> Iterator[str]:
        if ours["in"] != there["in"]:
            yield f"{where} goes into the {there['in']} in the SDK, into the {ours['in']} in the specification"
        if bool(ours.get("required")) != there["required"]:
            yield f"{where} is {'required' if there['required'] else 'optional'} in the SDK"
        yield from self._typed(where, ours["schema"], there["type"])

    def _received(self, schema: Json, response: str) -> Iterator[str]:
        model = self._models[response]
        if "array" in _types(self._resolved(schema)) and set(model) == {"body"}:
            response = model["body"]  # the SDK puts a bare array into a property of that name
        yield from self._typed("response", schema, response)

    def _typed(self, where: str, schema: Json, kind: str) -> Iterator[str]:
        schema = self._resolved(schema)
        allowed = _types(schema)
        if item := _LIST.fullmatch(kind):
            if "array" in allowed and "items" in schema:
                yield from self._typed(f"{where}[]", schema["items"], item[1])
            expected = {"array"}
        elif kind in self._models:
            yield from self._model(where, schema, kind)
            expected = {"object"}
        else:
            expected = {"object"} if _MAP.fullmatch(kind) else _SCALARS.get(kind, allowed)
        if allowed and not expected & allowed:
            yield f"{where} is `{kind}` in the SDK, {' or '.join(sorted(allowed))} in the specification"

    def _model(self, where: str, schema: Json, kind: str) -> Iterator[str]:
        if "properties" not in schema or (kind, id(schema)) in self._seen:
            return
        self._seen.add((kind, id(schema)))
        ours, there = schema["properties"], self._models[kind]
        yield from (f"{where}: {found}" for found in self._names("property", set(ours), set(there)))
        for name in sorted(ours.keys() & there.keys()):
            yield from self._typed(f"{where}.{name}", ours[name], there[name])

    @staticmethod
    def _names(what: str, ours: set[str], there: set[str]) -> Iterator[str]:
        yield from (f"{what} `{name}` is only in the SDK" for name in sorted(there - ours))
        yield from (f"{what} `{name}` is only in the specification" for name in sorted(ours - there))

    def _schema(self, holder: Json) -> Json:
        return self._resolved(holder)["content"]["application/json"]["schema"]

    def _resolved(self, part: Json) -> Json:
        while "$ref" in part:
            part = resolve_pointer(self._document, part["$ref"].removeprefix("#"))
        return part


def _types(schema: Json) -> set[str]:
    told = schema.get("type", [])
    return {told} - {"null"} if isinstance(told, str) else set(told) - {"null"}


def pull_request(version: str, found: list[str]) -> str:
    """The title, followed by the text."""
    pinned = dict(_PIN.findall(_PINS.read_text(encoding="utf-8")))[_DISTRIBUTION]
    lines = [f"The official SDK is {version}", ""]
    lines += [f"`{_PINS.name}` pins {pinned}." if pinned != version else f"`{_PINS.name}` pins this version already."]
    lines += ["", "It agrees with the specification on all operations."] if not found else []
    lines += ["", "It differs from the specification:", "", *(f"- {one}" for one in found)] if found else []
    lines += (
        ["", "If a difference is documented, the specification changes; otherwise its evidence says why not."]
        if found
        else []
    )
    return "\n".join(lines) + "\n"


def pin(version: str) -> None:
    """Write a version of the SDK into the pins."""
    text = _PINS.read_text(encoding="utf-8")
    text = _PIN.sub(lambda held: f"{held[1]}=={version if held[1] in _SDK else held[2]}", text)
    _PINS.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Compare, and write the text of the pull request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="Python of an environment with the SDK")
    parser.add_argument("--output", type=Path, help="file for the text (default: stdout)")
    parser.add_argument("--pin", action="store_true", help="write the SDK's version into constraints.official.txt")
    arguments = parser.parse_args()
    document = load_specification()
    try:
        told = read_sdk(arguments.python, list(operations_of(document)))
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = list(differences(document, told["operations"]))
    text = pull_request(told["version"], found)
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text, encoding="utf-8", newline="\n")
    if arguments.pin:
        pin(told["version"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
