"""Every check of the conformance suite: its id, what it enforces, and what that rests on. Importing this runs nothing.

An id is the letter of its level and a short name, and stays what it is: a baseline or a pipeline may rely on it. One
that is retired is still taken, for its successor.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKED_OPERATIONS: Final = frozenset(
    {
        *("ShowInstanceInfos", "ShowNodes"),
        *("ShowDataSets", "ShowDataDetail", "ListEntityDetails", "ShowLineageBulk", "ShowDatamapLineage"),
    }
)
"""The operations of the specification that the suite asks for and judges."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "A": "Envelope, status and content type",
        "B": "Decoded body",
        "C": "Paging, filters and window",
        "D": "Credentials",
        "E": "Bad input",
    }
)
"""What each level is about, in the order in which they build on each other."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that a server is held to.

    Attributes:
        id: Stable name, ``LEVEL-short-name``.
        title: The rule in a few words.
        rule: What must hold.
        basis: What the rule rests on: ``documented``, or ``sibling``, ``inferred`` or ``http`` and the source.
        conditional: Whether a server may do without what it judges, so that a run may see none of it.
    """

    id: str
    title: str
    rule: str
    basis: str
    conditional: bool = False

    @property
    def level(self) -> str:
        """The letter of the level, a key of `LEVELS`."""
        return self.id[0]


_DOCUMENTED = "documented: the operation's page"
_SCHEMA = "inferred: the schema of the specification, read off the documented example"
_OPTIONAL_ID = "documented: the ids of the request; an empty page, 400, 403 and 404 are all let pass"
_TOKEN = "documented: X-Auth-Token authenticates; sibling: the gateway's error table answers 401"  # noqa: S105  prose
_SIGNATURE = "sibling: the service's authentication page and the gateway's error table"
_BOUNDS = "inferred: the bounds that the specification states; documented: 400 for a bad request"

_CHECKS = (
    Check(
        "A-status-documented",
        "Only documented statuses",
        "A response of a declared operation has a status that the specification lists for it (422 is none).",
        _DOCUMENTED,
    ),
    Check(
        "A-server-error",
        "No server error",
        "No request, however strange, is answered by a 5xx. A 502, 503 or 504 is asked again once.",
        "documented: 500 is for a failure of the server, not for a request",
    ),
    Check(
        "A-answer-whole",
        "Responses arrive whole",
        "A response can be read to its end as its framing announces it, and has the coding that it announces.",
        "http: RFC 9112, section 6; RFC 9110, section 8.4",
    ),
    Check(
        "A-content-type",
        "JSON is announced as JSON",
        "A response of a declared operation says application/json, in UTF-8 if it names a character set.",
        "documented: the examples; http: RFC 9110, section 8.3",
    ),
    Check(
        "A-json",
        "Strict JSON",
        "A response of a declared operation is a JSON document: UTF-8, no byte order mark, no NaN, no key twice.",
        "documented: the examples; http: RFC 8259",
    ),
    Check(
        "A-envelope-shape",
        "The envelope's shape",
        "A 200 of ShowInstanceInfos is an object with an integer status_code and a text body.",
        _DOCUMENTED,
    ),
    Check(
        "A-envelope-status",
        "The envelope's status agrees",
        "status_code is an HTTP status, and 200 where the body is a page that counts as a success or has rows.",
        "documented: response code of the wrapped response",
    ),
    Check(
        "A-header-map",
        "header_map maps text to text",
        "header_map, where it is sent, is an object whose values are all text.",
        "documented: the example; sdk: a map of text to text",
        conditional=True,
    ),
    Check(
        "A-nodes-shape",
        "The shape of ShowNodes",
        "A 200 of ShowNodes is a bare array of objects, each with task_id, job_name and workspace_id as text.",
        _DOCUMENTED,
    ),
    Check(
        "A-catalog-shape",
        "The shape of assets and lineage",
        "A 200 of a search, of details or of lineage is an object whose members have the types of the specification.",
        _DOCUMENTED,
    ),
    Check(
        "A-error-shape",
        "The shape of errors",
        "A response of a declared operation with 400 or above is an object with error_code and error_msg as text.",
        "documented: the page's error example; sibling: DlgErrorResponseVO requires both",
    ),
    Check(
        "A-request-id",
        "One id for one exchange",
        "Where an error has a request_id and the response an X-Request-Id, they are the same.",
        "sibling: the gateway's errors carry the same id in both places",
        conditional=True,
    ),
    Check(
        "A-undeclared-method",
        "Undeclared methods are refused",
        "A method that is not declared is refused with a 4xx or 501, or with what the target says of its gateway.",
        "http: RFC 9110, section 15.5.6; the service documents no response",
    ),
    Check(
        "A-allow-header",
        "405 names what is allowed",
        "A 405 has an Allow header; on a declared path it names what is declared, and not the method that was refused.",
        "http: RFC 9110, section 15.5.6",
        conditional=True,
    ),
    Check(
        "A-undeclared-path",
        "Undeclared paths are refused",
        "A path beside the declared ones is refused with a 4xx.",
        "sibling: the gateway's error table, APIGW.0101",
    ),
    Check(
        "B-body-json",
        "The body is strict JSON",
        "The body string of a success is a JSON document: no byte order mark, no NaN, no key twice, no lone surrogate.",
        "inferred: the documented example's body",
    ),
    Check(
        "B-page-shape",
        "The page's shape",
        "The decoded body has rows, an array, and total, an integer of at least 0; success is a boolean, msg text.",
        _SCHEMA,
    ),
    Check(
        "B-row-shape",
        "The shape of a run",
        "Each field of a row that the specification names has a type that it lists; none is required.",
        _SCHEMA,
    ),
    Check(
        "B-running-data",
        "runningData decodes",
        "runningData is null or a JSON document as text, and that document is what its schema says.",
        _SCHEMA,
        conditional=True,
    ),
    Check(
        "B-running-param",
        "runningParam decodes",
        "runningParam is null or a JSON document as text, and that document is what its schema says.",
        _SCHEMA,
        conditional=True,
    ),
    Check(
        "B-success-agrees",
        "success agrees with the page",
        "success is not false where rows are shown, nor for a valid request of real ids.",
        "inferred: the example; success says whether the scheduler could answer",
        conditional=True,
    ),
    Check(
        "B-message-agrees",
        "msg agrees with success",
        "Where success is true, msg is the word success, or null, or not sent.",
        "inferred: the example, whose msg is success",
        conditional=True,
    ),
    Check(
        "B-total-covers-rows",
        "total covers the rows",
        "total, or count of a search, is at least the number of rows or assets shown.",
        "sibling: the scheduler's list APIs define total so",
    ),
    Check(
        "B-time-unit",
        "Times are milliseconds",
        "planTime, submitTime, startTime and endTime are 0 for none, or milliseconds since the epoch (13 digits).",
        "sibling: NodeInstance; inferred: the example",
        conditional=True,
    ),
    Check(
        "B-time-order",
        "A run ends after it starts",
        "endTime is not before startTime where a row has both.",
        "inferred: what the two names mean",
        conditional=True,
    ),
    Check(
        "B-count-range",
        "Counts are -1 or more",
        "Row counts, failCount, retryTimes, runningTime and speed are at least 0, or -1 for not known.",
        "sibling: NodeInstance; inferred: -1 in the example",
        conditional=True,
    ),
    Check(
        "B-force-success",
        "forceSuccess is a flag",
        "forceSuccess is 0, 1, true, false or null.",
        "sibling: a boolean of the scheduler; inferred: 0 in the example",
        conditional=True,
    ),
    Check(
        "B-asset-shape",
        "The shape of an asset",
        "Each field of an asset that the specification names has a type that it lists; none is required.",
        "documented: the model; inferred: numbers or text where the model and its example differ",
        conditional=True,
    ),
    Check(
        "B-asset-times",
        "Times of an asset are milliseconds",
        "create_time and update_time are 0 for none, or milliseconds since the epoch, and none is changed before it "
        "is made.",
        "inferred: the unit is that of siblings, the order what the names mean",
        conditional=True,
    ),
    Check(
        "B-lineage-shape",
        "The shape of lineage",
        "Each field of a row of lineage and of a relationship has a type that the specification lists.",
        _DOCUMENTED,
        conditional=True,
    ),
    Check(
        "B-param-total",
        "runningParam counts its rows",
        "total inside runningParam is the number of rows inside it.",
        "inferred: the example",
        conditional=True,
    ),
    Check(
        "B-fields-agree",
        "The fields of a run agree",
        "Over all rows, runningTime lies between startTime and endTime, speed is outputRowCount by runningTime, and "
        "status, times and forceSuccess do not contradict each other. A few odd rows are let pass.",
        "sibling: NodeInstance; inferred: what the names mean",
        conditional=True,
    ),
    Check(
        "C-limit-exceeded",
        "limit bounds a page",
        "A page has at most limit rows.",
        "documented: records on each page",
    ),
    Check(
        "C-limit-underfilled",
        "A page is filled",
        "A page with a limit of 10 or less that is not the last has exactly limit rows, and the last the rest.",
        "documented: records on each page; sibling: no cap below 100",
    ),
    Check(
        "C-offset-slice",
        "offset says where a page starts",
        "A page is the slice of the window's runs that offset and limit name, by the target's unit of offset; walks "
        "with other limits find the same runs in the same order.",
        "documented: offset of the page",
    ),
    Check(
        "C-offset-beyond-end",
        "Nothing is beyond the end",
        "An offset at the end or beyond it gives a page without rows, whose total is still the window's. The largest "
        "may be refused with 400.",
        "sibling: the scheduler's list APIs",
    ),
    Check(
        "C-walk-complete",
        "A walk finds every run",
        "Pages walked to the end of a closed window hold as many runs as total says.",
        "sibling: total counts the matching records",
    ),
    Check(
        "C-walk-duplicate",
        "A walk finds no run twice",
        "Pages walked to the end of a closed window show no run twice.",
        "inferred: taskRunningLogId is the id of a run",
    ),
    Check(
        "C-total-constant",
        "total belongs to the window",
        "total is the same on every page of a closed window, whatever offset and limit are.",
        "sibling: total counts the matching records on all pages",
    ),
    Check(
        "C-run-id-unique",
        "Each run has an id of its own",
        "Rows that differ have different taskRunningLogIds, where they have one.",
        "inferred: the example",
        conditional=True,
    ),
    Check(
        "C-run-content",
        "A run is one run",
        "A run that has ended has the same fields on each page, whatever limit, window and filters are.",
        "inferred: offset, limit, window and filters choose rows, and change none",
        conditional=True,
    ),
    Check(
        "C-replay",
        "How a request travels changes nothing",
        "The same question, once more, signed or with a token, with gzip, on another connection, encoded or ordered "
        "in another way, side by side with others or after other ones, has the same status and shows the same data. "
        "One that is encoded twice asks for something else.",
        "http: RFC 9110, section 3.3: requests are stateless; documented: both ways to authenticate",
    ),
    Check(
        "C-window-start",
        "No run before the window",
        "No row's time, by the column that the window filters on, is before start_time.",
        "documented: start of the range; sibling: of plan time or start time",
    ),
    Check(
        "C-window-end",
        "No run after the window",
        "No row's time, by the column that the window filters on, is after end_time.",
        "documented: end of the range; sibling: of plan time or start time",
    ),
    Check(
        "C-window-adds-up",
        "Windows add up",
        "Each page of each window inside a closed one has those of its runs, in their order, and the total, that one "
        "column and one convention of bounds say.",
        "documented: a range of time; whether its ends belong to it is not, so either is let pass",
    ),
    Check(
        "C-window-reversed",
        "A window that ends before it starts",
        "start_time after end_time gives no rows: an empty page or 400.",
        "documented: start and end of a range",
    ),
    Check(
        "C-rows-of-task",
        "Rows are of the task",
        "taskId of each row is the path's task_id, compared as text.",
        _DOCUMENTED,
        conditional=True,
    ),
    Check(
        "C-rows-of-job",
        "Rows are of the job",
        "jobName of each row is the query's job_name.",
        _DOCUMENTED,
        conditional=True,
    ),
    Check(
        "C-rows-of-workspace",
        "Rows are of the workspace",
        "workspaceId of each row is the query's workspace_id, where one was sent.",
        _DOCUMENTED,
        conditional=True,
    ),
    Check(
        "C-job-name-other",
        "Another job name finds nothing",
        "A job_name that no operator has gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-job-name-prefix",
        "Part of a job name finds nothing",
        "A job_name that is the beginning or the end of a real one, or goes on after it, gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-job-name-case",
        "Case counts in a job name",
        "A job_name that differs from a real one in case only gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-job-name-blank",
        "A blank job name finds nothing",
        "A blank job_name gives no rows: an empty page or 400.",
        "documented: job_name is mandatory",
    ),
    Check(
        "C-job-name-wildcard",
        "No wildcards in a job name",
        "A job_name with %, _ or * in place of real characters is taken as it stands and gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-job-name-unusual",
        "Unusual job names are served",
        "Operators whose names hold /, <, +, %, a space or Chinese text are served as any other is.",
        "sibling: the console lets an operator's name hold such characters",
    ),
    Check(
        "C-task-id-other",
        "Another task finds nothing",
        "A task_id that nearly is the real one gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-workspace-other",
        "Another workspace finds nothing",
        "A workspace_id that is not the operator's, or a pattern of it, gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-workspace-same",
        "A workspace has all its runs",
        "With workspace_id, the runs are those that a request without it lists of that workspace, if it lists any.",
        "documented: workspace_id narrows the question",
    ),
    Check(
        "C-table-other",
        "Another table has no operators",
        "A guid that nearly is the real one gives an empty array, 400, 403 or 404.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-nodes-operator",
        "ShowNodes names the operator",
        "The operators of the target's table include the target's own; those of each table, all that ShowLineageBulk "
        "says to read or write it.",
        "documented: ShowNodes gives the task_id, job_name and workspace_id to ask with, of those that read or write "
        "a table",
    ),
    Check(
        "C-nodes-unique",
        "ShowNodes names each once",
        "ShowNodes names no operator twice, and the same ones when it is asked again.",
        "inferred: the name of the operation",
    ),
    Check(
        "C-nodes-chain",
        "What ShowNodes names can be asked",
        "ShowInstanceInfos answers 200 for each operator that ShowNodes names.",
        "documented: its parameters are a ShowNodes element's fields",
    ),
    Check(
        "C-search-pages",
        "Pages of a search",
        "Pages of one search, whatever limit and offset are, are slices of one list, whose count each of them says, "
        "and so do its facets. offset may count assets or pages.",
        "documented: offset, limit and facets; inferred: without that no search can be walked",
        conditional=True,
    ),
    Check(
        "C-search-finds",
        "A search finds a table by its name",
        "A search by the name that lineage or its details give a table finds its GUID.",
        "documented: a search is by keyword; sibling: compared with name and description",
        conditional=True,
    ),
    Check(
        "C-search-narrows",
        "Keyword, filter and order",
        "A keyword that no asset has finds nothing; a filter and an owner let those pass that they say, by EQ, IN, "
        "AND and OR, with a keyword, too; an order changes the order alone. They may be refused with 400.",
        "documented: the filter's grammar, owner and sort",
        conditional=True,
    ),
    Check(
        "C-asset-agrees",
        "An asset is one asset",
        "Search, details and lineage say the same of an asset, in every field that two of them show.",
        "inferred: they are views of one catalogue; a GUID names one asset",
        conditional=True,
    ),
    Check(
        "C-details-batch",
        "Details of many",
        "ListEntityDetails shows each known asset that is asked for, once, and no other.",
        "documented: its body is the list of GUIDs; whether an unknown one is left out or refused is not",
        conditional=True,
    ),
    Check(
        "C-asset-other",
        "Another GUID opens nothing",
        "A GUID that nearly is a table's, or a pattern of it, has no details and no lineage.",
        _OPTIONAL_ID,
        conditional=True,
    ),
    Check(
        "C-bulk-pages",
        "Pages of all lineage",
        "Pages of ShowLineageBulk, joined, are the same for any limit; each has at most limit operators, and all say "
        "one total. offset may count operators or pages.",
        "documented: it is paged by operator",
        conditional=True,
    ),
    Check(
        "C-lineage-mirror",
        "Upstream and downstream mirror each other",
        "IN of a table contains another exactly if OUT of that contains the table; BOTH holds what both hold, and is "
        "what comes without a direction.",
        "documented: the directions, and that BOTH is the default",
        conditional=True,
    ),
    Check(
        "C-lineage-agrees",
        "Lineage has one direction",
        "The same end of each relationship is upstream, a table that ShowLineageBulk names as the source of another "
        "is in the IN of that, and lineage is one step for every table, or the whole graph for every table. Which "
        "end, which of the two, and through what is left open.",
        "documented: source and target of a row, IN and OUT, that there is no depth and no paging",
        conditional=True,
    ),
    Check(
        "C-lineage-connected",
        "Lineage is that of the table",
        "Each relationship leads to the table that was asked for, over others if need be, and comes once, with the "
        "known assets at its ends and no others.",
        "documented: lineage around one asset",
        conditional=True,
    ),
    Check(
        "C-lineage-category",
        "Only the categories asked for",
        "Where relationship_type_categories is sent, each relationship is of it.",
        "documented: the parameter",
        conditional=True,
    ),
    Check(
        "D-missing", "No credentials, no data", "A request without credentials is not answered with success.", _TOKEN
    ),
    Check(
        "D-token-other", "Another token is refused", "A token of the same length is not answered with success.", _TOKEN
    ),
    Check(
        "D-token-prefix",
        "Part of a token is refused",
        "A token without its last character, or only half of it, is refused.",
        _TOKEN,
    ),
    Check(
        "D-token-longer",
        "A longer token is refused",
        "A token with something before or after it, as in a list, is refused.",
        _TOKEN,
    ),
    Check("D-token-case", "Case counts in a token", "A token that differs in case only is refused.", _TOKEN),
    Check("D-token-blank", "A blank token is refused", "An X-Auth-Token that is empty is refused.", _TOKEN),
    Check(
        "D-token-query",
        "A token belongs in its header",
        "The right token as a bearer or in a cookie, and with a mock in the query string, is refused.",
        _TOKEN,
    ),
    Check(
        "D-refusal-status",
        "Bad credentials get 401",
        "A request whose credentials are bad or missing and that is refused gets 401, not 403, 400 or 404.",
        "documented: 401; sibling: the gateway's error table",
    ),
    Check(
        "D-secret-echo",
        "Secrets are not echoed",
        "No response has the token or the secret key in it, nor the signature that would have been right.",
        "inferred: an error body ends in logs",
    ),
    Check(
        "D-signature-accepted",
        "A good signature is accepted",
        "A request that is rightly signed is served as with a token.",
        _SIGNATURE,
    ),
    Check(
        "D-signature-wrong",
        "A wrong signature is refused",
        "A request signed with another secret key, or whose signature has one wrong digit, is refused.",
        _SIGNATURE,
    ),
    Check(
        "D-signature-tampered",
        "A signature covers the request",
        "A request whose path, query or signed header was changed after it was signed is refused.",
        _SIGNATURE,
    ),
    Check(
        "D-signature-stale",
        "A signature ages",
        "A request signed more than 15 minutes ago, or ahead, is refused. Asked of a mock only, or if allowed.",
        _SIGNATURE,
    ),
    Check(
        "D-signature-undated",
        "A signature covers its date",
        "A request that leaves X-Sdk-Date unsigned is refused. Asked of a mock only, or if allowed.",
        _SIGNATURE,
    ),
    Check(
        "D-access-key-other",
        "Another access key is refused",
        "A request signed under an unknown access key is refused. Asked of a mock only, or if allowed.",
        _SIGNATURE,
    ),
    Check(
        "D-project-other",
        "Another project has no data",
        "A project_id that nearly is the real one, or a pattern of it, gives no rows and no operators.",
        "documented: project id; sibling: a token is good for one project",
    ),
    Check(
        "D-instance-other",
        "Another tenancy has no data",
        "An instance that nearly is the real one, a pattern of it, or blank, gives no rows and no operators.",
        "documented: id of the tenancy",
    ),
    Check(
        "D-tenant-isolated",
        "A second tenant's data is closed",
        "Another tenant's project, tenancy, table or operator, where the target names one, gives no data.",
        "documented: 403",
    ),
    Check(
        "E-missing-parameter",
        "Required parameters are required",
        "A request without a required parameter is not answered with success.",
        "documented: mandatory parameters",
    ),
    Check("E-below-minimum", "Below the minimum", "A number below its minimum is not answered with success.", _BOUNDS),
    Check("E-above-maximum", "Above the maximum", "A number above its maximum is not answered with success.", _BOUNDS),
    Check(
        "E-wrong-type",
        "Not a number",
        "Text in place of a number is not answered with success.",
        "documented: the parameters' types",
    ),
    Check(
        "E-fraction",
        "Not a whole number",
        "A number with a fraction in place of an integer is not answered with success (1.0 is let pass).",
        "sdk: 32-bit integers; inferred: whole milliseconds",
    ),
    Check(
        "E-not-listed",
        "None of the values listed",
        "A direction or a flag that is none of the listed values is not answered with success; another case may be.",
        "documented: the values",
        conditional=True,
    ),
    Check(
        "E-body-invalid",
        "A body that is not what is asked for",
        "A body that is no JSON, lacks what is required, or has a value of a wrong type or below a minimum, is not "
        "answered with success.",
        "documented: the body's model; inferred: the bounds that the specification states",
        conditional=True,
    ),
    Check(
        "E-refusal-status",
        "Bad input gets 400",
        "An invalid request of good credentials and real ids that is refused gets 400; one without a usable instance, "
        "403 or 404 too.",
        "documented: 400",
    ),
    Check(
        "E-valid-refused",
        "Valid requests are served",
        "A valid request of real ids with a limit of 10 or less, and a modest offset and window, is answered with 200.",
        _DOCUMENTED,
    ),
    Check(
        "E-minimum-refused",
        "The minimum is allowed",
        "The least offset, limit and times are answered with 200; start_time may be equal to end_time.",
        _BOUNDS,
    ),
    Check(
        "E-maximum-unserved",
        "The maximum is handled",
        "The largest limit, offset and times are answered with 200, or with 400 where the server has a cap of its own.",
        _BOUNDS,
    ),
    Check(
        "E-optional-refused",
        "What is optional may be left out",
        "A request without workspace_id, or without limit, keyword or direction where those are optional, is not "
        "refused with 400.",
        "documented: they are not mandatory",
    ),
)

CATALOGUE: Mapping[str, Check] = MappingProxyType({check.id: check for check in _CHECKS})
"""Every check by its id, in the order of the levels."""

RETIRED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "C-offset-deep": "C-offset-beyond-end",
        "C-walk-limits-agree": "C-offset-slice",
        "C-window-total": "C-window-adds-up",
        **dict.fromkeys(("C-repeatable", "C-query-encoding", "C-query-order"), "C-replay"),
    }
)
"""Ids that checks once had, each with the check that judges now what it judged."""


def current_id(check: str) -> str:
    """The id of a check; that of its successor, with a warning, if it is a retired one.

    Raises:
        ValueError: The catalogue never had it.
    """
    if check in RETIRED:
        successor = RETIRED[check]
        text = f"check {check} is retired: {successor} judges what it judged, name that instead"
        warnings.warn(text, FutureWarning, stacklevel=3)
        return successor
    if check not in CATALOGUE:
        raise ValueError(f"the catalogue has no check {check!r}")
    return check


def checks_of(levels: str) -> tuple[Check, ...]:
    """The checks of some levels, in the catalogue's order.

    Args:
        levels: Letters of levels in any order, such as ``ACE``.

    Raises:
        ValueError: A letter names no level, or there is none.
    """
    unknown = sorted(set(levels) - LEVELS.keys())
    if unknown or not levels:
        raise ValueError(f"levels {levels!r}: name at least one of {', '.join(LEVELS)}, such as ABC")
    return tuple(check for check in _CHECKS if check.level in levels)
