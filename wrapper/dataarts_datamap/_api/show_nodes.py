"""ShowNodes: requests for the operators of a table, and the decoding of their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, json

from dataarts_datamap._api.error_responses import UNREADABLE, check_status, reason_of, refuse_error_body, wrong_response
from dataarts_datamap._api.generated_requests import SHOW_NODES, build_request
from dataarts_datamap._api.lenient_json import decode_as
from dataarts_datamap._arguments import identifier, path_segment, query_text
from dataarts_datamap._models.runs import Operator

if TYPE_CHECKING:
    from dataarts_datamap._messages import Request, Response


def operators_request(*, endpoint: str, project_id: str, instance_id: str, table_guid: str) -> Request:
    return build_request(
        SHOW_NODES,
        endpoint,
        project_id=path_segment("project_id", project_id),
        guid=path_segment("table_guid", table_guid),
        instance=identifier("instance_id", instance_id),
    )


class _Operator(Struct):
    task_id: int | str
    job_name: str
    workspace_id: str | None = None


_OPERATORS_DECODER: Final = json.Decoder(list[_Operator])


def decode_operators(response: Response) -> list[Operator]:
    check_status(response)
    try:
        return [_checked_operator(sent) for sent in decode_as(_OPERATORS_DECODER, response.content)]
    except UNREADABLE as error:  # an id or a name that is unusable in requests is a ValueError, too
        reason = reason_of(error)
    refuse_error_body(response)
    raise wrong_response(response, "a list of operators", reason)


def _checked_operator(sent: _Operator) -> Operator:
    """The operator, if its ids and its name are usable in requests; an empty workspace becomes None."""
    task_id, job_name = path_segment("task_id", str(sent.task_id)), query_text("job_name", sent.job_name)
    workspace_id = identifier("workspace_id", sent.workspace_id) if sent.workspace_id else None
    return Operator(task_id=task_id, job_name=job_name, workspace_id=workspace_id)
