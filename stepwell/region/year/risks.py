"""Risks that come out of treatment: what is reported of use, and who takes charge."""

from datetime import timedelta

from stepwell.region.year.plan import Happening
from stepwell.region.year.walk import YearWalk


async def report_use(walk: YearWalk, happening: Happening) -> None:
    """Enter what became known of use of a substance."""
    assert happening.client is not None
    today = walk.today(walk.year.client(happening.client).site)
    finding = happening.details["finding"]
    made = await walk.services.create(
        "outcomes",
        f"/clients/{walk.clients[happening.client]}/substance-use-reports",
        walk.at(happening.client, "counselor"),
        {
            "source": "test" if finding == "test_missed" else "client",
            "used_on": (today - timedelta(days=happening.details["days_ago"])).isoformat(),
            "finding": finding,
        },
        key=walk.key(happening),
    )
    walk.reports.append(made)


async def take_charge(walk: YearWalk, happening: Happening) -> None:
    """Take charge of a client's risks of treatment, and perhaps say that all risks are over."""
    assert happening.client is not None
    counselor = walk.at(happening.client, "counselor")
    steps = {"acknowledgement": ("raised", {"action": "plan_changed"})}
    if happening.details["over"]:
        steps["resolution"] = ("acknowledged", {"resolution": "cared_for_in_plan"})
    for what, (state, body) in steps.items():
        for risk in await walk.services.all(
            "outcomes",
            "/risks",
            counselor,
            client_id=walk.clients[happening.client],
            state=state,
        ):
            if what == "acknowledgement" and risk["origin"] == "intake":
                continue
            await walk.services.decide(
                "outcomes",
                f"/risks/{risk['id']}/{what}",
                counselor,
                body,
                key=walk.key(happening, f"{risk['id']}/{what}"),
                version=risk["version"],
            )
