"""Every check of the conformance suite: its id, its rule, and the basis of that rule. Importing this runs nothing.

An id is the letter of its level and a short name. It does not change, since baselines and pipelines rely on it. A
retired id is still accepted and stands for its successor.
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
"""The operations of the specification that the suite calls and judges."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "A": "Envelope, status and content type",
        "B": "Decoded body",
        "C": "Paging, filters and window",
        "D": "Credentials",
        "E": "Bad input",
    }
)
"""The subject of each level."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule for a server.

    Attributes:
        id: Stable name, ``LEVEL-short-name``.
        title: The rule in a few words.
        rule: The statement that must hold.
        basis: The source of the rule: ``documented``, ``sibling``, ``inferred``, ``sdk`` or ``http``, and details.
        conditional: Whether it judges an optional feature, which a run may not see.
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
_OPTIONAL_ID = "documented: the ids of the request; an empty page, 400, 403 and 404 are all accepted"
_TOKEN = "documented: X-Auth-Token authenticates; sibling: the gateway's error table answers 401"  # noqa: S105  prose
_SIGNATURE = "sibling: the service's authentication page and the gateway's error table"
_BOUNDS = "inferred: the bounds that the specification states; documented: 400 for a bad request"

_CHECKS = (
    Check(
        "A-status-documented",
        "Only documented statuses",
        "A declared operation responds with a status below 500 only if the specification lists it (422 is not listed). "
        "A 200 is no error document.",
        _DOCUMENTED,
    ),
    Check(
        "A-server-error",
        "No server error",
        "No request, however strange, gets a 5xx, except that 501 may refuse a method other than GET. After a 502, 503 "
        "or 504, the request is repeated once.",
        "documented: 500 is for a failure of the server, not for a request",
    ),
    Check(
        "A-answer-whole",
        "Responses arrive whole",
        "A response has at most 32 MiB, can be read to its end by its framing, and has the content coding that it "
        "announces.",
        "http: RFC 9112, section 6; RFC 9110, section 8.4",
    ),
    Check(
        "A-content-type",
        "JSON is announced as JSON",
        "A response with a documented status below 500 has the type application/json, with charset UTF-8 if it names "
        "one.",
        "documented: the examples; http: RFC 9110, section 8.3",
    ),
    Check(
        "A-json",
        "Strict JSON",
        "A response with a documented status below 500 is a JSON document: UTF-8, no byte order mark, no NaN, no "
        "duplicate key, no lone surrogate.",
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
        "status_code is an HTTP status. It is 200 if the body is a successful page or has rows, and for requests that "
        "must be served (E-valid-refused).",
        "documented: response code of the wrapped response",
    ),
    Check(
        "A-header-map",
        "header_map maps text to text",
        "header_map, if sent, is an object whose values are all text.",
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
        "A response of a declared operation with a documented 4xx is an object with error_code and error_msg as text "
        "that says something.",
        "documented: the page's error example; sibling: DlgErrorResponseVO requires both",
    ),
    Check(
        "A-request-id",
        "One id for one exchange",
        "If an error has a request_id and the response an X-Request-Id, they are equal. No two responses have the same "
        "X-Request-Id.",
        "sibling: the gateway's errors carry the same id in both places",
        conditional=True,
    ),
    Check(
        "A-undeclared-method",
        "Undeclared methods are refused",
        "A method that is not declared, other than HEAD and OPTIONS, is refused with a 4xx or 501; if the target names "
        "statuses for undeclared methods, with one of those.",
        "http: RFC 9110, section 15.5.6; the service documents no response",
    ),
    Check(
        "A-allow-header",
        "405 names the allowed methods",
        "A 405 has an Allow header, which does not list the refused method. On a declared path, it lists the declared "
        "methods.",
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
        "The body string of a success is a JSON document: no byte order mark, no NaN, no duplicate key, no lone "
        "surrogate.",
        "inferred: the documented example's body",
    ),
    Check(
        "B-page-shape",
        "The page's shape",
        "The decoded body has rows, an array, and total, an integer of at least 0. If sent, success is a boolean, and "
        "msg text or null.",
        _SCHEMA,
    ),
    Check(
        "B-row-shape",
        "The shape of a run",
        "Each field of a row that the specification names has a type that it lists; no field is required.",
        _SCHEMA,
    ),
    Check(
        "B-running-data",
        "runningData decodes",
        "runningData is null or a JSON document as text, and that document matches its schema.",
        _SCHEMA,
        conditional=True,
    ),
    Check(
        "B-running-param",
        "runningParam decodes",
        "runningParam is null or a JSON document as text, and that document matches its schema.",
        _SCHEMA,
        conditional=True,
    ),
    Check(
        "B-success-agrees",
        "success agrees with the page",
        "success is not false if rows are shown, nor for requests that must be served (E-valid-refused).",
        "inferred: the example; success says whether the scheduler could answer",
        conditional=True,
    ),
    Check(
        "B-message-agrees",
        "msg agrees with success",
        "If success is true, msg is null, not sent, or the word success, whatever its case.",
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
        "planTime, submitTime, startTime and endTime are 0 for none, or milliseconds since the epoch: 12 to 14 digits.",
        "sibling: NodeInstance; inferred: the example",
        conditional=True,
    ),
    Check(
        "B-time-order",
        "A run ends after it starts",
        "endTime is not before startTime if a row has both.",
        "inferred: what the two names mean",
        conditional=True,
    ),
    Check(
        "B-count-range",
        "Counts are -1 or more",
        "Row counts, failCount, retryTimes, runningTime and speed are at least 0, or -1 for unknown.",
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
        "Each field of an asset that the specification names has a type that it lists; no field is required.",
        "documented: the model; inferred: numbers or text where the model and its example differ",
        conditional=True,
    ),
    Check(
        "B-asset-times",
        "Times of an asset are milliseconds",
        "create_time and update_time are 0 for none, or milliseconds since the epoch; no update precedes the creation.",
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
        "Over all rows, runningTime is the time from startTime to endTime, speed is outputRowCount per second of "
        "runningTime, and status, times and forceSuccess do not contradict each other. While a run goes on, "
        "runningTime does not grow faster than time passes. The names of a task and a workspace may change, but do not "
        "alternate. A few odd rows are tolerated, but none whose status says that the run goes on after endTime.",
        "sibling: NodeInstance; inferred: what the names mean, and the example, which is 27 minutes into its run",
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
        "Each page but the last has exactly limit rows, and the last has the rest. With a limit above 100, a page may "
        "be shorter, but has at least 100 rows if so many are left.",
        "documented: records on each page; sibling: no cap below 100",
    ),
    Check(
        "C-offset-slice",
        "offset says where a page starts",
        "A page is the slice of the window's runs given by offset and limit, in the target's unit of offset; walks "
        "with other limits find the same runs in the same order.",
        "documented: offset of the page",
    ),
    Check(
        "C-offset-beyond-end",
        "Nothing beyond the end",
        "An offset at the end or beyond it gives a page without rows, with the total of the window. From 32,768 on, "
        "an offset may be refused with 400.",
        "sibling: the scheduler's list APIs",
    ),
    Check(
        "C-walk-complete",
        "A walk finds every run",
        "The pages of a closed window, read to the end, have as many runs as total says.",
        "sibling: total counts the matching records",
    ),
    Check(
        "C-walk-duplicate",
        "A walk finds no run twice",
        "The pages of a closed window, read to the end, show no run twice.",
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
        "Runs of different tasks or plan times do not share a taskRunningLogId.",
        "inferred: the example",
        conditional=True,
    ),
    Check(
        "C-run-content",
        "A run is one run",
        "A run that has ended has the same fields and values on each page, whatever limit, window and filters are.",
        "inferred: offset, limit, window and filters select rows, and do not change them",
        conditional=True,
    ),
    Check(
        "C-replay",
        "The way of a request changes nothing",
        "The same request, repeated, signed or with a token, with gzip, on another connection, encoded or ordered in "
        "another way, in parallel with other requests or after them, gets the same status and the same data, with the "
        "same GUIDs. A request that is encoded twice is a different one. Undeclared parameters are refused with 400, "
        "or change nothing.",
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
        "For all windows inside a closed window, one time column and one convention for the bounds explain the runs of "
        "every page, their order, and the total.",
        "documented: a range of time, but not whether its ends belong to it, so either is accepted",
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
        "taskId of each row is the path's task_id, compared as text, but may lack leading zeros.",
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
        "workspaceId of each row is the query's workspace_id, if one was sent.",
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
        "A job_name that is the beginning or the end of a real one, or a real one with more text, gives no rows.",
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
        "A blank job_name gives no rows.",
        "documented: job_name is mandatory",
    ),
    Check(
        "C-job-name-wildcard",
        "No wildcards in a job name",
        "A job_name with %, _, * or SQL in place of real characters is taken literally and gives no rows.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-job-name-unusual",
        "Unusual job names are served",
        "Operators whose names contain /, <, >, +, %, &, a space or a non-ASCII character are served like any other.",
        "sibling: the console lets an operator's name hold such characters",
    ),
    Check(
        "C-task-id-other",
        "Another task finds nothing",
        "A task_id that is close to the real one, a pattern of it, or that of another operator gives no rows.",
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
        "A request with workspace_id finds exactly the runs that the same request without it shows for that "
        "workspace, if any.",
        "documented: workspace_id narrows the question",
    ),
    Check(
        "C-table-other",
        "Another table has no operators",
        "A guid that is close to the real one, or a pattern of it, gives no operators.",
        _OPTIONAL_ID,
    ),
    Check(
        "C-nodes-operator",
        "ShowNodes names the operator",
        "The operators of the target's table include the target's operators. The operators of any table include every "
        "operator that reads or writes it according to ShowLineageBulk and, for most tables, no other operator of that "
        "lineage. ShowNodes finds each table that other operations show.",
        "documented: ShowNodes returns task_id, job_name and workspace_id of the operators that read or write a table",
    ),
    Check(
        "C-nodes-unique",
        "ShowNodes names each once",
        "ShowNodes lists no operator twice, and lists the same ones when it is called again.",
        "inferred: the name of the operation",
    ),
    Check(
        "C-nodes-chain",
        "What ShowNodes lists can be requested",
        "ShowInstanceInfos gives 200 for the first eight operators that ShowNodes lists, and 200 with rows for the "
        "known jobs of the target.",
        "documented: its parameters are a ShowNodes element's fields",
    ),
    Check(
        "C-search-pages",
        "Pages of a search",
        "The pages of a search, whatever limit and offset are, are slices of one list; count and facets on each page "
        "agree with that list. offset may count assets or pages.",
        "documented: offset, limit and facets; inferred: without that no search can be walked",
        conditional=True,
    ),
    Check(
        "C-search-finds",
        "A search finds a table by its name",
        "A search by the name that lineage or details show for a table finds its GUID.",
        "documented: a search is by keyword; sibling: compared with name and description",
        conditional=True,
    ),
    Check(
        "C-search-narrows",
        "Keyword, filter and order",
        "A keyword that no asset has finds nothing. A filter (EQ, IN, AND, OR) and an owner select exactly the "
        "matching assets, also with a keyword. Sorting changes only the order, and DESC reverses ASC. query_privilege "
        "adds no asset. All of these may be refused with 400.",
        "documented: the filter's grammar, owner and sort",
        conditional=True,
    ),
    Check(
        "C-asset-agrees",
        "An asset is one asset",
        "Search, details and lineage agree on an asset in every field that two of them show, and each operation shows "
        "the same fields of it every time.",
        "inferred: they are views of one catalogue; a GUID names one asset",
        conditional=True,
    ),
    Check(
        "C-details-batch",
        "Details of many",
        "ListEntityDetails shows each known asset that was requested, no more often than requested, and no other.",
        "documented: its body is the list of GUIDs; whether an unknown one is left out or refused is not",
        conditional=True,
    ),
    Check(
        "C-asset-other",
        "Another GUID opens nothing",
        "A GUID that is close to that of a table, or a pattern of it, has no details and no lineage.",
        _OPTIONAL_ID,
        conditional=True,
    ),
    Check(
        "C-bulk-pages",
        "Pages of all lineage",
        "Pages of ShowLineageBulk, joined, are the same for any limit; each has at most limit operators, and all have "
        "the same total. offset may count operators or pages.",
        "documented: it is paged by operator",
        conditional=True,
    ),
    Check(
        "C-lineage-mirror",
        "Upstream and downstream mirror each other",
        "IN of a table contains another table if and only if OUT of the other table contains the first; BOTH is the "
        "union of IN and OUT, and the default.",
        "documented: the directions, and that BOTH is the default",
        conditional=True,
    ),
    Check(
        "C-lineage-agrees",
        "Lineage has one direction",
        "All relationships have the same end upstream; a table that ShowLineageBulk names as a source of another table "
        "is in the IN of the other table; and lineage is one step for every table, or the whole graph for every table. "
        "Either end and either reach is accepted, with or without nodes between tables.",
        "documented: source and target of a row, IN and OUT, and neither depth nor paging",
        conditional=True,
    ),
    Check(
        "C-lineage-connected",
        "Lineage is that of the table",
        "Each relationship leads to the requested table, directly or over others, and occurs once. The response shows "
        "the assets at the ends and the requested table, or none; others only if parents are asked for.",
        "documented: lineage around one asset",
        conditional=True,
    ),
    Check(
        "C-lineage-category",
        "Only the categories asked for",
        "If relationship_type_categories is sent, each relationship is of a category that it names. If it "
        "names several, the relationships of each are shown.",
        "documented: the parameter",
        conditional=True,
    ),
    Check("D-missing", "No credentials, no data", "A request without credentials does not succeed.", _TOKEN),
    Check("D-token-other", "Another token is refused", "A wrong or encoded token does not succeed.", _TOKEN),
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
    Check("D-token-case", "Case counts in a token", "A token that differs only in case is refused.", _TOKEN),
    Check("D-token-blank", "A blank token is refused", "An X-Auth-Token that is empty is refused.", _TOKEN),
    Check(
        "D-token-query",
        "A token belongs in its header",
        "The right token is refused as a bearer token, in a cookie and in the query string. The query string is tested "
        "on mocks, or if allowed.",
        _TOKEN,
    ),
    Check(
        "D-refusal-status",
        "Bad credentials get 401",
        "An otherwise valid request that is refused for wrong or missing credentials gets 401, not 403, 400 or 404.",
        "documented: 401; sibling: the gateway's error table",
    ),
    Check(
        "D-secret-echo",
        "Secrets are not echoed",
        "No response contains a secret of the target or half of one, or the signature that would have been right.",
        "inferred: an error body ends in logs",
    ),
    Check(
        "D-signature-accepted",
        "A good signature is accepted",
        "A request with a valid signature is not refused with 401.",
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
        "A request whose method, path, query, signed header or body was changed after it was signed is refused.",
        _SIGNATURE,
    ),
    Check(
        "D-signature-stale",
        "A signature expires",
        "A request signed more than 15 minutes before or after the present is refused. Tested on mocks, or if allowed.",
        _SIGNATURE,
    ),
    Check(
        "D-signature-undated",
        "A signature covers its date",
        "A request that leaves X-Sdk-Date unsigned is refused. Tested on mocks, or if allowed.",
        _SIGNATURE,
    ),
    Check(
        "D-access-key-other",
        "Another access key is refused",
        "A request signed under an unknown access key is refused. Tested on mocks, or if allowed.",
        _SIGNATURE,
    ),
    Check(
        "D-project-other",
        "Another project has no data",
        "A project_id that is close to the real one, or a pattern of it, gives no data.",
        "documented: project id; sibling: a token is good for one project",
    ),
    Check(
        "D-instance-other",
        "Another tenancy has no data",
        "An instance that is close to the real one, a pattern of it, or blank, gives no data.",
        "documented: id of the tenancy",
    ),
    Check(
        "D-tenant-isolated",
        "A second tenant's data is closed",
        "Another tenant's project, tenancy, table or operator gives no data, if the target names one.",
        "documented: 403",
    ),
    Check(
        "E-missing-parameter",
        "Required parameters are required",
        "A request without a required parameter does not succeed.",
        "documented: mandatory parameters",
    ),
    Check("E-below-minimum", "Below the minimum", "A number below its minimum does not succeed.", _BOUNDS),
    Check("E-above-maximum", "Above the maximum", "A number above its maximum does not succeed.", _BOUNDS),
    Check(
        "E-wrong-type",
        "Not a number",
        "Text in place of a number does not succeed.",
        "documented: the parameters' types",
    ),
    Check(
        "E-fraction",
        "Not a whole number",
        "A number with a fraction in place of an integer does not succeed (1.0 may).",
        "sdk: 32-bit integers; inferred: whole milliseconds",
    ),
    Check(
        "E-not-listed",
        "A value that is not listed",
        "A direction or a flag with a value that is not listed does not succeed; 0, 1, a blank, and a listed value in "
        "another case may.",
        "documented: the values",
        conditional=True,
    ),
    Check(
        "E-body-invalid",
        "A body that is not valid",
        "A body that is not JSON, lacks a required member, or has a value of a wrong type or out of bounds, does not "
        "succeed.",
        "documented: the body's model; inferred: the bounds that the specification states",
        conditional=True,
    ),
    Check(
        "E-refusal-status",
        "Bad input gets 400",
        "An invalid request with valid credentials and real ids, if refused, gets 400; without a usable instance, also "
        "403 or 404.",
        "documented: 400",
    ),
    Check(
        "E-valid-refused",
        "Valid requests are served",
        "A valid request with real ids gets 200 if its limit is at most 10, its offset at most 1,000, and its window "
        "at most a day or inside the target's; or if one with no smaller limit, offset or window is served.",
        _DOCUMENTED,
    ),
    Check(
        "E-minimum-refused",
        "The minimum is allowed",
        "The least offset, limit and times get 200; start_time may be equal to end_time.",
        _BOUNDS,
    ),
    Check(
        "E-maximum-unserved",
        "The maximum is handled",
        "The largest limit, offset and times get 200, or 400 if the server has a cap of its own.",
        _BOUNDS,
    ),
    Check(
        "E-optional-refused",
        "Optional parameters may be left out",
        "A request for runs without workspace_id, for all lineage without limit, for a search without a keyword, or "
        "for lineage without a direction is not refused with 400.",
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
"""Retired ids, each with the check that has replaced it."""


def current_id(check: str) -> str:
    """The id of a check; if it is retired, the id of its successor, with a FutureWarning.

    Raises:
        ValueError: The catalogue never had this id.
    """
    if check in RETIRED:
        successor = RETIRED[check]
        text = f"check {check} is retired: use {successor} instead, which has replaced it"
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
        ValueError: A letter names no level, or there is no letter.
    """
    unknown = sorted(set(levels) - LEVELS.keys())
    if unknown or not levels:
        raise ValueError(f"levels {levels!r}: name at least one of {', '.join(LEVELS)}, such as ABC")
    return tuple(check for check in _CHECKS if check.level in levels)
