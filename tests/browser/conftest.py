"""The whole service, running as processes, and a real Chromium in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app import config
from app.config import Config

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = config.ROOT / "node_modules" / "axe-core" / "axe.min.js"
READY_SECONDS = 90.0


@dataclass(frozen=True)
class Live:
    """The running service."""

    url: str
    env: dict[str, str]
    accounts: list[dict[str, str]]
    mail_folder: Path

    def account(self, role: str, organisation: str = "", authority: str = "") -> dict[str, str]:
        """A demo account by its role and, where given, a part of its organisation's or authority's name."""
        for row in self.accounts:
            if (
                row["role"] == role
                and organisation in (row["organisation"] or "")
                and authority in (row["authority"] or "")
            ):
                return row
        raise LookupError(f"no demo account {role} {organisation} {authority}")

    def sheping(self, *arguments: str, timeout: float = 120) -> str:
        """Run a command of the console script against this service; answers what it printed."""
        command = [sys.executable, "-m", "app", *arguments]
        done = subprocess.run(
            command, env=self.env, cwd=config.ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def live(settings: Config, stack_env: dict[str, str], mail_folder: Path, tmp_path_factory: Any) -> Iterator[Live]:
    """Web, worker and scheduler as their own processes over the demo's data."""
    env = {**os.environ, **stack_env, "DEMO": "1", "PYTHONUNBUFFERED": "1"}
    port = stack_env["PUBLIC_URL"].rsplit(":", 1)[1]
    logs = tmp_path_factory.mktemp("live-logs")

    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "app", *arguments]

    subprocess.run(command("demo", "seed"), env=env, cwd=config.ROOT, check=True, capture_output=True, timeout=120)
    listed = subprocess.run(
        command("demo", "accounts", "--json"), env=env, cwd=config.ROOT, check=True, capture_output=True, timeout=60
    )
    with contextlib.ExitStack() as running:
        for arguments in (("web", "--port", port), ("worker",), ("scheduler",)):
            log = running.enter_context((logs / f"{arguments[0]}.log").open("wb"))
            process = subprocess.Popen(command(*arguments), env=env, cwd=config.ROOT, stdout=log, stderr=log)
            running.callback(_stop, process)
        _wait_ready(stack_env["PUBLIC_URL"], logs)
        yield Live(stack_env["PUBLIC_URL"], env, json.loads(listed.stdout), mail_folder)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_ready(url: str, logs: Path) -> None:
    deadline, last = time.monotonic() + READY_SECONDS, "nothing yet"
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            last = error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            last = repr(error)
        if time.monotonic() > deadline:
            tails = {path.name: path.read_text(errors="replace")[-2000:] for path in logs.iterdir()}
            raise AssertionError(f"the service is not ready after {READY_SECONDS} s, last: {last}; {tails}")
        time.sleep(0.2)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; a loud skip with the reason where none can be had."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
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


def watch(page: Page) -> list[str]:
    """Collect what the page complains of: script errors and Content-Security-Policy refusals."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))

    def note(message: Any) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            problems.append(message.text)

    page.on("console", note)
    return problems


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
