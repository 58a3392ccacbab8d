"""The uploader against an object store that fails on purpose; the way of a real file is in the journeys."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Dialog, Locator, Page, Route, expect

pytestmark = pytest.mark.browser
PART = 5 * 1024 * 1024


@dataclass
class Store:
    """The upload API and the store behind it, answered by the browser's own routing."""

    page: Page
    state: str = "receiving"
    size: int = 0
    refusal: str = ""
    verdict: str = "checked"
    faults: list[int] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    puts: list[int] = field(default_factory=list)
    waiting: list[Route] = field(default_factory=list)
    stuck: bool = False
    aborted: bool = False
    completed: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route("**/fake-store/*", self._put)
        self.page.route(re.compile(r"/api/v1/uploads(/.*)?$"), self._api)

    def wait_for_puts(self, count: int) -> None:
        """Until that many parts hang in the air."""
        for _ in range(100):
            if len(self.waiting) >= count:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.waiting)} parts on their way, {count} expected")

    def _parts(self) -> list[dict[str, Any]]:
        count = -(-self.size // PART)
        return [
            {
                "number": n,
                "url": f"/fake-store/{n}",
                "done": n in self.held,
                "etag": f'"{n}"' if n in self.held else None,
            }
            for n in range(1, count + 1)
        ]

    def _put(self, route: Route) -> None:
        number = int(route.request.url.rsplit("/", 1)[1])
        if self.stuck:
            self.waiting.append(route)
        elif self.faults:
            route.fulfill(status=self.faults.pop(0))
        else:
            self.puts.append(number)
            self.held.add(number)
            route.fulfill(status=200, headers={"ETag": f'"{number}"'})

    def _api(self, route: Route) -> None:
        request, tail = route.request, route.request.url.partition("/api/v1/uploads")[2]
        if request.method == "POST" and tail == "":
            self._create(route)
        elif tail.endswith("/parts"):
            route.fulfill(json={"parts": self._parts()})
        elif tail.endswith("/complete"):
            self.completed = request.post_data_json["parts"]
            self.state = "checking"
            route.fulfill(status=202, json={})
        elif tail.endswith("/abort"):
            self.aborted = True
            route.fulfill(status=204)
        else:
            answer = {"id": "u1", "state": self.state, "reasons": self._reasons()}
            if self.state == "checking":
                self.state = self.verdict
            route.fulfill(json=answer)

    def _reasons(self) -> list[dict[str, str]]:
        if self.state != "rejected":
            return []
        return [{"code": "empty_answer", "message": "答案为空", "location": "第 15 行"}]

    def _create(self, route: Route) -> None:
        if self.refusal:
            body = json.dumps({"title": "拒绝", "detail": self.refusal, "code": "commitment_not_signed"})
            route.fulfill(status=422, body=body, headers={"Content-Type": "application/problem+json"})
            return
        self.size = route.request.post_data_json["size"]
        parts = [{"number": part["number"], "url": part["url"]} for part in self._parts()]
        route.fulfill(
            status=201, json={"id": "u1", "part_size": PART, "parts": parts, "expires_at": "", "state": "receiving"}
        )


@pytest.fixture
def store(page: Page) -> Store:
    store = Store(page)
    page.goto("/dev/components")
    return store


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Twelve megabytes in three parts, with a name that trips careless code."""
    file = tmp_path / "题库, “终稿”.xlsx"
    file.write_bytes(b"x" * (12 * 1024 * 1024))
    return file


def _choose(page: Page, *files: Path) -> None:
    page.locator("[data-uploader] input[type=file]").set_input_files(files)


def _row(page: Page, name: str) -> Locator:
    return page.locator(".sp-upload", has_text=name)


def test_parts_arrive_and_the_row_says_each_state(page: Page, store: Store, bank: Path) -> None:
    _choose(page, bank)
    expect(_row(page, bank.name)).to_contain_text("检查通过")
    assert store.completed == [{"number": n, "etag": f'"{n}"'} for n in (1, 2, 3)]
    expect(_row(page, bank.name)).to_have_count(0)


def test_faults_of_the_store_are_retried(page: Page, store: Store, bank: Path) -> None:
    store.faults = [503, 500, 503]
    _choose(page, bank)
    expect(_row(page, bank.name)).to_contain_text("检查通过", timeout=15_000)
    assert sorted(store.puts) == [1, 2, 3]


def test_a_rejected_file_says_where_and_why_and_stays(page: Page, store: Store, bank: Path) -> None:
    store.verdict = "rejected"
    _choose(page, bank)
    expect(_row(page, bank.name)).to_contain_text("第 15 行:答案为空")
    page.get_by_role("button", name=re.compile("移除:题库")).click()
    expect(_row(page, bank.name)).to_have_count(0)


def test_the_rule_that_refuses_is_quoted(page: Page, store: Store, bank: Path) -> None:
    store.refusal = "尚未签署工作承诺书,不能提交题库。"
    _choose(page, bank)
    expect(_row(page, bank.name)).to_contain_text(store.refusal)
    store.refusal = ""
    page.get_by_role("button", name=re.compile("重试:题库")).click()
    expect(_row(page, bank.name)).to_contain_text("检查通过")


def test_empty_and_foreign_files_are_not_sent(page: Page, store: Store, tmp_path: Path) -> None:
    empty, program = tmp_path / "空.csv", tmp_path / "程序.exe"
    empty.write_bytes(b"")
    program.write_bytes(b"MZ")
    _choose(page, empty, program)
    expect(_row(page, empty.name)).to_contain_text("是空的")
    expect(_row(page, program.name)).to_contain_text("不在可上传之列")
    assert store.size == 0


def test_cancelling_stops_and_tells_the_server(page: Page, store: Store, bank: Path) -> None:
    store.stuck = True
    _choose(page, bank)
    page.get_by_role("button", name=re.compile("取消:题库")).click()
    expect(_row(page, bank.name)).to_have_count(0)
    expect(page.locator("[data-role=announce]")).to_contain_text("已取消上传")
    page.wait_for_timeout(200)
    assert store.aborted
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('sheping:upload:'))") == []


def test_a_lost_network_pauses_and_goes_on_by_itself(
    page: Page, store: Store, bank: Path, context: BrowserContext
) -> None:
    store.stuck = True
    _choose(page, bank)
    store.wait_for_puts(3)
    expect(_row(page, bank.name)).to_contain_text("等待上传")
    context.set_offline(True)
    for route in store.waiting:
        route.abort("internetdisconnected")
    expect(_row(page, bank.name)).to_contain_text("网络中断")
    store.stuck = False
    context.set_offline(False)
    expect(_row(page, bank.name)).to_contain_text("检查通过", timeout=15_000)


def test_after_a_reload_the_same_file_sends_only_what_is_missing(page: Page, store: Store, bank: Path) -> None:
    store.stuck = True
    _choose(page, bank)
    store.wait_for_puts(3)
    expect(_row(page, bank.name)).to_contain_text("等待上传")
    warned: list[str] = []

    def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert warned == ["beforeunload"]
    expect(_row(page, bank.name)).to_contain_text("会从断点继续")
    store.stuck, store.held = False, {1, 3}
    _choose(page, bank)
    expect(_row(page, bank.name)).to_contain_text("检查通过")
    assert store.puts == [2]
    assert [part["etag"] for part in store.completed] == ['"1"', '"2"', '"3"']
