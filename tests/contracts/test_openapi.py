"""The public documentation of every service is good enough to make a client from."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from shared.settings import SERVICES
from shared.web.application import allowed_roles, api_routes
from shared.web.audit import CLINICIANS
from shared.web.problems import HTTP_PROBLEMS, NO_JSON, OTHER_SLUGS
from tests.support.apis import APPS, caller

ROOT = Path(__file__).parents[2]
OPERATIONS = [
    pytest.param(name, route.path_format, method.lower(), id=f"{name}-{route.operation_id}")
    for name, app in APPS.items()
    for route in api_routes(app)
    for method in route.methods
]
VERBS = re.compile(
    "add|book|cancel|change|close|complete|confirm|correct|decide|determine|discharge|enrol"
    "|enter|follow|get|hold|lift|list|mark|merge|open|preview|publish|receive|record|remove|replay"
    "|republish|resume|retry|show|sign|skip|stop|summarize|undo"
)


@pytest.mark.parametrize(("name", "path", "method"), OPERATIONS)
def test_every_operation_says_what_it_does(name: str, path: str, method: str):
    operation = APPS[name].openapi()["paths"][path][method]
    assert 0 < len(operation["summary"]) < 60
    assert len(operation["description"]) > 20
    assert operation["tags"]
    for parameter in operation.get("parameters", []):
        assert "schema" in parameter


@pytest.mark.parametrize("name", SERVICES)
def test_operation_ids_make_good_names_of_client_methods(name: str):
    ids = [o["operationId"] for p in APPS[name].openapi()["paths"].values() for o in p.values()]
    assert len(ids) == len(set(ids))
    for operation_id in ids:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation_id), operation_id
        assert VERBS.fullmatch(operation_id.partition("_")[0]), operation_id


@pytest.mark.parametrize("name", SERVICES)
def test_protected_operations_name_the_token_the_roles_and_the_problems(name: str):
    for route in api_routes(APPS[name]):
        for method in route.methods:
            operation = APPS[name].openapi()["paths"][route.path_format][method.lower()]
            if not (roles := allowed_roles(route)):
                assert operation["security"] == []
                continue
            assert operation["security"] == [{"token": []}]
            assert all(role in operation["description"] for role in roles)
            for code in ("401", "403", "422", "500", "503", "504"):
                content = operation["responses"][code]["content"]
                assert list(content) == ["application/problem+json"]
            headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
            if method == "POST" and route.status_code == 201:
                assert "Idempotency-Key" in headers
            if method == "PUT":
                assert "If-Match" in headers
                assert {"412", "428"} <= set(operation["responses"])


@pytest.mark.parametrize("name", SERVICES)
def test_the_example_of_every_request_body_is_accepted(name: str):
    for route in api_routes(APPS[name]):
        if route.body_field is None:
            continue
        for method in route.methods:
            operation = APPS[name].openapi()["paths"][route.path_format][method.lower()]
            example = operation["requestBody"]["content"]["application/json"]["example"]
            _, errors = route.body_field.validate(example, {}, loc=("body",))
            assert not errors, (route.operation_id, errors)


@pytest.mark.parametrize("name", SERVICES)
def test_no_operation_names_a_form_of_refusal_that_is_not_ours(name: str):
    for operation in (o for p in APPS[name].openapi()["paths"].values() for o in p.values()):
        refusals = {c: r for c, r in operation["responses"].items() if c >= "400"}
        for response in refusals.values():
            assert "application/json" not in response.get("content", {}), operation["operationId"]


@pytest.mark.parametrize("name", SERVICES)
def test_headers_that_clients_go_by_are_documented(name: str):
    for operation in (o for p in APPS[name].openapi()["paths"].values() for o in p.values()):
        headers = {c: set(r.get("headers", {})) for c, r in operation["responses"].items()}
        assert headers.get("401", {"WWW-Authenticate"}) == {"WWW-Authenticate"}
        assert headers.get("503", {"Retry-After"}) == {"Retry-After"}
        assert "Location" in headers.get("201", {"Location"})


@pytest.mark.parametrize("name", SERVICES)
def test_what_leads_to_the_next_part_of_a_list_is_a_parameter_of_it(name: str):
    document = APPS[name].openapi()
    schemas = document["components"]["schemas"]
    for operation in (o for p in document["paths"].values() for o in p.values()):
        told = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        answer = schemas.get(told.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        following = answer.get("properties", {}).get("next", {}).get("description")
        asked = {parameter["name"] for parameter in operation.get("parameters", [])}
        for content in operation.get("requestBody", {}).get("content", {}).values():
            asked |= schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"].keys()
        if following and asked & {"limit"}:  # else there is one part
            (given,) = re.findall(r"\bas `(\w+)`", following, re.I)
            assert given in asked, operation["operationId"]


@pytest.mark.parametrize("name", SERVICES)
def test_breaking_the_glass_is_documented_exactly_where_it_works(name: str):
    document = APPS[name].openapi()
    for route in api_routes(APPS[name]):
        for method in route.methods:
            operation = document["paths"][route.path_format][method.lower()]
            headers = {p["name"]: p for p in operation.get("parameters", []) if p["in"] == "header"}
            works = (
                method == "GET"
                and "client_id" in route.param_convertors
                and bool(CLINICIANS & allowed_roles(route))
            )
            assert ("Break-Glass" in headers) == works, route.operation_id
            if works:
                assert headers["Break-Glass"]["required"] is False
                assert headers["Break-Glass"]["schema"]["maxLength"] == 500


def test_what_has_a_version_has_an_etag():
    shown = APPS["intake"].openapi()["paths"]["/referrals/{referral_id}"]["get"]["responses"]["200"]
    assert list(shown["headers"]) == ["ETag"]


def shown(field: dict[str, Any]) -> bool:
    if field.keys() & {"examples", "$ref", "const", "default"}:
        return True
    inner = [field[key] for key in ("items", "additionalProperties") if key in field]
    choices = [*field.get("anyOf", ()), *field.get("oneOf", ()), *field.get("allOf", ())]
    return any(shown(part) for part in (*choices, *inner) if isinstance(part, dict))


@pytest.mark.parametrize(
    "model", ["JournaledEvent", "DeadLetter", "StoppedKey", "Problem", "Health"]
)
def test_every_field_that_all_services_show_has_an_example(model: str):
    for app in APPS.values():
        fields = app.openapi()["components"]["schemas"][model]["properties"]
        assert [name for name, field in fields.items() if not shown(field)] == []


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_reference_leads_somewhere(name: str):
    schemas = APPS[name].openapi()["components"]["schemas"]
    for reference in references(APPS[name].openapi()):
        assert reference.removeprefix("#/components/schemas/") in schemas
    assert isinstance(APPS[name].routes[0], APIRoute)


async def test_the_documentation_page_takes_nothing_from_elsewhere():
    async with caller(APPS["intake"]) as browser:
        page = await browser.get("/docs")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "http" not in page.text
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            answer = await browser.get(address)
            assert answer.status_code == 200
            assert len(answer.content) > 100
        document = await browser.get("/openapi.json")
        assert document.json()["info"]["title"] == "Stepwell intake"


@pytest.mark.parametrize("name", SERVICES)
def test_the_document_says_whose_it_is_and_where_it_is_served(name: str):
    document = APPS[name].openapi()
    assert document["info"]["license"] == {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    assert document["info"]["contact"]["name"]
    here, known = document["servers"]
    assert here["url"] == "/"
    assert known["url"] == APPS[name].state.settings.url_of(name)


@pytest.mark.parametrize("name", SERVICES)
def test_every_tag_is_described_by_its_capability(name: str):
    document = APPS[name].openapi()
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = {t for path in document["paths"].values() for o in path.values() for t in o["tags"]}
    assert described.keys() == used
    for words in described.values():
        assert len(words) > 25, words
        assert "HTTP" not in words, "a reader of the API knows that"


@pytest.mark.parametrize("name", SERVICES)
def test_every_model_has_a_name_of_its_own_that_tells_nothing_of_the_code(name: str):
    schemas = APPS[name].openapi()["components"]["schemas"]
    assert [model for model, schema in schemas.items() if schema["title"] != model] == []
    assert [model for model in schemas if not re.fullmatch("[A-Z][A-Za-z0-9]+", model)] == []


def words_of(part: Any, at: str = "") -> set[str]:
    """Every keyword of the schemas in a part of a document, names of fields apart."""
    if isinstance(part, list):
        return set().union(*(words_of(one, at) for one in part))
    if not isinstance(part, dict) or at in ("example", "examples", "default"):
        return set()
    names = at in ("properties", "schemas", "paths", "headers", "responses", "content", "mapping")
    below = (words_of(one, "" if names else word) for word, one in part.items())
    return (set() if names else set(part)).union(*below)


@pytest.mark.parametrize("name", SERVICES)
def test_no_word_of_another_language_gets_into_the_document(name: str):
    """pydantic writes `ge` and `lt` where JSON Schema has no word for a bound."""
    assert not words_of(APPS[name].openapi()) & {"ge", "gt", "le", "lt", "min_length", "strict"}


@pytest.mark.parametrize("name", SERVICES)
def test_the_types_of_problems_are_listed(name: str):
    listed = APPS[name].openapi()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert {"/problems/stale-version", "/problems/bad-cursor", "/problems/not-found"} <= set(listed)
    assert ("/problems/already-enrolled" in listed) == (name == "intake")
    assert listed == sorted(set(listed))


def test_no_problem_is_sent_whose_type_is_not_listed():
    """Those that no class stands for are written where they are sent."""
    sent = set()
    for file in (*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")):
        sent |= set(re.findall(r'[(, ][45]\d\d,\s*"([a-z-]+)"', file.read_text("utf-8")))
    known = {slug for slug, *_ in (*HTTP_PROBLEMS.values(), NO_JSON)}
    assert sent > {"malformed-json", "request-timeout", "not-ready"}
    assert sent | known <= set(OTHER_SLUGS)
