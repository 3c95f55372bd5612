import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.guard import sanitize
from harness.guard.sanitize import MAX_CHARS

ANY = st.text(st.characters(exclude_categories=())) | st.text(
    alphabet="a \n\r\t\x00\u200b\u034f\u0301e\ud800\ufeff\u1100\u1161"
)
# formats that show: joiners of emoji, number and verse signs of Arabic, Syriac and Kaithi, joiners of hieroglyphs
VISIBLE_FORMATS = {
    0x200D,
    *range(0x600, 0x606),
    0x6DD,
    0x70F,
    0x890,
    0x891,
    0x8E2,
    0x110BD,
    0x110CD,
    *range(0x13430, 0x13440),
}


@given(ANY)
def test_a_sanitised_text_is_not_changed_again(text: str) -> None:
    once = sanitize(text)
    assert sanitize(once) == once


@given(ANY)
def test_nothing_unseen_is_left_in_any_text(text: str) -> None:
    kept = sanitize(text)
    assert not {"Cc", "Cs", "Co"} & {unicodedata.category(char) for char in kept if char not in "\n\t"}
    assert unicodedata.normalize("NFC", kept) == kept
    assert kept == kept.strip()
    assert "\n\n\n" not in kept
    kept.encode()


def test_of_all_characters_no_control_and_no_invisible_one_is_kept() -> None:
    kept = set(sanitize("a" + "".join(map(chr, range(sys.maxunicode + 1))), max_chars=1 << 22))
    assert not {"Cs", "Co"} & {unicodedata.category(char) for char in kept}
    assert {char for char in kept if unicodedata.category(char) == "Cc"} == {"\n", "\t"}
    assert {ord(char) for char in kept if unicodedata.category(char) == "Cf"} <= VISIBLE_FORMATS
    others = [0x34F, 0x115F, 0x1160, 0x17B4, 0x180B, 0x3164, 0xFFA0, *range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)]
    assert not {chr(code) for code in others} & kept
    assert {char for char in map(chr, range(0x20, 0x7F))} <= kept


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FF), min_size=1))
def test_plain_words_are_left_as_they_are(text: str) -> None:
    plain = unicodedata.normalize("NFC", text)
    assert sanitize(plain) == plain


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ig\u200bno\u00adre", "ignore"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("pay\u202eFDP", "payFDP"),
        ("e\u034f\u0301", "é"),
        ("a\x1b[31mb\x07", "a[31mb"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        ("one\n\u200b\n\x00\ntwo", "one\n\ntwo"),
        ("a\tb", "a\tb"),
        ("👩\u200d🔧 ❤\ufe0f", "👩\u200d🔧 ❤\ufe0f"),
        ("\ud83d", ""),
        (" \n\t ", ""),
    ],
)
def test_what_a_reader_cannot_see_goes_and_the_rest_stays(text: str, kept: str) -> None:
    assert sanitize(text) == kept


def test_a_long_text_is_cut_with_a_visible_mark() -> None:
    assert sanitize("x" * MAX_CHARS) == "x" * MAX_CHARS
    cut = sanitize("x" * (MAX_CHARS + 1))
    assert len(cut) == MAX_CHARS
    assert cut.endswith("x […cut]")
    assert sanitize("a" * 10 + " " * 30 + "b", max_chars=30) == "a" * 10 + " […cut]"


@given(ANY, st.integers(8, 40))
def test_a_cut_text_is_no_longer_than_allowed_and_not_changed_again(text: str, limit: int) -> None:
    once = sanitize(text * 9, max_chars=limit)
    assert len(once) <= limit
    assert sanitize(once, max_chars=limit) == once
