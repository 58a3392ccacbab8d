"""The whole service, running as processes, and a real Chromium in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app import config
from app.config import Config
from tests.browser.service import CHROMIUM_FLAGS, Live, find_chromium, running
from tests.browser.stage import Stage
from tests.browser.watching import watch
from tests.conftest import empty

AXE = config.ROOT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def live(
    settings: Config, stack_env: dict[str, str], mail_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """The running service with the demo's data."""
    with running(stack_env, mail_folder=mail_folder, logs=tmp_path_factory.mktemp("live-logs")) as service:
        yield service


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; a loud skip with the reason where none can be had."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium): the browser journeys were NOT run")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, live: Live) -> Iterator[BrowserContext]:
    """A fresh browser profile in Chinese, 1280 px wide."""
    profile = chromium.new_context(base_url=live.url, locale="zh-CN", viewport={"width": 1280, "height": 900})
    profile.set_default_timeout(15_000)
    yield profile
    profile.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test on any script error or refused piece of content."""
    opened = context.new_page()
    problems = watch(opened)
    yield opened
    assert problems == []


@pytest.fixture
def sign_in(live: Live) -> Callable[..., None]:
    """Sign a page in through the sign-in form, as a person does."""

    def go(page: Page, account: dict[str, str]) -> None:
        page.goto("/sign-in")
        page.get_by_label("邮箱").fill(account["email"])
        page.get_by_label("密码", exact=True).fill(account["password"])
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    return go


@pytest.fixture
def stage(live: Live, chromium: Browser, worker_app: Flask, stack_env: dict[str, str]) -> Iterator[Stage]:
    """The running service, emptied, with nobody signed in and its clock at the real time; afterwards the same."""
    empty(stack_env, in_use=True)
    made = Stage(live, chromium, worker_app)
    yield made
    for context in made.contexts:
        context.close()
    assert [one for complaints in made.problems for one in complaints] == []


@pytest.fixture
def check_page() -> Callable[[Page], None]:
    """axe-core on the page as it stands, and no sideways scrolling at 1280 and at 360 px."""

    def check(page: Page) -> None:
        found = page.evaluate(f"() => {{ {AXE.read_text()}; return axe.run() }}")
        summary = [f"{v['id']}: {v['help']} {[n['target'] for n in v['nodes']][:3]}" for v in found["violations"]]
        assert summary == [], page.url
        before = page.viewport_size
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{page.url} scrolls sideways at {width} px by {overflow} px"
        if before:
            page.set_viewport_size(before)

    return check
