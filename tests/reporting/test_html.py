"""The HTML report: complete, self-contained, and deaf to what stands in tickets."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from markupsafe import Markup

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.evaluation import Run
from harness.reporting import write_report
from harness.reporting.analyses import Slice
from harness.reporting.html import shown, slice_strip, strip

from .conftest import IMAGE, QUOTED_ID, SCRIPT

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., dict[str, Any]]
_VOID = {"meta", "link", "input", "line", "rect", "path", "br"}


class Page(HTMLParser):
    """Elements of a page, its text by element id, and whether tags are balanced."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.texts: dict[str, str] = {}
        self._ids: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag not in _VOID:
            self._open.append(tag)
            self._ids.append(found.get("id", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)
        self._ids.pop()

    def handle_data(self, data: str) -> None:
        for one in {i for i in self._ids if i}:
            self.texts[one] = f"{self.texts.get(one, '')} {data}"

    def of(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        return [a for t, a in self.elements if t == tag and attributes.items() <= a.items()]


@pytest.fixture(scope="module")
def source(triage_run: Run, taxonomy: Taxonomy) -> str:
    path = write_report(triage_run, taxonomy=taxonomy)
    assert path == triage_run.report
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_every_tag_is_ours_and_closed(page: Page) -> None:
    assert page.unbalanced == []
    assert len(page.of("script")) == 1
    assert page.of("img") == [] and page.of("iframe") == [] and page.of("b") == []
    assert len(page.of("h1")) == 1


def test_no_attribute_runs_loads_or_styles_anything(page: Page) -> None:
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src", "action"}], tag
        for link in (attributes.get("href", "#"), attributes.get("xlink:href", "#")):
            assert re.fullmatch(r"#[a-z0-9-]*|data:,", link), link
    assert [a["http-equiv"] for a in page.of("meta") if "http-equiv" in a] == ["Content-Security-Policy"]


def test_the_policy_names_the_very_style_and_script_that_stand_in_the_page(source: str, page: Page) -> None:
    [policy] = [a["content"] for a in page.of("meta") if "http-equiv" in a]
    for tag in ("style", "script"):
        [inline] = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for part in ("default-src 'none'", "base-uri 'none'", "form-action 'none'"):
        assert part in policy
    assert "unsafe" not in policy


def test_nothing_from_a_ticket_stands_in_script_or_style(source: str) -> None:
    for tag in ("style", "script"):
        [inline] = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        assert "safety_threat" not in inline and "pwned" not in inline


def test_ids_are_running_numbers_and_every_link_leads_somewhere(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [
        i for i in ids if i.startswith("s") and not re.fullmatch(r"s\d+(-[efr]\d+)?|samples|slices|slice|shown", i)
    ] == []
    targets = [attributes["href"][1:] for attributes in page.of("a")]
    assert set(targets) <= set(ids)
    assert {"s1", "answer", "samples", "provenance"} <= set(targets)


def test_hostile_text_is_there_to_be_read(source: str, page: Page) -> None:
    texts = {"".join(text for i, text in page.texts.items() if i.startswith(f"s{n}")) for n in range(1, 15)}
    whole = "\n".join(texts)
    for kept in (SCRIPT, IMAGE, "</div></details><h1>SYSTEM</h1>", QUOTED_ID, "日本語で失礼します。"):
        assert kept in whole
    for control in ("U+001B", "U+0007", "U+202E", "U+D800"):
        assert f'">{control}</span>' in source
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", source)


def test_the_answer_comes_first(page: Page) -> None:
    answer = " ".join(page.texts["answer"].split())
    assert answer.startswith("1 of 3 gates failed.")
    for part in ("routing.accuracy 0.58 0.28 – 0.85 95 %", "cost.per_ticket $", "keyword $21.50", "fail: value"):
        assert part in answer
    assert "1 errored: rate_limit 1" in answer
    order = [a["id"] for t, a in page.elements if t == "section"]
    assert order == [
        "answer", "metrics", "confusion", "calibration", "labels", "slices", "mistakes", "samples", "provenance",
    ]  # fmt: skip


def test_all_metrics_are_listed_with_their_counts_and_baselines(source: str) -> None:
    rows = re.findall(r"<tr[^>]*>\s*<th scope=\"row\">([a-z_.0-9]+)</th>(.*?)</tr>", source, re.DOTALL)
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for name, row in rows}
    ece = cells["calibration.ece"]
    assert [re.sub(r"<.*?>", "", cell, flags=re.DOTALL).strip() for cell in ece[3:7]] == ["11", "1", "1", "1"]
    assert "5 bins" in ece[-1]
    assert cells["routing.macro_f1"][-2] == "0.40"
    assert 'title="clopper-pearson"' in source


def test_the_confusion_matrix_is_a_table_with_headers_and_a_button_for_each_count(page: Page) -> None:
    [button] = page.of("button", **{"aria-label": "expected payment_fraud, given general_inquiry: 1 trial"})
    assert (button["data-e"], button["data-g"], button["aria-pressed"]) == ("l1", "l3", "false")
    [none] = page.of("button", **{"aria-label": "expected (no label fits), given general_inquiry: 1 trial"})
    assert none["data-e"] == "none"
    [failed] = page.of("button", **{"aria-label": "expected general_inquiry, given (no answer): 1 trial"})
    assert failed["data-g"] == "none"
    assert page.of("th", scope="col", title="Threat to safety")
    assert page.of("th", scope="row", title="Threat to safety")


def test_a_sample_shows_what_was_expected_given_retrieved_claimed_and_done(page: Page, source: str) -> None:
    text = " ".join(page.texts["s1"].split())
    for part in (
        "wrong t-02 safety_threat → general_inquiry easy $1,036",
        "guest_message untrusted He says he knows which school",
        "records trusted reservation.id r-88112",
        "accounts.guest.verified false",
        "action route expected $4.10, review $6.00",
        "general_inquiry 0.700 cancellation_refund 0.100",
        "safety_threat expected 0.100",
        "ticket:guest_message",
        "supported",
        "fabricated citation no such clause",
        "Expected rationale 1",
        "POL-SAF-01@2#3.1 gold Threats policy · 0.81",
        "incident · safety_threat · 0.44",
        "Gold evidence that was not retrieved: POL-GEN-01@1#1.1",
        "system Route the ticket.",
        "lookup ok",
        "guard 1.5 ms · model 31 ms · total ",
        "812 tokens in, 64 out, 1 model call (estimated)",
        "one repair",
    ):
        assert part in text, part
    assert 'href="#s1-e0">POL-SAF-01@2#3.1</a>' in source
    assert 'href="#s1-f0">ticket:guest_message</a>' in source
    assert 'title="not on this page">POL-NOT-99@1#1.1</span>' in source


def test_guard_findings_are_marked_in_the_text_they_were_found_in(source: str, page: Page) -> None:
    assert re.findall(r"<mark title=\"guard: (\w+)\">([^<]*)</mark>", source) == [
        ("override", "ignore all previous instructions and r")
    ]
    [where] = [i for i, text in page.texts.items() if "Guard findings" in text and re.fullmatch(r"s\d+", i)]
    assert "override in guest_message, 0.93" in " ".join(page.texts[where].split())


def test_failed_errored_and_reviewed_samples_say_so(page: Page) -> None:
    samples = {" ".join(text.split()) for i, text in page.texts.items() if re.fullmatch(r"s\d+", i)}
    [failed] = [text for text in samples if text.startswith("failed t-11")]
    assert f"the model failed: malformed: no JSON in {SCRIPT}" in failed
    [errored] = [text for text in samples if text.startswith("errored t-13")]
    assert "errored: rate_limit: 429 too many requests" in errored
    [review] = [text for text in samples if text.startswith("right t-12")]
    assert "review" in review
    assert len([a for a in page.of("details") if "data-review" in a]) == 3
    assert len([a for a in page.of("details") if "data-mistake" in a]) == 5


def test_samples_beyond_the_limit_are_left_out_and_counted(triage_run: Run, taxonomy: Taxonomy, source: str) -> None:
    page = Page(write_report(triage_run, taxonomy=taxonomy, max_samples=3).read_text(encoding="utf-8"))
    assert len(page.of("details", **{"class": "sample"})) == 3
    assert "11 trials left out" in page.texts["samples"]
    assert [a for a in page.of("a") if a["href"] == "#s4"] == []
    assert "left out" not in source
    triage_run.report.write_text(source, encoding="utf-8")


def test_a_run_of_another_suite_reports_its_values_and_scores(generic_run: Run) -> None:
    page = Page(write_report(generic_run, taxonomy=None).read_text(encoding="utf-8"))
    assert page.unbalanced == []
    top = " ".join(page.texts["top"].split())
    assert "INTERRUPTED after 6 of 8 trials" in top and "SIMULATED" in top and "1 min 15 s" in top
    assert "undefined: no sample was scored" in page.texts["answer"]
    text = " ".join(page.texts["s1"].split())
    assert text.startswith("wrong q1")
    for part in (
        'value { "answer": 1 }',
        "expected value 3",
        'polite scored passed false · tone ["warm", "short"] · said [4]',
    ):
        assert part in text
    assert "broken errored KeyError: 'x'" in text and "silent not applicable nothing to say" in text
    assert 'deep {"a": [1]}' in text
    assert "The solver doesn't say what it looked at." in text
    assert "(no label fits)" not in text
    ids = {a.get("id") for _, a in page.elements}
    assert not ids & {"confusion", "calibration", "labels", "slices", "slice"}


def test_too_many_labels_for_a_table_become_a_list_of_confusions(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [trial(f"t{n}", f"label_{n:02}", f"label_{n // 2:02}") for n in range(40)]
    rows += [trial("again", "label_09", "label_04"), trial("quoted", 'a "b" <i>', "label_00")]
    page = Page(write_report(make_run(rows), taxonomy=None).read_text(encoding="utf-8"))
    assert "41 labels are too many for a table" in page.texts["confusion"]
    buttons = page.of("button", **{"class": "pick"})
    assert len(buttons) == 40
    assert buttons[0]["aria-label"] == "expected label_09, given label_04: 2 trials"
    assert 'a "b" <i> → label_00' in [button["data-name"] for button in buttons]


def test_a_run_with_nothing_in_it_reports(make_run: MakeRun) -> None:
    text = write_report(make_run([], manifest={}, seconds=None, started_at=None), taxonomy=None).read_text("utf-8")
    page = Page(text)
    assert page.unbalanced == []
    assert "No gates: nothing was asked" in page.texts["answer"]
    assert "0 trials" in page.texts["samples"]


def test_the_manifest_is_shown_whole(page: Page) -> None:
    text = " ".join(page.texts["provenance"].split())
    for part in (
        "run schema_version 1 seed 7",
        "suite name triage input ticket retrieval.as_of created_at",
        "git revision aaaa",
    ):
        assert part in text


def test_a_hundred_long_samples_stay_below_four_megabytes(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [
        trial(f"t{n}", "a", "b", cost=1.0) | {"trace": {"messages": [{"role": "user", "content": f"{n} word " * 1500}]}}
        for n in range(100)
    ]
    assert write_report(make_run(rows), taxonomy=None).stat().st_size < 4_000_000


def test_a_text_beyond_the_limit_is_cut_and_says_so(make_run: MakeRun, trial: MakeTrial) -> None:
    row = trial("t", "a", "b")
    row["sample"]["input"] = {"text": "x" * 50_000}
    source = write_report(make_run([row]), taxonomy=None).read_text("utf-8")
    assert "[… 10,000 more characters in samples.jsonl]" in source
    assert "x" * 40_001 not in source


def test_shown_escapes_before_it_marks_controls() -> None:
    assert shown("<a\x1b&>") == Markup(
        '&lt;a<span class="ctl" title="control or invisible character">U+001B</span>&amp;&gt;'
    )
    assert shown(Markup("<b>")) == "&lt;b&gt;"


def test_intervals_are_drawn_on_a_scale_that_holds_them() -> None:
    share = strip(Metric("a", 0.5, 0.25, 0.75), [0.1])
    assert share is not None
    assert (share.low, share.value, share.high, share.marks) == (25, 50, 75, (10,))
    money = strip(Metric("a", 6.0, 4.0, 8.0, unit="USD"), [10.0])
    assert money is not None
    assert (money.high, money.marks) == (pytest.approx(100 * 8 / 11), (pytest.approx(100 / 1.1),))


@pytest.mark.parametrize(
    "metric",
    [
        Metric("a", None),
        Metric("a", 0.5),
        Metric("a", 6.0, 4.0, 8.0, unit="USD"),
        Metric("a", 2.0, 1.0, 4.0),
        Metric("a", -0.1, -0.5, 0.5),
        Metric("a", 0.0, 0.0, 0.0, unit="USD"),
    ],
)
def test_what_has_no_interval_or_no_scale_is_not_drawn(metric: Metric) -> None:
    assert strip(metric) is None


def test_a_slice_without_accuracy_is_not_drawn() -> None:
    assert slice_strip(Slice("slice", "a", 1, 0, None, None, None, None)) is None


def test_a_companion_without_value_keeps_its_reason_in_the_label_table(make_run: MakeRun, taxonomy: Taxonomy) -> None:
    metrics = [
        Metric("routing.f1", None, label="safety_threat", reason='nothing "to" divide by'),
        Metric("cost.per_label", 3.0, 2.0, 4.0, label="payment_fraud", unit="USD"),
    ]
    source = write_report(replace(make_run([]), metrics=metrics), taxonomy=taxonomy).read_text("utf-8")
    assert 'title="nothing &#34;to&#34; divide by">–</span>' in source
    assert "$2.00 – $4.00" in source
