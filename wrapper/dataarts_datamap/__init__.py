"""Which runs produced a table, when, and how they ended: a client for DataArts Studio's Data Map.

The names below are loaded at their first use; importing the package loads almost nothing.
"""

from __future__ import annotations

from dataarts_datamap._version import __version__

TYPE_CHECKING = False  # importing typing takes longer than the rest of this module
if TYPE_CHECKING:
    from dataarts_datamap._api.regions import REGIONS, Region
    from dataarts_datamap._auth.chain import find_credentials
    from dataarts_datamap._auth.credentials import (
        AccessKeyCredentials,
        Credentials,
        RenewableCredentials,
        TokenCredentials,
    )
    from dataarts_datamap._auth.ecs_metadata import EcsMetadataCredentials
    from dataarts_datamap._auth.password import PasswordCredentials
    from dataarts_datamap._checks.check import TableCheck, worst_first
    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.due_times import DuePeriod, DueTime
    from dataarts_datamap._checks.metrics import Metric, MetricSample, check_metrics
    from dataarts_datamap._checks.table_file import load_dataset_names, load_tables
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._client.clients import AsyncDataMapClient, DataMapClient
    from dataarts_datamap._client.log_readers import AsyncLogReader, LogReader
    from dataarts_datamap._client.table_pagers import AsyncTablePager, TablePager
    from dataarts_datamap._clock import Clock
    from dataarts_datamap._errors import (
        AmbiguousTableError,
        AnswerTooLargeError,
        AuthenticationError,
        BadRequestError,
        CertificateError,
        ClientClosedError,
        ConfigurationError,
        ConnectionFailedError,
        CredentialsError,
        DamagedValueWarning,
        DataMapError,
        DiscoveryError,
        ErrorBodyError,
        ExportError,
        IncompleteWalkError,
        InsecureFileWarning,
        InvalidArgumentError,
        InvalidBodyError,
        InvalidEnvelopeError,
        InvalidResponseError,
        InvalidRowError,
        LogArchivedError,
        LogBucketNotFoundError,
        LogChangedError,
        LogError,
        LogForbiddenError,
        LogNotFoundError,
        LogPathError,
        LogRegionError,
        MissingExtraError,
        NotFoundError,
        PermissionDeniedError,
        ProducersUnknownWarning,
        RateLimitError,
        RequestTimeoutError,
        RowProblemWarning,
        ServerError,
        ServiceError,
        StateFileError,
        StatusError,
        TableFileError,
        TableNameError,
        TableNotFoundError,
        TransportError,
        UnsuccessfulError,
        UpstreamError,
        WaitTimeoutError,
    )
    from dataarts_datamap._export.arrow import arrow_batches, arrow_schema
    from dataarts_datamap._export.export import ExportSummary, export_runs, next_export_start
    from dataarts_datamap._export.run_progress import RunProgress
    from dataarts_datamap._messages import Request, Response
    from dataarts_datamap._models.dataset_names import DatasetName, DatasetNames, DatasetRule
    from dataarts_datamap._models.logs import RunLog
    from dataarts_datamap._models.runs import FieldProblem, Operator, Run, RunOrigin, RunPage, RunSource, RunState
    from dataarts_datamap._models.tables import LineageEdge, LineageNode, Table
    from dataarts_datamap._monitoring.explanation import Explanation, LineageKnowledge, Link, Trouble
    from dataarts_datamap._monitoring.freshness import OperatorStatus, RunsStatus, TableStatus, Verdict, table_status
    from dataarts_datamap._monitoring.lineage import Lineage
    from dataarts_datamap._monitoring.producers import OperatorBasis, Producers
    from dataarts_datamap._monitoring.upstream import Upstream, UpstreamTable
    from dataarts_datamap._paging.pager import AsyncPager, Pager
    from dataarts_datamap._retry.attempts import Attempt
    from dataarts_datamap._retry.policy import Retry

__all__ = [
    "REGIONS",
    "AccessKeyCredentials",
    "AmbiguousTableError",
    "AnswerTooLargeError",
    "AsyncDataMapClient",
    "AsyncLogReader",
    "AsyncPager",
    "AsyncTablePager",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "CertificateError",
    "CheckState",
    "ClientClosedError",
    "Clock",
    "ConfigurationError",
    "ConnectionFailedError",
    "Credentials",
    "CredentialsError",
    "DamagedValueWarning",
    "DataMapClient",
    "DataMapError",
    "DatasetName",
    "DatasetNames",
    "DatasetRule",
    "DiscoveryError",
    "DuePeriod",
    "DueTime",
    "EcsMetadataCredentials",
    "ErrorBodyError",
    "Explanation",
    "ExportError",
    "ExportSummary",
    "FieldProblem",
    "IncompleteWalkError",
    "InsecureFileWarning",
    "InvalidArgumentError",
    "InvalidBodyError",
    "InvalidEnvelopeError",
    "InvalidResponseError",
    "InvalidRowError",
    "Lineage",
    "LineageEdge",
    "LineageKnowledge",
    "LineageNode",
    "Link",
    "LogArchivedError",
    "LogBucketNotFoundError",
    "LogChangedError",
    "LogError",
    "LogForbiddenError",
    "LogNotFoundError",
    "LogPathError",
    "LogReader",
    "LogRegionError",
    "Metric",
    "MetricSample",
    "MissingExtraError",
    "NotFoundError",
    "Operator",
    "OperatorBasis",
    "OperatorStatus",
    "Pager",
    "PasswordCredentials",
    "PermissionDeniedError",
    "Producers",
    "ProducersUnknownWarning",
    "RateLimitError",
    "Region",
    "RenewableCredentials",
    "Request",
    "RequestTimeoutError",
    "Response",
    "Retry",
    "RowProblemWarning",
    "Run",
    "RunLog",
    "RunOrigin",
    "RunPage",
    "RunProgress",
    "RunSource",
    "RunState",
    "RunsStatus",
    "ServerError",
    "ServiceError",
    "StateFileError",
    "StatusError",
    "Table",
    "TableCheck",
    "TableFileError",
    "TableNameError",
    "TableNotFoundError",
    "TablePager",
    "TableRule",
    "TableStatus",
    "TokenCredentials",
    "TransportError",
    "Trouble",
    "UnsuccessfulError",
    "Upstream",
    "UpstreamError",
    "UpstreamTable",
    "Verdict",
    "WaitTimeoutError",
    "__version__",
    "arrow_batches",
    "arrow_schema",
    "check_metrics",
    "export_runs",
    "find_credentials",
    "load_dataset_names",
    "load_tables",
    "next_export_start",
    "table_status",
    "worst_first",
]

_HOMES = {
    "_retry.attempts": ("Attempt",),
    "_auth.chain": ("find_credentials",),
    "_client.clients": ("AsyncDataMapClient", "DataMapClient"),
    "_client.log_readers": ("AsyncLogReader", "LogReader"),
    "_client.table_pagers": ("AsyncTablePager", "TablePager"),
    "_clock": ("Clock",),
    "_auth.credentials": ("AccessKeyCredentials", "Credentials", "RenewableCredentials", "TokenCredentials"),
    "_auth.ecs_metadata": ("EcsMetadataCredentials",),
    "_export.arrow": ("arrow_batches", "arrow_schema"),
    "_export.export": ("ExportSummary", "export_runs", "next_export_start"),
    "_checks.check": ("TableCheck", "worst_first"),
    "_checks.check_state": ("CheckState",),
    "_checks.due_times": ("DuePeriod", "DueTime"),
    "_checks.metrics": ("Metric", "MetricSample", "check_metrics"),
    "_export.run_progress": ("RunProgress",),
    "_monitoring.explanation": ("Explanation", "LineageKnowledge", "Link", "Trouble"),
    "_monitoring.freshness": ("OperatorStatus", "RunsStatus", "TableStatus", "Verdict", "table_status"),
    "_messages": ("Request", "Response"),
    "_models.dataset_names": ("DatasetName", "DatasetNames", "DatasetRule"),
    "_models.logs": ("RunLog",),
    "_models.runs": ("FieldProblem", "Operator", "Run", "RunOrigin", "RunPage", "RunSource", "RunState"),
    "_monitoring.lineage": ("Lineage",),
    "_monitoring.producers": ("OperatorBasis", "Producers"),
    "_monitoring.upstream": ("Upstream", "UpstreamTable"),
    "_checks.table_file": ("load_dataset_names", "load_tables"),
    "_checks.table_rules": ("TableRule",),
    "_paging.pager": ("AsyncPager", "Pager"),
    "_auth.password": ("PasswordCredentials",),
    "_api.regions": ("REGIONS", "Region"),
    "_retry.policy": ("Retry",),
    "_models.tables": ("LineageEdge", "LineageNode", "Table"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  not needed to import the package

    value: object = getattr(import_module(f"{__name__}.{_HOME_OF.get(name, '_errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
