"""A changed policy is run over past decisions, by HTTP and by the operator's command."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from typer.testing import CliRunner, Result

from services.intake.level_of_care.policy import policies
from stepwell.main import application
from stepwell.runtime.problem import Problem
from tests.support.flow import FITS_IOP, Intake
from tests.support.system import Client

SITE, OTHER_SITE = UUID(int=7), UUID(int=8)
PATH = "/level-of-care-policies/replay"


@pytest.fixture
def lead(intake: Intake) -> Client:
    return intake.system.client("intake", "clinical_lead")


def stricter() -> dict[str, Any]:
    """Environment at 1 asks for a residence already."""
    data: dict[str, Any] = json.loads(policies()["3"].model_dump_json())
    data["version"] = "3"
    for rating in (1, 2, 3):
        data["dimensions"][5]["needs"][rating] = {"hours": 9, "residential": True}
    return data


async def cases(intake: Intake) -> dict[str, dict[str, Any]]:
    """Three decisions of two clients; one needs an evaluation first."""
    one, other = await intake.refer(), await intake.refer()
    for client in (one, other):
        await intake.screen(client)
    return {
        "moves": await intake.determine(one, FITS_IOP),
        "stays": await intake.determine(one, FITS_IOP | {"6": 0}),
        "open": await intake.determine(other, FITS_IOP | {"1": 4}),
    }


async def rows(intake: Intake) -> list[Any]:
    return await intake.system.fetch("intake", "SELECT * FROM determinations ORDER BY id")


async def test_who_would_move_is_told_with_the_dimension_that_decides(intake: Intake, lead: Client):
    made = await cases(intake)
    before, published = await rows(intake), await intake.system.published("intake")
    answer = await lead.post(PATH, stricter())
    assert answer.status_code == 200, answer.text
    part = answer.json()
    assert {name: part[name] for name in ("total", "replayed", "stays", "undecidable", "next")} == {
        "total": 3,
        "replayed": 3,
        "stays": 2,
        "undecidable": 0,
        "next": None,
    }
    (moved,) = part["items"]
    assert moved["determination_id"] == made["moves"]["id"]
    assert moved["client_id"] == made["moves"]["client_id"]
    assert (moved["level_then"], moved["level_now"], moved["deciding"]) == ("2.1", "3.1", ["6"])
    assert await rows(intake) == before
    assert await intake.system.published("intake") == published


async def test_a_replay_goes_through_all_cases_in_parts(intake: Intake, lead: Client):
    await cases(intake)
    seen, cursor, totals = 0, None, []
    while True:
        at = f"{PATH}?limit=1" + (f"&cursor={cursor}" if cursor else "")
        part = (await lead.post(at, stricter())).json()
        seen += part["replayed"]
        totals.append(part["total"])
        cursor = part["next"]
        if cursor is None:
            break
    assert (seen, totals) == (3, [3, None, None])


async def test_the_policy_in_force_moves_nobody(intake: Intake, lead: Client):
    await cases(intake)
    part = (await lead.post(PATH, json.loads(policies()["3"].model_dump_json()))).json()
    assert (part["stays"], part["items"]) == (3, [])


async def test_cases_of_another_edition_cannot_be_decided(intake: Intake, lead: Client):
    await cases(intake)
    part = (await lead.post(PATH, json.loads(policies()["4"].model_dump_json()))).json()
    assert (part["undecidable"], part["stays"], part["items"]) == (3, 0, [])


async def test_a_replay_may_be_of_one_site(intake: Intake, lead: Client):
    await cases(intake)
    part = (await lead.post(f"{PATH}?site_id={OTHER_SITE}", stricter())).json()
    assert (part["total"], part["replayed"]) == (0, 0)
    part = (await lead.post(f"{PATH}?site_id={SITE}", stricter())).json()
    assert (part["total"], len(part["items"])) == (3, 1)


async def test_a_replay_of_one_site_needs_all_sites_all_the_same(intake: Intake):
    for role, sites, status in (
        ("clinical_lead", [SITE], 403),
        ("counselor", ["*"], 403),
        ("auditor", ["*"], 403),
        ("regional_operations", ["*"], 200),
    ):
        caller = intake.system.client("intake", role, sites)
        assert (await caller.post(PATH, stricter())).status_code == status, role


async def test_a_policy_that_cannot_decide_is_refused_with_the_place(intake: Intake, lead: Client):
    broken = stricter() | {"program_level": "9.9"}
    refused = await lead.post(PATH, broken)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-request")
    assert refused.json()["errors"][0]["pointer"] == "/program_level"
    refused = await lead.post(f"{PATH}?cursor=x", stricter())
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/bad-cursor")


async def test_it_is_noted_whose_decisions_were_looked_at(intake: Intake):
    made = await cases(intake)
    operations = intake.system.client("intake", "regional_operations", subject="operations-1")
    assert (await operations.post(PATH, stricter())).status_code == 200
    noted = await intake.system.fetch(
        "intake", "SELECT client_id::text FROM platform.audit WHERE subject = 'operations-1'"
    )
    assert [row["client_id"] for row in noted] == [made["moves"]["client_id"]]


async def run(*words: str) -> Result:
    """The command, in a thread: the services answer in this one."""
    return await asyncio.to_thread(CliRunner().invoke, application("policy"), ["policy", *words])


@pytest.fixture
def operator(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    token = intake.system.issuer.token("regional_operations", ["*"], subject="operations-1")
    monkeypatch.setenv("STEPWELL_TOKEN", token)
    for service, port in intake.system.ports.items():
        monkeypatch.setenv(f"STEPWELL_URL_{service.upper()}", f"http://127.0.0.1:{port}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stricter.yaml"
    path.write_text(yaml.safe_dump(stricter(), sort_keys=False))
    return path


@pytest.mark.usefixtures("operator")
async def test_the_command_shows_who_moves_and_a_matrix(intake: Intake, file: Path):
    made = await cases(intake)
    done = await run("replay", str(file), "--site", str(SITE), "--site", str(OTHER_SITE))
    assert done.exit_code == 0, done.output
    flat = "".join(done.output.split())
    for part in ("".join(made["moves"]["id"].split()), "Whowouldmove", "From(down)to(across)"):
        assert part[:8] in flat
    assert "of 3 past decisions 1 would move, 2 stay, and 0 cannot be decided" in done.output


@pytest.mark.usefixtures("operator")
async def test_the_command_answers_in_json_lines(intake: Intake, file: Path):
    made = await cases(intake)
    done = await run("replay", str(file), "--json")
    assert done.exit_code == 0, done.output
    moved, sums = map(json.loads, done.stdout.splitlines())
    assert (moved["determination_id"], moved["level_now"]) == (made["moves"]["id"], "3.1")
    assert sums == {
        "summary": {"replayed": 3, "stays": 2, "undecidable": 0, "moves": 1},
        "moves": [{"from": "2.1", "to": "3.1", "cases": 1}],
    }


async def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path: Path):
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(stricter() | {"program_level": "9.9"}, sort_keys=False))
    line = path.read_text().splitlines().index("program_level: '9.9'") + 1
    for command in ("check", "replay"):
        refused = await run(command, str(path))
        assert isinstance(refused.exception, Problem)
        assert refused.exception.exit_code == 1
        assert str(refused.exception) == (
            f"{path}:{line}: program_level: The program's level is none of the levels."
        )
    missing = await run("check", str(tmp_path / "none.yaml"))
    assert isinstance(missing.exception, Problem)
    assert missing.exception.exit_code == 2


async def test_a_file_that_can_be_used_is_said_to_be(file: Path):
    done = await run("check", str(file))
    assert done.exit_code == 0
    assert "can be used: illustrative-adult-3 3 for edition 3" in done.output
