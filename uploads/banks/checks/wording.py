"""C21, C22 and C26: how questions are worded, what was left behind in them, whom they give away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from uploads.banks.answers import parse_letters, parse_truth
from uploads.banks.bank import Bank
from uploads.banks.models import CHOICE_KINDS, LETTERS, Finding, Kind, Question, Severity
from uploads.banks.text import half, quote
from uploads.banks.thresholds import Thresholds

_ALL_RIGHT = re.compile(
    r"以上(?:答案|选项|说法|各项|几项)?(?:都|均|全|皆)(?:是|对|正确|不对|错|可)"
    r"|(?:都|均)(?:是|对|正确)$|^all of the above",
    re.I,
)
_MAY_BE_ALL = re.compile("以上|均|都|bove")
_ASKS = re.compile(r"[?？]|[(（\[【]\s*[)）\]】]|_{2,}|＿|…|[:：]\s*$|哪|什么|何|几|多少|是$|为$|有$|的是|包括|应$")
_DOUBLE_NEGATIVE = re.compile(
    r"不[^,,。;;]{0,6}(?:不(?!同|断|良|锈|足|平|仅|但|等|均|大于|小于|超过|低于|少于|得|能|应|宜|允许)|没有|无法|非)|并非不|不是不"
)
_INLINE = re.compile(r"[(\[【]\s*([A-J](?:\s*[,、]?\s*[A-J]){0,7}|√|×|✓|✗|对|错|正确|错误)\s*[)\]】]")
_TAG = re.compile(r"\{\s*[A-Za-z]\s*\}")
_MARKUP = re.compile(
    r"</?(?:p|br|span|div|b|i|u|img|font|table|td|tr|sub|sup)\b[^>]{0,200}/?>|&(?:nbsp|lt|gt|amp|quot|#\d+);", re.I
)
_ERROR = re.compile(r"#(?:REF!|NAME\?|VALUE!|DIV/0!|N/A|NUM!|NULL!)")
_SEE_PICTURE = re.compile(r"(?:如|见|下|上|右|左|附)(?:[下上右左附]?)图|图[一二三四五六七八九十\d]+(?:所示|中)|如图")
_FORMULA = re.compile(r"^\s*[=@]|^\s*[+-]\s*[A-Za-z(]")
_ID_NUMBER = re.compile(
    r"(?<!\d)([1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])(?![\dA-Za-z])"
)
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[A-Za-z.]{2,20}")
_MAYBE_PERSONAL = re.compile(r"\d{11}|@")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _about(check: str, severity: Severity, question: Question, name: str, told: str) -> Finding:
    message = f"{question.here(name)}:{told}"
    return Finding(check, severity, message, question.sheet, question.row, question.column(name))


def check_wording(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C21: 「以上都对」, double negatives, laws and bodies that are no more."""
    outdated = re.compile("|".join(map(re.escape, limits.outdated_words))) if limits.outdated_words else None
    for question in bank.questions:
        for index, text in enumerate(question.options):
            if _MAY_BE_ALL.search(text) and _ALL_RIGHT.search(text):
                yield _about("C21", Severity.INFO, question, f"option:{index}", f"选项{quote(text, 20)}没有区分度")
        if "不" in question.stem and _DOUBLE_NEGATIVE.search(question.stem):
            yield _about("C21", Severity.INFO, question, "stem", "题干可能有双重否定,请改得直白一些")
        old = outdated.search(question.stem) if outdated else None
        if old:
            yield _about("C21", Severity.INFO, question, "stem", f"「{old[0]}」已废止或更名,请核对")


def check_asking(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C21: a choice stem that neither leaves a blank nor asks. Where that is the bank's style it is told once."""
    choices = [question for question in bank.questions if question.kind in CHOICE_KINDS and question.stem]
    silent = [question for question in choices if not _ASKS.search(question.stem)]
    if len(silent) > limits.style_share * len(choices):
        told = f"{len(choices)}道选择题中有{len(silent)}道的题干没有留空,也没有提问"
        places = tuple(question.place for question in silent[: limits.related_listed])
        yield Finding("C21", Severity.INFO, told, related=places)
        return
    for question in silent:
        yield _about("C21", Severity.INFO, question, "stem", "题干末尾没有留空,也没有提问")


def check_artefacts(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C22: the answer left in the stem, tags, markup, error values, broken characters, pictures."""
    for question in bank.questions:
        yield from _stem_artefacts(question, bank.has_pictures)
        yield from _text_artefacts(question)
        for name in sorted(question.pictured):
            letter = LETTERS[int(name[7:])] if name.startswith("option:") else ""
            told = {"stem": "题干里有图片", "answer": "答案是图片"}.get(name, "这道题带有图片")
            told = f"选项{letter}里有图片" if letter else told
            yield _about("C22", Severity.WARN, question, name, f"{told},图片中的文字没有检查,请人工核对")


def _stem_artefacts(question: Question, has_pictures: bool) -> Iterator[Finding]:
    stem = question.stem
    if "(" in stem or "（" in stem or "【" in stem or "[" in stem:
        for match in _INLINE.finditer(half(stem)):
            if _is_answer(question, match[1]):
                yield _about("C22", Severity.WARN, question, "stem", f"题干的括号里留着答案{quote(match[1])}")
                break
    if "图" in stem and not has_pictures and _SEE_PICTURE.search(stem):
        yield _about("C22", Severity.WARN, question, "stem", "题干提到图,文件里却没有图片")
    if _FORMULA.match(stem):
        yield _about("C22", Severity.WARN, question, "stem", "题干以公式符号开头,可能是误输入的公式,已按文字处理")


def _is_answer(question: Question, text: str) -> bool:
    if question.kind is Kind.TRUE_FALSE:
        return parse_truth(text) is not None and text not in "ABTF"
    return question.kind in CHOICE_KINDS and bool(question.letters) and parse_letters(text) == question.letters


def _text_artefacts(question: Question) -> Iterator[Finding]:
    texts = [("stem", question.stem), ("answer", question.answer)]
    texts += [(f"option:{index}", text) for index, text in enumerate(question.options)]
    for name, text in texts:
        told = _artefact(text)
        if told:
            yield _about("C22", Severity.WARN, question, name, told)


def _artefact(text: str) -> str:
    if "\ufffd" in text or "锟斤拷" in text:
        return "有无法识别的乱码字符"
    if "#" in text and (error := _ERROR.search(text)):
        return f"留有错误值 {error[0]}"
    if ("{" in text or "｛" in text) and (tag := _TAG.search(half(text))):
        return f"留有模板标记{quote(tag[0])}"
    if ("<" in text or "&" in text) and (mark := _MARKUP.search(text)):
        return f"留有网页标记{quote(mark[0], 20)}"
    return ""


def check_privacy(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C26: what would tell the panel, who read blind, whose bank it is; and people's data."""
    names = [name for name in (bank.item.applicant_names if bank.item else ()) if name]
    for question in bank.questions:
        text = "\n".join((question.stem, *question.options, question.answer, question.analysis))
        told = _personal(text)
        if told:
            yield _about("C26", Severity.INFO, question, "stem", told)
        if any(name in text for name in names):
            yield _about("C26", Severity.INFO, question, "stem", "题目里有申请单位的名称,不利于匿名评估")


def _personal(text: str) -> str:
    if not _MAYBE_PERSONAL.search(text):
        return ""
    if any(_is_id_number(match[1]) for match in _ID_NUMBER.finditer(text)):
        return "可能含有身份证号码"
    if _PHONE.search(text):
        return "可能含有手机号码"
    return "可能含有电子邮箱" if "@" in text and _MAIL.search(text) else ""


def _is_id_number(text: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()
