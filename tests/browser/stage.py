"""The stage of the long journeys: an emptied running service, actors who sign in, a clock that moves."""

from __future__ import annotations

import functools
import os
import re
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from sqlalchemy import update

from app import clock
from app.db import db
from app.lifecycle.catalogue.models import Occupation
from app.lifecycle.experts.models import Expert
from app.web.dates import cn_date
from tenants import scope
from tenants.accounts.passwords import hash_password
from tenants.models import Membership, Organisation, User
from tenants.scope import SYSTEM
from tests.browser.service import Live
from tests.browser.watching import watch
from tests.factories.calls import ELECTRICIAN, GRID
from tests.factories.people import Person, credit_code

PATIENCE = 30_000
"""For a page, in milliseconds: a path shares two cores with a worker, a scheduler and another file of tests."""
CHECKED = 90_000
"""Uploading, the check in a worker and the page's own refreshing, in milliseconds."""
PASSWORD = "seven-lanterns-on-the-lake"
_TWINS = "() => [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at)"
SHOTS = os.environ.get("SHEPING_SHOTS", "")


@functools.cache
def _hash() -> str:
    return hash_password(PASSWORD)


class Desk:
    """One person's browser, signed in."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self._shots = 0

    def go(self, address: str) -> None:
        """Open a page of the service."""
        self.page.goto(address.partition("#")[0])

    def press(self, button: str, *, yes: str | None = None, within: Locator | None = None) -> None:
        """Press a button that leads on, confirm it where asked, and fail with what the page says against it."""
        self.shoot()
        assert self.page.evaluate(_TWINS) == [], f"{self.page.url} has two elements of one id"
        with self.page.expect_navigation():
            (within or self.page).get_by_role("button", name=button, exact=True).first.click()
            if yes is not None:
                self.page.locator("#sp-confirm").get_by_role("button", name=yes, exact=True).click()
        refused = self.page.locator("[data-errorsummary]")
        if refused.count():
            raise AssertionError(f"{self.name} at {self.page.url}: {refused.inner_text()}")

    def fill(self, **given: str) -> None:
        """Fill fields by their ids."""
        for name, text in given.items():
            element = self.page.locator(f"[id='{name}']")
            if element.evaluate("e => e.tagName") == "SELECT":
                element.select_option(text)
            else:
                element.fill(text)

    def shoot(self) -> None:
        """Keep pictures of the page at both widths, where pictures are asked for."""
        if not SHOTS:
            return
        self._shots += 1
        before = self.page.viewport_size
        for width in (1280, 360):
            self.page.set_viewport_size({"width": width, "height": 900})
            where = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", self.page.url.split("/", 3)[-1]).replace("/", "_")
            self.page.screenshot(
                path=str(Path(SHOTS) / f"{self.name}-{self._shots:02}-{where[:50]}-{width}.png"), full_page=True
            )
        if before:
            self.page.set_viewport_size(before)


@dataclass
class Stage:
    """Who plays, in which service. `system` is the worker's application, for making people."""

    live: Live
    chromium: Browser
    system: Flask
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[list[str]] = field(default_factory=list)
    desks: dict[str, Desk] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    # People -------------------------------------------------------------------------------------------------------

    def _user(self, name: str, email: str) -> User:
        now = clock.now()
        user = User(
            id=uuid.uuid4(), email=email, name=name, password_hash=_hash(), email_confirmed_at=now, preferences={},
            created_at=now,
        )  # fmt: skip
        db.session.add(user)
        db.session.flush()
        return user

    def official(self, name: str, authority: str) -> str:
        """An officer with an account; answers the address to sign in with."""
        email = f"{uuid.uuid4().hex[:8]}@official.example"
        with self.system.app_context(), scope.use(SYSTEM):
            user = self._user(name, email)
            db.session.add(
                Membership(user_id=user.id, authority_code=authority, role="officer", created_at=clock.now())
            )
            db.session.commit()
        return email

    def organisation(self, name: str, *, affiliation: str, city: str, org_type: str = "enterprise") -> str:
        """A registered organisation; answers its owner's address."""
        email = f"{uuid.uuid4().hex[:8]}@organisation.example"
        level = "provincial" if affiliation == "provincial" else "municipal"
        prefix = self.system.config["SHEPING"].bucket_prefix
        with self.system.app_context(), scope.use(SYSTEM):
            row = Organisation(
                id=uuid.uuid4(), name=name, uscc=credit_code(uuid.uuid4().int % 10**8, head=f"91{city}"),
                org_type=org_type, affiliation=affiliation, filing_level=level, registration_authority="市场监督管理局",
                registration_city_code=city, authority_code="370000" if level == "provincial" else city,
                bucket=f"{prefix}-org-{uuid.uuid4().hex}", created_at=clock.now(),
            )  # fmt: skip
            db.session.add(row)
            user = self._user("林清", email)
            db.session.add(Membership(user_id=user.id, organisation_id=row.id, role="owner", created_at=clock.now()))
            db.session.commit()
        return email

    def expert(self, name: str, types: list[str], authority: str) -> str:
        """An expert of an authority's pool, with an account."""
        email = f"{uuid.uuid4().hex[:8]}@expert.example"
        with self.system.app_context(), scope.use(SYSTEM):
            user = self._user(name, email)
            db.session.add(Membership(user_id=user.id, role="expert", created_at=clock.now()))
            db.session.add(
                Expert(
                    id=uuid.uuid4(), authority_code=authority, user_id=user.id, name=name, email=email, types=types,
                    employer=f"{name}所在单位", employer_uscc="", occupations=["6-31-01-03"], related=[], phone="",
                    title="高级技师", note="", version=1, created_at=clock.now(),
                )
            )  # fmt: skip
            db.session.commit()
        self.names[email] = name
        return email

    def catalogue(self) -> None:
        """The department's occupations, two of them."""
        with self.system.app_context(), scope.use(SYSTEM):
            for code, name in (ELECTRICIAN, GRID):
                db.session.add(
                    Occupation(
                        code=code, name=name, edition="2022", work_types=[], changed_at=clock.now(),
                        levels=["level_5", "level_4", "level_3"], tags=["urgent_shortage"],
                    )
                )  # fmt: skip
            db.session.commit()

    def visitor(self, name: str = "visitor") -> Desk:
        """A browser nobody has signed in to."""
        context = self.chromium.new_context(
            base_url=self.live.url, locale="zh-CN", viewport={"width": 1280, "height": 900}
        )
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        page = context.new_page()
        self.problems.append(watch(page))
        return Desk(page, name)

    def desk(self, email: str, name: str, password: str = PASSWORD) -> Desk:
        """The person's browser: signed in through the form the first time, as it was left after that."""
        if email not in self.desks:
            desk = self.visitor(name)
            desk.go("/sign-in")
            desk.page.get_by_label("邮箱").fill(email)
            desk.page.get_by_label("密码", exact=True).fill(password)
            desk.press("登录")
            self.desks[email] = desk
        return self.desks[email]

    def desk_of(self, person: Person) -> Desk:
        """The browser of somebody whom the factories made: given a password, then signed in like everybody."""
        with self.system.app_context(), scope.use(SYSTEM):
            db.session.execute(update(User).where(User.id == person.user_id).values(password_hash=_hash()))
            db.session.commit()
        return self.desk(person.email, person.name)

    def expert_desk(self, email: str) -> Desk:
        """An expert's browser."""
        return self.desk(email, "expert")

    def reload_until(self, desk: Desk, address: str, there: Locator) -> None:
        """Open a page again until what a worker or the clock brings about is on it."""

        def seen() -> bool:
            desk.go(address)
            return there.count() > 0

        self._until(seen, f"{there} at {address}")

    # Clock and mail -----------------------------------------------------------------------------------------------

    def clock(self, *step: str) -> date:
        """Move the demo's clock by the command a visitor of a demo uses; answers the day it says, seen by the web."""
        said = self.live.sheping("demo", "clock", *step)
        found = re.search(r"the clock says (\d{4}-\d\d-\d\d)", said)
        assert found is not None, said
        today = date.fromisoformat(found[1])
        self._until(lambda: cn_date(today) in self._read("/directory"), f"the web says {today}")
        return today

    def _read(self, address: str) -> str:
        with urllib.request.urlopen(self.live.url + address, timeout=10) as answer:  # noqa: S310 - our own address
            return str(answer.read().decode())

    def _until(self, seen: object, what: str, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not seen():  # type: ignore[operator]
            assert time.monotonic() < deadline, f"in vain: {what}"
            time.sleep(0.25)

    def link_in_mail(self, to: str, pattern: str) -> str:
        """The first link of this kind mailed to an address, once it has arrived."""
        found: list[str] = []

        def look() -> bool:
            for path in self.live.mail_folder.glob("*.eml"):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                text = mail.get_body(("plain",)) if to in str(mail["To"]) else None
                found.extend(re.findall(pattern, text.get_content()) if text is not None else [])
            return bool(found)

        self._until(look, f"a mail to {to} with {pattern}")
        return found[0]
