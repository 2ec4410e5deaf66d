"""A program for the official SDK's environment: reads the runs of an operator, and prints the result.

The request is JSON on stdin, so that no key is on a command line.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def read_runs(asked: dict[str, Any]) -> dict[str, Any]:
    """The status, and the body or the error, of the SDK's own call."""
    sdk: Any = import_module("huaweicloudsdkdataartsstudio.v1")
    credentials: Any = import_module("huaweicloudsdkcore.auth.credentials")
    exceptions: Any = import_module("huaweicloudsdkcore.exceptions.exceptions")
    key = credentials.BasicCredentials(asked["access_key"], asked["secret_key"], asked["project_id"])
    client = sdk.DataArtsStudioClient.new_builder().with_credentials(key).with_endpoint(asked["endpoint"]).build()
    try:
        answer = client.show_instance_infos(sdk.ShowInstanceInfosRequest(**asked["request"]))
    except exceptions.ClientRequestException as error:
        return {"status": error.status_code, "code": error.error_code, "message": error.error_msg}
    return {"status": answer.status_code, "body": answer.body}


if __name__ == "__main__":
    json.dump(read_runs(json.load(sys.stdin)), sys.stdout)
