"""Contact data: addresses, phone and card numbers only from the ranges reserved for examples, fiction and tests.

Reserved domains: RFC 2606 and RFC 6761. Reserved phone numbers: those that the regulators of North America (555-01xx),
Britain (Ofcom), Ireland, Australia (ACMA), Germany (BNetzA) and France (ARCEP) keep for drama; other countries have none. A phone
number is looked for as people write it: with its country code, in North America's three groups, or with a leading 0 in
groups; 9 digits at least. Card-like is a number of 13 to 19 digits, written together or in the groups
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
_PHONE = re.compile(
    r"(?<![\w+.,/\-])(?:(?:\+|00)[1-9](?:[ .\-()\u00a0]{0,2}\d){7,14}"
    r"|\(?[2-9]\d{2}\)?[ .\-\u00a0]\d{3}[ .\-\u00a0]\d{4}"
    r"|0[1-9]\d{0,4}[ \-\u00a0]\d{2,}(?:[ \-\u00a0]?\d{2,}){0,4}|0[1-9](?:[ .]\d\d){4}|0[1-9]\d{8,9})(?![\w\-]|[.,:]\d)"
)
_FICTION = re.compile(
    r"1?[2-9]\d\d55501\d\d"
    r"|(?:44|0)(?:7700900\d{3}|1632960\d{3}|2079460\d{3}|1(?:1[3-8]|21|31|41|51|61)4960\d{3}|1914980\d{3}|2896496\d{3}"
    r"|2920180\d{3}|3069990\d{3}|8081570\d{3}|9098790\d{3})"
    r"|(?:353|0)209\d{5,7}"
    r"|(?:61|0)(?:49157\d{4}|[2378]5550\d{4}|[2378]7010\d{4})"
    r"|(?:49|0)(?:3023125\d{3}|6990009\d{3}|4066969\d{3}|2214710\d{3}|8999998\d{3}|17139200\d{2}|176040690\d{2}|1729925904"
    r"|1749091317|1749464308|15228817386|15228895456|15254599371)"
    r"|(?:33|0)(?:19900|26191|35301|46571|53649|63998)\d{4}"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0]?[\dA-Z]{4}){2,7}(?:[ \u00a0]?[\dA-Z]{1,3})?\b")
_LEAST_DIGITS = 9
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
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match[0]).removeprefix("00")
        if len(digits) >= _LEAST_DIGITS and not _FICTION.fullmatch(digits) and not _part_of_other(match, text):
            fix = "use one reserved for fiction, e.g. +1 202 555 0143 or +44 7700 900123"
            yield finding(at, rule="contact", message=f"{name} holds the phone number {match[0]!r}; {fix}")
    for match in _CARD.finditer(text):
        readings = {re.sub(r"\D", "", written) for written in (match[0], match["four"] or match[0])}
        if not readings & _TEST_CARDS and any(luhn(digits) for digits in readings):
            message = f"{name} holds a number like a card's, {match[0]!r}; use a test number, e.g. 4111 1111 1111 1111"
            yield finding(at, rule="contact", message=message)


def _part_of_other(phone: re.Match[str], text: str) -> bool:
    """Whether a phone number's digits are those of a card or an account (IBAN)."""
    others = (match for pattern in (_CARD, _IBAN) for match in pattern.finditer(text))
    return any(other.start() <= phone.start() and phone.end() <= other.end() for other in others)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
