"""Hosts that need no proxy, on which client and suite must agree."""

from __future__ import annotations

THIS_MACHINE = [
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "127.0.0.1",
    "127.9.9.9",
    "127.1",
    "0x7f.1",
    "2130706433",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
]
"""Endpoint hosts that mean this machine."""

NO_PROXY = [
    ("", "a.example", 443, False),
    (",, ,", "a.example", 443, False),
    ("*", "a.example", 443, True),
    ("a.example", "a.example", 443, True),
    ("A.Example.", "a.example", 443, True),
    ("example", "a.example", 443, True),
    (".example", "a.example", 443, True),
    (".a.example", "a.example", 443, True),
    ("*.example", "a.b.example", 443, True),
    ("*.example", "a.examples", 443, False),
    ("ample", "a.example", 443, False),
    ("b.example,\ta.example c.example", "a.example", 443, True),
    ("a.example:443", "a.example", 443, True),
    ("a.example:8443", "a.example", 443, False),
    ("10.0.0.0/8", "10.1.2.3", 443, True),
    ("10.1.2.3/8", "10.200.0.1", 443, True),
    ("10.0.0.0/8", "11.1.2.3", 443, False),
    ("10.0.0.0/99", "10.1.2.3", 443, False),
    ("10.0.0.0/8", "10.example", 443, False),
    ("10.1.2.3", "10.1.2.3", 443, True),
    ("10.1.2.3:443", "10.1.2.3", 443, True),
    ("10.1.515", "10.1.2.3", 443, True),
    ("10.1.2", "10.1.2.3", 443, False),
    (".2.3", "10.1.2.3", 443, False),
    ("::ffff:10.1.2.3", "10.1.2.3", 443, True),
    ("fd00::1", "fd00:0:0::1", 443, True),
    ("[fd00::1]", "fd00::1", 443, True),
    ("[fd00::1]:443", "fd00::1", 443, True),
    ("[fd00::1]:8443", "fd00::1", 443, False),
    ("fd00::/8", "fd00::1", 443, True),
    ("fe00::/8", "fd00::1", 443, False),
]
"""A value of ``NO_PROXY``, a host, its port, and whether the value names it."""
