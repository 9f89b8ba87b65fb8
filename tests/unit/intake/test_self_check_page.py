"""The self-check's page: usable by everybody (WCAG 2.2 AA), with nothing in it from elsewhere."""

import itertools
import re
from importlib import resources

import httpx
import pytest

from services.intake.self_check import page as page_module
from services.intake.self_check.page import page, pages
from services.intake.self_check.policy.guidance import ITEMS, QUESTIONS
from services.intake.self_check.policy.words import words
from services.intake.self_check.schemas import SelfCheck
from tests.support.apis import APPS, caller
from tests.support.pages import Element, contrast, parse, schemes

LANGUAGES = ("en", "es")
FOLDER = resources.files(page_module)
CSS = (FOLDER / "page.css").read_text("utf-8")
SCRIPT = (FOLDER / "page.js").read_text("utf-8")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def document(language: str) -> Element:
    return parse(pages()[language])


async def get(path: str) -> httpx.Response:
    async with caller(APPS["intake"]) as browser:
        return await browser.get(path)


def test_the_page_says_its_language_and_title(document: Element, language: str):
    (html,) = document.all("html")
    assert html.attributes["lang"] == language
    assert document.all("title")[0].text == words()[language].title


def test_one_heading_leads_and_none_skips_a_level(document: Element):
    levels = [int(one.tag[1]) for one in document.walk() if re.fullmatch("h[1-6]", one.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_everything_stands_in_a_landmark_with_a_name(document: Element):
    (body,) = document.all("body")
    assert [one.tag for one in body.children if isinstance(one, Element)] == ["a", "header", "main"]
    (nav,) = document.all("nav")
    assert nav.attributes["aria-label"]
    ids = {one.attributes["id"] for one in document.walk() if "id" in one.attributes}
    for section in document.all("section"):
        assert section.attributes["aria-labelledby"] in ids


def test_no_id_is_there_twice(document: Element):
    ids = [one.attributes["id"] for one in document.walk() if "id" in one.attributes]
    assert len(ids) == len(set(ids))


def test_every_question_is_a_group_with_a_legend_and_a_label_for_each_answer(document: Element):
    groups = document.all("fieldset")
    assert len(groups) == len(QUESTIONS) + sum(ITEMS.values())
    labels = {one.attributes["for"]: one.text for one in document.all("label")}
    for group in groups:
        first = next(one for one in group.children if isinstance(one, Element))
        assert first.tag == "legend"
        assert first.text
        inputs = group.all("input")
        assert {one.attributes["type"] for one in inputs} == {"radio"}
        assert {one.attributes["name"] for one in inputs} == {group.attributes["id"]}
        assert all(labels[one.attributes["id"]] for one in inputs)
        assert inputs[-1].attributes["value"] == "", "an answer can be taken back"
    assert len(labels) == len(document.all("input"))


def test_the_answers_of_the_page_are_those_that_the_api_takes(document: Element):
    for name in QUESTIONS:
        (group,) = document.all("fieldset", id=f"safety-{name}")
        assert [one.attributes["value"] for one in group.all("input")] == ["yes", "no", ""]
    for screen, count in ITEMS.items():
        field = screen.replace("-", "_")
        for place in range(count):
            (group,) = document.all("fieldset", id=f"{field}-{place}")
            for answer in group.all("input")[:-1]:
                row: list[int | None] = [None] * count
                row[place] = int(answer.attributes["value"])
                SelfCheck.model_validate({field: row})
    lengths = re.search(r"LENGTHS = {([^}]*)}", SCRIPT)
    assert lengths is not None
    assert dict(re.findall(r"(\w+): (\d+)", lengths[1])) == {
        screen.replace("-", "_"): str(count) for screen, count in ITEMS.items()
    }


def test_yes_scores_one_and_no_scores_none_in_the_questions_on_drugs(document: Element):
    (group,) = document.all("fieldset", id="dast_10-0")
    texts = [one.text for one in group.all("label")]
    values = [one.attributes["value"] for one in group.all("input")]
    assert values == ["1", "0", ""]
    assert texts[0] in ("Yes", "Sí")


def test_the_crisis_lines_come_before_every_question(document: Element):
    (main,) = document.all("main")
    order = [one.attributes.get("href", "") or one.tag for one in main.walk()]
    assert order.index("tel:911") < order.index("tel:988") < order.index("form")


def test_without_script_the_page_leads_to_help_and_to_the_clinic(document: Element, language: str):
    (form,) = document.all("form")
    assert "hidden" in form.attributes, "no form that does nothing"
    (without,) = document.all("noscript")
    assert without.text == words()[language].without_script
    shown = {one.attributes["href"] for one in document.all("a")}
    assert {"tel:988", "tel:911", "tel:+13035550100"} <= shown
    for one in document.all("a", href="tel:988"):
        assert one not in form.walk()


def test_a_yes_about_safety_is_answered_at_once_before_anything_is_sent(document: Element):
    spoken = [one.attributes["id"] for one in document.all("fieldset") if one.all("p")]
    assert spoken == [
        f"safety-{name}"
        for name in ("thoughts", "plan", "severe_withdrawal", "overdose", "unsafe_home")
    ]
    for group in document.all("fieldset"):
        for help_first in group.all("p"):
            assert help_first.attributes["role"] == "alert"
            assert "988" in help_first.text or "911" in help_first.text


def test_what_is_told_later_is_announced_and_can_take_the_focus(document: Element):
    (errors,) = document.all(id="errors")
    assert (errors.attributes["role"], errors.attributes["tabindex"]) == ("alert", "-1")
    (result,) = document.all(id="result")
    assert result.attributes["tabindex"] == "-1"
    assert document.all(role="status")
    assert "moveTo(errors)" in SCRIPT
    assert "moveTo(result)" in SCRIPT
    assert re.search(r"focus\({ preventScroll: true }\);\s+element.scrollIntoView", SCRIPT)


def test_every_language_is_a_link_in_its_own_words(document: Element, language: str):
    links = {
        one.attributes["hreflang"]: one for one in document.all("a") if "hreflang" in one.attributes
    }
    assert links.keys() == set(LANGUAGES)
    for name, link in links.items():
        assert link.attributes["lang"] == name
        assert link.text == words()[name].name
        assert ("aria-current" in link.attributes) == (name == language)


def test_the_way_out_leads_elsewhere_and_tells_nobody_from_where(document: Element):
    (leave,) = document.all("a", id="leave")
    assert leave.attributes["href"] == "https://www.weather.gov/"
    assert "noreferrer" in leave.attributes["rel"]
    assert "location.replace" in SCRIPT, "so that going back does not show the page"


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(document: Element):
    for one in document.walk():
        assert "style" not in one.attributes
        assert one.tag != "style"
        assert not [name for name in one.attributes if name.startswith("on")]
    loaded = [one.attributes["src"] for one in document.all() if "src" in one.attributes]
    loaded += [one.attributes["href"] for one in document.all("link")]
    assert sorted(loaded) == ["/self-check/page.css", "/self-check/page.js"]
    assert not document.all("script")[0].text
    assert "url(" not in CSS
    assert "@import" not in CSS


KEEPING = (
    "localStorage",
    "sessionStorage",
    "indexedDB",
    "document.cookie",
    "pushState",
    "replaceState",
    "serviceWorker",
    "sendBeacon",
    "caches.",
    "innerHTML",
)


def test_the_script_keeps_nothing():
    for way in KEEPING:
        assert way not in SCRIPT
    assert 'credentials: "omit"' in SCRIPT
    assert re.findall(r'fetch\("([^"]+)"', SCRIPT) == ["/self-check"]


def test_words_with_markup_in_them_do_no_harm():
    spoiled = words()["en"].model_copy(update={"title": "<script>alert(1)</script>"})
    assert not [one for one in parse(page(spoiled)).all("script") if one.text]


async def test_the_page_and_its_files_are_sent_with_a_strict_policy_and_stay_nowhere():
    for path, kind in (
        ("/self-check", "text/html; charset=utf-8"),
        ("/self-check?language=es", "text/html; charset=utf-8"),
        ("/self-check/page.css", "text/css; charset=utf-8"),
        ("/self-check/page.js", "text/javascript; charset=utf-8"),
    ):
        answer = await get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    unknown = await get("/self-check?language=xx")
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "language"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_what_surrounds_it_can_be_told_apart(scheme: str):
    colours = schemes(CSS)[scheme]
    pairs = [(name, name[3:]) for name in colours if name.startswith("on-")]
    assert len(pairs) == 4
    for ink, paper in [*pairs, ("link", "page")]:
        assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
    for edge, paper in [("line", "page"), ("line", "calm"), ("focus", "page"), ("focus", "calm"),
                        ("button", "page"), ("button", "calm")]:  # fmt: skip
        assert contrast(colours[edge], colours[paper]) >= 3, (edge, paper)


def test_every_colour_is_one_of_the_pairs():
    rules = re.sub(r":root\s*{[^}]*}", "", CSS)
    assert not re.search(r"#[0-9a-f]{3}", rules)
    for block in re.findall(r"{([^{}]*)}", rules):
        paper = re.search(r"background-color:\s*var\(--([\w-]+)\)", block)
        if paper is not None:
            assert re.search(rf"(?<![\w-])color:\s*var\(--on-{paper[1]}\)", block)


def test_contrasts_are_computed_as_wcag_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def rule(selector: str) -> str:
    found = re.search(rf"(?:^|[}},/])\s*{re.escape(selector)}[^{{}}]*{{([^}}]*)}}", CSS, re.M)
    assert found is not None, selector
    return found[1]


def test_targets_are_large_enough_and_the_page_fits_a_narrow_screen():
    for selector in (".choice", ".languages a", ".leave"):
        size = re.search(r"min-height:\s*([\d.]+)rem", rule(selector))
        assert size is not None
        assert float(size[1]) * 16 >= 24, selector
    box = rule(".choice input")
    assert float(re.findall(r"height:\s*([\d.]+)rem", box)[0]) * 16 >= 24
    viewport = parse(pages()["en"]).all("meta", name="viewport")[0].attributes["content"]
    assert "width=device-width" in viewport
    assert "user-scalable" not in viewport
    fixed = re.findall(r"(?<![\w-])(?:min-)?width:\s*([\d.]+)rem", CSS)
    assert all(float(size) * 16 <= 320 for size in fixed)
    assert "overflow-wrap: anywhere" in CSS


def test_the_header_that_stays_on_top_hides_no_focus():
    """Source: WCAG 2.2, 2.4.11. The header is at most 139 px high on a screen of 320 px."""
    assert re.search(r"header {[^}]*position: sticky", CSS)
    padding = re.search(r"scroll-padding-top:\s*([\d.]+)rem", CSS)
    assert padding is not None
    assert float(padding[1]) * 16 >= 139
    low = CSS.partition("@media (max-height: 30rem)")[2]
    assert "position: static" in low


def test_focus_is_seen_and_motion_only_comes_to_those_who_want_it():
    assert ":focus-visible" in CSS
    assert not re.search(r"outline:\s*(none|0)", CSS)
    moving = re.findall(r"animation|transition|scroll-behavior", CSS)
    within = CSS.partition("@media (prefers-reduced-motion: no-preference)")[2]
    assert re.findall(r"animation|transition|scroll-behavior", within) == moving
