"""The report in a real browser: hostile tickets stay text, filters and anchors work, nothing is requested."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright import sync_api

from harness.core.taxonomy import Taxonomy
from harness.evaluation import Run
from harness.reporting import write_report

from .conftest import QUOTED_ID, SCRIPT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def executable() -> str:
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on PATH")


@pytest.fixture(scope="module")
def browser(executable: str) -> Iterator["sync_api.Browser"]:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"] if root else [])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def url(triage_run: Run, taxonomy: Taxonomy) -> str:
    return write_report(triage_run, taxonomy=taxonomy).as_uri()


@pytest.fixture
def page(browser: "sync_api.Browser", url: str) -> Iterator["sync_api.Page"]:
    """The report, opened without a network; after each test it has asked for nothing and complained of nothing."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    yield page
    assert said == []
    assert {one.partition("#")[0] for one in asked} <= {url, "data:,"}
    context.close()


def shown_samples(page: "sync_api.Page") -> "sync_api.Locator":
    return page.locator("details.sample:visible")


def visible(page: "sync_api.Page") -> int:
    return shown_samples(page).count()


def test_markup_in_tickets_makes_no_element_and_runs_nothing(page: "sync_api.Page") -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.title() == "triage · 2026-11-24 05:40 UTC"
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, base").count() == 0
    assert page.locator("h1").all_inner_texts() == ["triage"]
    assert page.get_by_text(SCRIPT).first.is_visible()
    assert "U+202E" in page.locator("details.sample", has_text="invoice_").locator(".ctl").all_inner_texts()


def test_the_policy_would_stop_a_script_that_got_in(browser: "sync_api.Browser", url: str) -> None:
    page = browser.new_page()
    page.goto(url)
    refused = page.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "document.title = 'pwned'";
            document.body.append(script);
            setTimeout(() => done("not refused"), 2000);
        })"""
    )
    assert refused == "script-src-elem"
    assert "pwned" not in page.title()
    page.close()


def test_text_filter_toggles_and_slice_narrow_the_samples(page: "sync_api.Page") -> None:
    assert (visible(page), page.locator("#shown").inner_text()) == (14, "14 trials")
    page.fill("#q", "LYON card")
    sync_api.expect(shown_samples(page)).to_have_count(1)
    assert page.locator("#shown").inner_text() == "1 of 14 trials"
    page.fill("#q", "no such words")
    page.locator("#nothing").wait_for(state="visible")
    page.fill("#q", "")
    sync_api.expect(shown_samples(page)).to_have_count(14)
    page.check("#only-mistakes")
    assert visible(page) == 5
    page.check("#only-reviews")
    assert visible(page) == 1
    page.uncheck("#only-mistakes")
    assert visible(page) == 3
    page.uncheck("#only-reviews")
    page.select_option("#slice", label="hostile (5)")
    assert visible(page) == 5


def test_a_cell_of_the_confusion_matrix_shows_its_trials_and_can_be_let_go(page: "sync_api.Page") -> None:
    cell = page.get_by_role("button", name="expected payment_fraud, given general_inquiry: 1 trial")
    cell.click()
    assert visible(page) == 1
    assert page.locator("details.sample:visible .id").inner_text() == "t-09"
    assert cell.get_attribute("aria-pressed") == "true"
    picked = page.locator("#picked")
    assert picked.inner_text() == "payment_fraud → general_inquiry ✕"
    picked.click()
    assert (visible(page), cell.get_attribute("aria-pressed"), picked.is_visible()) == (14, "false", False)
    cell.click()
    cell.click()
    assert visible(page) == 14


def test_links_open_what_they_point_to_even_where_a_filter_hid_it(page: "sync_api.Page") -> None:
    page.fill("#q", "lyon")
    sync_api.expect(shown_samples(page)).to_have_count(1)
    page.locator("#mistakes a").first.click()
    sample = page.locator("#s1")
    sync_api.expect(page.locator("#s1")).to_have_attribute("open", "")
    assert "t-02" in sample.locator("summary .id").inner_text()
    assert (visible(page), page.input_value("#q")) == (14, "")
    sample.locator("a.cite", has_text="POL-SAF-01").first.click()
    sync_api.expect(page.locator("#s1-e0")).to_have_attribute("open", "")
    assert sample.get_by_text("A threat is passed on at once.").is_visible()
    page.evaluate("document.getElementById('s1-e0').open = false")
    sample.locator("a.cite", has_text="POL-SAF-01").first.click()
    sync_api.expect(page.locator("#s1-e0")).to_have_attribute("open", "")


def test_a_link_from_outside_opens_its_sample(browser: "sync_api.Browser", url: str) -> None:
    page = browser.new_page()
    page.goto(f"{url}#s4-f0")
    assert page.evaluate("document.getElementById('s4').open")
    page.close()


def test_it_works_by_keyboard(page: "sync_api.Page") -> None:
    page.get_by_role("button", name="expected payment_fraud, given payment_fraud: 1 trial").focus()
    page.keyboard.press("Enter")
    assert visible(page) == 1
    page.locator("details.sample:visible summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.sample[open]").count() == 1


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_never_scrolls_sideways_and_follows_the_colour_scheme(
    browser: "sync_api.Browser", url: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    red = int(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))
    assert (red > 200) == (scheme == "light")
    context.close()


def test_an_id_with_quotes_is_shown_whole(page: "sync_api.Page") -> None:
    assert QUOTED_ID in page.locator("details.sample .id").all_inner_texts()
