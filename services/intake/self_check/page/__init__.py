"""The page of the self-check, made once from the words: no script in it, nothing from elsewhere."""

from functools import cache
from html import escape
from importlib import resources
from string import Template

from services.intake.self_check.policy.guidance import QUESTIONS, SCREENS, Screen
from services.intake.self_check.policy.words import ItemQuestion, Lines, Words, words


@cache
def pages() -> dict[str, str]:
    """The page in every language."""
    return {language: page(said) for language, said in words().items()}


def page(said: Words) -> str:
    """The page in one language."""
    template = Template(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    plain = {name: escape(text) for name, text in said if isinstance(text, str)}
    errors = {f"error_{name}": escape(text) for name, text in said.errors}
    return template.substitute(
        plain | errors,
        intro="\n".join(f"<p>{escape(text)}</p>" for text in said.intro),
        languages=_languages(said),
        now=_lines("now", said.now),
        clinic=_lines("clinic", said.clinic),
        sections="\n".join([_safety(said), *(_screen(one, said) for one in SCREENS)]),
        limits=escape(said.limits.title),
    )


def _languages(said: Words) -> str:
    items = []
    for other in words().values():
        here = ' aria-current="true"' if other.language == said.language else ""
        items.append(
            f'<li><a href="/self-check?language={other.language}" lang="{other.language}"'
            f' hreflang="{other.language}"{here}>{escape(other.name)}</a></li>'
        )
    return "\n".join(items)


def _lines(name: str, lines: Lines) -> str:
    items = "\n".join(
        f'<li><a href="{escape(line.link)}">{escape(line.text)}</a></li>' for line in lines.lines
    )
    return f'<h2 id="{name}">{escape(lines.title)}</h2>\n<ul class="lines">\n{items}\n</ul>'


def _safety(said: Words) -> str:
    questions = []
    for name in QUESTIONS:
        words_of = said.safety[name]
        help_first = (
            f'<p class="help" role="alert" hidden>{escape(words_of.help)}</p>'
            if words_of.help
            else ""
        )
        choices = [(said.yes, "yes"), (said.no, "no"), (said.skip, "")]
        questions.append(_question(f"safety-{name}", words_of.question, choices, help_first))
    return _section("safety", questions, said)


def _screen(screen: Screen, said: Words) -> str:
    name = screen.replace("-", "_")
    questions = [
        _question(f"{name}-{place}", one.text, _choices(one, said))
        for place, one in enumerate(said.questions[screen])
    ]
    return _section(screen, questions, said)


def _choices(question: ItemQuestion, said: Words) -> list[tuple[str, str]]:
    choices = [(text, str(value)) for value, text in enumerate(question.choices)]
    return [*(choices or [(said.yes, "1"), (said.no, "0")]), (said.skip, "")]


def _section(name: str, questions: list[str], said: Words) -> str:
    about = said.sections[name]
    return (
        f'<section aria-labelledby="about-{name}">\n'
        f'<h3 id="about-{name}">{escape(about.title)}</h3>\n<p>{escape(about.period)}</p>\n'
        + "\n".join(questions)
        + "\n</section>"
    )


def _question(name: str, text: str, choices: list[tuple[str, str]], after: str = "") -> str:
    options = "\n".join(
        f'<div class="choice"><input type="radio" id="{name}-{place}" name="{name}"'
        f' value="{value}"><label for="{name}-{place}">{escape(label)}</label></div>'
        for place, (label, value) in enumerate(choices)
    )
    return f'<fieldset id="{name}">\n<legend>{escape(text)}</legend>\n{options}\n{after}</fieldset>'
