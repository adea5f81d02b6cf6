"""A real browser, and tabs in it, for tests of the web page."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from importlib import resources
from typing import Literal, NoReturn

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

AXE = resources.files("axe_playwright_python") / "axe.min.js"
"""axe-core, which judges whether a page can be used by everyone."""

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}

LONG = 60_000
"""Milliseconds that a run may take, on a machine that does much else."""

Scheme = Literal["light", "dark"]


def do_without(what: str) -> NoReturn:
    """Skip a test for want of something, which continuous integration must have."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing: scripts/test says how to get it")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window. The test is skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        do_without("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@contextlib.contextmanager
def tab(
    browser: Browser,
    address: str,
    path: str = "/",
    viewport: ViewportSize = DESKTOP,
    scheme: Scheme = "light",
    calm: bool = False,
) -> Iterator[Page]:
    """A tab of its own on the page; scripts must not fail, and nothing may be against the content security policy.

    With ``calm`` the person has asked for little motion.
    """
    context = browser.new_context(
        viewport=viewport, locale="en-GB", color_scheme=scheme, reduced_motion="reduce" if calm else "no-preference"
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    wrong: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            wrong.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # file choosers are caught from the start: asked for just before the click, a busy browser may do so after it
    page.on("filechooser", lambda chooser: None)
    try:
        page.goto(address + path)
        yield page
        assert wrong == []
    finally:
        context.close()


def look(page: Page, what: str) -> None:
    """Make sure that what is shown can be used by everyone, and that nothing is wider than the window."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    grave = [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert grave == [], what
    extra = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert extra == 0, f"{what} is scrolled sideways"
