"""Marks for tests that need what not every system has."""

from __future__ import annotations

import os
import sys

import pytest

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
needs_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
needs_shutdown = pytest.mark.skipif(
    sys.platform == "win32", reason="there, a connection that is being made cannot be shut down"
)
