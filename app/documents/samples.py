"""Sample data of every kind: names and numbers are made up. Previews, `sheping documents sample` and tests use them."""

from __future__ import annotations

from typing import Any

ORGANISATION = {"organisation": "青岛海韵智能制造职业技能培训评价中心有限公司", "uscc": "91370200MA3TEST04X"}
ITEMS = [
    {"occupation_code": "6-31-01-03", "occupation_name": "电工", "work_type": "", "level": "三级/高级工"},
    {"occupation_code": "6-31-01-03", "occupation_name": "电工", "work_type": "", "level": "四级/中级工"},
    {
        "occupation_code": "6-30-99-00",
        "occupation_name": "工业机器人系统操作员",
        "work_type": "",
        "level": "三级/高级工",
    },
    {
        "occupation_code": "4-10-01-01",
        "occupation_name": "婴幼儿发展引导员",
        "work_type": "育婴员",
        "level": "五级/初级工",
    },
]
CONTACT = {"contact": "技能评价科", "phone": "0532-00000000"}
CASE = {"case_number": "SQ-370200-20261123-7KQ4M"}
MEMBERS = [
    {"name": "王建国", "type": "方法专家", "employer": "青岛技师学院", "duty": "组长"},
    {"name": "欧阳淑华", "type": "内容专家", "employer": "山东智能装备研究院", "duty": ""},
    {"name": "买买提·吐尔逊江", "type": "实际工作专家", "employer": "青岛港机电工程公司", "duty": ""},
]
COMMITMENT_BODY = """\
本单位青岛海韵智能制造职业技能培训评价中心有限公司(统一社会信用代码91370200MA3TEST04X),作为市级社会培训评价组织孵化培育对象,\
孵化培育期自2026年11月24日至2027年5月23日(不超过180天),申报职业(工种)、等级见附表。现郑重承诺:
一、在孵化培育期内完成申报职业、工种、级别的题库开发与评估工作。
二、接受人力资源社会保障部门的评价相关工作指导。
三、接受题库评估组的评估;知悉未通过的,相应培育对象或申报职业、工种、等级予以自然淘汰,不纳入备案范围。
四、备案后服从备案期管理,按要求对照评估标准开展自查自评并提交续期申请;知悉未按要求提交的,不再进行定期评估,\
备案期满后自动退出目录。
五、知悉评估等次为不合格的,须在一个月内整改,整改后重新评估仍不合格的不予续期备案、移出目录;\
备案期内未开展评价工作的职业不予续期备案。
六、接受“双随机、一公开”及数字化监测等监督管理。
七、知悉自愿撤销备案、违纪违规、主体灭失的,撤销备案并移出目录;退出备案的,按要求上报合规数据,做好后续收尾工作。"""
RECEIPT = {
    **ORGANISATION,
    "institution_code": "S370200000123",
    "level_label": "市级",
    "address": "山东省青岛市崂山区株洲路100号",
    "legal_representative": "李海",
    "valid_from": "2026-11-23",
    "valid_to": "2029-11-22",
    "items": ITEMS,
}
PANEL = {
    **ORGANISATION,
    **CASE,
    "panel_label": "遴选评估",
    "concluded_on": "2026-11-20",
    "methods": ["资料审核", "现场核查", "座谈问询"],
    "members": MEMBERS,
    "rows": [
        {"item": "电工 三级/高级工", "score": "88.3", "conclusion": "推荐", "comment": "设施设备与申报职业逐项对应。"},
        {"item": "电工 四级/中级工", "score": "86.7", "conclusion": "推荐", "comment": ""},
        {
            "item": "婴幼儿发展引导员(育婴员) 五级/初级工",
            "score": "58.0",
            "conclusion": "不推荐",
            "comment": "考评员人数不足。",
        },
    ],
    "opinion": "评估组认为,该单位评价场地、设施设备满足申报职业要求,题库开发计划可行,考评员和督导员队伍基本到位。\n"
    "建议推荐电工(三级、四级);婴幼儿发展引导员(育婴员)因考评员人数不足,本次不予推荐。",
}
_CITIES = ("济南市", "青岛市", "淄博市", "烟台市", "潍坊市", "临沂市", "菏泽市")
_TRADES = ("电工", "焊工", "养老护理员", "保育师", "中式烹调师", "工业机器人系统运维员", "网络与信息安全管理员")

SAMPLES: dict[str, dict[str, Any]] = {
    "commitment": {
        **ORGANISATION,
        **CASE,
        "level_label": "市级",
        "body": COMMITMENT_BODY,
        "items": ITEMS,
        "banner": "依据鲁人社函〔2024〕120号起草,待官方附件2文本替换",
        "signatory_name": "李海",
        "signatory_capacity": "法定代表人",
        "signed_on": "2026-11-23",
        "countersigned_by": "青岛市人力资源和社会保障局",
        "countersigned_on": "2026-11-24",
        "evidence": [
            {
                "label": "承诺书正文 SHA-256",
                "value": "5b1f0f0e6a3c4c27d0b7f6b1e5b8a2d94c7f3e1a0d9c8b7a6f5e4d3c2b1a0918",
            },
            {"label": "签署人", "value": "李海(法定代表人,账号 lihai@example.com)"},
            {"label": "身份依据", "value": "营业执照登记的法定代表人,经办机构已核对"},
            {"label": "确认方式", "value": "登录密码再次验证,并输入动态验证码"},
            {"label": "签署时间", "value": "2026年11月23日 14:05:31(北京时间)"},
            {"label": "网络地址", "value": "203.0.113.8"},
        ],
    },
    "receipt": RECEIPT,
    "renewal_receipt": {
        **RECEIPT,
        "valid_from": "2029-11-23",
        "valid_to": "2032-11-22",
        "grade_label": "优秀",
        "period_label": "第二个备案期",
        "previous_number": "青人社评备〔2026〕3号",
        "dropped_items": ["婴幼儿发展引导员(育婴员):备案期内未开展评价工作"],
    },
    "acceptance_notice": {
        **ORGANISATION,
        **CASE,
        **CONTACT,
        "call_title": "青岛市2026年度社会培训评价组织征集通告",
        "submitted_on": "2026-11-18",
        "accepted_on": "2026-11-23",
        "items": ITEMS,
    },
    "supplement_notice": {
        **ORGANISATION,
        **CASE,
        **CONTACT,
        "submitted_on": "2026-11-18",
        "points": [
            "评价场地租赁合同缺少最后一页,请补充完整并加盖公章。",
            "“工业机器人系统操作员”三级的设备清单未写明型号和可用状态,请逐台补充。",
            "督导员名册中有2人未附资格证明,请补充。",
        ],
        "due_on": "2026-12-07",
    },
    "refusal_notice": {
        **ORGANISATION,
        **CASE,
        **CONTACT,
        "submitted_on": "2026-11-18",
        "reasons": ["申报的职业不在本次征集通告公布的范围内。", "登记机关所在市不属于本局受理范围。"],
        "basis": "鲁人社函〔2024〕120号第二条第(二)项",
    },
    "rectification_notice": {
        **ORGANISATION,
        **CONTACT,
        "institution_code": "S370200000123",
        "period_label": "2023年11月1日至2026年10月31日",
        "defects": [
            "内部质量督导记录不完整,2025年度有3个批次无督导报告。",
            "电工三级题库两年未更新,与现行国家职业标准不一致。",
            "对1起考生投诉未在规定时间内答复。",
        ],
    },
    "publicity_notice": {
        "subject": "青岛市2026年度社会培训评价组织拟推荐名单",
        "from_on": "2026-11-23",
        "to_on": "2026-11-27",
        "rows": [
            {**ORGANISATION, "items": "电工三级/高级工、四级/中级工;工业机器人系统操作员三级/高级工"},
            {
                "organisation": "青岛市家庭服务业协会",
                "uscc": "51370200TEST0002XP",
                "items": "养老护理员五级/初级工、四级/中级工",
            },
        ],
        **CONTACT,
        "email": "pingjia@example.com",
        "address": "青岛市市南区(演示地址)",
    },
    "panel_opinion": PANEL,
    "bank_opinion": {
        **PANEL,
        "panel_label": "题库评估",
        "rows": [
            {"item": "电工 三级/高级工", "score": "91.0", "conclusion": "通过", "comment": ""},
            {"item": "电工 四级/中级工", "score": "87.5", "conclusion": "通过", "comment": "个别试题表述已当场修订。"},
        ],
        "opinion": "两份题库与国家职业标准的等级要求一致,鉴定要素细目表完整,组卷方案可执行,评分标准明确,予以通过。",
    },
    "announcement_list": {
        "subject": "山东省2026年第二批社会培训评价组织及职业(工种)目录",
        "rows": [
            {
                "organisation": f"{_CITIES[n % 7]}{_TRADES[n % 7]}职业技能评价中心(样例{n + 1})",
                "institution_code": f"S3700{n % 7:02d}{n + 1:06d}",
                "city": _CITIES[n % 7],
                "items": f"{_TRADES[n % 7]}三级/高级工、四级/中级工、五级/初级工",
            }
            for n in range(100)
        ],
    },
    "exit_checklist": {
        **ORGANISATION,
        "institution_code": "S370200000123",
        "cause_label": "自愿撤销备案",
        "left_on": "2026-11-20",
        "rows": [
            {"item": "上报合规数据", "state": "已完成", "done_on": "2026-11-22", "note": ""},
            {"item": "妥善处理在评考生", "state": "已完成", "done_on": "2026-11-21", "note": "已转入邻近机构42人"},
            {"item": "移交证书及档案", "state": "已完成", "done_on": "2026-11-23", "note": ""},
            {"item": "交回回执、印章", "state": "已豁免", "done_on": "", "note": "电子回执已在系统内失效"},
            {"item": "对外公告", "state": "已完成", "done_on": "2026-11-23", "note": ""},
        ],
    },
    "purge_certificate": {
        "organisation": ORGANISATION["organisation"],
        "scope": "该机构申报的电工三级题库及其全部版本",
        "basis": "数据保存期限届满,经批准销毁",
        "method": "删除存储对象并销毁加密密钥",
        "decided_by": "省厅 负责人",
        "executed_by": "省厅 经办员",
        "witnessed_by": "青岛市局 经办员",
        "purged_on": "2026-11-23",
        "rows": [
            {
                "name": "电工三级题库(第1版).xlsx",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "size": "1.2 MB",
            },
            {
                "name": "电工三级题库(第2版).xlsx",
                "sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
                "size": "1.3 MB",
            },
        ],
    },
}
