"""Settings of all tests."""

from hypothesis import HealthCheck, settings

# The first draw of a fresh checkout builds tables of Unicode, which takes longer than a health check allows.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("project")
