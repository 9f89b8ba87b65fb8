"""The page on which clients answer: nothing from elsewhere, nothing inline, readable; and no secret
in a log line or a span."""

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import resources

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.intake.questionnaires.policy import policy
from shared.telemetry import statements, tracing
from shared.web import middleware, problems
from tests.support.apis import APPS, app_of, caller, service
from tests.support.logs import captured

PAGE = resources.files("services.intake.questionnaires.page")
STYLE = PAGE.joinpath("questionnaire.css").read_text("utf-8")
SCRIPT = PAGE.joinpath("questionnaire.js").read_text("utf-8")
SECRET = "Zm9yLXRlc3Rz" + "x7_-" * 7 + "QQQ"


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def test_the_page_runs_under_a_policy_that_lets_nothing_else_in():
    async with caller(APPS["intake"]) as browser:
        page = await browser.get("/questionnaire")
        allowed = page.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "form-action 'none'"} <= set(allowed)
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["content-type"].startswith("text/html")
        assert "set-cookie" not in page.headers
        tags = Tags(page.text).found
        addresses = [a.get("src") or a.get("href") for t, a in tags if t in ("script", "link")]
        assert sorted(a for a in addresses if a) == [
            "data:,",
            "questionnaire/page.css",
            "questionnaire/page.js",
        ]
        for address in ("questionnaire/page.css", "questionnaire/page.js"):
            answer = await browser.get(f"/{address}")
            assert answer.status_code == 200
            assert "http:" not in answer.text
            assert "https:" not in answer.text


async def test_the_page_has_nothing_inline_and_says_its_language():
    async with caller(APPS["intake"]) as browser:
        tags = Tags((await browser.get("/questionnaire")).text).found
    assert dict(tags)["html"]["lang"] == "en"
    for tag, attributes in tags:
        assert tag != "style"
        assert tag != "script" or attributes["src"]
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    viewport = next(a["content"] for t, a in tags if t == "meta" and a.get("name") == "viewport")
    assert viewport is not None
    assert "scalable" not in viewport, "a client may make the text larger"


def test_the_script_puts_text_and_never_markup_into_the_page():
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in SCRIPT
    assert "localStorage" not in SCRIPT
    assert "cookie" not in SCRIPT


def test_every_text_that_the_script_says_is_in_the_data():
    said = set(re.findall(r"""(?:text|finish|end)\(\s*["'](\w+)["']""", SCRIPT))
    said |= set(re.findall(r'text\(last \? "(\w+)" : "(\w+)"\)', SCRIPT)[0])
    assert said == policy().texts["en"].keys()


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("text", "back", 4.5),
        ("text", "soft", 4.5),
        ("strong", "back", 4.5),
        ("on-strong", "strong", 4.5),
        ("alarm", "back", 3.0),
        ("line", "back", 3.0),
        ("focus", "back", 3.0),
    ],
)
def test_colours_can_be_told_apart(scheme: str, front: str, back: str, least: float):
    """WCAG 2.2, 1.4.3 and 1.4.11."""
    light, dark = STYLE.split("prefers-color-scheme: dark")
    names = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))
    one, other = sorted((luminance(names[front]), luminance(names[back])), reverse=True)
    assert (one + 0.05) / (other + 0.05) >= least


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for module in (tracing, statements, middleware):
        monkeypatch.setattr(module, "tracer", provider.get_tracer("stepwell"))
    return exporter


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process writes."""
    with captured(monkeypatch, middleware, problems) as stream:
        yield stream


class Broken:
    """A database with a defect that says what it was asked."""

    def transaction(self, sites: object) -> None:
        raise ValueError(f"cannot look up {SECRET}")

    async def run(self, sites: object, work: object) -> None:
        raise ValueError(f"cannot look up {SECRET}")


@pytest.mark.parametrize("database", [None, Broken()], ids=["away", "broken"])
async def test_no_secret_of_a_link_is_in_a_log_line_or_a_span(
    spans: InMemorySpanExporter,
    written: io.StringIO,
    database: Broken | None,
):
    app = app_of(service("intake"))
    if database is not None:
        app.state.database = database
    for method, path, scheme in (
        ("GET", f"/questionnaire#{SECRET}", "Link"),
        ("POST", "/questionnaire/session", "Link"),
        ("GET", "/questionnaire/form", "Session"),
        ("POST", "/questionnaire/completion", "Session"),
    ):
        async with caller(app) as browser:
            answer = await browser.request(
                method, path, headers={"Authorization": f"{scheme} {SECRET}", "If-Match": '"1"'}
            )
        assert SECRET not in answer.text
        assert answer.status_code == (200 if "#" in path else 503 if database is None else 500)
    told = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert len(told) >= 3
    assert SECRET not in written.getvalue()
    names = {span.name for span in spans.get_finished_spans()}
    assert names == {
        "GET /questionnaire",
        "POST /questionnaire/session",
        "GET /questionnaire/form",
        "POST /questionnaire/completion",
    }
    assert not [span for span in spans.get_finished_spans() if SECRET in span.to_json()]
