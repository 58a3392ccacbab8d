"""The cast of the province: every organisation with how far it got, and in which batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.demo.accounts import DemoOrganisation, DemoPerson, credit_code
from app.demo.walk import ELECTRICIAN, GRID
from app.rules.routing import CITIES
from tenants.scope import Role

OLD, LAST, CURRENT, OPEN = "old", "last", "current", "open"
"""The batches, by when they were called: a good year ago, three quarters, three months, now."""
OPENED = {OLD: -430, LAST: -285, CURRENT: -95, OPEN: -10}
DAYS_OPEN = {OLD: 30, LAST: 30, CURRENT: 40, OPEN: 45}
_HEADS = {"enterprise": "91", "school": "12", "social_group": "51", "private_non_enterprise": "52"}
_REGISTRARS = {
    "enterprise": "市场监督管理局",
    "school": "事业单位登记管理机关",
    "social_group": "民政局",
    "private_non_enterprise": "民政局",
}
_BOTH = ((ELECTRICIAN, ("level_4",)), (GRID, ("level_4",)))
_GRID = ((GRID, ("level_5", "level_4")),)
_TWO = ((ELECTRICIAN, ("level_3", "level_4")),)


@dataclass(frozen=True)
class Plot:
    """One organisation and how far it got. Days from today: `submit`, `publish` and `banks` as in `Walk`."""

    key: str
    name: str
    kind: str
    city: str
    until: str
    batch: str
    submit: int
    publish: int | None = None
    banks: int | None = None
    level: str = "municipal"
    affiliation: str = ""
    signs: bool = True
    supplements: bool = False
    sheets_in: int = 1
    items: Sequence[tuple[str, Sequence[str]]] = _TWO
    code: str = ""

    @property
    def published(self) -> int:
        """The day of publicity, or when it would have been: it paces the steps before it."""
        return self.publish if self.publish is not None else 12 if self.batch == OPEN else -3

    def organisation(self, number: int) -> DemoOrganisation:
        """The tenant; its credit code is synthetic and passes both checks."""
        return DemoOrganisation(
            key=self.key,
            name=self.name,
            uscc=credit_code(_HEADS[self.kind] + self.city, f"MADE{number:04d}"),
            org_type=self.kind,
            affiliation=self.affiliation
            or ("private_non_enterprise" if self.kind.startswith("private") else "municipal"),
            registration_authority=CITIES[self.city].name + _REGISTRARS[self.kind],
            city=self.city,
            phone=f"0531-5551{number:03d}",
        )

    def owner(self, number: int) -> DemoPerson:
        """Who acts for it."""
        name = _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number * 7 % len(_GIVEN)]
        return DemoPerson(f"owner@{self.key}.demo", name, Role.owner, organisation=self.key)


_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "嘉禾 文渊 思齐 海燕 建业 若曦 明哲 雪梅 立群 晓东 安澜 国栋 佳宁 志远 清扬".split()  # noqa: SIM905

_E, _S, _G, _P = "enterprise", "school", "social_group", "private_non_enterprise"
# fmt: off
PLOTS = (
    # The batch that is open now.
    Plot("zhanqiao", "青岛栈桥智造技能评价有限公司", _E, "370200", "draft", OPEN, -2),
    Plot("dongzi", "德州董子职业培训学校", _P, "371400", "draft", OPEN, -3),
    Plot("huanghekou", "滨州黄河湾职业技能评价有限公司", _E, "371600", "draft", OPEN, -1),
    Plot("shilaoren", "青岛石老人电气工程协会", _G, "370200", "submitted", OPEN, -3),
    Plot("lishan", "济南历山职业技能评价有限公司", _E, "370100", "submitted", OPEN, -2),
    Plot("mengshan", "临沂蒙山技师学院", _S, "371300", "submitted", OPEN, -1, items=_BOTH),
    Plot("kunyu", "烟台昆嵛职业培训学校", _P, "370600", "submitted", OPEN, -4, items=_GRID),
    Plot("bailang", "潍坊白浪河职业技能评价有限公司", _E, "370700", "supplement_requested", OPEN, -8),
    Plot("laoshan", "青岛崂峰城市服务有限公司", _E, "370200", "supplement_requested", OPEN, -7, items=_GRID),
    Plot("guangyue", "聊城光岳职业培训学校", _P, "371500", "not_accepted", OPEN, -8),
    Plot("caozhou", "菏泽曹州职业技能评价有限公司", _E, "371700", "withdrawn", OPEN, -8),
    Plot("weishan", "济宁微湖技工学校", _S, "370800", "accepted", OPEN, -8, publish=12, supplements=True),
    Plot("fushan", "青岛浮山职业技能评价有限公司", _E, "370200", "accepted", OPEN, -8, publish=30),
    Plot("guoping", "国评联职业技能评价有限公司枣庄分公司", _E, "370400", "accepted", OPEN, -8, publish=20,
         affiliation="national_branch"),
    # The batch of this season: panels, decisions, publicity, first days of incubation.
    Plot("jimo", "青岛即墨湾职业培训学校", _P, "370200", "under_assessment", CURRENT, -74),
    Plot("taoci", "淄博陶镇技师学院", _S, "370300", "under_assessment", CURRENT, -72, sheets_in=3),
    Plot("daiding", "泰安岱顶职业技能评价有限公司", _E, "370900", "accepted", CURRENT, -64, publish=40),
    Plot("qilu", "山东齐源装备制造集团有限公司", _E, "370100", "under_preliminary_assessment", CURRENT, -70,
         level="provincial", affiliation="provincial", publish=30),
    Plot("yanhai", "山东沿海港航职业学院", _S, "370600", "preliminary_failed", CURRENT, -78, level="provincial",
         affiliation="provincial"),
    Plot("haixi", "山东海西能源有限公司", _E, "370200", "under_final_review", CURRENT, -80, level="provincial",
         affiliation="provincial", publish=10),
    Plot("minghu", "山东省明湖电工行业协会", _G, "370100", "under_final_review", CURRENT, -76, level="provincial",
         affiliation="provincial", publish=5),
    Plot("liugong", "威海刘公湾职业技能评价有限公司", _E, "371000", "panel_concluded", CURRENT, -75),
    Plot("wulian", "日照五莲技工学校", _S, "371100", "recommended", CURRENT, -77, publish=1),
    Plot("shengtuo", "东营胜坨职业技能评价有限公司", _E, "370500", "not_recommended", CURRENT, -79, publish=-12),
    Plot("huangdao", "青岛黄岛职业技能评价有限公司", _E, "370200", "in_publicity", CURRENT, -80, publish=-2),
    Plot("langya", "临沂琅琊路电气技术学会", _G, "371300", "in_publicity", CURRENT, -76, publish=-3, items=_BOTH),
    Plot("baotu", "济南趵泉职业培训学校", _P, "370100", "publicity_objection", CURRENT, -81, publish=-4),
    Plot("yunhe", "德州运河职业技能评价有限公司", _E, "371400", "recommendation_cancelled", CURRENT, -82, publish=-34),
    Plot("nishan", "济宁尼山技师学院", _S, "370800", "incubating", CURRENT, -85, publish=-45, banks=-4, sheets_in=0),
    # The batch before: banks, acceptance, elimination, the announcement.
    Plot("guangrao", "东营广饶技工学校", _S, "370500", "incubating", LAST, -270, publish=-155, banks=-27),
    Plot("dongchang", "聊城东昌湖职业技能评价有限公司", _E, "371500", "incubation_overdue", LAST, -275, publish=-203,
         banks=-90),
    Plot("tengxiao", "枣庄滕小国职业培训学校", _P, "370400", "naturally_eliminated", LAST, -274, publish=-222,
         banks=-80),
    Plot("qingda", "青岛清大路职业培训学校", _P, "370200", "acceptance_passed", LAST, -268, publish=-180, banks=-34),
    Plot("chengshan", "威海成山职业技能评价有限公司", _E, "371000", "pending_announcement", LAST, -272, publish=-205,
         banks=-60),
    Plot("zhoucun", "淄博周村商埠技师学院", _S, "370300", "announced", LAST, -280, publish=-236, banks=-92),
    Plot("lixia", "山东历下技术学院", _S, "370100", "announced", LAST, -281, publish=-225, banks=-90,
         level="provincial", affiliation="provincial"),
    # A year ago: filed.
    Plot("taiqing", "青岛太清职业技能评价有限公司", _E, "370200", "filed", OLD, -420, publish=-378, banks=-260,
         code="S000037990101"),
    Plot("mudan", "菏泽牡丹职业培训学校", _P, "371700", "filed", OLD, -418, publish=-375, banks=-258, items=_BOTH,
         code="S000037990102"),
)
# fmt: on
