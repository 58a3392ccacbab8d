"""Who there is in the demo: every name and address is fictional, and all share one printed password."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules import uscc
from app.rules.routing import authority_label
from tenants.scope import Role

PASSWORD = "sunrise-over-taishan-8"  # noqa: S105 - the demo's, printed by `sheping demo accounts`
QINGDAO, JINAN, DEPARTMENT = "370200", "370100", "370000"
# GB 11714, the organisation code inside the credit code, counts with all letters.
_SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SUBJECT_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class DemoOrganisation:
    """An organisation: `key` also names its mail domain; `city` is both its registration's and its authority's."""

    key: str
    name: str
    uscc: str
    org_type: str
    affiliation: str
    registration_authority: str
    city: str
    phone: str


@dataclass(frozen=True)
class DemoPerson:
    """A person with one membership: in an organisation (by key), in an authority (by code), or as an expert."""

    email: str
    name: str
    role: Role
    organisation: str | None = None
    authority: str | None = None


@dataclass(frozen=True)
class DemoExpert:
    """An expert of the department's pool; `types` are keys of `rules.panels.EXPERT_TYPES`."""

    key: str
    name: str
    employer: str
    types: tuple[str, ...]

    @property
    def person(self) -> DemoPerson:
        """Their account."""
        return DemoPerson(f"{self.key}@experts.demo", self.name, Role.expert)


@dataclass(frozen=True)
class DemoContact:
    """How an authority is reached."""

    code: str
    phone: str
    email: str
    security_email: str


def credit_code(head: str, subject: str) -> str:
    """A valid synthetic 统一社会信用代码: 8 leading characters, 8 of the organisation code, both check characters."""
    total = sum(_SUBJECT_ALPHABET.index(char) * weight for char, weight in zip(subject, _SUBJECT_WEIGHTS, strict=True))
    body = head + subject + "0123456789X0"[-total % 11]
    return body + uscc.check_character(body)


LANHAI = DemoOrganisation(
    key="lanhai",
    name="青岛澜海职业技能评价有限公司",
    uscc=credit_code("91370200", "MADEM001"),
    org_type="enterprise",
    affiliation="municipal",
    registration_authority="青岛市市场监督管理局",
    city=QINGDAO,
    phone="0532-5550136",
)
QUANYONG = DemoOrganisation(
    key="quanyong",
    name="济南泉涌职业培训学校",
    uscc=credit_code("52370100", "MJDEM002"),
    org_type="private_non_enterprise",
    affiliation="private_non_enterprise",
    registration_authority="济南市民政局",
    city=JINAN,
    phone="0531-5550172",
)
ORGANISATIONS = (LANHAI, QUANYONG)

PEOPLE = (
    DemoPerson("owner@lanhai.demo", "陈海宁", Role.owner, organisation="lanhai"),
    DemoPerson("clerk@lanhai.demo", "周晓岚", Role.editor, organisation="lanhai"),
    DemoPerson("viewer@lanhai.demo", "吴越", Role.viewer, organisation="lanhai"),
    DemoPerson("owner@quanyong.demo", "孙启明", Role.owner, organisation="quanyong"),
    DemoPerson("clerk@quanyong.demo", "马文静", Role.editor, organisation="quanyong"),
    DemoPerson("viewer@quanyong.demo", "郭磊", Role.viewer, organisation="quanyong"),
    DemoPerson("officer@qingdao.demo", "刘芳", Role.officer, authority=QINGDAO),
    DemoPerson("lead@qingdao.demo", "王立新", Role.lead, authority=QINGDAO),
    DemoPerson("officer@jinan.demo", "何敏", Role.officer, authority=JINAN),
    DemoPerson("lead@jinan.demo", "赵国安", Role.lead, authority=JINAN),
    DemoPerson("officer@province.demo", "高远", Role.officer, authority=DEPARTMENT),
    DemoPerson("expert@experts.demo", "宋知行", Role.expert),
)

# Experts of the department's pool, which every city may draw from. The first is the account above; whoever signs in
# with it finds the panels at work.
EXPERTS = (
    DemoExpert(
        "expert",
        "宋知行",
        "山东省技能评价专家服务中心",
        ("evaluation_expert", "technical_expert", "policy_norm_specialist"),
    ),
    DemoExpert(
        "yantinglan", "严庭岚", "山东齐鲁理工职业大学", ("evaluation_expert", "method_expert", "policy_norm_specialist")
    ),
    DemoExpert("luzhiyuan", "鲁致远", "济南泰恒电气股份有限公司", ("technical_expert", "practitioner_expert")),
    DemoExpert(
        "tanwenbo", "谭文博", "山东省职业标准研究会", ("evaluation_expert", "content_expert", "policy_norm_specialist")
    ),
    DemoExpert("jiangyue", "姜越", "青岛海岱技师学院", ("technical_expert", "content_expert")),
    DemoExpert("dongruining", "董瑞宁", "潍坊鸢都职业学院", ("evaluation_expert", "method_expert")),
    DemoExpert("qiaozhen", "乔振", "烟台芝罘电力检修有限公司", ("technical_expert", "practitioner_expert")),
    DemoExpert("fanshuhui", "范书慧", "临沂沂蒙城市服务有限公司", ("technical_expert", "practitioner_expert")),
    DemoExpert("kongxiangye", "孔祥业", "济宁圣泉技工学校", ("evaluation_expert", "content_expert")),
    DemoExpert(
        "miaoxin", "苗欣", "山东省题库建设协作组", ("evaluation_expert", "method_expert", "policy_norm_specialist")
    ),
)

CONTACTS = (
    DemoContact(QINGDAO, "0532-5550100", "skills@qingdao.demo", "security@qingdao.demo"),
    DemoContact(JINAN, "0531-5550100", "skills@jinan.demo", "security@jinan.demo"),
    DemoContact(DEPARTMENT, "0531-5550001", "skills@province.demo", "security@province.demo"),
)
# The sixteen bureaus' mail domains; those without an account above have one officer in the whole province's demo.
CITY_DOMAINS = {
    "370100": "jinan", "370200": "qingdao", "370300": "zibo", "370400": "zaozhuang", "370500": "dongying",
    "370600": "yantai", "370700": "weifang", "370800": "jining", "370900": "taian", "371000": "weihai",
    "371100": "rizhao", "371300": "linyi", "371400": "dezhou", "371500": "liaocheng", "371600": "binzhou",
    "371700": "heze",
}  # fmt: skip
_OFFICERS = "沈卫东 丁晓梅 汪海 崔建国 贾静 夏明远 钟丽 田野 石岩 姚敏 邱峰 傅蓉 邹平 孟凡 段薇 雷鸣".split()  # noqa: SIM905


def officer_of(code: str) -> DemoPerson:
    """The officer of a city's bureau."""
    email = f"officer@{CITY_DOMAINS[code]}.demo"
    known = next((person for person in PEOPLE if person.email == email), None)
    name = _OFFICERS[list(CITY_DOMAINS).index(code)]
    return known or DemoPerson(email, name, Role.officer, authority=code)


_BY_KEY = {organisation.key: organisation for organisation in ORGANISATIONS}


def describe() -> list[dict[str, str | None]]:
    """The accounts as `sheping demo accounts --json` prints them.

    `organisation` is a name, and so is `authority`: the person's own, or the one competent for their organisation.
    """
    return [
        {
            "email": person.email,
            "password": PASSWORD,
            "role": person.role.value,
            "organisation": _BY_KEY[person.organisation].name if person.organisation else None,
            "authority": authority_label(code) if (code := _authority_of(person)) else None,
        }
        for person in PEOPLE
    ]


def _authority_of(person: DemoPerson) -> str | None:
    return _BY_KEY[person.organisation].city if person.organisation else person.authority
