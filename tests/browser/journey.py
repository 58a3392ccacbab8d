"""From the plan to the end of the publicity, in the browser: what each side does, one function a step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, expect

from app.lifecycle.applications.rosters import KINDS, template_of
from app.rules.calls import CALL_SECTIONS
from tests.browser.stage import CHECKED, PASSWORD, PATIENCE, Desk, Stage
from tests.factories.calls import SECTIONS
from tests.factories.files import pdf

PLAN = "题库开发计划:三个月内完成细目表和试题,由五名专职人员负责,已有试题六百道。"
PDF = pdf()
COMMENT = "条件具备。"
ELECTRICIAN, GRID = "电工", "城市管理网格员"
expect.set_options(timeout=PATIENCE)


def pick_occupation(page: Page, code: str, button: str) -> None:
    """Find an occupation by its code and take it; `button` is what the hit offers."""
    page.get_by_label("按职业编码或名称查找").press_sequentially(code)
    hit = page.locator("#occupation-hits").get_by_role("button" if button.startswith("加入") else "link", name=button)
    with page.expect_navigation():
        hit.click()


# Plan and call --------------------------------------------------------------------------------------------------------


def make_plan(desk: Desk) -> str:
    """An authority's plan: occupations from the catalogue, quantity, levels, confirmed. Answers its title."""
    desk.go("/bureau/plans")
    desk.press("拟定计划")
    pick_occupation(desk.page, "6-31-1-3", f"加入 {ELECTRICIAN}")
    desk.fill(quota="5", rationale="本地制造业电工缺口较大。")
    desk.page.get_by_label("四级/中级工").check()
    desk.page.get_by_label("三级/高级工").check()
    title = desk.page.get_by_label("计划名称").input_value()
    desk.press("保存并确定", yes="确定")
    expect(desk.page.locator("main")).to_contain_text("计划已确定")
    return title


def publish_call(desk: Desk, *, plan: str, today: date) -> str:
    """The call with its six sections takes the plan in, is looked at as the public will, and published."""
    desk.go("/province/calls")
    desk.press("起草新通告")
    call = desk.page.url
    row = desk.page.get_by_role("row", name=re.compile(plan))
    desk.press("纳入本通告", within=row)
    desk.fill(**{key: SECTIONS[key] for key in CALL_SECTIONS}, doc_no="鲁人社函〔2026〕88号")
    desk.fill(
        apply_open_at=f"{today.isoformat()}T00:00",
        apply_close_on=(today + timedelta(days=30)).isoformat(),
        complete_by=(today + timedelta(days=400)).isoformat(),
    )
    desk.press("保存")
    desk.page.get_by_role("link", name="预览").click()
    expect(desk.page.locator("main")).to_contain_text(SECTIONS["assessment_process"])
    desk.shoot()
    desk.go(call)
    desk.press("发布通告", yes="发布")
    expect(desk.page.locator("main")).to_contain_text(re.compile("已发布|受理申报"))
    return call


# The applicant --------------------------------------------------------------------------------------------------------


def register(stage: Stage, *, name: str, uscc: str, authority: str) -> Desk:
    """A new organisation registers, confirms its address from the mail, and signs in."""
    email = f"{uscc.lower()}@newcomer.example"
    desk = stage.visitor("newcomer")
    desk.go("/register")
    desk.fill(name=name, uscc=uscc)
    desk.page.locator("#uscc").press("Tab")
    expect(desk.page.locator("#city_code")).not_to_have_value("")
    desk.page.get_by_label("市属企业、院校、社会团体").check()
    desk.fill(registration_authority=authority, owner_name="林清", email=email, password=PASSWORD)
    desk.press("注册")
    desk.go(stage.link_in_mail(email, r"http\S+/email/confirm/\S+"))
    desk.press("确认邮箱")
    return stage.desk(email, "owner")


def consult(desk: Desk, *, national: str, uscc: str, today: date) -> str:
    """A national organisation's letter to the department (来函, R16). Answers the consultation's address."""
    desk.go("/org/consultations")
    desk.fill(national_name=national, national_uscc=uscc, letter_no="全评函〔2026〕5号", letter_on=today.isoformat())
    desk.page.get_by_label("拟开展评价的职业范围").fill("电工")
    desk.press("保存草稿")
    desk.press("发出来函", yes="发出")
    return desk.page.url


def agree(desk: Desk, consultation: str, *, today: date) -> None:
    """The department's letter of consent (复函)."""
    desk.go(consultation.replace("/org/", "/province/"))
    desk.fill(reply_no="鲁人社复〔2026〕9号", replied_on=today.isoformat(), reply_text="同意设立。")
    desk.press("同意")


def begin(desk: Desk, level: str) -> str:
    """The eligibility check, then an empty form. Answers the application's address."""
    desk.go("/org/applications")
    with desk.page.expect_navigation():
        desk.page.get_by_role("link", name="核对条件并开始申报").click()
    expect(desk.page.locator("main")).to_contain_text("可以申报")
    desk.page.get_by_label(level).check()
    desk.press("开始填写")
    return desk.page.url


def fill_form(desk: Desk, home: str, folder: Path, items: Mapping[str, tuple[str, Sequence[str]]]) -> None:
    """Every step of the form; `items` are levels by occupation code with its name. Lists come from the given sheets."""
    page = desk.page
    desk.go(f"{home}/form/contact")
    desk.fill(contact_name="林清", contact_phone="0532-5550188", contact_email="lin@example.com")
    desk.press("保存并继续")
    for code, (name, levels) in items.items():
        desk.go(f"{home}/form/items")
        pick_occupation(page, code, f"选择 {name}")
        for level in levels:
            page.get_by_label(level).check()
        desk.press("加入")
    for kind, roster in KINDS.items():
        file = folder / f"{roster.label}.xlsx"
        file.write_bytes(template_of(kind))
        desk.go(f"{home}/form/{kind}")
        page.set_input_files("#file", str(file))
        desk.press("导入")
    desk.go(f"{home}/form/bank_plan")
    desk.fill(bank_plan=PLAN)
    desk.press("保存并继续")
    attach(desk, folder / "登记证书.pdf")


def attach(desk: Desk, file: Path) -> None:
    """Upload one attachment on the open page, as far as its check."""
    file.write_bytes(PDF + file.name.encode())
    desk.page.set_input_files("#uploader", str(file))
    row = desk.page.locator("#attachments").get_by_role("listitem").filter(has_text=file.name)
    expect(row.get_by_text("检查通过")).to_be_visible(timeout=CHECKED)


def submit(desk: Desk, home: str, button: str = "提交申报") -> None:
    """Check your answers, and hand in."""
    desk.go(f"{home}/check")
    desk.press(button)
    expect(desk.page.locator("main")).to_contain_text("已提交,受理部门会收到通知")


def ask_for_supplement(desk: Desk, home: str, asked: Mapping[str, str]) -> None:
    """The city asks once for everything that is missing (补正); `asked` are the notes by part's label."""
    desk.go(home.replace("/org/", "/bureau/"))
    for part, note in asked.items():
        desk.page.get_by_role("checkbox", name=part, exact=True).check()
        desk.page.get_by_label(f"{part}的补正要求").fill(note)
    desk.press("发出补正通知", yes="发出")
    expect(desk.page.locator("main")).to_contain_text("等待补正")


def accept(desk: Desk, home: str) -> None:
    """The city accepts."""
    desk.go(home.replace("/org/", "/bureau/"))
    desk.press("予以受理", yes="受理")
    expect(desk.page.locator("main")).to_contain_text("已受理")


# Experts --------------------------------------------------------------------------------------------------------------


def add_expert(stage: Stage, desk: Desk, *, name: str, email: str, types: Sequence[str]) -> str:
    """The authority enters an expert; the expert chooses a password from the mail. Answers the address."""
    desk.go("/bureau/experts")
    with desk.page.expect_navigation():
        desk.page.get_by_role("link", name="添加专家").click()
    desk.fill(name=name, email=email, employer="青岛技师学院", occupations="6-31-01-03")
    for one in types:
        desk.page.get_by_label(one).check()
    desk.press("保存")
    newcomer = stage.visitor("expert-new")
    newcomer.go(stage.link_in_mail(email, r"http\S+/password/reset/\S+"))
    newcomer.fill(password=PASSWORD)
    newcomer.press("设置新密码")
    stage.names[email] = name
    return email


# Panels ---------------------------------------------------------------------------------------------------------------


def case_of(home: str) -> str:
    """The case at the bureau's desk of an application's address."""
    return f"/bureau/cases/{home.rsplit('/', 1)[1]}"


def seat_panel(stage: Stage, desk: Desk, experts: Sequence[str], *, drawn: int = 0) -> str:
    """On the page of a new panel: ask experts (`drawn` of them by lot), each declares, the panel is formed and begun.

    The first expert leads. Answers the panel's address.
    """
    page, panel = desk.page, desk.page.url
    if drawn:
        desk.fill(count=str(drawn))
        desk.press("随机抽取并邀请")
    else:
        for email in experts:
            page.get_by_label(f"选择 {stage.names[email]}").check()
        desk.press("邀请所选专家")
    for email in experts:
        answer_invitation(stage, email, panel)
    desk.go(panel)
    leader = page.get_by_role("row").filter(has_text=stage.names[experts[0]])
    desk.press("指定为组长", within=leader)
    desk.press("确定评估组")
    desk.press("开始评估")
    return panel


def answer_invitation(stage: Stage, email: str, panel: str) -> None:
    """The expert declares that no conflict exists and takes the seat; before that no file is open."""
    desk = stage.expert_desk(email)
    desk.go(panel.replace("/bureau/", "/expert/"))
    expect(desk.page.locator("#files")).to_have_count(0)
    desk.page.get_by_label(re.compile("无任职、亲属、利益等利害关系")).check()
    desk.press("声明并接受邀请")


def score(stage: Stage, email: str, panel: str, votes: Mapping[str, str], default: str, score: str = "82") -> None:
    """The expert fills every sheet of the seat and signs; `votes` by item where they differ."""
    desk = stage.expert_desk(email)
    page = desk.page
    desk.go(panel.replace("/bureau/", "/expert/") + "/sheets")
    forms = page.locator("form[data-autosave^='sheet-']")
    for form in forms.all():
        for number in form.locator("input[type=number]").all():
            number.fill(score)
        for group in form.locator("fieldset fieldset").all():
            said = group.locator("legend").inner_text()
            wanted = next((vote for item, vote in votes.items() if re.search(item, said)), default)
            choice = group.get_by_label(wanted, exact=True)
            (choice if choice.count() else group.get_by_label("是", exact=True)).check()
        # Saving by itself goes on while one types: what counts is the answer to the last of it.
        with page.expect_response(lambda answer: quote(COMMENT) in (answer.request.post_data or "")):
            form.get_by_role("textbox", name=re.compile("^意见")).fill(COMMENT)
            form.get_by_role("textbox", name=re.compile("^意见")).press("Tab")
        expect(form.get_by_text("已填写完整")).to_be_visible()
    page.get_by_label(re.compile("以上评分和意见由本人独立作出")).check()
    desk.press("签名提交", yes="提交")


def write_opinion(stage: Stage, leader: str, panel: str, verdicts: Mapping[str, str], default: str) -> None:
    """The leader's written opinion, item by item, as soon as all sheets are in."""
    desk = stage.expert_desk(leader)
    form = desk.page.locator("#opinion form")
    stage.reload_until(desk, panel.replace("/bureau/", "/expert/"), form)
    form.get_by_label("评估意见", exact=False).first.fill("经材料核验和现场察看,评估组形成以下意见。")
    for group in form.locator("fieldset").all():
        said = group.locator("legend").inner_text()
        wanted = next((one for item, one in verdicts.items() if re.search(item, said)), default)
        group.get_by_label(wanted, exact=True).check()
        group.get_by_label(re.compile("^本项意见")).fill(f"{wanted}:见评估记录。")
    desk.press("签署评估意见", yes="签署")


def log_method(desk: Desk, panel: str, *, today: date) -> None:
    """One way in which the panel worked (R20)."""
    desk.go(panel)
    desk.fill(
        method="site_visit", held_on=today.isoformat(), place="申请单位", people="全体专家", minutes="察看场地设备。"
    )
    desk.press("记录评估方式")


def assess(
    stage: Stage,
    desk: Desk,
    experts: Sequence[str],
    *,
    today: date,
    against: Sequence[str] = (),
    drawn: int = 0,
) -> str:
    """A selection panel from its first invitation to its opinion; `against` are the items it does not recommend."""
    desk.press("组建评估组")
    panel = seat_panel(stage, desk, experts, drawn=drawn)
    log_method(desk, panel, today=today)
    votes = dict.fromkeys(against, "不推荐")
    for email in experts:
        score(stage, email, panel, votes, "推荐")
    write_opinion(stage, experts[0], panel, votes, "推荐")
    desk.go(panel)
    desk.press("出具评估意见", yes="出具")
    return panel


def pass_preliminary(desk: Desk, home: str) -> None:
    """The city's decision after its preliminary assessment (初评, R24): on to the department."""
    desk.go(case_of(home))
    desk.page.get_by_label("通过,报省厅复评").check()
    desk.press("作出初评决定", yes="确定")


# Decision and publicity -----------------------------------------------------------------------------------------------


def recommend(desk: Desk, home: str, *, but: str, reason: str) -> None:
    """The decision follows the panel; the item named is not recommended, with a reason (R22)."""
    desk.go(case_of(home))
    group = desk.page.locator("#recommend fieldset").filter(has_text=re.compile(but))
    group.get_by_label("不推荐", exact=True).check()
    group.get_by_label(re.compile("^理由")).fill(reason)
    desk.press("作出推荐决定", yes="确定")


def publicise(desk: Desk, home: str, *, today: date) -> str:
    """Draw up and publish; a last day before the fifth working day is refused (R23). Answers the public address."""
    desk.go(case_of(home))
    desk.press("拟定公示")
    with desk.page.expect_navigation():
        desk.page.locator("#publicity").get_by_role("link").first.click()
    publicity = desk.page.url
    desk.fill(planned_end_on=(today + timedelta(days=2)).isoformat())
    with desk.page.expect_navigation():
        desk.page.get_by_role("button", name="发布公示").click()
        desk.page.locator("#sp-confirm").get_by_role("button", name="发布").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("公示")
    desk.fill(planned_end_on="")
    desk.press("发布公示", yes="发布")
    return publicity.replace("/bureau/", "/")


def lodge_objection(visitor: Desk, publicity: str, *, item: str) -> str:
    """Anybody objects under their name to one item (R25). Answers the code to ask with."""
    page = visitor.page
    visitor.go(publicity)
    page.get_by_label("姓名或单位名称").fill("李某")
    page.get_by_label("联系方式").fill("13900000000")
    page.get_by_role("group", name=re.compile("涉及的职业")).get_by_label(re.compile(item)).check()
    page.get_by_label("异议内容").fill("该单位没有这一等级的考评员。")
    visitor.press("提交异议", yes="提交")
    return page.locator("#query-code").inner_text()


def settle_objection(stage: Stage, desk: Desk, organisation: str, *, upheld: bool) -> None:
    """The authority takes it up, inquires, decides on the items it names, and answers."""
    page = desk.page
    link = page.get_by_role("row").filter(has_text=organisation).get_by_role("link")
    stage.reload_until(desk, "/bureau/objections", link)
    with page.expect_navigation():
        link.first.click()
    desk.press("受理")
    page.get_by_label("核查情况").fill("调取考评员名册,并电话核实。")
    desk.press("记录核查情况")
    page.get_by_label("成立" if upheld else "不成立", exact=True).check()
    page.get_by_label(re.compile("^理由")).fill("经核查,该等级考评员不足。" if upheld else "经核查,情况不实。")
    desk.press("作出认定", yes="确定")
    page.get_by_label("答复内容").fill("已核查并作出认定,谢谢监督。")
    desk.press("答复")


def ask_about_objection(visitor: Desk, code: str) -> None:
    """The objector reads the outcome with the code."""
    visitor.go("/objections")
    visitor.fill(code=code)
    visitor.press("查询")
    expect(visitor.page.locator("main")).to_contain_text("已核查并作出认定,谢谢监督。")


def wait_for_incubation(stage: Stage, desk: Desk, home: str) -> None:
    """The system ends the publicity by itself after its last day (R25)."""
    case = case_of(home)
    stage.reload_until(desk, case, desk.page.get_by_role("link", name="查看孵化情况"))
