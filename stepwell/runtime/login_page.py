"""The pages of the local issuer: plain HTML that works without scripts."""

from collections.abc import Iterable, Mapping
from html import escape

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; background: #f4f6f5; color: #1c2b26 }
main { max-width: 30rem; margin: 3rem auto; padding: 1.5rem 2rem; background: #fff;
       border: 1px solid #cfd8d4; border-radius: .5rem }
h1 { font-size: 1.35rem; margin: 0 0 .5rem }
fieldset { border: 0; padding: 0; margin: 1rem 0 }
legend, .field { font-weight: 600; padding: 0; display: block }
label { display: block; padding: .15rem 0 }
input[type=text] { font: inherit; width: 100%; box-sizing: border-box; padding: .35rem .5rem;
                   border: 1px solid #71827b; border-radius: .25rem }
button { font: inherit; padding: .5rem 1.25rem; border: 0; border-radius: .25rem;
         background: #14624a; color: #fff; cursor: pointer }
:focus-visible { outline: 3px solid #e0a100; outline-offset: 2px }
.note { color: #4c5d56; font-size: .9rem; margin: 0 }
.wrong { border-left: 4px solid #b3261e; padding: .25rem .75rem; margin: 1rem 0 }
"""


class NotChosen(Exception):
    """What is missing on the page, in one sentence."""


def choice(
    roles: Iterable[str], sites: Mapping[str, str], asked: Mapping[str, str], wrong: str = ""
) -> str:
    """The page on which a person picks a role and sites, which is sent with what was `asked`."""
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
        if name not in ("role", "site", "others", "name")
    )
    picked = asked.get("role", "counselor")
    by_role = "".join(
        f'<label><input type="radio" name="role" value="{role}"'
        f"{' checked' if role == picked else ''}> {role.replace('_', ' ')}</label>"
        for role in roles
    )
    by_site = "".join(
        f'<label><input type="checkbox" name="site" value="{escape(site)}"> {escape(name)}</label>'
        for site, name in sites.items()
    )
    return _page(
        "Log in",
        f"""<p class="note">A local system: whoever sits here picks who they are.</p>
{f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""}
<form method="post" action="authorize">{kept}
<fieldset><legend>Role</legend>{by_role}</fieldset>
<fieldset><legend>Sites</legend><p class="note">None means all of them.</p>{by_site}
<label>{"Other sites" if sites else "Sites"} by their ids, with commas between
<input type="text" name="others" autocomplete="off"></label></fieldset>
<p><label><span class="field">Name</span>
<span class="note">Two people of one role need two names.</span>
<input type="text" name="name" placeholder="as the role" autocomplete="off"></label></p>
<button>Log in</button></form>""",
    )


def told(title: str, text: str) -> str:
    """A page that only says something."""
    return _page(title, f"<p>{escape(text)}</p>")


def refused(title: str, why: str) -> str:
    """A page that says why something was refused."""
    return _page(title, f'<p class="wrong" role="alert">{escape(why)}</p>')


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)} | Stepwell</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>
<body><main><h1>{escape(title)}</h1>
{body}
</main></body></html>
"""
