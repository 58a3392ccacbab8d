"""Word banks of strangers, second part: habits that first were misread. Counts, answers and the gravest findings."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest

from tests.factories import banks
from tests.unit.banks.test_strangers import answered, counts, graver
from uploads.banks.inspection import inspect_path, iter_questions

HABITS: dict[str, tuple[str, dict[str, int], list[str]]] = {
    "notes_before_the_first_section": (
        """职业技能等级认定题库
电工（三级/高级工）理论知识
注意事项
1. 考试时间：90分钟。
2. 请首先按要求在试卷的标封处填写您的姓名、准考证号和所在单位的名称。
3. 请仔细阅读各种题目的回答要求，在规定的位置填写您的答案。
一、单项选择题（第1题～第3题。选择一个正确的答案，将相应的字母填入题内的括号中。每题1分，满分3分。）
1. 职业道德是指从事一定职业劳动的人们，在长期的职业活动中形成的（ B ）。
A、行为规范　　　　B、操作程序　　　　C、劳动技能　　　　D、思维习惯
2. 380V线路的对地电压为（ C ）V。
A、110　B、127　C、220　D、380
3. 0.4kV架空线路导线与地面的距离在居民区不应小于（　A　）m。
A、6　B、5.5　C、5　D、4.5
二、判断题（第4题～第6题。将判断结果填入括号中。正确的填“√”，错误的填“×”。每题1分，满分3分。）
4. （ √ ）职业道德具有自愿性的特点。
5. （ × ）电流的方向规定为负电荷移动的方向。
6. （ √ ）3~35kV系统一般采用中性点不接地方式。
""",
        {"single_choice": 3, "true_false": 3},
        ["B", "C", "A", "True", "False", "True"],
    ),
    "y_and_n": (
        """判断题（对的打T，错的打F）
1. 氧气瓶应直立放置。 答案：T
2. 乙炔瓶可以卧放使用。 答案：F
3. 焊接作业应穿戴防护用品。 答案：Y
4. 动火作业不需要审批。 答案：N
""",
        {"true_false": 4},
        ["True", "False", "True", "False"],
    ),
    "answers_above_their_questions": (
        """一、单项选择题
答案：A
1. 铜的导电性比铁（  ）。
A．好 B．差 C．一样 D．无法比较
答案：B
2. 木材通常是（  ）。
A．导体 B．绝缘体 C．半导体 D．超导体
二、判断题
1. 铜是导体。
答案：对
2. 木材是导体。
答案：错
三、多项选择题
答案：AB
1. 导体有（  ）。
A．铜 B．铁 C．木 D．胶
答案：CD
2. 绝缘体有（  ）。
A．铜 B．铁 C．木 D．胶
""",
        {"single_choice": 2, "true_false": 2, "multiple_choice": 2},
        ["A", "B", "True", "False", "AB", "CD"],
    ),
    "answer_behind_the_last_option": (
        """一、单选题
1．美容师的仪表要求是（  ）。A．整洁 B．华丽 C．随意 D．暴露  （A）
2．皮肤的最外层是（  ）。A．真皮层 B．表皮层 C．皮下组织 D．肌肉  （B）
3．成人皮肤面积约为（  ）平方米。A．1.5～2 B．3～4 C．5～6 D．0.5  （A）
""",
        {"single_choice": 3},
        ["A", "B", "A"],
    ),
    "numbers_in_two_parts": (
        """1 单项选择题
1.1 物业管理的起源地是（ ）。
A 英国
B 美国
C 日本
D 法国
答案：A
1.2 物业服务合同应采用（ ）形式。
A 口头
B 书面
C 默示
D 推定
答案：B
2 判断题
2.1 业主大会由全体业主组成。
答案：√
2.2 业主委员会可以从事经营活动。
答案：×
""",
        {"single_choice": 2, "true_false": 2},
        ["A", "B", "True", "False"],
    ),
    "cases_without_numbers": (
        """五、案例分析题
案例：张某，女，45岁，在某家政公司做家政服务员。某日在客户家擦玻璃时不慎坠落受伤。
问题：
（1）家政公司应当承担什么责任？
（2）张某应如何维权？
参考答案：
（1）承担工伤赔偿责任。
（2）申请工伤认定，协商、仲裁或者诉讼。
案例：李某照护一名失能老人，老人夜间坠床。
问题：
（1）分析坠床的原因。
（2）提出预防措施。
参考答案：
（1）未使用床栏。
（2）使用床栏，定时巡视。
""",
        {"case": 2},
        [
            "（1）承担工伤赔偿责任。\n（2）申请工伤认定，协商、仲裁或者诉讼。",
            "（1）未使用床栏。\n（2）使用床栏，定时巡视。",
        ],
    ),
    "chapters": (
        """第一章 职业道德
一、单选题
1. 职业道德的核心是（ ）。
A. 为人民服务 B. 爱岗敬业 C. 诚实守信 D. 办事公道
答案：A
二、判断题
1. 职业道德是社会道德的组成部分。（ ）
答案：√
第二章 基础知识
一、单选题
1. 人体安全电压上限为（ ）V。
A. 36 B. 50 C. 110 D. 220
答案：A
2. 感知电流一般为（ ）mA。
A. 1 B. 10 C. 50 D. 100
答案：A
二、判断题
1. 跨步电压对人体无害。（ ）
答案：×
""",
        {"single_choice": 3, "true_false": 2},
        ["A", "True", "A", "A", "False"],
    ),
    "corrections": (
        """判断题（错误的请改正）
1．（×）电压表应串联在电路中。
正确答案：电压表应并联在电路中。
2．（√）电流表应串联在电路中。
3．（×）电容器能够通过直流电。
正确答案：电容器隔直流、通交流。
""",
        {"true_false": 3},
        ["False", "True", "False"],
    ),
    "answer_before_any_question": (
        """单选题
答案：B
1. 油漆作业的通风要求是（）。
A. 自然 B. 机械 C. 无 D. 随意
答案：A
2. 苯的危害是（）。
A. 中毒 B. 噪声 C. 振动 D. 辐射
""",
        {"single_choice": 2},
        ["B", "A"],
    ),
    "one_key_for_all_sections": (
        """一、单选题
1. 化妆品的保质期标注在（ ）。
A. 包装 B. 说明书 C. 网站 D. 发票
2. 敏感皮肤应避免（ ）。
A. 补水 B. 去角质 C. 防晒 D. 保湿
二、多选题
3. 皮肤类型有（ ）。
A. 干性 B. 油性 C. 混合性 D. 中性
三、判断题
4. 角质层越薄越好。（ ）
5. 防晒应每天进行。（ ）
【参考答案】
1.A 2.B 3.ABCD 4.错 5.对
""",
        {"single_choice": 2, "multiple_choice": 1, "true_false": 2},
        ["A", "B", "ABCD", "False", "True"],
    ),
    "keys_by_chapter": (
        """第一章 职业道德
一、单选题
1. 诚信的含义是（ ）。
A. 甲 B. 乙 C. 丙 D. 丁
2. 守法的含义是（ ）。
A. 甲 B. 乙 C. 丙 D. 丁
二、判断题
1. 爱岗是美德。
第二章 基础知识
一、单选题
1. 电压的含义是（ ）。
A. 甲 B. 乙 C. 丙 D. 丁
2. 电流的含义是（ ）。
A. 甲 B. 乙 C. 丙 D. 丁
二、判断题
1. 铁是绝缘体。
参考答案
第一章 职业道德
一、单选题
1. A 2. B
二、判断题
1. √
第二章 基础知识
一、单选题
1. C 2. D
二、判断题
1. ×
""",
        {"single_choice": 4, "true_false": 2},
        ["A", "B", "True", "C", "D", "False"],
    ),
    "key_in_columns": (
        """一、单选题
1. 熔断器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
2. 接触器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
3. 电压表的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
4. 信号灯的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
5. 断路器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
6. 热继电器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
参考答案
1.A  4.D
2.B  5.A
3.C  6.B
""",
        {"single_choice": 6},
        ["A", "B", "C", "D", "A", "B"],
    ),
    "glued_key": (
        """一、单选题
1. 熔断器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
2. 接触器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
3. 电压表的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
4. 信号灯的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
5. 断路器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
6. 热继电器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
二、判断题
1. 按钮属于高压电器。
2. 避雷器属于高压电器。
答案：
一、单选题
1A 2B 3C 4D 5A 6B
二、判断题
1× 2√
""",
        {"single_choice": 6, "true_false": 2},
        ["A", "B", "C", "D", "A", "B", "False", "True"],
    ),
    "run_of_letters": (
        """一、单选题
1. 熔断器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
2. 接触器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
3. 电压表的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
4. 信号灯的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
5. 断路器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
单选题答案：ABCDA
""",
        {"single_choice": 5},
        ["A", "B", "C", "D", "A"],
    ),
    "run_in_groups": (
        """一、单选题
1. 熔断器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
2. 接触器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
3. 电压表的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
4. 信号灯的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
5. 断路器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
6. 热继电器的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
7. 电流表的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
8. 按钮的主要作用是（  ）。
A. 保护  B. 控制  C. 测量  D. 指示
参考答案
一、单选题
ABCDA BCD
""",
        {"single_choice": 8},
        ["A", "B", "C", "D", "A", "B", "C", "D"],
    ),
    "verdict_as_the_last_word": (
        """二、判断题
1、直播前应进行设备调试。【正确】
2、直播中可以使用“最好”等绝对化用语。【错误】
3、直播间应公示退换货规则。对
4、主播可以泄露用户信息。错
""",
        {"true_false": 4},
        ["True", "False", "True", "False"],
    ),
    "answers_without_a_label": (
        """三、简答题
1. 简述灭火的四种方法。
答：冷却法、窒息法、隔离法、抑制法。
2. 简述“四不伤害”原则。
答：不伤害自己，不伤害他人，不被他人伤害，保护他人不受伤害。
3. 简述触电急救原则。
迅速、就地、准确、坚持。
4. 简述高处作业的定义。
答案：
凡在坠落高度基准面2m以上（含2m）有可能坠落的高处进行的作业。
""",
        {"short_answer": 4},
        [
            "冷却法、窒息法、隔离法、抑制法。",
            "不伤害自己，不伤害他人，不被他人伤害，保护他人不受伤害。",
            "迅速、就地、准确、坚持。",
            "凡在坠落高度基准面2m以上（含2m）有可能坠落的高处进行的作业。",
        ],
    ),
    "marking_notes_in_the_key": (
        """职业技能鉴定国家题库
考  场  号
得  分
评分人
一、单项选择题(第1题～第160题)
1. 职业道德基本规范不包括( )。
A、爱岗敬业 B、诚实守信 C、发展个人爱好 D、办事公道
2. 在SYSWIN编程软件中，“工程”菜单的功能是( )。
A、调试 B、管理 C、编辑 D、显示
二、判断题(第161题～第200题)
161. ( )向企业员工灌输的职业道德太多了，容易使员工产生谨小慎微的观念。
162. ( )职业道德是人的事业成功的重要条件。
标准答案与评分标准
一、单项选择题
评分标准：每小题答对给1分，答错或漏答不给分；每小题1分，共2分。
1. C 2. B
二、判断题
评分标准：每小题答对给1分。
161. × 162. √
""",
        {"single_choice": 2, "true_false": 2},
        ["C", "B", "False", "True"],
    ),
    "verdict_first": (
        """判断题
1、√ 安全帽应定期检验。
2、× 安全带可以低挂高用。
3、√ 临边作业应设防护栏杆。
""",
        {"true_false": 3},
        ["True", "False", "True"],
    ),
    "coded_with_a_legend": (
        """维修电工三级理论题库
题型代码：B 单选  C 判断  D 多选
A-B-A-001  B  3  5
{A}职业道德是指从事一定职业劳动的人们的（　）。
（A）行为规范
（B）操作程序
（C）劳动技能
（D）思维习惯
{B}A

A-B-A-001  C  3  5
{A}职业道德具有自愿性的特点。
{B}√

A－B－A－002  D  ４  5
{A}下列属于职业道德的有（　）。
（A）爱岗敬业（B）诚实守信（C）办事公道（D）唯利是图（E）奉献社会
{B}ABCE
A-B-B-003 B 2 4
{A}多行题干第一行
第二行内容是（　）。
（A）甲  （B）乙
（C）丙  （D）丁
{B}D
""",
        {"single_choice": 2, "true_false": 1, "multiple_choice": 1},
        ["A", "True", "ABCE", "D"],
    ),
    "coded_in_one_line": (
        """A-B-A-001  B  3  5 {A}同一行题干是（　）。（A）甲（B）乙（C）丙（D）丁{B}B
A-B-A-002  C  3  5 {A}同一行判断。{B}×
""",
        {"single_choice": 1, "true_false": 1},
        ["B", "False"],
    ),
    "labelled_options": (
        """单选题：
题目1：叉车门架前倾角一般为（）。
选项：A.3°～6° B.10° C.15° D.20°
答案：A
题目2：叉车最大起升高度由（）决定。
选项：A.门架 B.轮胎 C.电瓶 D.方向盘
答案：A
""",
        {"single_choice": 2},
        ["A", "A"],
    ),
    "asked_and_answered": (
        """问：什么是三相交流电？
答：由三个频率相同、振幅相等、相位差120°的交流电动势组成的电源。
问：什么是变频器？
答：改变频率的装置。
""",
        {"short_answer": 2},
        ["由三个频率相同、振幅相等、相位差120°的交流电动势组成的电源。", "改变频率的装置。"],
    ),
    "verdict_in_square_brackets": (
        """一、判断题
(对)1.安全帽使用期为30个月。
(错)2.安全带可以接长使用。
[√]3.脚手架应有验收牌。
[×]4.吊篮可以载物载人混用。
""",
        {"true_false": 4},
        ["True", "False", "True", "False"],
    ),
    "remarks_behind_answers": (
        """一、单选题
1. 下列不属于三废的是（）。
A.废水 B.废气 C.废渣 D.废铁
答案：D。解析：三废指废水、废气、废渣。
2. 噪声标准昼间为（）dB。
A.55 B.75 C.95 D.105
参考答案：A（见GB 12348）
3. 粉尘最高允许浓度（）mg/m3。
A.1 B.2 C.3 D.4
答案为：B
4. 高温作业温度为（）。
A.30 B.35 C.40 D.45
答案 B
""",
        {"single_choice": 4},
        ["D", "A", "B", "B"],
    ),
    "blanks_in_a_row": (
        """二、填空题
1、安全电压等级分为____V、____V、____V、12V、6V五种。
答案：42、36、24
2、三相电源的线电压是相电压的( √3 )倍。
3、触电方式有单相触电、两相触电和__________。（跨步电压触电）
""",
        {"fill_in": 3},
        ["42、36、24", "√3", "跨步电压触电"],
    ),
    "labels_in_one_line": (
        """1. 保安员的职责不包括（  ）
A. 巡逻
B. 守护
C. 搜查他人身体
D. 押运
【答案】C【难度】2【知识点】职责
2. 保安服务公司应取得许可证（  ）
【答案】√【难度】1【知识点】法规
3. 保安员应掌握的技能有（  ）
A. 擒拿
B. 消防
C. 急救
D. 逮捕
【答案】ABC【难度】3【知识点】技能
""",
        {"single_choice": 1, "true_false": 1, "multiple_choice": 1},
        ["C", "True", "ABC"],
    ),
    "one_line_of_answers": (
        """一、单项选择题（每题1分，共4分）
1．制动液更换周期为（　）。
A．1年 B．2年 C．5年 D．10年
2．轮胎花纹极限深度为（　）mm。
A．1.6 B．3 C．5 D．8
3．蓄电池电压为（　）V。
A．6 B．12 C．36 D．48
4．机油检查应在（　）进行。
A．冷机 B．热机 C．行驶中 D．随时
答案：B、A、B、A
""",
        {"single_choice": 4},
        ["B", "A", "B", "A"],
    ),
    "letters_in_the_stem_with_commas": (
        """单项选择题
1、下列不是营养素的是（　D　）
A、蛋白质　B、脂肪　C、碳水化合物　D、酒精
多项选择题
2、脂溶性维生素有（　A、B、C　）
A、维生素A　B、维生素D　C、维生素E　D、维生素C
3、水溶性维生素有（ABC）
A、维生素C　B、维生素B1　C、叶酸　D、维生素K
判断题
4、（√）母乳是婴儿最佳食品
5、（×）6个月前需添加辅食
""",
        {"single_choice": 1, "multiple_choice": 2, "true_false": 2},
        ["D", "ABC", "ABC", "True", "False"],
    ),
    "stems_that_name_a_b_and_c": (
        """一、单选题
1. 三相电路中，A、B、C三相负载对称，则中性线电流为（ ）。
A. 0 B. 1A C. 2A D. 3A
答案：A
2. C语言中，int占（ ）字节。
A. 1 B. 4 C. 8 D. 16
答案：B
3. A/B类药品应（ ）存放。
A. 分开 B. 混合 C. 随意 D. 无要求
答案：A
""",
        {"single_choice": 3},
        ["A", "B", "A"],
    ),
    "answers_that_look_like_options": (
        """一、多项选择题
1. 甲的组成包括（ ）。
A. 一
B. 二
C. 三
D. 四
答案：A、B、C
2. 乙的组成包括（ ）。
A. 一
B. 二
C. 三
D. 四
答案: B.D
3. 丙的用途包括（ ）。
A. 一 B. 二 C. 三 D. 四
答案：（A）（C）
""",
        {"multiple_choice": 3},
        ["ABC", "BD", "AC"],
    ),
    "one_line_of_answers_a_section": (
        """一、多项选择题
1. 甲的组成包括（ ）。
A. 一 B. 二 C. 三 D. 四
2. 乙的用途包括（ ）。
A. 一 B. 二 C. 三 D. 四
答案：AB ACD
二、判断题
1. 铜是导体。
2. 木是导体。
3. 铁是导体。
答案：√×√
三、单选题
1. 丁的单位是（ ）。
A. 一 B. 二 C. 三 D. 四
2. 戊的单位是（ ）。
A. 一 B. 二 C. 三 D. 四
答案：D、C
""",
        {"multiple_choice": 2, "true_false": 3, "single_choice": 2},
        ["AB", "ACD", "True", "False", "True", "D", "C"],
    ),
}


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_of_word_banks(name: str, tmp_path: Path) -> None:
    text, by_type, answers = HABITS[name]
    report = inspect_path(banks.write_docx(tmp_path / "bank.docx", text.strip("\n").split("\n")))
    assert counts(report) == by_type
    assert [answered(question) for question in report.questions] == answers
    missing = [question.row for question in report.questions if not question.answer]
    assert graver(report) == [("C03", row) for row in missing]
    assert [f.message for f in report.findings if f.check == "C22" and f.severity == "warn"] == LEFT.get(name, [])


# What the reader could not place, or read with a guess, is told.
LEFT = {
    "answer_before_any_question": ["第2段的答案写在题目之前,已当作后面一题的答案,本部分以下同此,请核对"],
    "answers_above_their_questions": [
        "第2段的答案写在题目之前,已当作后面一题的答案,本部分以下同此,请核对",
        "第14段的答案写在题目之前,已当作后面一题的答案,本部分以下同此,请核对",
    ],
    "answers_without_a_label": ["第6段的题目下面没有「答案」字样,已把题目之后的文字当作答案,请核对"],
}


def test_cells_merged_downwards_and_across(tmp_path: Path) -> None:
    """The type stands once for three rows, the title over all columns: neither shifts a column nor loses a type."""
    document = docx.Document()
    head = ["题型", "序号", "题干", "A", "B", "C", "D", "答案"]
    rows = [["题库", *[""] * 7], head, *[["", str(n), banks.stem(n), "一", "二", "三", "四", "AB"] for n in range(3)]]
    rows[2][0] = "多选题"
    table = document.add_table(rows=len(rows), cols=8)
    for index, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(index, column).text = text
    table.cell(0, 0).merge(table.cell(0, 7))
    table.cell(2, 0).merge(table.cell(4, 0))
    document.save(str(tmp_path / "bank.docx"))
    report = inspect_path(tmp_path / "bank.docx")
    assert counts(report) == {"multiple_choice": 3}
    assert [f.check for f in report.findings if f.severity != "info"] == []


def test_a_level_in_brackets_before_the_number_is_of_that_question_alone(tmp_path: Path) -> None:
    lines = ["一、单项选择题"]
    for level, number in (("【初级】", 1), ("(高级)", 2), ("", 3)):
        lines += [f"{level}{number}. 第{number}种材料的导电性", "A.甲 B.乙 C.丙 D.丁", "答案:C"]
    found = list(iter_questions(banks.write_docx(tmp_path / "题库.docx", lines)))
    assert [(one.level, one.stem, one.letters) for one in found] == [
        ("level_5", "第1种材料的导电性", "C"),
        ("level_3", "第2种材料的导电性", "C"),
        ("", "第3种材料的导电性", "C"),
    ]
