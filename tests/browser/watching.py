"""What a page complains of while a test uses it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page


def watch(page: Page) -> list[str]:
    """Collect what the page complains of: script errors and Content-Security-Policy refusals."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))

    def note(message: Any) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            problems.append(message.text)

    page.on("console", note)
    return problems
