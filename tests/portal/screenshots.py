"""`python -m tests.portal.screenshots`: pictures of all screens for `docs/portal/`.

Starts a system of its own and tells its story, so that they show what a reader of the page gets.
"""

import tempfile
from pathlib import Path

from stepwell.runtime.disposable import free_base
from stepwell.runtime.state import PROJECT
from tests.support.chromium import chromium
from tests.support.installed import Installed

FOLDER = PROJECT / "docs" / "portal"
SCREENS = {
    "board": ("site_manager", "/board"),
    "today": ("front_desk", "/today?date={day}"),
    "referrals": ("front_desk", "/referrals?state=accepted"),
    "client": ("clinical_lead", "/clients/{client}"),
    "course": ("clinical_lead", "/clients/{client}/course"),
    "level-of-care": ("clinical_lead", "/clients/{client}/level"),
    "risks": ("counselor", "/risks?state=acknowledged"),
    "program-measures": ("clinical_lead", "/program-measures/attendance?by=site"),
    "extracts": ("regional_operations", "/extracts"),
    "texts": ("site_manager", "/texts"),
    "waitlist": ("site_manager", "/waitlist"),
    "risk-flags": ("counselor", "/flags?state=all"),
    "week": ("site_manager", "/week"),
    "messages": ("site_manager", "/messages"),
    "event-flow": ("operator", "/flow?service=outcomes"),
    "audit": ("auditor", "/audit?client={client}"),
}


def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(Path(folder) / "state", free_base())
        installed.up()
        try:
            take(installed)
        finally:
            installed.down()


def take(installed: Installed) -> None:
    """One picture a screen, of the role that it is for first of all."""
    FOLDER.mkdir(exist_ok=True)
    named = {
        "client": installed.items("outcomes", "/recommendations")[0]["client_id"],
        "day": installed.items("scheduling", "/sessions")[-1]["local_date"],
    }
    with chromium() as browser:
        for name, (role, path) in SCREENS.items():
            context = browser.new_context(
                base_url=f"http://127.0.0.1:{installed.base}",
                viewport={"width": 1280, "height": 800},
            )
            page = context.new_page()
            page.goto(f"/login?as={role}")
            page.get_by_role("button", name="Log in").click()
            page.goto(path.format(**named))
            page.wait_for_timeout(1_000)  # pictures in the page are drawn
            page.screenshot(path=FOLDER / f"{name}.png")
            context.close()


if __name__ == "__main__":
    main()
