"""统一社会信用代码 (USCC, GB 32100-2015): normalise what was typed; when it is wrong, say which position probably is.

18 characters: 1 登记管理部门 · 2 机构类别 · 3–8 登记管理机关行政区划 · 9–17 主体标识码 (an organisation code with
a check of its own, GB 11714) · 18 check character. The letters I, O, S, V, Z are not used.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stdnum.cn import uscc as stdnum_uscc

from app.rules.core import N_, Refusal

RULES = ("R15",)
LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_MODULUS = 31
_SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_FORBIDDEN = {"I": "1", "O": "0", "S": "5", "V": "", "Z": "2"}
_AUTHORITIES = "123456789ANY"
_AREA = slice(2, 8)
_SUBJECT = slice(8, 17)
_CONFUSED = frozenset(
    map(frozenset, ["0D", "0Q", "8B", "17", "6G", "UW", "2Q", "5E", "1L", "1T", "MN", "XY", "38", "69", "CG"])
)
_PROVINCES = frozenset(
    "10 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65".split()  # noqa: SIM905
)
MAX_SUSPECTS = 5


class SuspectKind(StrEnum):
    FORBIDDEN = "forbidden"
    TRANSPOSED = "transposed"
    SUBSTITUTED = "substituted"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A position (from 1) that is probably wrong and what was probably meant ('' when unknown). For `transposed` the
    position and the next one change places, and `suggestion` holds both."""

    position: int
    kind: SuspectKind
    found: str
    suggestion: str

    def __str__(self) -> str:
        if self.kind is SuspectKind.TRANSPOSED:
            return f"第{self.position}、{self.position + 1}位“{self.found}”应为“{self.suggestion}”"
        return (
            f"第{self.position}位“{self.found}”应为“{self.suggestion}”" if self.suggestion else f"第{self.position}位"
        )


class OrgTypeHint(StrEnum):
    ENTERPRISE = "enterprise"
    INDIVIDUAL = "individual"
    COOPERATIVE = "cooperative"
    SOCIAL_GROUP = "social_group"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"
    FOUNDATION = "foundation"
    PUBLIC_INSTITUTION = "public_institution"
    STATE_ORGAN = "state_organ"
    OTHER = "other"


_TYPES = {
    "91": OrgTypeHint.ENTERPRISE,
    "92": OrgTypeHint.INDIVIDUAL,
    "93": OrgTypeHint.COOPERATIVE,
    "51": OrgTypeHint.SOCIAL_GROUP,
    "52": OrgTypeHint.PRIVATE_NON_ENTERPRISE,
    "53": OrgTypeHint.FOUNDATION,
    "12": OrgTypeHint.PUBLIC_INSTITUTION,
    "11": OrgTypeHint.STATE_ORGAN,
}
ORG_TYPE_LABELS: dict[str, str] = {
    OrgTypeHint.ENTERPRISE: N_("企业"),
    OrgTypeHint.INDIVIDUAL: N_("个体工商户"),
    OrgTypeHint.COOPERATIVE: N_("农民专业合作社"),
    OrgTypeHint.SOCIAL_GROUP: N_("社会团体"),
    OrgTypeHint.PRIVATE_NON_ENTERPRISE: N_("民办非企业单位"),
    OrgTypeHint.FOUNDATION: N_("基金会"),
    OrgTypeHint.PUBLIC_INSTITUTION: N_("事业单位"),
    OrgTypeHint.STATE_ORGAN: N_("机关"),
    OrgTypeHint.OTHER: N_("其他"),
}


def normalise(text: str) -> str:
    """Full-width and lower-case forms made plain; spaces and dashes, which scanners and people insert, dropped."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in plain if not char.isspace() and char not in "-‐‑‒–—−_·")


def check_character(first_17: str) -> str:
    """The 18th character: (31 − Σ value·3^i mod 31) mod 31."""
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(first_17, WEIGHTS, strict=True))
    return ALPHABET[-total % _MODULUS]


def is_valid(code: str) -> bool:
    """Well-formed and its check character right; judged by python-stdnum too where that knows the registry."""
    if len(code) != LENGTH or any(char not in ALPHABET for char in code) or not code[_AREA].isdigit():
        return False
    if code[:2].isdigit():
        return bool(stdnum_uscc.is_valid(code))
    # python-stdnum refuses the letters that GB 32100 allows first (A 中央军委, N 农业, Y 其他).
    return code[0] in _AUTHORITIES and check_character(code[:-1]) == code[-1]


def check_uscc(text: str) -> str:
    """The normalised code. Refusals name the positions, also as `params['suspects']` (a tuple of Suspect)."""
    code = normalise(text)
    _check_characters(code)
    if len(code) != LENGTH:
        raise Refusal(
            "uscc_length",
            "R15",
            N_("统一社会信用代码应为18位,现为%(length)d位。请对照营业执照或登记证书补齐或删去多余的字符。"),
            length=len(code),
            suspects=(),
        )
    if not code[_AREA].isdigit():
        position = next(index for index, char in enumerate(code, start=1) if index > _AREA.start and not char.isdigit())
        raise Refusal(
            "uscc_area_not_digits",
            "R15",
            N_(
                "统一社会信用代码第3至8位是登记机关行政区划代码,应为数字,第%(position)d位现为“%(found)s”。请对照证照改正。"
            ),
            position=position,
            found=code[position - 1],
            suspects=(Suspect(position, SuspectKind.SUBSTITUTED, code[position - 1], ""),),
        )
    if not is_valid(code):
        suspects = find_suspects(code)
        raise Refusal(
            "uscc_check_character",
            "R15",
            N_("统一社会信用代码的校验位不符,至少有一位写错。最可能的是:%(hint)s。请对照证照逐位核对。"),
            hint=";".join(map(str, suspects)),
            suspects=suspects,
        )
    return code


def _check_characters(code: str) -> None:
    for position, char in enumerate(code, start=1):
        if char in ALPHABET:
            continue
        suggestion = _FORBIDDEN.get(char, "")
        suspect = Suspect(position, SuspectKind.FORBIDDEN, char, suggestion)
        if suggestion:
            message = N_(
                "第%(position)d位是字母“%(found)s”,统一社会信用代码不用字母I、O、S、V、Z,应是数字“%(suggestion)s”。请改正。"
            )
        else:
            message = N_(
                "第%(position)d位的“%(found)s”不是统一社会信用代码可用的字符(数字或除I、O、S、V、Z外的大写字母)。请改正。"
            )
        raise Refusal(
            "uscc_forbidden_character",
            "R15",
            message,
            position=position,
            found=char,
            suggestion=suggestion,
            suspects=(suspect,),
        )


def find_suspects(code: str) -> tuple[Suspect, ...]:
    """The likeliest single mistakes of a well-formed code whose check character is wrong, best first.

    31 being prime, each position has exactly one substitute that satisfies the check; so they are ranked: the inner
    check of the organisation code (9–17) tells which half the mistake is in, then transposed neighbours, then
    characters that look alike, then the rest that keep the code plausible.
    """
    inner_right = _subject_check(code) == code[_SUBJECT][-1]
    ranked: list[tuple[tuple[bool, int, int], Suspect]] = []
    for suspect, candidate in _candidates(code):
        inside = _SUBJECT.start < suspect.position <= _SUBJECT.stop
        if not _is_plausible(candidate, code) or (inside and _subject_check(candidate) != candidate[_SUBJECT][-1]):
            continue
        ranked.append(((inside is inner_right, _unlikeness(suspect), suspect.position), suspect))
    ranked.sort(key=lambda pair: pair[0])
    return tuple(suspect for _, suspect in ranked[:MAX_SUSPECTS]) or (
        Suspect(LENGTH, SuspectKind.SUBSTITUTED, code[-1], check_character(code[:-1])),
    )


def _candidates(code: str) -> Iterator[tuple[Suspect, str]]:
    """Every transposition of neighbours and every substitution of one character that satisfies the check."""
    values = [ALPHABET.index(char) for char in code]
    weights = (*WEIGHTS, 1)
    residue = sum(value * weight for value, weight in zip(values, weights, strict=True)) % _MODULUS
    for index in range(LENGTH - 1):
        pair = code[index : index + 2]
        change = (values[index + 1] - values[index]) * (weights[index] - weights[index + 1])
        if pair[0] != pair[1] and (residue + change) % _MODULUS == 0:
            swapped = code[:index] + pair[::-1] + code[index + 2 :]
            yield Suspect(index + 1, SuspectKind.TRANSPOSED, pair, pair[::-1]), swapped
    for index in range(LENGTH):
        char = ALPHABET[(values[index] - residue * pow(weights[index], -1, _MODULUS)) % _MODULUS]
        yield (
            Suspect(index + 1, SuspectKind.SUBSTITUTED, code[index], char),
            code[:index] + char + code[index + 1 :],
        )


def _unlikeness(suspect: Suspect) -> int:
    """0 transposed neighbours, 1 characters that look alike, 2 digit for digit or letter for letter, 3 other."""
    if suspect.kind is SuspectKind.TRANSPOSED:
        return 0
    if frozenset((suspect.found, suspect.suggestion)) in _CONFUSED:
        return 1
    return 2 if suspect.found.isdigit() == suspect.suggestion.isdigit() else 3


def _is_plausible(candidate: str, code: str) -> bool:
    """A known registry and class, or the typed one left alone; an area that begins with a province's digits."""
    return candidate[:2] in {*_TYPES, code[:2]} and candidate[2:4] in _PROVINCES and candidate[_AREA].isdigit()


def _subject_check(code: str) -> str:
    """The 9th character of the organisation code by GB 11714."""
    subject = code[_SUBJECT]
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(letters.index(char) * weight for char, weight in zip(subject, _SUBJECT_WEIGHTS, strict=False))
    return "0123456789X0"[11 - total % 11]


def org_type_hint(code: str) -> OrgTypeHint:
    """What the first two characters say; a hint that an officer may override (R13)."""
    return _TYPES.get(code[:2], OrgTypeHint.OTHER)


def area_hint(code: str) -> str:
    """The registration authority's area code, digits 3–8 ('370200'); may be historic (R15)."""
    return code[_AREA]
