"""Contains all the data models used in inputs/outputs"""

from .envelope import Envelope
from .envelope_header_map import EnvelopeHeaderMap
from .error import Error
from .operator import Operator
from .run import Run
from .run_page import RunPage
from .running_data import RunningData
from .running_param import RunningParam
from .running_parameter import RunningParameter

__all__ = (
    "Envelope",
    "EnvelopeHeaderMap",
    "Error",
    "Operator",
    "Run",
    "RunningData",
    "RunningParam",
    "RunningParameter",
    "RunPage",
)
