"""The realm's file keeps to what the services, the portal and the local issuer expect."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.settings import SERVICES
from stepwell.keycloak import realm
from stepwell.keycloak.apply import holds
from stepwell.runtime import sessions
from stepwell.runtime.issuer import TOKEN_SECONDS
from stepwell.runtime.login import CLIENT, STAFF, Portal
from stepwell.runtime.problem import Problem

PORTAL = Portal("https://portal.example.org")
REALM = realm.read(realm.FILE, {"STEPWELL_PORTAL_URL": f"{PORTAL.url}/"})
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
MAPPERS = {
    scope["name"]: {mapper["name"]: mapper["config"] for mapper in scope["protocolMappers"]}
    for scope in REALM["clientScopes"]
}


def names(found: Any) -> set[str]:
    """The names of all fields, at any depth."""
    if isinstance(found, dict):
        return {*found, *(name for value in found.values() for name in names(value))}
    if isinstance(found, list):
        return {name for value in found for name in names(value)}
    return set()


def test_the_file_holds_no_person_no_secret_and_no_key() -> None:
    assert not names(REALM) & {"users", "secret", "credentials", "privateKey", "keys", "smtpServer"}


def test_roles_are_those_that_services_know() -> None:
    roles = {role["name"] for role in REALM["roles"]["client"][realm.AUDIENCE]}
    assert roles == set(Role)


def test_no_log_in_at_the_portal_can_act_as_a_service() -> None:
    carried = {m["client"]: m["roles"] for m in REALM["clientScopeMappings"][realm.AUDIENCE]}
    assert carried == {
        CLIENT: [*EVERY_STAFF_ROLE, Role.OPERATOR],
        **{service: ["service"] for service in SERVICES},
    }
    assert tuple(carried[CLIENT]) == STAFF
    assert not any(client["fullScopeAllowed"] for client in CLIENTS.values())


def test_people_log_in_by_a_code_with_pkce_and_no_other_way() -> None:
    portal = CLIENTS[CLIENT]
    assert portal["publicClient"]
    assert portal["attributes"]["pkce.code.challenge.method"] == "S256"
    for name, client in CLIENTS.items():
        assert client["standardFlowEnabled"] == (name == CLIENT)
        assert client["serviceAccountsEnabled"] == (name in SERVICES)
        assert not client["implicitFlowEnabled"]
        assert not client["directAccessGrantsEnabled"]


def test_the_portal_is_sent_to_the_addresses_that_the_local_issuer_knows() -> None:
    portal = CLIENTS[CLIENT]
    assert portal["redirectUris"] == [PORTAL.redirect_uri]
    assert portal["attributes"]["post.logout.redirect.uris"] == PORTAL.after_logout


def test_every_token_for_the_services_has_subject_audience_role_and_sites() -> None:
    assert "sub" in MAPPERS["basic"]
    assert MAPPERS["stepwell"].keys() == {"audience", "role", "sites", "topics"}
    assert {"basic", "stepwell"} <= set(CLIENTS[CLIENT]["defaultClientScopes"])
    for service in SERVICES:
        assert "stepwell" in CLIENTS[service]["defaultClientScopes"]
        (subject,) = CLIENTS[service]["protocolMappers"]
        assert subject["config"]["claim.name"] == "sub"
        assert subject["config"]["claim.value"] == service


def test_no_access_token_names_a_person() -> None:
    assert {m["access.token.claim"] for m in MAPPERS["profile"].values()} == {"false"}


def test_tokens_and_sessions_last_as_long_as_at_the_local_issuer() -> None:
    assert REALM["accessTokenLifespan"] == TOKEN_SECONDS
    assert REALM["accessCodeLifespan"] == sessions.CODE_SECONDS
    assert REALM["ssoSessionIdleTimeout"] == sessions.IDLE_SECONDS
    assert (REALM["revokeRefreshToken"], REALM["refreshTokenMaxReuse"]) == (True, 0)


def test_sites_and_topics_are_not_peoples_own_to_edit() -> None:
    (component,) = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    profile = json.loads(component["config"]["kc.user.profile.config"][0])
    edit = {
        attribute["name"]: attribute["permissions"]["edit"] for attribute in profile["attributes"]
    }
    assert (edit["sites"], edit["topics"]) == (["admin"], ["admin"])
    assert "unmanagedAttributePolicy" not in profile


def test_what_cannot_be_guessed_forever_is_watched() -> None:
    assert REALM["bruteForceProtected"]
    assert REALM["eventsEnabled"]
    assert REALM["adminEventsEnabled"]
    assert "length(12)" in REALM["passwordPolicy"]


def test_a_variable_that_is_not_set_is_named_with_an_example() -> None:
    with pytest.raises(Problem, match=r"Set STEPWELL_PORTAL_URL, such as https://"):
        realm.read(realm.FILE, {})


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"realm": "a"}', "{"])
def test_a_file_that_describes_no_realm_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "realm.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Problem, match=str(path)):
        realm.read(path, {})


@pytest.mark.parametrize(
    "content", [None, "", "short", "a secret of several words", "a" * 20 + "$"]
)
def test_a_secret_that_cannot_be_used_is_named_and_not_shown(
    tmp_path: Path, content: str | None
) -> None:
    for service in SERVICES[1:]:
        (tmp_path / f"client_secret_{service}").write_text("x" * 16)
    path = tmp_path / f"client_secret_{SERVICES[0]}"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Problem, match=str(path)) as told:
        realm.read_secrets(tmp_path, list(SERVICES))
    assert not content or content not in str(told.value)


def test_a_secret_ends_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "client_secret_intake"
    path.write_text("0123456789abcdef\r\n")
    assert realm.read_secrets(tmp_path, ["intake"]) == {"intake": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, True),
        ({"a": ["y", "x"]}, {"a": ["x", "y"]}, True),
        ({"a": ["x", "y"]}, {"a": ["x"]}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (None, {"a": 1}, False),
        ({}, {"a": False}, False),
    ],
)
def test_what_keycloak_adds_is_no_difference(found: Any, wanted: Any, same: bool) -> None:
    assert holds(found, wanted) == same
