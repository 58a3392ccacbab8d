"""鲁人社函〔2024〕120号: its text, with an anchor for each paragraph, and the clause behind each rule R1–R68."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.rules._clause_table import ROWS

DOCUMENT_NO = "鲁人社函〔2024〕120号"
SOURCE_URL = "http://hrss.shandong.gov.cn/articles/ch00384/202411/9933c6a6-dba4-4ff7-abf4-c94ef9ff3ae6.shtml"
PUBLISHED_ON = "2024-11-08"


@dataclass(frozen=True, slots=True)
class Clause:
    """The words of the notice behind one rule.

    `id` is the paragraph ('2.2.2'), `title` its Chinese place ('二(二)2'), `quote` a verbatim part of it,
    `name` our short Chinese name for the rule.
    """

    id: str
    rules: tuple[str, ...]
    title: str
    quote: str
    name: str

    @property
    def anchor(self) -> str:
        return anchor_of(self.id)


@dataclass(frozen=True, slots=True)
class NoticeSection:
    """One paragraph of the notice. `kind`: issuer, title, number, salutation, heading, paragraph, annex, signature,
    note, artefact (download links of the web page, no part of the document). `lead` is the part to set in bold."""

    id: str
    kind: str
    level: int
    lead: str
    text: str
    rules: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return anchor_of(self.id)


def anchor_of(clause_id: str) -> str:
    return "c-" + clause_id.replace(".", "-")


_CLAUSES: dict[str, Clause] = {
    rule: Clause(id=clause_id, rules=(rule,), title=title, quote=quote, name=name)
    for rule, clause_id, title, name, quote in ROWS
}

RULE_IDS: tuple[str, ...] = tuple(_CLAUSES)


def of(rule: str) -> Clause:
    """The clause of a rule; KeyError for a rule that does not exist."""
    return _CLAUSES[rule]


def find(rule: str) -> Clause | None:
    return _CLAUSES.get(rule)


def all_clauses() -> tuple[Clause, ...]:
    return tuple(_CLAUSES.values())


def notice_text() -> str:
    return files("app.rules").joinpath("notice.txt").read_text(encoding="utf-8")


_HEAD = (("head.1", "issuer"), ("head.2", "title"), ("head.3", "number"), ("head.4", "salutation"))
_TAIL_FIRST = "附 件"
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4}
_NUMBERED = (
    (1, re.compile(r"^([一二三四])、")),
    (2, re.compile(r"^\(([一二三四])\)")),
    (3, re.compile(r"^(\d)\.")),
    (4, re.compile(r"^\((\d)\)")),
)


@cache
def notice_sections() -> tuple[NoticeSection, ...]:
    """The notice in reading order, one section a line, each with an anchor that `Clause.anchor` points to."""
    lines = notice_text().splitlines()
    sections = [_section(clause_id, kind, 0, line) for (clause_id, kind), line in zip(_HEAD, lines, strict=False)]
    annex_at = next(index for index, line in enumerate(lines) if line.startswith("附件:"))
    tail_at = next(index for index, line in enumerate(lines) if line.startswith(_TAIL_FIRST))
    sections.extend(_body(lines[len(_HEAD) : annex_at]))
    sections.extend(
        _section(f"annex.{number}", "annex", 1, line) for number, line in enumerate(lines[annex_at:tail_at], start=1)
    )
    sections.extend(
        _section(f"tail.{number}", _tail_kind(line), 0, line) for number, line in enumerate(lines[tail_at:], start=1)
    )
    return tuple(sections)


def _body(lines: list[str]) -> list[NoticeSection]:
    found: list[NoticeSection] = []
    path: list[int] = []
    unnumbered: dict[str, int] = {}
    for line in lines:
        level, number = _numbering(line)
        if level:
            path = [*path[: level - 1], number]
            clause_id = ".".join(map(str, path))
            lead = _lead(line)
            # A numbered line with text after its title is itself the first paragraph of its section.
            unnumbered[clause_id] = 0 if lead == line else 1
            found.append(_section(clause_id, "heading" if lead == line else "paragraph", level, line, lead))
        else:
            parent = ".".join(map(str, path)) or "head"
            unnumbered[parent] = unnumbered.get(parent, 0) + 1
            found.append(_section(f"{parent}.p{unnumbered[parent]}", "paragraph", len(path) + 1, line))
    return [_settle_id(section, found) for section in found]


def _settle_id(section: NoticeSection, body: list[NoticeSection]) -> NoticeSection:
    """Where a bare heading has one paragraph only, that paragraph is the clause ('2.2.2') and its heading '2.2.2.h'."""
    bare = section.id.removesuffix(".p1")
    children = [other.id for other in body if other.id.startswith(bare + ".")]
    if children != [bare + ".p1"] or not any(other.id == bare and other.lead == other.text for other in body):
        return section
    clause_id = bare + ".h" if section.id == bare else bare
    return _section(clause_id, section.kind, section.level, section.text, section.lead)


def _numbering(line: str) -> tuple[int, int]:
    for level, pattern in _NUMBERED:
        if match := pattern.match(line):
            token = match.group(1)
            return level, _NUMERALS.get(token) or int(token)
    return 0, 0


def _lead(line: str) -> str:
    """The title part of a numbered line: up to the first full stop, or the whole line when it has none."""
    head, stop, _ = line.partition("。")
    return head + stop


def _tail_kind(line: str) -> str:
    if line.startswith("("):
        return "note"
    return "artefact" if line.endswith(("docx", "pdf")) else "signature"


def _section(clause_id: str, kind: str, level: int, text: str, lead: str = "") -> NoticeSection:
    rules = tuple(rule for rule, clause in _CLAUSES.items() if clause.id == clause_id)
    return NoticeSection(id=clause_id, kind=kind, level=level, lead=lead, text=text, rules=rules)
