"""``python -m release check [TAG]`` checks the version, ``python -m release notes`` prints what changed in it."""

from __future__ import annotations

import argparse
import sys

from dataarts_datamap import __version__
from release.changelog import CHANGELOG, ReleaseError, check_version, section_of


def main() -> int:
    """Do one of the two."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("check", help="is the version released nowhere yet, and is the tag its own?").add_argument(
        "tag", nargs="?", help="such as v1.2.3; without one, the changelog need not have the version yet"
    )
    steps.add_parser("notes", help="what changed in this version")
    arguments = parser.parse_args()
    changelog = CHANGELOG.read_text(encoding="utf-8")
    try:
        if arguments.step == "notes":
            sys.stdout.write(section_of(changelog, __version__))
        else:
            check_version(changelog, __version__, tag=arguments.tag)
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
