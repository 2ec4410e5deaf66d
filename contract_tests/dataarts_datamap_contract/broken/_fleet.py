"""All servers of the fleet."""

from __future__ import annotations

from dataarts_datamap_contract.broken._blind_bugs import BLIND_BUGS
from dataarts_datamap_contract.broken._blind_correct import BLIND_CORRECT_SERVERS
from dataarts_datamap_contract.broken._body_bugs import BODY_BUGS
from dataarts_datamap_contract.broken._correct import CORRECT_SERVERS as FIRST_CORRECT_SERVERS
from dataarts_datamap_contract.broken._credential_bugs import CREDENTIAL_BUGS
from dataarts_datamap_contract.broken._envelope_bugs import ENVELOPE_BUGS
from dataarts_datamap_contract.broken._input_bugs import INPUT_BUGS
from dataarts_datamap_contract.broken._late_bugs import LATE_BUGS
from dataarts_datamap_contract.broken._paging_bugs import PAGING_BUGS

BROKEN_SERVERS = (*ENVELOPE_BUGS, *BODY_BUGS, *PAGING_BUGS, *CREDENTIAL_BUGS, *INPUT_BUGS, *LATE_BUGS, *BLIND_BUGS)
"""Every broken server, by level, those written late last."""

CORRECT_SERVERS = (*FIRST_CORRECT_SERVERS, *BLIND_CORRECT_SERVERS)
"""Every server that is correct but different."""
