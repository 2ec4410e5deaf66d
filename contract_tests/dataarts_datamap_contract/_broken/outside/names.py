"""Level C: filters that collations, casts and decoders get wrong."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from dataarts_datamap_contract._broken.caller import JOB_NAME, TASK_ID
from dataarts_datamap_contract._broken.outside.making import broken
from dataarts_datamap_contract._broken.seams import fail_on
from dataarts_datamap_contract._broken.shared import EMOJI_TASK, has, set_arguments

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.servers import BrokenServer

_WORKSPACES = ("b88c445407b24283aa949f9833a38fd8", "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6")
_HALF = 16
_LONGEST = 255
_SERVER_ERROR = 500
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_FULL_WIDTH = 0xFEE0


def _full_width(text: str) -> str:
    return "".join(chr(ord(letter) + _FULL_WIDTH) if letter.isalpha() else letter for letter in text)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text)


def _known_by_half(workspace_id: str) -> str:
    return next((known for known in _WORKSPACES if known[:_HALF] == workspace_id[:_HALF]), workspace_id)


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    broken(
        "names-folded-to-nfkc",
        "A job name in full-width letters is a different name (jobName equals the query's job_name).",
        "a filter takes what is named",
        set_arguments(job_name=lambda name: unicodedata.normalize("NFKC", name)),
        lambda caller: bool(caller.page(job_name=_full_width(JOB_NAME))["total"]),
    ),
    broken(
        "utf8mb4_general_ci",
        "Job names that differ only in an emoji are different names; this collation treats all emoji as equal.",
        "a filter takes what is named",
        set_arguments(job_name=lambda name: _BEYOND.sub("📊", name)),
        lambda caller: bool(caller.page(task_id=EMOJI_TASK, job_name="订单汇总_日报📈")["total"]),
    ),
    broken(
        "ignorable characters",
        "A job name with a zero-width space in it is a different name.",
        "a filter takes what is named",
        set_arguments(job_name=lambda name: _INVISIBLE.sub("", name) or name),
        lambda caller: bool(caller.page(job_name=JOB_NAME[:3] + "\u200b" + JOB_NAME[3:])["total"]),
    ),
    broken(
        "digits-of-any-script",
        "A task id in Arabic digits is a different id (the task id is a text that equals the taskId of the rows).",
        "a filter takes what is named",
        set_arguments(task_id=_digits),
        lambda caller: bool(
            caller.page(task_id="".join(chr(0x660 + int(digit)) for digit in TASK_ID), job_name=JOB_NAME)["total"]
        ),
    ),
    broken(
        "workspace-id-in-char-16",
        "A workspace id that shares only its first half with the operator's is a different workspace.",
        "a filter takes what is named",
        set_arguments(workspace_id=_known_by_half),
        lambda caller: bool(caller.page(workspace_id=_WORKSPACES[0][:_HALF] + "0" * _HALF)["total"]),
    ),
    broken(
        "decoded-by-proxy-and-server",
        "A percent sign or plus in a job name stands for itself: the query is decoded only once.",
        "a filter takes what is named",
        set_arguments(job_name=unquote_plus),
        lambda caller: bool(caller.page(job_name="check%2Frows%3Cstage%3E")["total"]),
    ),
    broken(
        "name-too-long-for-its-column",
        "A job name of more than 255 characters is valid: no run has it, or it is refused with a 4xx.",
        "valid requests succeed",
        fail_on(has("job_name", lambda name: len(name) > _LONGEST)),
        lambda caller: caller.runs(job_name="a" * (_LONGEST + 1)).status == _SERVER_ERROR,
    ),
)
