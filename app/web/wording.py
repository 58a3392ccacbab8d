"""Words for states, kinds and events, the same on every side's pages. Roles are told, never names (rules.md E2.15)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext

from app.rules import clocks
from tenants.events import Event

DOSSIER_KINDS = {
    "question_bank": lazy_gettext("题库"),
    "self_assessment": lazy_gettext("续期自查自评"),
    "filing_materials": lazy_gettext("备案材料"),
    "commitment": lazy_gettext("工作承诺书"),
    "supplement": lazy_gettext("补正材料"),
    "rectification_report": lazy_gettext("整改报告"),
    "exit_data": lazy_gettext("合规数据"),
    "consultation": lazy_gettext("函商来函"),
}

# state -> (tone, word); the tone says who has to move, from the reader's side.
UPLOAD_STATES = {
    "receiving": ("waiting", lazy_gettext("上传中")),
    "received": ("waiting", lazy_gettext("等待检查")),
    "checking": ("waiting", lazy_gettext("检查中")),
    "checked": ("good", lazy_gettext("检查通过")),
    "rejected": ("bad", lazy_gettext("未通过检查")),
    "aborted": ("neutral", lazy_gettext("已取消")),
    "expired": ("neutral", lazy_gettext("已过期")),
}
DOSSIER_STATES = {
    "submitted": ("waiting", lazy_gettext("正在送达")),
    "dead_letter": ("bad", lazy_gettext("发送失败")),
    "delivered": ("waiting", lazy_gettext("已送达,待审核")),
    "accepted": ("good", lazy_gettext("已接收")),
    "returned": ("action", lazy_gettext("已退回")),
}
REVIEW_STATES = {
    "waiting": ("action", lazy_gettext("待审核")),
    "in_review": ("action", lazy_gettext("审核中")),
    "accepted": ("good", lazy_gettext("已接收")),
    "returned": ("neutral", lazy_gettext("已退回")),
}
DEADLINE_STATES = {
    "open": ("waiting", lazy_gettext("进行中")),
    "met": ("good", lazy_gettext("已完成")),
    "missed": ("bad", lazy_gettext("已逾期")),
    "cancelled": ("neutral", lazy_gettext("已取消")),
}
LEVELS = {
    "level_5": lazy_gettext("五级/初级工"),
    "level_4": lazy_gettext("四级/中级工"),
    "level_3": lazy_gettext("三级/高级工"),
    "level_2": lazy_gettext("二级/技师"),
    "level_1": lazy_gettext("一级/高级技师"),
}
SCANS = {
    "clean": lazy_gettext("病毒扫描:未发现问题"),
    "skipped": lazy_gettext("未做病毒扫描(未配置扫描服务)"),
}
SIDES = {
    "organisation": lazy_gettext("申报单位"),
    "bureau": lazy_gettext("市人社局"),
    "department": lazy_gettext("省人社厅"),
    "expert": lazy_gettext("专家"),
    "public": lazy_gettext("公众"),
    "system": lazy_gettext("系统"),
    "gate": lazy_gettext("申报单位"),
    "account": lazy_gettext("本人"),
}
ROLES = {
    "owner": lazy_gettext("负责人"),
    "signatory": lazy_gettext("签署人"),
    "editor": lazy_gettext("经办人"),
    "viewer": lazy_gettext("只读成员"),
    "officer": lazy_gettext("经办员"),
    "lead": lazy_gettext("科室负责人"),
    "expert": lazy_gettext("专家"),
}

# event name -> (tone, title). tests/unit/test_wording.py fails on an event that has no words here.
EVENTS: dict[str, tuple[str, Any]] = {
    "document_numbered": ("waiting", lazy_gettext("文书已编号,正在制作")),
    "document_issued": ("good", lazy_gettext("文书已签章出具")),
    "document_superseded": ("neutral", lazy_gettext("文书已被替代")),
    "document_revoked": ("bad", lazy_gettext("撤销了文书")),
    "document_text_saved": ("neutral", lazy_gettext("启用了新的文书文字")),
    "upload_completed": ("neutral", lazy_gettext("文件上传完成")),
    "upload_checked": ("good", lazy_gettext("文件检查通过")),
    "upload_rejected": ("bad", lazy_gettext("文件未通过检查")),
    "upload_removed": ("neutral", lazy_gettext("删除了文件")),
    "upload_purged": ("neutral", lazy_gettext("销毁了已删除的文件")),
    "security_contact_changed": ("neutral", lazy_gettext("更改了安全联系人")),
    "files_purged": ("neutral", lazy_gettext("按保留规则销毁了题库")),
    "custody_file_sealed": ("neutral", lazy_gettext("把原先未加密的文件改为加密保存")),
    "custody_rotation_started": ("neutral", lazy_gettext("开始更换存储密钥")),
    "custody_key_rotated": ("neutral", lazy_gettext("更换了存储密钥")),
    "custody_master_rotated": ("neutral", lazy_gettext("更换了主密钥")),
    "dossier_submitted": ("waiting", lazy_gettext("提交了材料")),
    "dossier_delivered": ("neutral", lazy_gettext("材料已送达审核队列")),
    "dossier_delivery_failed": ("bad", lazy_gettext("材料发送失败")),
    "dossier_delivery_retried": ("waiting", lazy_gettext("重新发送材料")),
    "notice_resent": ("neutral", lazy_gettext("重新发送通知邮件")),
    "review_opened": ("neutral", lazy_gettext("开始审核")),
    "review_assigned": ("neutral", lazy_gettext("分派了经办员")),
    "dossier_accepted": ("good", lazy_gettext("接收了材料")),
    "dossier_returned": ("action", lazy_gettext("退回了材料")),
    "dossier_file_downloaded": ("neutral", lazy_gettext("下载了文件")),
    "case_file_added": ("neutral", lazy_gettext("添加了附件")),
    "case_file_removed": ("neutral", lazy_gettext("移除了附件")),
    "case_file_downloaded": ("neutral", lazy_gettext("下载了附件")),
    "commitment_signed": ("good", lazy_gettext("签署了工作承诺书")),
    "receipt_reissued": ("good", lazy_gettext("重新出具了备案回执")),
    "receipt_batch_begun": ("waiting", lazy_gettext("批量出具备案回执")),
    "commitment_confirmed": ("good", lazy_gettext("确认了工作承诺书")),
    "commitment_returned": ("action", lazy_gettext("退回工作承诺书重签")),
    "intake_paused": ("action", lazy_gettext("暂停接收新材料")),
    "intake_resumed": ("good", lazy_gettext("恢复接收新材料")),
    "upload_received": ("neutral", lazy_gettext("文件上传完成")),
    "upload_recheck_requested": ("neutral", lazy_gettext("重新检查文件")),
    "application_created": ("neutral", lazy_gettext("开始申报")),
    "application_submitted": ("waiting", lazy_gettext("提交了申报")),
    "application_accepted": ("good", lazy_gettext("申报已受理")),
    "selection_panel_formed": ("neutral", lazy_gettext("组建了遴选评估组")),
    "selection_concluded": ("neutral", lazy_gettext("评估组出具了评估意见")),
    "application_recommended": ("good", lazy_gettext("择优推荐为孵化培育对象")),
    "publicity_opened": ("neutral", lazy_gettext("向社会公示")),
    "incubation_started": ("good", lazy_gettext("公示期满无异议,进入孵化培育期")),
    "filing_imported": ("good", lazy_gettext("录入了既有备案")),
    "renewal_opened": ("action", lazy_gettext("进入续期窗口,开始自查自评")),
    "assessment_plan_drafted": ("neutral", lazy_gettext("起草了评估方案")),
    "assessment_plan_saved": ("neutral", lazy_gettext("修改了评估方案")),
    "assessment_plan_published": ("good", lazy_gettext("发布了评估方案")),
    "assessment_plan_closed": ("neutral", lazy_gettext("结束了评估方案")),
    "renewal_exempt_found": ("waiting", lazy_gettext("列为可免于评估")),
    "renewal_exempt_confirmed": ("good", lazy_gettext("确认免于评估,准予续期")),
    "renewal_exempt_declined": ("action", lazy_gettext("仍予定期评估")),
    "renewal_assessment_started": ("neutral", lazy_gettext("受理续期申请,组建了定期评估组")),
    "renewal_suggested": ("waiting", lazy_gettext("评估组提出了评估建议")),
    "renewal_graded": ("neutral", lazy_gettext("评定了评估等次")),
    "renewal_decided": ("good", lazy_gettext("准予续期")),
    "renewal_reassessment_started": ("neutral", lazy_gettext("组建了整改复评组")),
    "renewal_reassessment_suggested": ("waiting", lazy_gettext("整改复评组提出了评估建议")),
    "renewal_results_announced": ("good", lazy_gettext("省厅公布了定期评估结果")),
    "renewal_receipt_issued": ("good", lazy_gettext("发放了续期备案回执")),
    "renewal_lapsed_no_items": ("bad", lazy_gettext("职业均未开展评价,不予续期")),
    "filing_renewed": ("good", lazy_gettext("续期备案")),
    "renewal_not_applied": ("bad", lazy_gettext("未按要求提交续期申请")),
    "renewal_admitted_late": ("action", lazy_gettext("准予逾期提交续期申请")),
    "renewal_lapsed": ("bad", lazy_gettext("续期申请逾期未补正")),
    "renewal_auto_exited": ("bad", lazy_gettext("备案期满,续期终止")),
    "renewal_reinstated": ("action", lazy_gettext("更正自动退出,补交续期申请")),
    "filing_expired": ("waiting", lazy_gettext("备案期满,等待评估")),
    "filing_exited": ("bad", lazy_gettext("退出备案,移出目录")),
    "filing_reinstated": ("good", lazy_gettext("更正自动退出,恢复列入目录")),
    "renewal_not_renewed": ("bad", lazy_gettext("整改后仍不合格,不予续期")),
    "rectification_issued": ("action", lazy_gettext("下发了整改通知书")),
    "rectification_delivered": ("action", lazy_gettext("整改通知书已送达,开始计算整改期限")),
    "rectification_reported": ("waiting", lazy_gettext("提交了整改报告")),
    "rectification_overdue": ("bad", lazy_gettext("整改期限已满,未提交整改报告")),
    "rectification_extended": ("action", lazy_gettext("放假安排公布,整改末日顺延")),
    "rectification_reassessing": ("waiting", lazy_gettext("开始整改后重新评估")),
    "rectification_qualified": ("good", lazy_gettext("重新评估合格")),
    "rectification_unqualified": ("bad", lazy_gettext("认定仍不合格")),
    "exit_opened": ("action", lazy_gettext("开始退出收尾")),
    "exit_entry_done": ("good", lazy_gettext("完成收尾事项")),
    "exit_entry_waived": ("neutral", lazy_gettext("免除收尾事项")),
    "exit_entry_reopened": ("action", lazy_gettext("重新办理收尾事项")),
    "exit_closed": ("good", lazy_gettext("退出收尾办结")),
    "exit_reversed": ("neutral", lazy_gettext("更正自动退出")),
    "call_drafted": ("neutral", lazy_gettext("起草了征集通告")),
    "call_published": ("good", lazy_gettext("发布了征集通告")),
    "call_opened": ("good", lazy_gettext("开始受理申报")),
    "call_closed": ("neutral", lazy_gettext("申报截止")),
    "registration_expired": ("neutral", lazy_gettext("注册后未确认邮箱,已自动注销")),
    "webhook_added": ("good", lazy_gettext("设置了推送地址")),
    "webhook_removed": ("neutral", lazy_gettext("停用了推送地址")),
    "webhook_tested": ("neutral", lazy_gettext("发送了测试推送")),
    "deadline_missed": ("bad", lazy_gettext("期限已过")),
    "organisation_registered": ("good", lazy_gettext("注册了单位")),
    "email_confirmed": ("good", lazy_gettext("确认了邮箱")),
    "signed_in": ("neutral", lazy_gettext("登录")),
    "signed_out": ("neutral", lazy_gettext("退出登录")),
    "signed_out_everywhere": ("neutral", lazy_gettext("在多处退出登录")),
    "password_changed": ("neutral", lazy_gettext("更改了密码")),
    "mails_changed": ("neutral", lazy_gettext("修改了邮件设置")),
    "profile_changed": ("neutral", lazy_gettext("修改了个人资料")),
    "member_invited": ("waiting", lazy_gettext("邀请了成员")),
    "invitation_resent": ("waiting", lazy_gettext("重新发送邀请")),
    "invitation_revoked": ("neutral", lazy_gettext("撤销了邀请")),
    "member_joined": ("good", lazy_gettext("新成员加入")),
    "member_role_changed": ("neutral", lazy_gettext("变更了成员角色")),
    "member_removed": ("neutral", lazy_gettext("移出了成员")),
    "application_carried_over": ("neutral", lazy_gettext("草稿转入新批次")),
    "supplement_requested": ("action", lazy_gettext("要求补正")),
    "supplement_answered": ("waiting", lazy_gettext("提交了补正")),
    "application_refused": ("bad", lazy_gettext("不予受理")),
    "application_lapsed": ("bad", lazy_gettext("逾期未补正,不予受理")),
    "application_withdrawn": ("neutral", lazy_gettext("撤回了申报")),
    "application_held": ("waiting", lazy_gettext("暂缓办理")),
    "application_released": ("neutral", lazy_gettext("恢复办理")),
    "application_assigned": ("neutral", lazy_gettext("分派了经办员")),
    "application_rerouted": ("waiting", lazy_gettext("转往登记机关所在市")),
    "application_arrived_in_city": ("good", lazy_gettext("已转到登记机关所在市")),
    "consultation_drafted": ("neutral", lazy_gettext("起草函商来函")),
    "consultation_sent": ("waiting", lazy_gettext("发出函商来函")),
    "consultation_agreed": ("good", lazy_gettext("复函同意")),
    "consultation_declined": ("bad", lazy_gettext("复函不同意")),
    "consultation_used": ("neutral", lazy_gettext("函商已用于申报")),
    "report_drafted": ("neutral", lazy_gettext("拟定结果上报")),
    "report_sent": ("waiting", lazy_gettext("上报了结果")),
    "report_returned": ("action", lazy_gettext("退回了上报")),
    "application_listed": ("good", lazy_gettext("纳入备案公布名单")),
    "application_announced": ("good", lazy_gettext("省厅统一公布")),
    "announcement_changed": ("neutral", lazy_gettext("修改了公布名单")),
    "announcement_drafted": ("neutral", lazy_gettext("拟定公布名单")),
    "announcement_published": ("good", lazy_gettext("统一公布")),
    "announcement_discarded": ("neutral", lazy_gettext("废弃了公布草稿")),
    "ministry_reported": ("good", lazy_gettext("报人力资源社会保障部备案")),
    "calendar_changed": ("neutral", lazy_gettext("修改了工作日历")),
    "setting_changed": ("neutral", lazy_gettext("修改了配置")),
    "calendar_feed_made": ("neutral", lazy_gettext("生成了日历订阅地址")),
    "calendar_feed_replaced": ("neutral", lazy_gettext("更换了日历订阅地址")),
    "calendar_feed_revoked": ("neutral", lazy_gettext("停用了日历订阅地址")),
    "panel_visit_planned": ("neutral", lazy_gettext("安排了评估日程")),
    "panel_visit_changed": ("action", lazy_gettext("调整了评估日程")),
    "panel_visit_cancelled": ("action", lazy_gettext("取消了评估日程")),
    "deadline_moved": ("action", lazy_gettext("期限重新计算")),
    "deadlines_recomputed": ("neutral", lazy_gettext("重新计算了进行中的期限")),
    "publicity_end_moved": ("action", lazy_gettext("公示末日重新计算")),
    "publicity_end_confirmed": ("neutral", lazy_gettext("公示末日已按公布的放假安排确认")),
    "annex_uploaded": ("good", lazy_gettext("新增附件版本")),
    "expert_added": ("good", lazy_gettext("添加了专家")),
    "expert_changed": ("neutral", lazy_gettext("修改了专家资料")),
    "expert_retired": ("neutral", lazy_gettext("移出了专家库")),
    "expert_returned": ("neutral", lazy_gettext("恢复入库")),
    "expert_absence_noted": ("neutral", lazy_gettext("记录了不可参加的日期")),
    "expert_absence_cancelled": ("neutral", lazy_gettext("取消了不可参加的日期")),
    "panel_created": ("neutral", lazy_gettext("开始组建评估组")),
    "panel_drawn": ("neutral", lazy_gettext("随机抽取了专家")),
    "panel_member_invited": ("waiting", lazy_gettext("邀请了专家")),
    "panel_seat_accepted": ("good", lazy_gettext("接受邀请并声明无需回避")),
    "panel_seat_declined": ("neutral", lazy_gettext("不参加评估")),
    "panel_member_recused": ("action", lazy_gettext("成员回避")),
    "panel_member_removed": ("action", lazy_gettext("移出了成员")),
    "panel_leader_appointed": ("neutral", lazy_gettext("指定了组长")),
    "panel_formed": ("good", lazy_gettext("确定了评估组")),
    "panel_below_three": ("action", lazy_gettext("有效成员不足3名,重新组建")),
    "panel_started": ("neutral", lazy_gettext("开始评估")),
    "panel_method_logged": ("neutral", lazy_gettext("记录了评估方式")),
    "panel_sheet_submitted": ("good", lazy_gettext("提交了评分表")),
    "panel_sheets_in": ("good", lazy_gettext("评分表已全部提交")),
    "panel_opinion_recorded": ("good", lazy_gettext("签署了评估意见")),
    "panel_concluded": ("good", lazy_gettext("出具了评估意见")),
    "panel_dissolved": ("neutral", lazy_gettext("撤销了评估组")),
    "bank_opened": ("neutral", lazy_gettext("打开了题库")),
    "bank_downloaded": ("action", lazy_gettext("下载了题库")),
    "bank_download_allowed": ("action", lazy_gettext("开放题库水印副本下载")),
    "bank_download_closed": ("neutral", lazy_gettext("关闭题库下载")),
    "panel_file_opened": ("neutral", lazy_gettext("专家查看了文件")),
    "preliminary_opinion_given": ("neutral", lazy_gettext("初评评估组出具了意见")),
    "preliminary_passed": ("good", lazy_gettext("初评通过,报省厅复评")),
    "preliminary_failed": ("bad", lazy_gettext("初评未通过")),
    "preliminary_called_up": ("waiting", lazy_gettext("省厅调阅复评")),
    "application_not_recommended": ("bad", lazy_gettext("未获推荐")),
    "publicity_scheduled": ("neutral", lazy_gettext("拟定了公示")),
    "publicity_published": ("good", lazy_gettext("发布了公示")),
    "publicity_proof_added": ("neutral", lazy_gettext("登记了展示情况")),
    "publicity_voided": ("bad", lazy_gettext("公示作废")),
    "publicity_restarted": ("waiting", lazy_gettext("公示作废,将重新公示")),
    "publicity_held": ("action", lazy_gettext("收到异议,公示结果待定")),
    "publicity_resumed": ("waiting", lazy_gettext("异议办结,继续公示")),
    "publicity_ended": ("good", lazy_gettext("公示结束")),
    "objection_lodged": ("action", lazy_gettext("提出了异议")),
    "objection_received": ("action", lazy_gettext("公示期间收到异议")),
    "objection_accepted": ("neutral", lazy_gettext("受理了异议")),
    "objection_refused": ("neutral", lazy_gettext("不予受理异议")),
    "objection_investigated": ("neutral", lazy_gettext("核查异议")),
    "objection_upheld": ("bad", lazy_gettext("认定异议成立")),
    "objection_dismissed": ("good", lazy_gettext("认定异议不成立")),
    "objection_replied": ("good", lazy_gettext("答复了异议人")),
    "late_hand_in_allowed": ("action", lazy_gettext("准予期满后提交题库")),
    "items_cancelled": ("bad", lazy_gettext("异议成立,取消以下职业、工种、等级的推荐")),
    "recommendation_cancelled": ("bad", lazy_gettext("异议成立,取消推荐")),
    "guidance_given": ("neutral", lazy_gettext("工作指导")),
    "bank_panel_formed": ("neutral", lazy_gettext("组建了题库评估组")),
    "bank_assessment_started": ("neutral", lazy_gettext("开始题库评估")),
    "bank_revision_requested": ("action", lazy_gettext("题库修改后复核")),
    "bank_revision_taken_up": ("neutral", lazy_gettext("修改后的题库交评估组复核")),
    "bank_passed": ("good", lazy_gettext("题库评估通过")),
    "item_eliminated": ("bad", lazy_gettext("题库评估未通过,自然淘汰")),
    "items_eliminated": ("bad", lazy_gettext("自然淘汰")),
    "incubation_overdue": ("bad", lazy_gettext("孵化培育期满未完成")),
    "acceptance_passed": ("good", lazy_gettext("验收评估通过")),
    "application_eliminated": ("bad", lazy_gettext("各项均被自然淘汰")),
    "abandoned": ("neutral", lazy_gettext("放弃培育")),
    "institution_code_assigned": ("good", lazy_gettext("赋予了机构代码")),
    "receipt_issued": ("good", lazy_gettext("出具了备案回执")),
    "application_filed": ("good", lazy_gettext("完成备案")),
    "plan_drafted": ("neutral", lazy_gettext("拟定征集计划")),
    "plan_changed": ("neutral", lazy_gettext("修改了征集计划")),
    "plan_confirmed": ("good", lazy_gettext("确定了征集计划")),
    "plan_withdrawn": ("neutral", lazy_gettext("撤回了征集计划")),
    "plan_included": ("good", lazy_gettext("征集计划纳入省统一通告")),
    "call_changed": ("neutral", lazy_gettext("修改了征集通告")),
    "call_cancelled": ("bad", lazy_gettext("撤销了征集通告")),
    "call_concluded": ("good", lazy_gettext("本批次完成")),
    "occupations_imported": ("good", lazy_gettext("导入了职业目录")),
    "occupation_added": ("good", lazy_gettext("增加了职业")),
    "occupation_changed": ("info", lazy_gettext("更改了职业")),
    "occupation_returned": ("good", lazy_gettext("恢复了职业")),
    "occupation_retired": ("neutral", lazy_gettext("停用了职业")),
}


def deadline_label(kind: str) -> str:
    """What a deadline of this kind is called."""
    known = clocks.KINDS.get(kind)
    return str(gettext(known.label)) if known else kind


def item_label(item: Any) -> str:
    """An item in words: 电工(维修电工)· 三级/高级工. Takes anything with the three fields."""
    name = f"{item.occupation_name}({item.work_type})" if item.work_type else item.occupation_name
    return f"{name} · {LEVELS.get(item.skill_level, item.skill_level)}"


def side_and_role(kind: str, role: str) -> str:
    """Who acted, by side and role."""
    side = str(SIDES.get(kind, kind))
    return f"{side} · {ROLES[role]}" if role in ROLES and kind not in {"system", "public"} else side


def what_happened(event: str, by: str) -> str:
    """An event by its name and «side/role» in words, as one says it to the person who comes second."""
    title = str(EVENTS[event][1]) if event in EVENTS else gettext("内容有更新")
    side, _, role = by.partition("/")
    return f"{title}({side_and_role(side, role)})" if side else title


def timeline_rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as the timeline macro takes them."""
    return [_row(event) for event in events]


def _row(event: Event) -> dict[str, Any]:
    tone, title = EVENTS.get(event.name, ("neutral", event.name))
    data = event.data or {}
    parts = [str(data[key]) for key in ("title", "name_of_file", "reason") if data.get(key)]
    return {
        "at": event.at,
        "title": str(title),
        "tone": tone,
        "role": side_and_role(event.actor_kind, event.actor_role),
        "detail": " · ".join(parts),
        "hash": data.get("sha256"),
    }


# How a commitment was signed, and what proved that the person was who they said.
SIGNING_METHODS = {
    "typed": lazy_gettext("键入姓名"),
    "drawn": lazy_gettext("手写签名"),
    "paper": lazy_gettext("纸质签署,上传扫描件"),
}
SIGNING_PROOFS = {
    "password": lazy_gettext("签署时再次验证登录密码"),
    "scan": lazy_gettext("纸质原件签字盖章,以扫描件为准"),
}
