"""``python -m release check [TAG]`` checks the version, ``python -m release notes`` prints its changes."""

from __future__ import annotations

import argparse
import sys

from dataarts_datamap import __version__
from release.changelog import CHANGELOG, ReleaseError, check_version, section_of


def main() -> int:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("check", help="check that the version can be released, and that the tag matches it").add_argument(
        "tag", nargs="?", help="such as v1.2.3; without a tag, the version may still be missing in the changelog"
    )
    steps.add_parser("notes", help="print the changes of this version")
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
