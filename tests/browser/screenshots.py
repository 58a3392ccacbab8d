"""`make screenshots`: the pictures of the README, made anew from the demo in a real browser, and one of the first page
of every kind of document."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app import config
from app.documents import settings
from app.documents.kinds import KINDS
from app.documents.sampling import make_sample
from app.embedded.stack import start_stack
from app.embedded.state import free_port
from tests.browser.service import CHROMIUM_FLAGS, Live, find_chromium, running

TARGET = config.ROOT / "docs" / "screenshots"
DOCUMENTS = config.ROOT / "docs" / "documents"
# The longer side of a page's picture, in pixels.
PAGE_PIXELS = 679
# name -> (role, organisation, authority, address, width)
PICTURES = {
    "applicant-home": ("owner", "澜海", "", "/org", 1280),
    "applicant-home-phone": ("owner", "澜海", "", "/org", 360),
    "applicant-commitment": ("owner", "澜海", "", "/org/commitment", 1280),
    "applicant-renewal": ("owner", "泉涌", "", "/org/renewal", 1280),
    "bureau-queue": ("officer", "", "青岛", "/bureau/", 1280),
    "bureau-deadlines": ("officer", "", "青岛", "/bureau/deadlines", 1280),
    "province-home": ("officer", "", "山东省", "/province/", 1280),
}


def _sign_in(page: Page, account: dict[str, str]) -> None:
    page.goto("/sign-in")
    page.get_by_label("邮箱").fill(account["email"])
    page.get_by_label("密码", exact=True).fill(account["password"])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _take(browser: Browser, live: Live) -> None:
    for name, (role, organisation, authority, address, width) in PICTURES.items():
        context = browser.new_context(
            base_url=live.url, locale="zh-CN", viewport={"width": width, "height": 800}, device_scale_factor=1
        )
        page = context.new_page()
        _sign_in(page, live.account(role, organisation, authority))
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=TARGET / f"{name}.png")
        context.close()
        sys.stdout.write(f"{name}.png\n")


def _draw(pdf: bytes, name: str) -> None:
    """The first page as a small picture."""
    out = DOCUMENTS / name
    words = ["pdftoppm", "-png", "-singlefile", "-scale-to", str(PAGE_PIXELS), "-", str(out)]
    subprocess.run(words, input=pdf, check=True, capture_output=True)
    with Image.open(out.with_suffix(".png")) as page:
        page.convert("RGB").quantize(64).save(out.with_suffix(".png"), optimize=True)
    sys.stdout.write(f"{name}.png\n")


def draw_documents() -> None:
    """The samples of all kinds; needs no service."""
    DOCUMENTS.mkdir(parents=True, exist_ok=True)
    known = settings.load()
    for kind in KINDS:
        _draw(make_sample(kind, known).pdf, kind)


def main() -> None:
    """Start the service on a stack of its own, take every picture, stop it."""
    program = find_chromium()
    if program is None:
        raise SystemExit("screenshots: no Chromium on this machine: install it (apt-get install chromium)")
    if shutil.which("pdftoppm") is None:
        raise SystemExit("screenshots: no pdftoppm on this machine: install it (apt-get install poppler-utils)")
    TARGET.mkdir(parents=True, exist_ok=True)
    draw_documents()
    with tempfile.TemporaryDirectory(prefix="sheping-shots-") as folder:
        home = Path(folder)
        with start_stack(home / ".sheping", public_url=f"http://127.0.0.1:{free_port()}") as stack:
            env = {**stack.env, "SHEPING_HOME": str(stack.data_dir)}
            upgrade = [sys.executable, "-m", "app", "db", "upgrade"]
            subprocess.run(upgrade, env={**os.environ, **env}, cwd=config.ROOT, check=True, capture_output=True)
            with running(env, mail_folder=stack.mail.home, logs=home) as live, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
                _take(browser, live)
                with browser.new_context(base_url=live.url) as visitor:
                    _draw(visitor.request.get("/directory.pdf").body(), "directory")
                browser.close()


if __name__ == "__main__":
    main()
