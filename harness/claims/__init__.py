"""A rationale's claims, verified against the evidence they cite."""

from harness.claims.evidence import Resolved as Resolved
from harness.claims.evidence import Resolver as Resolver
from harness.claims.facts import missing_facts as missing_facts
from harness.claims.verify import VERDICTS as VERDICTS
from harness.claims.verify import ClaimVerdict as ClaimVerdict
from harness.claims.verify import verify as verify
