"""A program for the official SDK's environment: prints the SDK's definitions of some operations, as JSON.

It runs in the SDK's own Python, so it imports nothing of this project. An operation that is not in the SDK is null.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

_DISTRIBUTION: Final = "huaweicloudsdkdataartsstudio"
_OPTIONAL: Final = re.compile(r"if (\w+) is not None:")


def read_operations(names: list[str]) -> dict[str, Any]:
    """The version of the SDK, and each operation with its parameters and models."""
    sdk = import_module(f"{_DISTRIBUTION}.v1")
    return {"version": version(_DISTRIBUTION), "operations": {name: _operation(sdk, name) for name in names}}


def _operation(sdk: Any, name: str) -> dict[str, Any] | None:  # noqa: ANN401  the SDK has no types
    request_type = getattr(sdk, f"{name}Request", None)
    if request_type is None:
        return None
    request = request_type(**dict.fromkeys(request_type.openapi_types, "any"))
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    sent = getattr(sdk.DataArtsStudioClient, f"_{snake}_http_info")(request)
    wire = request_type.attribute_map
    places = {"path": dict(sent["path_params"]), "query": dict(sent["query_params"]), "header": sent["header_params"]}
    required = _required(request_type)
    models: dict[str, Any] = {}
    parameters = {
        wire[attribute]: {
            "in": next((place for place, held in places.items() if wire[attribute] in held), "body"),
            "type": _kind(sdk, told, models),
            "required": attribute in required,
        }
        for attribute, told in request_type.openapi_types.items()
    }
    response = _kind(sdk, sent["response_type"], models)
    return {
        "method": sent["method"],
        "path": sent["resource_path"],
        "parameters": parameters,
        "response": response,
        "models": models,
    }


def _required(model: Any) -> list[str]:  # noqa: ANN401  the SDK has no types
    """The attributes that a model sets without checking that they were passed."""
    optional = _OPTIONAL.findall(inspect.getsource(model.__init__))
    return [name for name in model.openapi_types if name not in optional]


def _kind(sdk: Any, told: str, models: dict[str, Any]) -> str:  # noqa: ANN401  the SDK has no types
    """A type in the SDK's notation; models in it are read, too."""
    for name in re.findall(r"[A-Z]\w*", told):
        model = getattr(sdk, name, None)
        if model is not None and name not in models:
            models[name] = None  # it may contain itself
            models[name] = {
                model.attribute_map[key]: _kind(sdk, kind, models) for key, kind in model.openapi_types.items()
            }
    return told


if __name__ == "__main__":
    json.dump(read_operations(sys.argv[1:]), sys.stdout)
