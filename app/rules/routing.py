"""R15: the application goes to the city of the registration authority, not of the office. D1: the 16 cities."""

from dataclasses import dataclass

from app.rules.core import N_, Refusal
from app.rules.settings import Settings

RULES = ("R15",)
PROVINCE_CODE = "370000"


@dataclass(frozen=True, slots=True)
class City:
    """A districted city (设区的市) by its GB/T 2260 code; `bureau` is its 人力资源和社会保障局."""

    code: str
    name: str
    name_en: str

    @property
    def bureau(self) -> str:
        return f"{self.name}人力资源和社会保障局"

    @property
    def bureau_en(self) -> str:
        return f"{self.name_en} Human Resources and Social Security Bureau"


CITIES: dict[str, City] = {
    city.code: city
    for city in (
        City("370100", N_("济南市"), "Jinan"),
        City("370200", N_("青岛市"), "Qingdao"),
        City("370300", N_("淄博市"), "Zibo"),
        City("370400", N_("枣庄市"), "Zaozhuang"),
        City("370500", N_("东营市"), "Dongying"),
        City("370600", N_("烟台市"), "Yantai"),
        City("370700", N_("潍坊市"), "Weifang"),
        City("370800", N_("济宁市"), "Jining"),
        City("370900", N_("泰安市"), "Tai'an"),
        City("371000", N_("威海市"), "Weihai"),
        City("371100", N_("日照市"), "Rizhao"),
        City("371300", N_("临沂市"), "Linyi"),
        City("371400", N_("德州市"), "Dezhou"),
        City("371500", N_("聊城市"), "Liaocheng"),
        City("371600", N_("滨州市"), "Binzhou"),
        City("371700", N_("菏泽市"), "Heze"),
    )
}
PROVINCE = City(PROVINCE_CODE, N_("山东省"), "Shandong")
AUTHORITY_CODES: tuple[str, ...] = (PROVINCE_CODE, *CITIES)
MERGED_CITIES = {"3712": "370100"}
"""莱芜市 became part of 济南市 in 2019; registrations from before keep its digits."""
_CITY_DIGITS = 4


def authority_label(code: str) -> str:
    """The authority's name: a city bureau, or the department."""
    return N_("山东省人力资源和社会保障厅") if code == PROVINCE_CODE else CITIES[code].bureau


def route_city(area_code: str, settings: Settings) -> str:
    """The code of the city that accepts, from the registration authority's area code (city, county or province).

    Refusal authority_outside_province for an area that is not in Shandong.
    """
    if area_code == PROVINCE_CODE:
        return settings.province_authority_city
    prefix = area_code[:_CITY_DIGITS]
    code = MERGED_CITIES.get(prefix, prefix + "00")
    if len(area_code) != len(PROVINCE_CODE) or code not in CITIES:
        raise Refusal(
            "authority_outside_province",
            "R15",
            N_("登记机关行政区划代码“%(area)s”不在山东省16市之内。申请单位应向登记机关所在市申请,请核对登记机关。"),
            area=area_code,
        )
    return code


def check_routing(chosen_city: str, authority_area: str, settings: Settings) -> str:
    """The accepting city. Refusal wrong_city, with `params['right_city']` for the one-click re-route."""
    right = route_city(authority_area, settings)
    if chosen_city != right:
        raise Refusal(
            "wrong_city",
            "R15",
            N_("应向登记机关所在市即%(city)s申请,不向%(chosen)s申请。请改选%(city)s后提交。"),
            city=CITIES[right].name,
            chosen=CITIES[chosen_city].name if chosen_city in CITIES else chosen_city,
            right_city=right,
        )
    return right


def find_mismatch(authority_area: str, uscc_area: str, settings: Settings) -> list[Refusal]:
    """A warning when the code's area and the stated registration authority lie in different cities.

    A warning only: the digits may be historic (a merged city, a registration that moved). The officer confirms.
    """
    stated = route_city(authority_area, settings)
    try:
        coded = CITIES[route_city(uscc_area, settings)].name
    except Refusal:
        coded = uscc_area
    if coded == CITIES[stated].name:
        return []
    return [
        Refusal(
            "registration_area_mismatch",
            "R15",
            N_(
                "统一社会信用代码中的区划(%(coded)s)与所填登记机关所在市(%(stated)s)不一致。若登记机关已变更,请上传证明并由经办人确认。"
            ),
            coded=coded,
            stated=CITIES[stated].name,
        )
    ]
