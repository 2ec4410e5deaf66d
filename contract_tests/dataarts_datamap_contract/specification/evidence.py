"""The statements of an OpenAPI document, and the evidence for each.

``x-evidence`` holds the evidence. A text covers every statement of its own object, but not those of the objects inside
it; a mapping has a text for each statement, by keyword. The text is ``documented``, or ``sdk: …``, ``sibling: …`` or
``inferred: …``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from dataarts_datamap_contract.specification.outline import walk_objects, walk_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap_contract.specification.outline import Part

KINDS = ("documented", "sdk", "sibling", "inferred")
"""The kinds of evidence, from the most to the least certain."""

_KEYWORD = "x-evidence"
_STATEMENTS = (
    *("description", "required", "format", "enum", "const", "pattern"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems"),
    *("default", "contentMediaType", "contentSchema", "additionalProperties"),
    *("security", "operationId"),
)
_EVIDENCE = re.compile(r"(documented)|(sdk|sibling|inferred):\s*(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the document and its evidence.

    Attributes:
        pointer: The object with the statement, as a JSON pointer.
        keyword: The keyword of the statement.
        kind: One of `KINDS`.
        reason: The text of the evidence after its kind; empty for ``documented``.
    """

    pointer: str
    keyword: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake in the document.

    Attributes:
        pointer: The JSON pointer of the mistake.
        message: What is wrong there, and how to fix it.
    """

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"#{self.pointer}: {self.message}"


def collect_statements(document: Mapping[str, Any]) -> tuple[list[Statement], list[Finding]]:
    """All statements with evidence, and all mistakes in the evidence of the document."""
    statements: list[Statement] = []
    findings: list[Finding] = []
    claimed: set[str] = set()
    for part in walk_parts(document):
        claimed.add(part.pointer)
        for outcome in _judge(part):
            statements.append(outcome) if isinstance(outcome, Statement) else findings.append(outcome)
    findings += [
        Finding(pointer, f"{_KEYWORD} where nothing is stated: remove it")
        for pointer, value in walk_objects(document)
        if _KEYWORD in value and pointer not in claimed
    ]
    return statements, findings


def _judge(part: Part) -> Iterator[Statement | Finding]:
    stated = _stated_keywords(part)
    evidence: Any = part.value.get(_KEYWORD)
    if isinstance(evidence, dict):
        yield from _judge_entries(part, stated, cast("dict[str, Any]", evidence))
    elif evidence is not None and not stated:
        yield Finding(part.pointer, f"{_KEYWORD} covers no statement: remove it")
    else:
        yield from (_judge_evidence(part.pointer, keyword, evidence) for keyword in stated if _is_open(part, keyword))


def _judge_entries(part: Part, stated: list[str], entries: Mapping[str, Any]) -> Iterator[Statement | Finding]:
    for keyword in stated:
        if keyword in entries or _is_open(part, keyword):
            yield _judge_evidence(part.pointer, keyword, entries.get(keyword))
    for keyword in entries:
        if keyword not in stated:
            message = f"{keyword}: stale evidence, the keyword is not there: remove the entry from {_KEYWORD}"
            yield Finding(part.pointer, message)


def _judge_evidence(pointer: str, keyword: str, evidence: object) -> Statement | Finding:
    if evidence is None:
        return Finding(pointer, f"{keyword}: no evidence: say in this object's {_KEYWORD} where it comes from")
    match = _EVIDENCE.fullmatch(evidence) if isinstance(evidence, str) else None
    if match is None:
        known = "write documented, or sdk:, sibling: or inferred: and the reason after the colon"
        return Finding(pointer, f"{keyword}: evidence of an unknown kind, {evidence!r}: {known}")
    documented, kind, reason = match.groups()
    return Statement(pointer, keyword, documented or kind, reason or "")


def _stated_keywords(part: Part) -> list[str]:
    keywords = (*_STATEMENTS, "value") if part.kind == "example" else _STATEMENTS
    return [keyword for keyword in keywords if keyword in part.value]


def _is_open(part: Part, keyword: str) -> bool:
    """Whether OpenAPI allows another value, which makes evidence necessary. A path parameter is always ``required``."""
    return not (part.kind == "parameter" and keyword == "required" and part.value.get("in") == "path")
