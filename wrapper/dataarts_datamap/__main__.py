"""``python -m dataarts_datamap`` is the ``datamap`` command."""

from dataarts_datamap.cli import main

main()
