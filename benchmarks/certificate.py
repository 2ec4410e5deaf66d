"""A certificate for 127.0.0.1 that only this run trusts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def self_signed(folder: Path) -> Path:
    """A PEM file of a new key and its certificate, made in the folder by the ``openssl`` command."""
    made, key, both = folder / "certificate.pem", folder / "key.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    options = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run(  # noqa: S603
        [*command, *options, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True
    )
    both.write_text(made.read_text(encoding="ascii") + key.read_text(encoding="ascii"), encoding="ascii")
    return both
