"""What is wrong with a trigger spec, in Chinese; the English text is the room control's."""

from collections.abc import Mapping

from control.globs import Flaw
from control.schedules.cron import FIELDS
from control.trigger_spec import Fault, Issue

FAULTS: Mapping[Fault, str] = {
    Fault.OBJECT: "必须是对象",
    Fault.LIST: "必须是列表",
    Fault.TEXT: "必须是文本",
    Fault.MANY: "最多 {most} 项",
    Fault.KEY: "此处没有这个键;可用的有 {known}",
    Fault.WORD: "必须是 {known} 之一",
    Fault.GLOB: "不是有效的通配符:{flaw}",
    Fault.PAIR: '必须是带有 target 的对象,例如 {{"target": "main"}}',
    Fault.LENGTH: "必须有 1 到 {most} 个字符",
    Fault.CRON: "必须有五个字段:分、时、日、月、星期",
    Fault.CRON_FIELD: "其中的{field}永远不会到来",
    Fault.TIMEZONE: "必须是时区,例如 Asia/Shanghai",
}
WORDS: Mapping[str, str] = {
    Flaw.EMPTY: "为空",
    Flaw.LONG: "超过 500 个字符",
    Flaw.ESCAPE: "以反斜杠结尾",
    Flaw.LETTER: "反斜杠后面是字母或数字;没有 \\d 这样的字符类",
    Flaw.BRACKET: "[ 没有闭合;字面的写作 \\[",
    Flaw.CLASS: "字符类中有倒置的范围,或不存在的名称(存在的例如 [:alpha:])",
    Flaw.BRACE: "{ 没有闭合;字面的写作 \\{",
    Flaw.PARENTHESIS: "( 没有闭合;字面的写作 \\(",
    Flaw.RANGE: "范围必须由两个字母或两个数字组成,最多 1000 个值",
    Flaw.NESTING: "嵌套超过 10 层",
    Flaw.LOOKAROUND: "(?…) 属于正则表达式,不属于通配符",
    **dict(zip(FIELDS, ("分", "时", "日", "月", "星期"), strict=True)),
}


def chinese(issue: Issue) -> str:
    """Say what the value must be."""
    facts = {name: WORDS.get(fact, fact) for name, fact in issue.facts.items()}
    hint = f';您是否想写 "{issue.close}"?' if issue.close else ""
    return FAULTS[issue.fault].format(**facts) + hint
