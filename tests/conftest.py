"""Settings of all tests."""

import os

from hypothesis import HealthCheck, settings

# The first draw of a fresh checkout builds tables of Unicode, which takes longer than a health check allows.
settings.register_profile(
    "project",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")
