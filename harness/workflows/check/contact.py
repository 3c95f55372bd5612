"""Contact data: e-mail addresses and card numbers only from the ranges reserved for examples and tests.

Reserved domains: RFC 2606 and RFC 6761. Card-like is a number of 13 to 19 digits, written together or in the groups
that cards have, that begins with 2 to 6 (ISO/IEC 7812: banks and travel) and passes the Luhn check.
"""

import re
from collections.abc import Iterator

from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material
from harness.workflows.check.texts import strings

_EMAIL = re.compile(r"[\w.+\-]+@([\w\-]+(?:\.[\w\-]+)+)")
_RESERVED = re.compile(r"(?:.+\.)?(?:example\.(?:com|org|net)|[^.]+\.(?:example|invalid|test))", re.IGNORECASE)
_CARD = re.compile(
    r"(?<![\w+])(?<![A-Z]{2}\d{2}[ ])"  # an IBAN's groups are not a card's
    r"(?:[2-6]\d{12,18}"
    r"|(?P<four>[2-6]\d{3}([ .\-\u00a0])\d{4}\2\d{4}\2\d{1,4})(?:\2\d{1,3})?"  # a fifth group, or the code after it
    r"|3\d{3}([ .\-\u00a0])\d{6}\3\d{4,5})(?!\w)"
)
_TEST_CARDS = frozenset(
    "4111111111111111 4242424242424242 4012888888881881 4222222222222 4000056655665556 4000000000000002 "
    "4000002500003155 4000000000009995 4000000000003220 4917610000000000 4444333322221111 4988438843884305 "
    "5555555555554444 5105105105105100 5200828282828210 5454545454545454 2223003122003222 2223000048400011 "
    "378282246310005 371449635398431 378734493671000 370000000000002 6011111111111117 6011000990139424 "
    "30569309025904 3056930009020004 38520000023237 36227206271667 3530111333300000 3566002020360505 "
    "6200000000000005 5019717010103742 6304000000000000 6771798021000008".split()
)


def contact_data(material: Material) -> Iterator[Finding]:
    """Addresses and numbers in samples and incidents that might be somebody's."""
    for sample in material.samples:
        texts = [*strings(sample.input), *(("rationale", claim.text) for claim in sample.target.rationale)]
        for path, text in texts:
            yield from _of_text(text, at=sample.at, name=f"sample {sample.id!r}: {path}")
    for incident, at in material.corpus.incidents:
        for path, text in strings(incident.model_dump(mode="json")):
            yield from _of_text(text, at=at, name=f"incident {incident.id!r}: {path}")


def _of_text(text: str, *, at: str, name: str) -> Iterator[Finding]:
    for match in _EMAIL.finditer(text):
        if not _RESERVED.fullmatch(match[1]):
            message = f"{name} holds the address {match[0]!r}; use example.com, .org or .net"
            yield finding(at, rule="contact", message=message)
    for match in _CARD.finditer(text):
        readings = {re.sub(r"\D", "", written) for written in (match[0], match["four"] or match[0])}
        if not readings & _TEST_CARDS and any(luhn(digits) for digits in readings):
            message = f"{name} holds a number like a card's, {match[0]!r}; use a test number, e.g. 4111 1111 1111 1111"
            yield finding(at, rule="contact", message=message)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
