"""What the suite tells people and machines: verdicts, exit codes, documents, baseline and coverage."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from jsonschema_rs import Draft202012Validator

from dataarts_datamap_contract.mock import MockServer
from dataarts_datamap_contract.suite import Evidence, Report, Verdict, run_suite
from dataarts_datamap_contract.suite._http.curl import curl_line
from dataarts_datamap_contract.suite._http.messages import Credential, Request
from dataarts_datamap_contract.suite.baseline import BaselineError, Deviation, apply_baseline, read_baseline
from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS, RETIRED, checks_of
from dataarts_datamap_contract.suite.reports import render_text, write_html, write_json, write_junit, write_sarif
from dataarts_datamap_contract.suite.verdicts import CLASSES
from support.mock_target import CONFIG, mock_target

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e]]>&amp;"
PASSED = Verdict("A-json", "A", "passed", judged=3)
FAILED = Verdict("B-row-shape", "B", "failed", HOSTILE, f"curl '{HOSTILE}'", 2)
GAP = Verdict("C-total-constant", "C", "untested", "no run was found")
EXCUSED = Verdict("D-tenant-isolated", "D", "untested", "no second tenant", excused=True)
ERRORED = Verdict("E-fraction", "E", "errored", "timed out")
SEEN = Evidence(9, 3, 3, 3)
SINCE = date(2026, 11, 25)


def report_of(*verdicts: Verdict, shortcomings: tuple[str, ...] = ()) -> Report:
    """A report with some verdicts."""
    return Report("http://127.0.0.1", "ABCDE", 7, verdicts, evidence=SEEN, shortcomings=shortcomings)


@pytest.mark.parametrize(
    ("report", "code", "in_ci"),
    [
        (report_of(PASSED, EXCUSED), 0, 0),
        (report_of(PASSED, GAP), 0, 2),
        (report_of(PASSED, ERRORED), 2, 2),
        (report_of(PASSED, shortcomings=("no rows",)), 2, 2),
        (report_of(FAILED, ERRORED, GAP), 1, 1),
    ],
)
def test_exit_code(report: Report, code: int, in_ci: int) -> None:
    """0 conforms, 1 does not, 2 could not be judged; in CI, a single gap is too many."""
    assert (code, in_ci) == (report.exit_code(), report.exit_code(ci=True))


def test_terminal() -> None:
    """Each check has its line, a failure its reason and its request, and no character does anything to a terminal."""
    text = render_text(report_of(PASSED, FAILED, GAP, EXCUSED, ERRORED, shortcomings=("no rows",)))

    assert all(line.isprintable() for line in text.splitlines())
    assert r"\x1b[31m\u202e" in text
    assert "  FAILED    B-row-shape              The shape of a run" in text.splitlines()
    expected = "Does not conform: 1 passed, 1 failed, 1 errored, 1 untested, 1 not applicable; 9 requests, seed 7"
    assert expected == text.splitlines()[-1]


@pytest.mark.parametrize(("ci", "code", "verdict"), [(False, 0, "Conforms"), (True, 2, "Could not be judged")])
def test_every_report_agrees_with_the_exit_code(tmp_path: Path, *, ci: bool, code: int, verdict: str) -> None:
    """The terminal, JSON, SARIF and the page say what the exit code says, also where a single gap is too many."""
    report = report_of(PASSED, GAP)

    for write, name in ((write_json, "report.json"), (write_sarif, "report.sarif"), (write_html, "report.html")):
        write(report, tmp_path / name, ci=ci)

    assert code == report.exit_code(ci=ci)
    assert render_text(report, ci=ci).splitlines()[-1].startswith(f"{verdict}: ")
    assert code == json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["exit_code"]
    (run,) = json.loads((tmp_path / "report.sarif").read_text(encoding="utf-8"))["runs"]
    assert [code] == [each["exitCode"] for each in run["invocations"]]
    assert f"<h1>{verdict}</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_junit(tmp_path: Path) -> None:
    """One case for each check, with what was wrong; well-formed, whatever a server sent."""
    write_junit(report_of(PASSED, FAILED, GAP, EXCUSED, ERRORED, shortcomings=("no rows",)), tmp_path / "report.xml")
    root = ET.parse(tmp_path / "report.xml").getroot()  # noqa: S314  our own file

    outcomes = {case.get("name", "").split(":")[0]: [child.tag for child in case] for case in root.iter("testcase")}
    assert {"A-json": [], "B-row-shape": ["failure"], "C-total-constant": ["skipped"]} == dict(
        list(outcomes.items())[:3]
    )
    assert str(len(outcomes)) == root.get("tests")
    assert ["error"] == outcomes["E-fraction"]
    assert ["error"] == outcomes["the run saw enough to judge by"]
    assert r"<script>alert(1)</script>\x1b" in next(root.iter("failure")).get("message", "")


SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "minItems": 1,
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": {"required": ["text"]},
                                                "fullDescription": {"required": ["text"]},
                                                "help": {"required": ["text"]},
                                            },
                                        },
                                    }
                                },
                            }
                        }
                    },
                    "invocations": {"items": {"required": ["executionSuccessful"]}},
                    "results": {
                        "items": {
                            "required": ["message", "ruleId", "locations", "partialFingerprints"],
                            "properties": {
                                "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "suppressions": {
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "justification": {"type": "string"},
                                        },
                                    }
                                },
                            },
                            "if": {"properties": {"kind": {"const": "fail"}}},
                            "else": {"properties": {"level": {"const": "none"}}},
                        }
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 asks for of what is written, with what code scanning asks for beside it."""


def test_sarif(tmp_path: Path) -> None:
    """Each check is a rule, each failure a result, and a known one is suppressed; what is hostile is made safe."""
    known = replace(FAILED, check="B-page-shape", baseline="known since 2026")
    verdicts = (PASSED, FAILED, known, GAP, EXCUSED, ERRORED)
    write_sarif(report_of(*verdicts, shortcomings=("no rows",)), tmp_path / "report.sarif")
    document = json.loads((tmp_path / "report.sarif").read_text(encoding="utf-8"))

    Draft202012Validator(SARIF).validate(document)
    (run,) = document["runs"]
    results, rules = run["results"], [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [("fail", "error"), ("fail", "error")] == [(result["kind"], result["level"]) for result in results]
    assert [FAILED.check, "B-page-shape"] == [result["ruleId"] for result in results]
    assert [rules.index(result["ruleId"]) for result in results] == [result["ruleIndex"] for result in results]
    assert [[], ["known since 2026"]] == [
        [each["justification"] for each in result.get("suppressions", [])] for result in results
    ]
    assert results[0]["message"]["text"].isprintable()
    assert ["logicalLocations"] == list(results[0]["locations"][0])
    invocation = run["invocations"][0]
    assert (False, 1) == (invocation["executionSuccessful"], invocation["exitCode"])
    notes = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
    assert ["no rows", ERRORED.check, GAP.check] == [re.split(" errored| untested", each)[0] for each in notes]


def test_json(tmp_path: Path) -> None:
    """The document has every verdict with its rule, the evidence and the exit code."""
    write_json(report_of(PASSED, FAILED), tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))

    assert (1, 1, 7, 9) == (
        document["format"],
        document["exit_code"],
        document["seed"],
        document["evidence"]["requests"],
    )
    assert [HOSTILE, CATALOGUE["B-row-shape"].rule] == [document["verdicts"][1][name] for name in ("reason", "rule")]


def test_html_is_inert(tmp_path: Path) -> None:
    """The page loads nothing, runs its own script alone, and shows hostile text as text."""
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            assert not {"src", "onload", "onclick"} & {name for name, _ in attrs}
            assert all((value or "").startswith("#") for name, value in attrs if name == "href")

    write_html(report_of(FAILED), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    Tags().feed(page)

    assert not {"img", "link", "iframe"} & set(tags)
    assert 1 == tags.count("script")
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'", page)
    assert r"&lt;script&gt;alert(1)&lt;/script&gt;\x1b[31m\u202e]]&gt;&amp;amp;" in page


def test_curl_line() -> None:
    """The command line quotes what a shell would act on, and takes the token from the environment."""
    credential = Credential("good", (("X-Auth-Token", "s3cret"),), ("X-Auth-Token: $DATAMAP_TOKEN",))
    request = Request(method="POST", path="/a", query="b='$(rm)'", fields=(("instance", ""),), credential=credential)

    expected = (
        'curl -sS --path-as-is -g -X POST -H "X-Auth-Token: $DATAMAP_TOKEN" '
        "-H 'instance;' 'http://h/a?b='\\''$(rm)'\\'''"
    )
    assert expected == curl_line("http://h", request)


def test_baseline() -> None:
    """A known failure is let pass, with its reason; an entry that matches nothing fails."""
    known = [Deviation("B-row-shape", "ticket 7", SINCE), Deviation("A-json", "ticket 8", SINCE)]
    passed, failed, gap = apply_baseline(report_of(PASSED, FAILED, GAP), known).verdicts

    assert "failed" == passed.outcome
    assert "does not: remove the entry" in passed.reason
    assert ("failed", "since 2026-11-25: ticket 7") == (failed.outcome, failed.baseline)
    assert GAP == gap
    assert 0 == apply_baseline(report_of(FAILED), known[:1]).exit_code()


def test_reads_a_baseline(tmp_path: Path) -> None:
    """A baseline is a TOML file of deviations."""
    path = tmp_path / "known.toml"
    path.write_text('[[deviation]]\ncheck = "A-json"\nreason = "ticket 8"\nsince = 2026-11-25\n', encoding="utf-8")

    assert (Deviation("A-json", "ticket 8", SINCE),) == read_baseline(path)


def test_a_baseline_may_name_a_retired_check(tmp_path: Path) -> None:
    """It stands for the check that judges now what it judged, and a warning says which."""
    path = tmp_path / "known.toml"
    path.write_text('[[deviation]]\ncheck = "C-query-order"\nreason = "x"\nsince = 2026-11-25\n', encoding="utf-8")

    with pytest.warns(FutureWarning, match="check C-query-order is retired: use C-replay instead"):
        assert (Deviation("C-replay", "x", SINCE),) == read_baseline(path)


def test_a_retired_check_has_a_successor() -> None:
    """Each successor is in the catalogue, and of the same level; no retired check is."""
    assert set(RETIRED.values()) <= CATALOGUE.keys()
    assert set() == RETIRED.keys() & CATALOGUE.keys()
    assert all(old[0] == new[0] for old, new in RETIRED.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[deviation", "cannot read"),
        ("deviation = 3", "deviation is not a list of"),
        ("x = 1", "more than"),
        ('[[deviation]]\ncheck = "A-json"', "give it check, reason and since"),
        ('[[deviation]]\ncheck = "A-nope"\nreason = "x"\nsince = 2026-11-25', "no check 'A-nope'"),
        ('[[deviation]]\ncheck = "A-json"\nreason = " "\nsince = 2026-11-25', "give the reason"),
        ('[[deviation]]\ncheck = "A-json"\nreason = "x"\nsince = "soon"', "not a date such as"),
        ('[[deviation]]\ncheck = "A-json"\nreason = "x"\nsince = 2026-11-25\n' * 2, "names A-json 2 times: keep one"),
    ],
)
def test_refuses_a_wrong_baseline(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong with a baseline is said, with the file and the place."""
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BaselineError, match=message):
        read_baseline(path)


def test_catalogue() -> None:
    """Each check has an id of its level, and says what it enforces and what that rests on."""
    for check in CATALOGUE.values():
        assert re.fullmatch(r"[A-E]-[a-z]+(-[a-z]+)*", check.id)
        assert check.level in LEVELS
        assert check.rule.endswith(".")
        assert check.basis.split(":")[0] in {"documented", "sibling", "inferred", "sdk", "http"}
    assert list(CATALOGUE) == [check.id for check in checks_of("EDCBA")]


@pytest.mark.prove
def test_coverage_of_the_reference() -> None:
    """Against the reference server nearly all of the specification is exercised, down to the third level."""
    with MockServer(CONFIG) as server:
        coverage = run_suite(mock_target(server), max_examples=0).coverage

    cells = {(cell.operation, cell.parameter, cell.value_class): cell.answers for cell in coverage.cells}
    limits = {each: set(cells["ShowInstanceInfos", "limit", each]) for each in CLASSES}
    assert [True] * 3 == [200 in limits[each] for each in ("valid", "minimum", "maximum")]
    assert [{400}] * 4 == [limits[each] for each in ("below", "above", "missing", "wrong type")]
    assert ("ShowInstanceInfos", "job_name", "below") not in cells
    seen = {each.path: each.seen for each in coverage.types if each.type == "string"}
    assert seen["$.body → $.rows[].runningData → $.firstTimeEtlSqlList"] > 0
    assert 0.45 < coverage.index < 1  # most fields of an asset may be null, and none of the mock's is
