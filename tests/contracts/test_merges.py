"""Whatever is read by client is read over all records of the person: walked, so that nothing new is
forgotten."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from fastapi.dependencies.utils import get_flat_params

from shared.web.application import api_routes
from stepwell.runtime.state import PROJECT
from tests.support.apis import APPS
from tests.support.reads import (
    NOTES,
    OF_PERSON,
    OF_THE_RECORD,
    ONE_OF_A_LIST,
    PICTURES,
    TOGETHER,
)

PAST_THE_MECHANISM = re.compile(r"client_id\s*=\s*(?:ANY\s*\(\s*)?(?:\$\d|\{)", re.I)
OF_ONE_RECORD = {
    "scheduling/attendance/commands.py LOAD": "a seat is of the record it was given to",
    "scheduling/appointments/commands.py SEATS": "a seat is of the record it was given to",
    "scheduling/attendance/check_ins.py KNOWN": "a seat is of the record it was given to",
    "notifications/consents/commands.py END": "a write",
    "notifications/webhooks/commands.py UNREAD_BEFORE": "whoever has the number that wrote",
    "intake/referrals/queries.py PHONE": "the number by which just this record is found",
    "intake/referrals/commands.py DROP_KEYS": "a write",
    "intake/referrals/identity.py DROP_OTHER_KEYS": "a write",
    "intake/level_of_care/commands.py SUPERSEDE": "a write; the other records' give way as read",
    "intake/consents/commands.py SUPERSEDE": "a write; the other records' give way as read",
    "intake/duplicates/commands.py MAKE_KEYS": "a write of the keys of just these records",
    "intake/enrolment/commands.py FORMER": "a decision of another record is none of a stay of this",
    "intake/enrolment/commands.py SERVED": "a stay goes on by sessions of its own record",
}
"""SQL that names the rows of one record on purpose, and why."""


def texts(file: Path) -> Iterator[tuple[str, str]]:
    """The name that each text of a module is given, or its line, and the text."""
    tree = ast.parse(file.read_text("utf-8"))
    named = {
        id(node.value): node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    inside = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield named.get(id(node), str(node.lineno)), ast.unparse(node)
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            yield named.get(id(node), str(node.lineno)), str(node.value)


def past_the_mechanism() -> set[str]:
    folder = PROJECT / "services"
    return {
        f"{file.relative_to(folder)} {name}"
        for file in sorted(folder.rglob("*.py"))
        for name, text in texts(file)
        if PAST_THE_MECHANISM.search(text)
    }


def test_no_sql_reads_the_rows_of_one_record_but_where_that_is_meant():
    assert past_the_mechanism() == set(OF_ONE_RECORD)


def test_sql_that_reads_one_record_would_be_noticed():
    for wrong in ("client_id = $1", "s.client_id=ANY($2::uuid[])", "client_id = {}"):
        assert PAST_THE_MECHANISM.search(wrong)
    assert not PAST_THE_MECHANISM.search("client_id = ANY (platform.records_of($1))")


def test_every_read_by_client_is_one_that_merges_are_tried_with():
    found = {
        (name, route.path)
        for name, app in APPS.items()
        for route in api_routes(app)
        if "GET" in route.methods
        and (
            "{client_id}" in route.path
            or any(one.name == "client_id" for one in get_flat_params(route.dependant))
        )
    }
    together = {*OF_PERSON, *TOGETHER, *ONE_OF_A_LIST, *PICTURES}
    assert found == {*together, *NOTES, *OF_THE_RECORD}
