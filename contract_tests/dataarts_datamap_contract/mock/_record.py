"""What a running mock server counts for the tests that watch it."""

from __future__ import annotations

from threading import Lock


class Record:
    """Counts since the server was started. They may be read while it runs, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tokens_issued = 0
        self._signatures_refused = 0

    @property
    def tokens_issued(self) -> int:
        """How many tokens were handed out."""
        with self._lock:
            return self._tokens_issued

    @property
    def signatures_refused(self) -> int:
        """How many signed requests were refused for their signature, whatever was wrong with it."""
        with self._lock:
            return self._signatures_refused

    def count_token(self) -> None:
        """A token was handed out."""
        with self._lock:
            self._tokens_issued += 1

    def count_refused_signature(self) -> None:
        """A signed request was refused for its signature."""
        with self._lock:
            self._signatures_refused += 1
