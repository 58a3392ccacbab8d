"""What a reminder says of each kind of deadline, in the notice's words: what is due, what to do, what follows."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.clocks import KINDS
from app.rules.core import N_


@dataclass(frozen=True)
class Wording:
    """Msgids; `due` takes %(date)s. `statutory`: the mail cannot be switched off."""

    due: str
    todo: str
    button: str
    missed: str
    statutory: bool = True
    of_authority: bool = False


_WORDINGS: dict[str, Wording] = {
    "commitment_sign_due": Wording(
        due=N_("工作承诺书须在%(date)s前签署"),
        todo=N_("请由本单位签署人登录后阅读并签署《社会培训评价组织孵化培育对象工作承诺书》。"),
        button=N_("阅读并签署承诺书"),
        missed=N_("未签署工作承诺书的,系统不受理题库提交;孵化培育期照常计算,不因此顺延。"),
        statutory=False,
    ),
    "bank_submit_by": Wording(
        due=N_("题库须在%(date)s前提交"),
        todo=N_("请按申报的职业、工种、级别上传题库,检查通过后提交。"),
        button=N_("上传并提交题库"),
        missed=N_("逾期提交的,评估组可能来不及在孵化培育期内完成评估;孵化培育期满仍未通过评估的,予以自然淘汰。"),
        statutory=False,
    ),
    "incubation_due": Wording(
        due=N_("孵化培育期%(date)s期满"),
        todo=N_("请在期满前完成全部申报职业、工种、级别的题库开发与评估。"),
        button=N_("查看孵化与题库"),
        missed=N_("题库未通过评估的,将对相应培育对象或申报职业、工种、等级予以自然淘汰,不纳入备案范围。"),
    ),
    "renewal_apply_close": Wording(
        due=N_("续期申请须在%(date)s前提交"),
        todo=N_("请对照评估标准完成自查自评,上传自评材料,并向备案的人力资源社会保障部门提交续期申请。"),
        button=N_("办理备案续期"),
        missed=N_("未按要求提交备案续期申请的,不再进行定期评估,备案期满后自动退出目录。"),
    ),
    "filing_end": Wording(
        due=N_("备案期%(date)s期满"),
        todo=N_("请确认续期事项的办理进度;尚未申请续期的,请立即与备案部门联系。"),
        button=N_("查看备案与续期"),
        missed=N_("备案期满未获续期的,不得继续开展职业技能等级认定。"),
    ),
    "auto_exit_due": Wording(
        due=N_("因未提交续期申请,将于%(date)s自动退出目录"),
        todo=N_("如对此有异议或已提交申请,请立即与备案部门联系。"),
        button=N_("查看备案与续期"),
        missed=N_("自动退出后,本机构不再列入社评组织目录,并须上报合规数据、做好收尾工作。"),
    ),
    "rectification_due": Wording(
        due=N_("整改须在%(date)s前完成并提交报告"),
        todo=N_("请完成整改并提交整改报告。整改期限为一个月,不予延长。"),
        button=N_("提交整改报告"),
        missed=N_("逾期未提交的,按现有材料重新评估;重新评估不合格的,退出备案。"),
    ),
    "supplement_due": Wording(
        due=N_("补正材料须在%(date)s前提交"),
        todo=N_("请按补正要求逐项补充材料后重新提交。"),
        button=N_("查看补正要求"),
        missed=N_("逾期未补正的,按现有材料处理。"),
    ),
    "exit_data_due": Wording(
        due=N_("合规数据须在%(date)s前上报"),
        todo=N_("请上报合规数据,完成退出后的收尾事项。"),
        button=N_("办理退出收尾"),
        missed=N_("收尾事项未完成的,退出事项不能办结。"),
    ),
    "q1_window": Wording(
        due=N_("新增职业(工种)申请须在%(date)s前提出"),
        todo=N_("如需新增职业(工种)或级别,请在一季度内提出申请。"),
        button=N_("查看期限"),
        missed=N_("逾期须等下一年一季度。"),
        statutory=False,
    ),
    "call_close": Wording(
        due=N_("申报须在%(date)s前提交"),
        todo=N_("请补齐申报材料并提交;截止后系统不再受理本批次申报。"),
        button=N_("继续填写申报"),
        missed=N_("未在截止前提交的,须等下一批次征集通告。"),
    ),
    "call_complete_by": Wording(
        due=N_("本批次须在%(date)s前完成"),
        todo=N_("请核对本批次尚未完成的遴选、公示和孵化事项。"),
        button=N_("查看本批次"),
        missed=N_("超出征集通告载明的完成时限,请查明原因并向省厅说明。"),
        of_authority=True,
    ),
    "panel_work_due": Wording(
        due=N_("评估组须在%(date)s前完成评估"),
        todo=N_("请督促评估组专家提交评分表和结论。"),
        button=N_("查看评估组"),
        missed=N_("评估组未按期完成的,不得由培育对象承担后果,请尽快组织完成。"),
        of_authority=True,
    ),
    "renewal_open_on": Wording(
        due=N_("续期窗口于%(date)s开启"),
        todo=N_("请制定评估方案,确定评估对象、内容、时间和方式,并开启该机构的续期。"),
        button=N_("查看期限"),
        missed=N_("未按时开启的,该机构自查自评和申请续期的时间将相应缩短。"),
        of_authority=True,
    ),
    "publicity_end": Wording(
        due=N_("公示%(date)s期满"),
        todo=N_("请核对公示期间有无异议,期满后确认公示结果。"),
        button=N_("查看公示"),
        missed=N_("公示结果未确认的,后续事项不能开始。"),
        of_authority=True,
    ),
    "objection_handling_due": Wording(
        due=N_("公示异议须在%(date)s前处理"),
        todo=N_("请核实异议并作出处理决定。"),
        button=N_("处理异议"),
        missed=N_("异议未处理的,相应单位不能进入孵化培育期。"),
        of_authority=True,
    ),
    "city_report_due": Wording(
        due=N_("结果须在%(date)s前上报省厅"),
        todo=N_("请将已公示无异议的结果上报省人力资源社会保障厅。"),
        button=N_("上报结果"),
        missed=N_("未上报的,省厅不能统一公布。"),
        of_authority=True,
    ),
}
_GENERIC = Wording(
    due=N_("“%(kind)s”为%(date)s"),
    todo=N_("请登录查看并办理。"),
    button=N_("查看并办理"),
    missed=N_("逾期的,可能影响本单位的备案。"),
)
AUTHORITY_KINDS = tuple(kind for kind, wording in _WORDINGS.items() if wording.of_authority)
"""Deadlines that bind the authority, not the organisation: its officers are reminded."""


def wording_of(kind: str) -> Wording:
    """The words for a kind of deadline; general ones for a kind that has none of its own."""
    return _WORDINGS.get(kind, _GENERIC)


def kind_label(kind: str) -> str:
    """The msgid of a kind's name."""
    known = KINDS.get(kind)
    return known.label if known else kind
