"""What a user sees when something is wrong, why, and what fixes it: the table behind the troubleshooting page.

A test holds each text to the code that says it, and the table to the tree of errors: an error without an entry fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import dataarts_datamap as datamap

if TYPE_CHECKING:
    from collections.abc import Iterator


class Symptom(NamedTuple):
    """One thing that can go wrong.

    Attributes:
        shown: What is shown, as the code or the service says it; ``…`` stands for what differs.
        error: The error in Python.
        cause: Why, in Markdown.
        fix: What to do about it, in Markdown.
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
            "Nothing says where the service is.",
            "Set `DATAMAP_REGION`, or `DATAMAP_ENDPOINT` for an address of your own.",
        ),
        Symptom(
            "project_id is missing, and so is the region, by whose name it could be found",
            datamap.ConfigurationError,
            "An endpoint alone does not say whose data is asked for.",
            "Set `DATAMAP_PROJECT_ID`, or the region, whose project is taken then.",
        ),
        Symptom(
            "no credentials: … Set one of them",
            datamap.CredentialsError,
            "None of the places that are searched has any.",
            "Set `DATAMAP_TOKEN`, or `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`; another shell does not share them.",
        ),
        Symptom(
            "is not set, and …",
            datamap.DiscoveryError,
            "An id was left out, and there is none or more than one to take.",
            "Set the variable that is named to one of the ids that are listed.",
        ),
        Symptom(
            "is plain http, on which everyone can read the credentials",
            datamap.ConfigurationError,
            "The address is on another machine, and not `https`.",
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
            "The file of tables says something that cannot be meant; each line of the text is a line of the file.",
            "Correct the lines that are named; [what can be written](morning-check.md#the-file).",
        ),
        Symptom(
            "has no time zone: give one, such as datetime(…, tzinfo=timezone.utc)",
            datamap.InvalidArgumentError,
            "A time without an offset could be any of 24.",
            "Give an aware `datetime`, or text with an offset; on the command line, `--tz` says which zone is meant.",
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
            "The name is unknown, nothing listens there, or a firewall is in between.",
            f"{_DOCTOR}; where only a proxy leads out, name it in `HTTPS_PROXY`.",
        ),
        Symptom(
            "speaks SOCKS",
            datamap.ConfigurationError,
            "A variable names a proxy of a kind that this client does not speak.",
            "Name a proxy of `http` or `https` in `HTTPS_PROXY`.",
        ),
        Symptom(
            "no connection to …: … certificate verify failed",
            datamap.CertificateError,
            "It is self-signed, has expired, or is another host's; a company's proxy that opens TLS shows its own.",
            "Name the proxy's certificate in `SSL_CERT_FILE`; never turn the check off, which is not offered either.",
        ),
        Symptom(
            "no response in time from …",
            datamap.RequestTimeoutError,
            "The connection is there, the response is not, after all attempts.",
            "Try again later; a larger `timeout=` or `deadline=` (`--deadline`) helps where the service is slow.",
        ),
        Symptom(
            "the response from … is larger than … (max_answer_size)",
            datamap.AnswerTooLargeError,
            "One response is beyond `max_answer_size`, which protects your memory.",
            "Ask for a smaller page (`--page-size`), or raise the limit if you trust the server.",
        ),
        Symptom(
            "the client is closed: make a new one, or close it later",
            datamap.ClientClosedError,
            "A call was made behind the end of the `with` block, or while another thread closed the client.",
            "Read pagers to their end inside of the block.",
        ),
    ),
    "The service refuses": (
        Symptom(
            "HTTP 401: … Incorrect IAM authentication information",
            datamap.AuthenticationError,
            "The token has expired (it lives for 24 hours), is of another region, or the key's signature is wrong.",
            f"{_DOCTOR}. What was refused is not sent again: five wrong signatures lock a key for five minutes.",
        ),
        Symptom(
            "HTTP 403: …",
            datamap.PermissionDeniedError,
            "You are known, but may not do this, or project and instance are not yours.",
            "Ask for a role that may read (DAYU User or above). For search and lineage an account needs an invitation.",
        ),
        Symptom(
            "HTTP 404: …",
            datamap.NotFoundError,
            "There is no such table, or the Data Map is not offered at this address.",
            "`datamap tables NAME` finds a table's GUID; `datamap doctor` tells the one from the other.",
        ),
        Symptom(
            "HTTP 400: …",
            datamap.BadRequestError,
            "The service says it of wrong values, and also of what was not found.",
            "Read the message behind the code; ids are often of another project.",
        ),
        Symptom(
            "HTTP 429: … The throttling threshold has been reached",
            datamap.RateLimitError,
            "More than 50 requests a second, by you or by all who share the user, after all attempts.",
            "Lower `requests_per_second=` or `concurrency=`, or do it at another time.",
        ),
        Symptom(
            "HTTP 500: …",
            datamap.ServerError,
            "The service is not well; it was tried again already.",
            "Try again later. Open a ticket with the request id that the text ends with.",
        ),
        Symptom(
            "HTTP 200 carries an error",
            datamap.ErrorBodyError,
            "The service answers 200 to what it refuses.",
            "As for the HTTP status of the same code.",
        ),
        Symptom(
            "HTTP 200 around status_code …",
            datamap.UpstreamError,
            "The scheduler behind the service failed, and the service hands that on inside HTTP 200.",
            "Try again later; a ticket needs the request id.",
        ),
        Symptom(
            "the body says success: false",
            datamap.UnsuccessfulError,
            "The scheduler says that it could not do it.",
            "Read its message; mostly task id and job name do not belong together.",
        ),
    ),
    "The response is odd": (
        Symptom(
            "the response is not JSON",
            datamap.InvalidEnvelopeError,
            "What came is not what the API describes: a sign-in page, a proxy's page, another service.",
            "Look at `error.raw`; `datamap doctor` names the step that sees it.",
        ),
        Symptom(
            "the body is not JSON",
            datamap.InvalidBodyError,
            "The text inside of the envelope is empty, no JSON, or has no rows.",
            "Look at `error.raw`; if a live service does that, [an issue](../project/contributing.md) is welcome.",
        ),
        Symptom(
            "unexpected types, … in all",
            datamap.InvalidRowError,
            "A field has another type than the specification says, and `strict=True` asks for an error.",
            "Leave `strict` out: the attribute is `None` then, and `run.problems` names the field.",
        ),
        Symptom(
            "… runs were read, then …",
            datamap.IncompleteWalkError,
            "It cannot be shown that no run is missing: runs came and went, or the server ignores what it is asked.",
            "Go on with `error.resume_token`, ask for a shorter window, or give `--offset-unit`.",
        ),
    ),
    "A table is not what it seems": (
        Symptom(
            "no table is named …",
            datamap.TableNotFoundError,
            "No table's path ends like that; the text names similar ones.",
            "Write the end of its path: `orders`, `sales.orders`. `datamap tables` shows how they are called.",
        ),
        Symptom(
            "tables are named …: give a GUID, or more of the name",
            datamap.AmbiguousTableError,
            "Several tables have the name.",
            "Write more of the path, or one of the GUIDs that are listed.",
        ),
        Symptom(
            "no operator of the table is called …",
            datamap.InvalidArgumentError,
            "`--operator` or `--ignore` names none of the table's operators.",
            "`datamap operators TABLE` lists them.",
        ),
        Symptom(
            "… after … seconds: …",
            datamap.WaitTimeoutError,
            "No run of the window ended in time.",
            "Wait longer (`--for 2h`), or look at where the run is: `datamap runs`, `datamap why`.",
        ),
    ),
    "A log is not shown": (
        Symptom(
            "the run names no log",
            datamap.LogPathError,
            "It did not start, or writes its log elsewhere than to object storage.",
            "Look at another run; `datamap runs` shows which have a log path.",
        ),
        Symptom(
            "there is no log at …",
            datamap.LogNotFoundError,
            "It is not written yet, or a rule of the bucket removed it.",
            "While the run goes on, `datamap log TABLE --follow` waits for it.",
        ),
        Symptom(
            "there is no bucket … for the log …",
            datamap.LogBucketNotFoundError,
            "The bucket was deleted, or DataArts Studio was not allowed to make it.",
            "Make it, or choose another log path in the workspace.",
        ),
        Symptom(
            "the log … may not be read: …",
            datamap.LogForbiddenError,
            "The credentials lack `obs:object:GetObject`, or are no good in object storage; the text says which.",
            "Ask for the role OBS OperateAccess, or correct what the text names.",
        ),
        Symptom(
            "is archived: restore the object in OBS",
            datamap.LogArchivedError,
            "A rule of the bucket moved the log to cold storage.",
            "Restore the object in the console of OBS, then ask again.",
        ),
        Symptom(
            "the bucket … is in another region",
            datamap.LogRegionError,
            "Object storage was asked in the client's region, and the bucket is elsewhere.",
            "Give that region's address: `DATAMAP_OBS_ENDPOINT=https://obs.REGION.myhuaweicloud.com`.",
        ),
        Symptom(
            "was replaced while it was read",
            datamap.LogChangedError,
            "The run began anew, and its log with it.",
            "Read it again.",
        ),
        Symptom(
            "the address of object storage is not known",
            datamap.ConfigurationError,
            "Neither region nor address says where logs lie.",
            "Set `DATAMAP_REGION`, or `DATAMAP_OBS_ENDPOINT` in a private network.",
        ),
    ),
    "A file is not written": (
        Symptom(
            "is in use by another process all the time: try again",
            datamap.StateFileError,
            "Another check holds the file of states, is stuck, or the file is of another instance or damaged.",
            "Let one check end before the next begins; move a damaged file away: the next check makes a new one.",
        ),
        Symptom(
            "was changed by another process meanwhile, and was left as it is now",
            datamap.ExportError,
            "Two exports write to the same file.",
            "Let one of them write to another file, or run them one after the other.",
        ),
        Symptom(
            "has the columns …: name them, or begin anew",
            datamap.ExportError,
            "The file that is to be continued was written with other columns.",
            "Give the same `--columns`, or another file.",
        ),
    ),
}
"""By what is wrong, in the order in which it is met."""


def all_symptoms() -> Iterator[Symptom]:
    """Each of them."""
    for group in SYMPTOMS.values():
        yield from group
