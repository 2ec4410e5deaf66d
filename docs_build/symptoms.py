"""Symptoms of problems, with cause and fix: the table of the troubleshooting page.

A test compares each text with the code that prints it, and the table with the tree of errors: every error needs an
entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import dataarts_datamap as datamap

if TYPE_CHECKING:
    from collections.abc import Iterator


class Symptom(NamedTuple):
    """A problem.

    Attributes:
        shown: The text that is shown, as in the code or from the service; ``…`` stands for variable parts.
        error: The class of the error.
        cause: Its cause, in Markdown.
        fix: Its fix, in Markdown.
    """

    shown: str
    error: type[datamap.DataMapError]
    cause: str
    fix: str


_DOCTOR: Final = "`datamap doctor` finds out which"

SYMPTOMS: Final[dict[str, tuple[Symptom, ...]]] = {
    "It does not start": (
        Symptom(
            "endpoint and region are missing",
            datamap.ConfigurationError,
            "The address of the service is not configured.",
            "Set `DATAMAP_REGION`, or `DATAMAP_ENDPOINT` for an address of your own.",
        ),
        Symptom(
            "project_id is missing, and without a region it cannot be looked up",
            datamap.ConfigurationError,
            "An endpoint alone does not say which project's data is requested.",
            "Set `DATAMAP_PROJECT_ID`, or the region, whose project is then used.",
        ),
        Symptom(
            "no credentials: … Set one of them",
            datamap.CredentialsError,
            "None of the places that are searched has credentials.",
            "Set `DATAMAP_TOKEN`, or `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, in this shell.",
        ),
        Symptom(
            "is not set, and …",
            datamap.DiscoveryError,
            "An id was left out, and there is not exactly one to choose.",
            "Set the named variable to one of the listed ids.",
        ),
        Symptom(
            "is plain http, on which everyone can read the credentials",
            datamap.ConfigurationError,
            "The address is on another machine and does not use `https`.",
            "Write `https`; for a mock server in another container, `DATAMAP_ALLOW_HTTP=1`.",
        ),
        Symptom(
            "… is not installed: …",
            datamap.MissingExtraError,
            "An optional library is missing.",
            "Install the extra that the text names into the environment that `datamap` runs in.",
        ),
        Symptom(
            "no key is called …",
            datamap.TableFileError,
            "The table file has mistakes; each line of the text names a line of the file.",
            "Correct the named lines; see [the format of the file](morning-check.md#the-file).",
        ),
        Symptom(
            "has no time zone: give one, such as datetime(…, tzinfo=timezone.utc)",
            datamap.InvalidArgumentError,
            "A time without an offset means another moment in each time zone.",
            "Give an aware `datetime`, or text with an offset; on the command line, `--tz` sets the zone.",
        ),
        Symptom(
            "looks like seconds: give milliseconds",
            datamap.InvalidArgumentError,
            "The service counts milliseconds since 1970.",
            "Multiply by 1,000, or give a `datetime`.",
        ),
    ),
    "The service is not reached": (
        Symptom(
            "no connection to …",
            datamap.ConnectionFailedError,
            "The name is unknown, nothing listens there, or a firewall blocks the connection.",
            f"{_DOCTOR}; if the network needs a proxy, name it in `HTTPS_PROXY`.",
        ),
        Symptom(
            "uses SOCKS",
            datamap.ConfigurationError,
            "A variable names a kind of proxy that this client does not support.",
            "Name an `http` or `https` proxy in `HTTPS_PROXY`.",
        ),
        Symptom(
            "no connection to …: … certificate verify failed",
            datamap.CertificateError,
            "The certificate is self-signed, has expired, or belongs to another host; a company's proxy that inspects "
            "TLS presents its own.",
            "Name the proxy's certificate in `SSL_CERT_FILE`; there is no option to turn the check off.",
        ),
        Symptom(
            "no response in time from …",
            datamap.RequestTimeoutError,
            "The connection was made, but no response came in any attempt.",
            "Try again later; a larger `timeout=` or `deadline=` (`--deadline`) helps if the service is slow.",
        ),
        Symptom(
            "the response from … is larger than … (max_answer_size)",
            datamap.AnswerTooLargeError,
            "A response is larger than `max_answer_size`, which protects your memory.",
            "Request smaller pages (`--page-size`), or raise the limit if you trust the server.",
        ),
        Symptom(
            "the client is closed: create a new one, or close it later",
            datamap.ClientClosedError,
            "A call was made after the end of the `with` block, or while another thread closed the client.",
            "Read pagers to their end inside the block.",
        ),
    ),
    "The service refuses": (
        Symptom(
            "HTTP 401: … Incorrect IAM authentication information",
            datamap.AuthenticationError,
            "The token has expired (after 24 hours) or belongs to another region, or the key's signature is wrong.",
            f"{_DOCTOR}. Refused credentials are not sent again: wrong signatures lock a key for five minutes.",
        ),
        Symptom(
            "HTTP 403: …",
            datamap.PermissionDeniedError,
            "You are authenticated, but not authorized, or project and instance are not yours.",
            "Ask for a role with read permission (DAYU User or above). Search and lineage need an invitation for the "
            "account.",
        ),
        Symptom(
            "HTTP 404: …",
            datamap.NotFoundError,
            "There is no such table, or the Data Map is not offered at this address.",
            "`datamap tables NAME` finds a table's GUID; `datamap doctor` distinguishes the two cases.",
        ),
        Symptom(
            "HTTP 400: …",
            datamap.BadRequestError,
            "A value is wrong, or something was not found: the service sends 400 for both.",
            "Read the message after the code; often, ids belong to another project.",
        ),
        Symptom(
            "HTTP 429: … The throttling threshold has been reached",
            datamap.RateLimitError,
            "More than 50 requests a second, by you or by others who share the user; all attempts failed.",
            "Lower `requests_per_second=` or `concurrency=`, or try at another time.",
        ),
        Symptom(
            "HTTP 500: …",
            datamap.ServerError,
            "The service failed, in all attempts.",
            "Try again later. Open a ticket with the request id at the end of the text.",
        ),
        Symptom(
            "HTTP 200 carries an error",
            datamap.ErrorBodyError,
            "The service refuses the request, but with status 200.",
            "Read the code and the message; the fix is the same as for an HTTP error with this code.",
        ),
        Symptom(
            "HTTP 200 around status_code …",
            datamap.UpstreamError,
            "The scheduler behind the service failed, and the service wraps that in HTTP 200.",
            "Try again later; a ticket needs the request id.",
        ),
        Symptom(
            "the body says success: false",
            datamap.UnsuccessfulError,
            "The scheduler reports a failure.",
            "Read its message; usually, task id and job name do not belong together.",
        ),
    ),
    "The response is odd": (
        Symptom(
            "the response is not JSON",
            datamap.InvalidEnvelopeError,
            "The response is not from the API: it may be a sign-in page, a proxy's page, or another service.",
            "Look at `error.raw`; `datamap doctor` names the step at which it occurs.",
        ),
        Symptom(
            "the body is not JSON",
            datamap.InvalidBodyError,
            "The text inside the envelope is empty, is not JSON, or has no rows.",
            "Look at `error.raw`; if a live service does that, [an issue](../project/contributing.md) is welcome.",
        ),
        Symptom(
            "values of unexpected types",
            datamap.InvalidRowError,
            "A field has another type than the specification says, and `strict=True` asks for an error.",
            "Leave out `strict`: then the attribute is `None`, and `run.problems` names the field.",
        ),
        Symptom(
            "… read, then …",
            datamap.IncompleteWalkError,
            "Runs may be missing: they changed meanwhile, or the server ignores a parameter.",
            "Continue with `error.resume_token`, use a shorter window, or give `--offset-unit`.",
        ),
    ),
    "A table is not what it seems": (
        Symptom(
            "no table is named …",
            datamap.TableNotFoundError,
            "No table's path ends with this name; the text lists similar ones.",
            "Write the end of its path: `orders`, `sales.orders`. `datamap tables` shows the names.",
        ),
        Symptom(
            "tables are named …: give a GUID, or more of the name",
            datamap.AmbiguousTableError,
            "Several tables have this name.",
            "Write more of the path, or one of the listed GUIDs.",
        ),
        Symptom(
            "no operator of the table is called …",
            datamap.InvalidArgumentError,
            "A name in `--operator` or `--ignore` is not that of an operator of the table.",
            "`datamap operators TABLE` lists them.",
        ),
        Symptom(
            "… after … seconds: …",
            datamap.WaitTimeoutError,
            "No run in the window ended in time.",
            "Wait longer (`--for 2h`), or look at the run: `datamap runs`, `datamap why`.",
        ),
    ),
    "A log is not shown": (
        Symptom(
            "the run has no log path",
            datamap.LogPathError,
            "The run did not start, or does not write its log to object storage.",
            "Look at another run; `datamap runs` shows which have a log path.",
        ),
        Symptom(
            "there is no log at …",
            datamap.LogNotFoundError,
            "The log is not written yet, or a rule of the bucket removed it.",
            "If the run is still running, `datamap log TABLE --follow` waits for the log.",
        ),
        Symptom(
            "there is no bucket … for the log …",
            datamap.LogBucketNotFoundError,
            "The bucket was deleted, or DataArts Studio was not allowed to create it.",
            "Create it, or choose another log path in the workspace.",
        ),
        Symptom(
            "access to the log … was denied: …",
            datamap.LogForbiddenError,
            "The credentials lack `obs:object:GetObject`, or are not valid in object storage; the text says which.",
            "Ask for the role OBS OperateAccess, or correct what the text names.",
        ),
        Symptom(
            "is archived: restore the object in OBS",
            datamap.LogArchivedError,
            "A rule of the bucket moved the log to cold storage.",
            "Restore the object in the console of OBS, then try again.",
        ),
        Symptom(
            "the bucket … is in another region",
            datamap.LogRegionError,
            "The request went to the client's region, but the bucket is in another one.",
            "Give that region's address: `DATAMAP_OBS_ENDPOINT=https://obs.REGION.myhuaweicloud.com`.",
        ),
        Symptom(
            "was replaced while it was read",
            datamap.LogChangedError,
            "The run started again, and so did its log.",
            "Read it again.",
        ),
        Symptom(
            "the address of object storage is not known",
            datamap.ConfigurationError,
            "Neither a region nor an address is configured.",
            "Set `DATAMAP_REGION`, or `DATAMAP_OBS_ENDPOINT` in a private network.",
        ),
    ),
    "A file is not written": (
        Symptom(
            "is in use by another process: try again",
            datamap.StateFileError,
            "Another check uses the state file or is stuck, or the file belongs to another instance or is damaged.",
            "Let one check end before the next one starts. Move a damaged file away: the next check creates a new one.",
        ),
        Symptom(
            "was changed by another process meanwhile, and was not replaced",
            datamap.ExportError,
            "Two exports write to the same file.",
            "Use another file for one of them, or run them one after the other.",
        ),
        Symptom(
            "has the columns …: give the file's columns, or start a new file",
            datamap.ExportError,
            "The existing file was written with other columns.",
            "Give the same `--columns`, or another file.",
        ),
    ),
}
"""Problems by subject, in the order in which users meet them."""


def all_symptoms() -> Iterator[Symptom]:
    """All symptoms."""
    for group in SYMPTOMS.values():
        yield from group
