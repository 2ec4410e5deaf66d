"""Check the OpenAPI document: its form, its references, its examples and the evidence of each statement."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from dataarts_datamap_contract.specification import specification_path
from dataarts_datamap_contract.specification.evidence import KINDS, Finding, Statement, collect_statements
from dataarts_datamap_contract.specification.levels import LevelCheck, resolve_pointer
from dataarts_datamap_contract.specification.outline import Part, child_pointer, walk_objects, walk_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Example(NamedTuple):
    """An example in the document, and its schema, if there is one."""

    pointer: str
    value: object
    schema: Mapping[str, Any] | bool | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and print their results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evidence", action="store_true", help="list every statement and its source")
    parser.add_argument("path", nargs="?", type=Path, default=specification_path(), help="the document")
    options = parser.parse_args(arguments)
    try:
        document = yaml.load(options.path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506  is safe
    except (OSError, yaml.YAMLError) as error:
        parser.error(f"cannot read {options.path}: {error}")
    return report(document, options.path, evidence=options.evidence)


def report(document: dict[str, Any], path: Path, *, evidence: bool) -> int:
    """Print the findings on a document; return 0 if there are none, else 1."""
    statements, findings = collect_statements(document)
    references = list(find_references(document))
    examples = list(find_examples(document))
    dangling = list(check_references(document, references))
    # Neither the form nor an example can be checked through a dangling reference.
    findings += dangling or [*check_form(document), *check_examples(document, examples)]
    if evidence:
        print("\n".join(evidence_lines(statements)))
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        return 1
    print(f"{path}: {len(statements)} statements have evidence, {len(references)} references and ", end="")
    print(f"{len(examples)} examples hold")
    return 0


def check_form(document: dict[str, Any]) -> Iterator[Finding]:
    """Violations of OpenAPI 3.1."""
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        pointer = ""
        for token in error.absolute_path:
            pointer = child_pointer(pointer, token)
        yield Finding(pointer, f"not OpenAPI 3.1: {error.message}")


def find_references(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The JSON pointer and the target of each reference, under any keyword; examples are left out."""
    for pointer, value in walk_objects(document):
        # The name of a property can be $ref, too; its value is an object.
        if isinstance(value.get("$ref"), str):
            yield pointer, value["$ref"]


def check_references(document: Mapping[str, Any], references: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """The references without a target in the document."""
    for pointer, target in references:
        if not target.startswith("#"):
            yield Finding(pointer, f"$ref leaves the document, {target!r}: copy its target into components")
            continue
        try:
            resolve_pointer(document, target)
        except LookupError as error:
            yield Finding(pointer, f"dangling $ref: {error}")


def find_examples(document: Mapping[str, Any]) -> Iterator[Example]:
    """Every example of the document, with its schema, if there is one."""
    parts = list(walk_parts(document))
    named: set[int] = set()
    for part in parts:
        if part.kind == "schema":
            yield from _schema_examples(part)
        elif part.kind in {"parameter", "header", "mediaType"}:
            yield from _described_examples(document, part, named)
    yield from (
        Example(part.pointer, part.value.get("value"), None)
        for part in parts
        if part.kind == "example" and "$ref" not in part.value and id(part.value) not in named
    )


def check_examples(document: Mapping[str, Any], examples: Sequence[Example]) -> Iterator[Finding]:
    """The examples that violate their schemas, on any decoded level, or cannot be checked."""
    check = LevelCheck(document)
    for example in examples:
        if example.schema is None:
            yield Finding(example.pointer, "an example that cannot be checked: no value, or no schema beside it")
            continue
        try:
            violations = check.judge(example.value, example.schema)
        except ValueError as error:
            yield Finding(example.pointer, f"an example that is not a JSON value: {error}")
        else:
            yield from (Finding(example.pointer, f"example: {violation}") for violation in violations)


def evidence_lines(statements: Sequence[Statement]) -> Iterator[str]:
    """Every statement as aligned text, and the number of each kind."""
    pointers = max((len(one.pointer) for one in statements), default=0) + 1
    keywords = max((len(one.keyword) for one in statements), default=0)
    kinds = max(map(len, KINDS))
    for one in statements:
        row = f"{'#' + one.pointer:{pointers}}  {one.keyword:{keywords}}  {one.kind:{kinds}}  {one.reason}"
        yield row.rstrip()
    counts = Counter(one.kind for one in statements)
    yield ""
    yield from (f"{kind:{kinds}}  {counts[kind]:4}" for kind in KINDS)


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a duplicate key; YAML's own loader silently drops the first value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  as inherited
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _schema_examples(part: Part) -> Iterator[Example]:
    for index, value in enumerate(part.value.get("examples", ())):
        yield Example(child_pointer(f"{part.pointer}/examples", index), value, part.value)
    for name in ("example", "default"):
        if name in part.value:
            yield Example(child_pointer(part.pointer, name), part.value[name], part.value)


def _described_examples(document: Mapping[str, Any], part: Part, named: set[int]) -> Iterator[Example]:
    schema = part.value.get("schema")
    if "example" in part.value:
        yield Example(child_pointer(part.pointer, "example"), part.value["example"], schema)
    for name, entry in part.value.get("examples", {}).items():
        try:
            example = resolve_pointer(document, entry["$ref"]) if "$ref" in entry else entry
        except LookupError:
            continue
        named.add(id(example))
        judged = schema if "value" in example else None
        yield Example(child_pointer(f"{part.pointer}/examples", name), example.get("value"), judged)


if __name__ == "__main__":
    sys.exit(main())
