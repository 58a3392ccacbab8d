"""The visual language in a real browser: the page of components, and what the scripts do on every page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser.service import Live

pytestmark = pytest.mark.browser
COMPONENTS = "/dev/components"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_components_pass_axe_and_fit_a_phone(page: Page, check_page: Callable[[Page], None], language: str) -> None:
    page.goto(f"{COMPONENTS}?lang={language}")
    expect(page.locator("html")).to_have_attribute("lang", "en" if language == "en" else "zh-CN")
    check_page(page)


def test_a_dangerous_button_asks_first_and_gives_the_focus_back(page: Page) -> None:
    page.goto(COMPONENTS)
    button = page.get_by_role("button", name="提交材料")
    button.click()
    dialog = page.get_by_role("dialog", name="提交材料")
    expect(dialog).to_contain_text("提交后材料不可修改")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_menus_close_on_escape_and_on_a_click_elsewhere(page: Page) -> None:
    page.goto(COMPONENTS)
    menu = page.locator("summary", has_text="我的账户")
    out = page.get_by_role("link", name="账户与安全")
    menu.click()
    expect(out).to_be_visible()
    page.keyboard.press("Escape")
    expect(out).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.get_by_role("heading", level=1).click()
    expect(out).to_be_hidden()


def test_a_refusal_is_shown_beside_the_form_with_its_clause(page: Page) -> None:
    form = _refused_form(page)
    expect(form.get_by_role("alert")).to_contain_text("尚未签署工作承诺书")
    expect(form.get_by_role("link", name=re.compile("依据"))).to_have_attribute("href", re.compile(r"#c-"))
    expect(form.get_by_label("补正说明")).to_have_value("已补齐第 14 题。")


def test_a_refusal_without_javascript_is_a_page_with_a_way_back(chromium: Browser, live: Live) -> None:
    context = chromium.new_context(base_url=live.url, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(COMPONENTS)
    page.get_by_label("补正说明").fill("已补齐")
    page.get_by_role("button", name="提交说明").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("现在还不能这样做")
    expect(page.get_by_role("link", name=re.compile("依据"))).to_be_visible()
    context.close()


def test_an_old_csrf_token_is_renewed_and_the_second_press_arrives(page: Page) -> None:
    page.goto(COMPONENTS)
    form = _form(page)
    page.evaluate("""() => {
        document.querySelector('meta[name="csrf-token"]').content = 'old';
        for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = 'old';
    }""")
    form.get_by_label("补正说明").fill("已补齐第 14 题。")
    form.get_by_role("button", name="提交说明").click()
    expect(page.locator("#sp-toasts")).to_contain_text("请再点一次")
    form.get_by_role("button", name="提交说明").click()
    expect(form.get_by_role("alert")).to_contain_text("尚未签署工作承诺书")
    expect(form.get_by_label("补正说明")).to_have_value("已补齐第 14 题。")


def test_an_ended_session_asks_to_sign_in_elsewhere_and_keeps_the_form(page: Page) -> None:
    page.goto(COMPONENTS)
    page.route(f"**{COMPONENTS}", lambda route: _answer(route, 401, "登录已过期"))
    form = _form(page)
    form.get_by_label("补正说明").fill("写到一半")
    form.get_by_role("button", name="提交说明").click()
    dialog = page.get_by_role("dialog", name="登录已过期")
    expect(dialog).to_contain_text("您填写的内容仍在本页")
    expect(dialog.get_by_role("link", name="在新窗口登录")).to_have_attribute("target", "_blank")
    dialog.get_by_role("button", name="回到本页").click()
    expect(form.get_by_label("补正说明")).to_have_value("写到一半")


def _answer(route: Route, status: int, body: str) -> None:
    if route.request.method == "GET":
        route.continue_()
    else:
        route.fulfill(status=status, body=body, headers={"X-Error-Code": "session_expired"})


def test_a_broken_network_is_told_and_the_form_stays(page: Page, context: BrowserContext) -> None:
    page.goto(COMPONENTS)
    form = _form(page)
    form.get_by_label("补正说明").fill("写到一半")
    context.set_offline(True)
    form.get_by_role("button", name="提交说明").click()
    expect(page.locator("#sp-toasts")).to_contain_text("网络连接中断")
    expect(form.get_by_label("补正说明")).to_have_value("写到一半")
    context.set_offline(False)


def test_what_was_typed_survives_a_reload_and_can_be_given_up(page: Page) -> None:
    page.goto(COMPONENTS)
    _form(page).get_by_label("补正说明").fill("草稿")
    expect(_form(page)).to_have_attribute("data-draft", "kept")
    page.reload()
    form = _form(page)
    expect(form.get_by_label("补正说明")).to_have_value("草稿")
    form.get_by_role("button", name="放弃这份草稿").click()
    expect(form.get_by_label("补正说明")).to_have_value("")
    page.reload()
    expect(_form(page).get_by_label("补正说明")).to_have_value("")


def test_an_unknown_address_has_a_page_of_its_own(page: Page, check_page: Callable[[Page], None]) -> None:
    answer = page.goto("/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("没有找到")
    check_page(page)


def _form(page: Page) -> Locator:
    return page.locator("#refused form")


def _refused_form(page: Page) -> Locator:
    page.goto(COMPONENTS)
    form = _form(page)
    form.get_by_label("补正说明").fill("已补齐第 14 题。")
    form.get_by_role("button", name="提交说明").click()
    return form
