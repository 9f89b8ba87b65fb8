"""The portal's pages against what the services' OpenAPI documents promise.

No service runs: each answer is made from its operation's schema, with hostile text wherever there
may be any, so that a field that is not there, a call that takes other parameters, and a text that
is not escaped are found on every page.
"""

import re

import pytest

from portal.api import OPERATIONS
from portal.rendering import ENVIRONMENT, NAVIGATION
from portal.views.registry import VIEWS, View
from stepwell.contracts import operations
from tests.support.portal import ID, LATER, ROLES, Found, Portal, address, pages


def test_what_the_portal_knows_of_the_apis_is_what_they_are() -> None:
    assert not operations.outdated(), "run `stepwell contracts` and commit what it writes"


@pytest.mark.parametrize(("view", "role"), list(pages()))
@pytest.mark.parametrize(
    "query", ["?week=2026-W10&day=2026-03-02", f"?client={ID}&week=2026-W10&change=1&due=soon"]
)
async def test_a_page_shows_what_services_say_and_nothing_of_it_becomes_code(
    view: View, role: str, query: str
) -> None:
    portal = Portal(role)
    answer = await portal.browser.get(address(view) + query, follow_redirects=True)
    assert answer.status_code == 200, answer.text[:500]
    found = Found(answer.text)
    assert found.tags.count("script") == 1
    assert all(source.startswith("/clients/") for source in found.pictures)
    assert found.handlers == []
    assert "49" not in answer.text.replace(ID, "") or "{{7*7}}" in answer.text
    names = portal.services.asked
    assert len([one for one in names if one != "scheduling.list_sites"]) <= 3, names
    assert set(names) <= {one for one, op in OPERATIONS.items() if role in op["roles"]}


@pytest.mark.parametrize(("view", "role"), list(pages()))
async def test_a_page_is_shown_where_services_leave_open_whatever_they_may(
    view: View, role: str
) -> None:
    portal = Portal(role)
    portal.services.nulls = True
    query = "?week=2026-W10&day=2026-03-02"
    answer = await portal.browser.get(address(view) + query, follow_redirects=True)
    assert answer.status_code == 200, answer.text[:500]
    assert "None" not in answer.text.replace("None.", "").replace("None named", "")


@pytest.mark.parametrize("view", [v for v in VIEWS if v.needs not in LATER], ids=lambda v: v.path)
async def test_a_page_without_its_service_says_so(view: View) -> None:
    role = OPERATIONS[view.needs]["roles"][0]
    portal = Portal(role)
    for service in ("intake", "scheduling", "notifications", "outcomes"):
        portal.services.away = service
        answer = await portal.browser.get(address(view), follow_redirects=True)
        assert answer.status_code in (200, 503), (service, answer.text[:500])
        if answer.status_code == 503:
            assert service in answer.text


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: v.path)
async def test_a_page_for_others_says_so_in_words(view: View) -> None:
    allowed = OPERATIONS.get(view.needs, {"roles": []})["roles"]
    for role in set(ROLES) - set(allowed):
        portal = Portal(role)
        answer = await portal.browser.get(address(view))
        assert answer.status_code == 403
        assert "may not see this page" in answer.text
        assert portal.services.asked == []


def test_what_a_page_does_is_an_operation_that_exists() -> None:
    for view in VIEWS:
        for name in (*view.acts, view.needs):
            assert name in OPERATIONS or name in LATER, (view.path, name)
    for *_, name in NAVIGATION:
        assert name in OPERATIONS or name in LATER
    source = " ".join(
        (ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0])  # type: ignore[union-attr]
        for name in ENVIRONMENT.list_templates()
    )
    for name in re.findall(r'"((?:intake|scheduling|notifications|outcomes)\.\w+)"', source):
        assert name in OPERATIONS or name in LATER, name


async def test_a_form_of_another_session_or_of_another_page_does_nothing() -> None:
    portal = Portal("front_desk")
    fields = {"operation": "scheduling.cancel_session", "path.session_id": ID}
    for form in (
        {**fields, "csrf": "another"},
        fields,
        {**fields, "csrf": "form"},  # no act of this page
    ):
        answer = await portal.browser.post("/today", data=form)
        assert answer.status_code in (400, 403)
        assert "Nothing was done." in answer.text
    assert portal.services.asked == []


async def test_a_form_that_is_sent_without_a_session_is_told_so() -> None:
    portal = Portal("front_desk")
    portal.app.state.sessions.end(portal.secret)
    answer = await portal.browser.post("/today", data={"csrf": "form"})
    assert answer.status_code == 401
    assert "nothing of what you sent was done" in answer.text
