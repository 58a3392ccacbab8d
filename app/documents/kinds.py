"""The kinds of documents: what each must be told, how it is numbered, who may read it, which texts may be edited.

`version` goes up whenever a template's wording or layout changes; the template's own hash is kept on every document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.documents.schema import Field, FieldType
from app.rules.core import N_, Refusal

T, LONG, DATE, LINES, ROWS, FLAG, IMAGE = (
    FieldType.text, FieldType.long, FieldType.date, FieldType.lines, FieldType.rows, FieldType.flag, FieldType.image,
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A text the department may edit. `variables` may stand in it as {name}; those of `needed` must."""

    key: str
    label: str
    default: str
    variables: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of document. `series` is the counter's ASCII name, `word` the 文号's word; both are for ever."""

    id: str
    title: str
    series: str
    word: str
    fields: tuple[Field, ...]
    parts: tuple[Part, ...] = ()
    rule: str = ""
    version: str = "1"
    for_organisation: bool = True
    is_public: bool = False


ITEM = (
    Field("occupation_code", "职业编码", required=False),
    Field("occupation_name", "职业名称"),
    Field("work_type", "工种", required=False),
    Field("level", "等级"),
)
ITEMS = Field("items", "职业(工种)、等级", ROWS, columns=ITEM)
ORGANISATION = Field("organisation", "机构名称")
USCC = Field("uscc", "统一社会信用代码")
CODE = Field("institution_code", "机构代码")
LEVEL = Field("level_label", "级别(省级或市级)")
CASE = Field("case_number", "申报编号")
CONTACT = (Field("contact", "联系人", required=False), Field("phone", "联系电话", required=False))
MEMBERS = Field(
    "members", "评估组成员", ROWS,
    columns=(Field("name", "姓名"), Field("type", "类别"), Field("employer", "工作单位", required=False),
             Field("duty", "职责", required=False)),
)  # fmt: skip
ADDRESSEE_PART = ("organisation",)


def _receipt_fields(*more: Field) -> tuple[Field, ...]:
    return (
        ORGANISATION, USCC, CODE, LEVEL,
        Field("address", "住所", required=False),
        Field("legal_representative", "法定代表人", required=False),
        Field("valid_from", "备案期起", DATE), Field("valid_to", "备案期止", DATE),
        ITEMS, *more,
    )  # fmt: skip


COMMITMENT = Kind(
    "commitment", N_("孵化培育对象工作承诺书"), "CN", "承", rule="R28", version="2",
    fields=(
        ORGANISATION, USCC, LEVEL, CASE,
        Field("body", "承诺书正文", LONG), ITEMS,
        Field("banner", "起草说明", required=False),
        Field("signatory_name", "签署人"), Field("signatory_capacity", "签署人身份"),
        Field("signed_on", "签署日期", DATE),
        Field("signature_image", "手写签名", IMAGE, required=False),
        # The file's number in its dossier, by which the job that makes the pages finds the picture.
        Field("seal_file", "单位印章扫描件", required=False),
        Field("seal_image", "单位印章扫描", IMAGE, required=False),
        Field("countersigned_by", "确认部门", required=False),
        Field("countersigned_on", "确认日期", DATE, required=False),
        Field("evidence", "签署证据", ROWS, columns=(Field("label", "项目"), Field("value", "内容"))),
    ),
)  # fmt: skip
RECEIPT = Kind(
    "receipt", N_("社会培训评价组织备案回执"), "HZ", "备", rule="R38",
    fields=_receipt_fields(),
    parts=(
        Part("body", N_("正文"),
             "根据《关于做好社会培训评价组织征集遴选、备案管理等工作的通知》(鲁人社函〔2024〕120号)等有关规定,"
             "经审核公布,准予{organisation}备案为{level_label}社会培训评价组织,机构代码{institution_code}。"
             "备案期自{valid_from}起至{valid_to}止。",
             ("organisation", "uscc", "level_label", "institution_code", "valid_from", "valid_to"),
             ("organisation", "institution_code", "valid_from", "valid_to")),
        Part("duties", N_("备案期内要求"),
             "请在备案的职业(工种)、等级范围内面向社会开展职业技能等级认定工作,接受“双随机、一公开”和数字化监测等监督管理。\n"
             "备案期满前,请对照评估标准开展自查自评并按时提交续期申请;未按要求提交的,备案期满后自动退出社评组织目录。",
             ("organisation", "valid_from", "valid_to")),
    ),
)  # fmt: skip
RENEWAL_RECEIPT = Kind(
    "renewal_receipt", N_("社会培训评价组织续期备案回执"), "XQ", "续", rule="R56",
    fields=_receipt_fields(
        Field("grade_label", "评估等次"), Field("period_label", "备案期次", required=False),
        Field("previous_number", "上一份回执文号", required=False),
        Field("dropped_items", "不予续期的职业", LINES, required=False),
        Field("is_exempt", "是否免于评估", FLAG, required=False),
    ),
    version="2",
    parts=(
        Part("body", N_("正文"),
             "经定期评估,{organisation}(机构代码{institution_code})评估等次为{grade_label},准予续期备案,"
             "可继续面向社会开展职业技能等级认定工作。续期后的备案期自{valid_from}起至{valid_to}止,机构代码不变。",
             ("organisation", "uscc", "level_label", "institution_code", "grade_label", "valid_from", "valid_to"),
             ("organisation", "institution_code", "valid_from", "valid_to")),
        Part("exempt", N_("正文(免于评估)"),
             "{organisation}(机构代码{institution_code})连续两个备案期评估等次为优秀,本次免于评估,准予续期备案,"
             "可继续面向社会开展职业技能等级认定工作。续期后的备案期自{valid_from}起至{valid_to}止,机构代码不变。",
             ("organisation", "uscc", "level_label", "institution_code", "valid_from", "valid_to"),
             ("organisation", "institution_code", "valid_from", "valid_to")),
    ),
)  # fmt: skip
ACCEPTANCE_NOTICE = Kind(
    "acceptance_notice", N_("受理通知书"), "SL", "受", rule="R21",
    fields=(ORGANISATION, USCC, CASE, Field("call_title", "征集通告"), Field("submitted_on", "提交日期", DATE),
            Field("accepted_on", "受理日期", DATE), ITEMS, *CONTACT),
    parts=(
        Part("body", N_("正文"),
             "你单位于{submitted_on}就“{call_title}”提交的申报材料(申报编号{case_number})收悉。经审查,材料齐全,"
             "符合受理条件,现予受理。受理日期为{accepted_on}。",
             ("organisation", "uscc", "case_number", "call_title", "submitted_on", "accepted_on"), ("case_number",)),
        Part("next", N_("后续说明"),
             "我们将按程序组织评估组开展遴选评估。办理进度可登录社评通查询。", ("organisation", "case_number")),
    ),
)  # fmt: skip
SUPPLEMENT_NOTICE = Kind(
    "supplement_notice", N_("补正通知书"), "BZ", "补", rule="R21",
    fields=(ORGANISATION, USCC, CASE, Field("submitted_on", "提交日期", DATE), Field("points", "需补正的内容", LINES),
            Field("due_on", "补正截止日期", DATE), *CONTACT),
    parts=(
        Part("body", N_("正文"),
             "你单位于{submitted_on}提交的申报材料(申报编号{case_number})收悉。经审查,需要补正下列内容:",
             ("organisation", "uscc", "case_number", "submitted_on", "due_on"), ("case_number",)),
        Part("due", N_("期限说明"),
             "请于{due_on}前通过社评通一次性提交补正材料。逾期未补正的,按现有材料作出处理。",
             ("organisation", "case_number", "due_on"), ("due_on",)),
    ),
)  # fmt: skip
REFUSAL_NOTICE = Kind(
    "refusal_notice", N_("不予受理通知书"), "BS", "不受", rule="R21",
    fields=(ORGANISATION, USCC, CASE, Field("submitted_on", "提交日期", DATE),
            Field("reasons", "不予受理的理由", LINES), Field("basis", "依据", required=False), *CONTACT),
    parts=(
        Part("body", N_("正文"),
             "你单位于{submitted_on}提交的申报材料(申报编号{case_number})收悉。经审查,因下列原因,决定不予受理:",
             ("organisation", "uscc", "case_number", "submitted_on"), ("case_number",)),
        Part("remedy", N_("救济说明"),
             "如对本通知有异议,可向我单位提出书面意见。条件具备后,可在征集期内重新申报。",
             ("organisation", "case_number")),
    ),
)  # fmt: skip
RECTIFICATION_NOTICE = Kind(
    "rectification_notice", N_("整改通知书"), "ZG", "整", rule="R58", version="2",
    fields=(ORGANISATION, USCC, CODE, Field("period_label", "备案期"), Field("defects", "存在的问题", LINES),
            # The month counts from delivery, which comes after: a date only where the setting counts from issue.
            Field("due_on", "整改截止日期", DATE, required=False), *CONTACT),
    parts=(
        Part("body", N_("正文"),
             "经定期评估,你单位(机构代码{institution_code})备案期({period_label})评估等次为不合格。"
             "经研究,责令你单位就下列问题限期整改:",
             ("organisation", "uscc", "institution_code", "period_label"), ("institution_code",)),
        Part("term", N_("整改要求"),
             "整改期限为一个月,自本通知书送达的次日起计算,至次月与送达日相对应之日止;次月没有相对应日的,至该月末日止;"
             "末日是法定休假日的,顺延至其后第一个工作日。整改期限不予延长。请逐项完成整改,并在期限内提交整改报告。\n"
             "整改期满后重新评估一次;仍不合格的,不予续期备案,移出社评组织目录。",
             ("organisation", "institution_code")),
    ),
)  # fmt: skip
PUBLICITY_NOTICE = Kind(
    "publicity_notice", N_("公示"), "GS", "公示", rule="R22", version="2", is_public=True,
    fields=(Field("subject", "公示事项"), Field("from_on", "公示起日", DATE), Field("to_on", "公示止日", DATE),
            Field("rows", "公示名单", ROWS,
                  columns=(Field("organisation", "机构名称"), Field("uscc", "统一社会信用代码", required=False),
                           Field("items", "职业(工种)、等级"))),
            Field("contact", "联系人", required=False), Field("phone", "联系电话"),
            Field("email", "电子邮箱", required=False), Field("address", "通讯地址", required=False)),
    parts=(
        Part("body", N_("正文"),
             "根据鲁人社函〔2024〕120号文件规定,经组织评估,现将{subject}予以公示。公示期自{from_on}起至{to_on}止。",
             ("subject", "from_on", "to_on"), ("from_on", "to_on")),
        Part("objection", N_("异议办法"),
             "公示期内,任何单位和个人如有异议,可以书面形式实名反映,并提供必要的证明材料。以单位名义反映的应加盖单位公章,"
             "以个人名义反映的应签署真实姓名和联系方式。", ("subject", "from_on", "to_on")),
    ),
)  # fmt: skip
PANEL_OPINION = Kind(
    "panel_opinion", N_("评估组意见"), "PG", "估", rule="R21", version="2", for_organisation=False,
    fields=(ORGANISATION, USCC, CASE, Field("panel_label", "评估类别"), Field("concluded_on", "评估日期", DATE),
            Field("methods", "评估方式", LINES, required=False), MEMBERS,
            Field("rows", "逐项意见", ROWS,
                  columns=(Field("item", "评估对象"), Field("score", "得分", required=False),
                           Field("conclusion", "结论"),
                           Field("comment", "说明", required=False))),
            Field("opinion", "综合意见", LONG)),
)  # fmt: skip
BANK_OPINION = Kind(
    "bank_opinion", N_("题库评估意见"), "TK", "题评", rule="R32", version="2",
    fields=PANEL_OPINION.fields,
)  # fmt: skip
ANNOUNCEMENT_LIST = Kind(
    "announcement_list", N_("社会培训评价组织公布名单"), "GB", "公布", rule="R35", version="2", is_public=True,
    fields=(Field("subject", "公布事项"),
            Field("rows", "名单", ROWS,
                  columns=(Field("organisation", "机构名称"), Field("institution_code", "机构代码", required=False),
                           Field("city", "所在市"), Field("items", "职业(工种)、等级")))),
    parts=(
        Part("body", N_("正文"),
             "根据鲁人社函〔2024〕120号文件规定,经征集遴选、孵化培育和验收评估,现将{subject}予以公布。",
             ("subject",), ("subject",)),
    ),
)  # fmt: skip
EXIT_CHECKLIST = Kind(
    "exit_checklist", N_("退出备案收尾工作清单"), "TC", "退", rule="R65",
    fields=(ORGANISATION, USCC, CODE, Field("cause_label", "退出原因"), Field("left_on", "移出目录日期", DATE),
            Field("rows", "收尾事项", ROWS,
                  columns=(Field("item", "事项"), Field("state", "办理情况"),
                           Field("done_on", "日期", DATE, required=False), Field("note", "说明", required=False)))),
    parts=(
        Part("body", N_("正文"),
             "{organisation}(机构代码{institution_code})因{cause_label},自{left_on}起移出社评组织目录。"
             "按照退出备案机构收尾工作要求,逐项核对办理情况如下:",
             ("organisation", "uscc", "institution_code", "cause_label", "left_on"), ("organisation",)),
    ),
)  # fmt: skip
PURGE_CERTIFICATE = Kind(
    "purge_certificate", N_("数据销毁证明"), "XH", "销", rule="R65",
    fields=(Field("organisation", "机构名称", required=False), Field("scope", "销毁范围"), Field("basis", "销毁依据"),
            Field("method", "销毁方式"), Field("decided_by", "批准人(岗位)"), Field("executed_by", "执行人(岗位)"),
            Field("witnessed_by", "监销人(岗位)", required=False), Field("purged_on", "销毁日期", DATE),
            Field("rows", "销毁明细", ROWS,
                  columns=(Field("name", "名称"), Field("sha256", "SHA-256"), Field("size", "大小", required=False)))),
    parts=(
        Part("body", N_("正文"),
             "兹证明:下列数据已于{purged_on}按照规定予以销毁,销毁后不可恢复。明细所列摘要值取自销毁前的原始数据,用于日后核对。",
             ("organisation", "scope", "purged_on"), ("purged_on",)),
    ),
)  # fmt: skip

KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        COMMITMENT, RECEIPT, RENEWAL_RECEIPT, ACCEPTANCE_NOTICE, SUPPLEMENT_NOTICE, REFUSAL_NOTICE,
        RECTIFICATION_NOTICE, PUBLICITY_NOTICE, PANEL_OPINION, BANK_OPINION, ANNOUNCEMENT_LIST, EXIT_CHECKLIST,
        PURGE_CERTIFICATE,
    )
}  # fmt: skip

# The short form (机关代字) that begins an authority's document numbers.
AUTHORITY_WORDS: Mapping[str, str] = {
    "370000": "鲁", "370100": "济", "370200": "青", "370300": "淄", "370400": "枣", "370500": "东", "370600": "烟",
    "370700": "潍", "370800": "济宁", "370900": "泰", "371000": "威", "371100": "日", "371300": "临", "371400": "德",
    "371500": "聊", "371600": "滨", "371700": "菏",
}  # fmt: skip


def get_kind(kind: str) -> Kind:
    """The kind of this name. Refusal document_kind_unknown."""
    found = KINDS.get(kind)
    if found is None:
        raise Refusal("document_kind_unknown", "", N_("没有这种文书:%(kind)s。"), kind=kind)
    return found


def number_of(kind: Kind, authority_code: str, year: int, serial: int) -> str:
    """The official number (文号): 青人社评备〔2026〕3号."""
    return f"{AUTHORITY_WORDS.get(authority_code, '鲁')}人社评{kind.word}〔{year}〕{serial}号"
