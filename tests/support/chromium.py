"""Debian's Chromium, driven by Playwright: installed where apt can."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.debian import refusal_of


def path() -> str:
    """Where Chromium is. Without one the tests of the browser fail and say so."""
    if (found := shutil.which("chromium")) is None:
        if (why := refusal_of(["chromium"])) is not None:
            pytest.fail(why)
        found = shutil.which("chromium")
    assert found is not None
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without windows."""
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=path(), args=sandbox)
        try:
            yield browser
        finally:
            browser.close()


def accessible(page: Page, *rules: str) -> None:
    """Nothing that axe knows is wrong with the page as it is shown; by all its rules, or some."""
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else None
    found = Axe().run(page, options=options).response["violations"]
    told = [f"{v['id']}: {v['help']} {v['nodes'][0]['html'][:200]}" for v in found]
    assert not told, f"{page.url}: {told}"
