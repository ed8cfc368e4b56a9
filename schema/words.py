"""What messages are filled with, in Chinese."""

from collections.abc import Mapping

from auth.permissions import Action
from engine import refusal as engine
from providers import refusal as providers
from resolvers.operations.bounds import CHARACTERS, ROWS
from resolvers.operations.bounds import FIELDS as ANSWER_FIELDS
from schema.documents.limits import (
    ALIASES,
    COPIES,
    DEPTH,
    DIRECTIVES,
    FIELDS,
    PAIRS,
    ROOT_FIELDS,
)
from schema.reasons import INNER, REASONS

WORDS: Mapping[str, str] = {
    "team": "团队",
    "application": "应用",
    "environment": "环境",
    "task": "任务",
    "deploy hook": "部署钩子",
    "worker": "工作节点",
    "delivery": "推送记录",
    "session": "会话",
    "API token": "API 令牌",
    "invitation": "邀请",
    "invitations": "个邀请",
    "members": "名成员",
    "user": "用户",
    "username": "用户名",
    FIELDS: "个字段(片段按展开次数计算)",
    ROOT_FIELDS: "个根字段",
    ANSWER_FIELDS: "个字段",
    CHARACTERS: "个字符",
    ROWS: "行",
    ALIASES: "个别名",
    DIRECTIVES: "个指令",
    PAIRS: "对同名字段",
    COPIES: "个用别名重复的同一字段",
    DEPTH: "层",
    "email": "电子邮件地址",
    "name": "名称",
    Action.READ: "查看",
    Action.DEPLOY: "部署",
    Action.CANCEL: "取消",
    Action.CREATE_APPLICATION: "创建应用",
    Action.UPDATE_APPLICATION: "修改应用",
    Action.SET_SECRETS: "设置密钥",
    Action.LINK_ACCOUNTS: "关联 Git 托管服务的账号",
    Action.READ_AUDIT: "查看审计日志",
    Action.INVITE_MEMBER: "邀请成员",
    Action.MANAGE_MEMBERS: "更改或移除成员",
    Action.UPDATE_ORG: "修改团队",
    Action.APPROVE: "批准部署",
    Action.DELETE_APPLICATION: "删除应用",
    Action.TRANSFER_APPLICATION: "转移应用",
    Action.DELETE_ORG: "删除团队",
    Action.TRANSFER_ORG: "转移团队",
}
WORDED = frozenset({"what", "field", "action"})  # facts that are words of ours
QUOTED = frozenset({"reason", "said"})  # facts that may be somebody else's text


def told(name: str, fact: object, language: str) -> object:
    """Return the fact *name* of a refusal in *language* (en or zh)."""
    if isinstance(fact, tuple):
        each = (str(told(name, one, language)).rstrip(".。") for one in fact)
        return (";" if language == "zh" else "; ").join(each)
    if language != "zh":
        return str(fact).rstrip(".") if isinstance(fact, providers.Refusal) else fact
    if isinstance(fact, engine.Told | providers.Told):
        facts = {inner: told(inner, one, language) for inner, one in fact.facts.items()}
        return REASONS[fact.reason].format(**facts)
    if isinstance(fact, engine.Reason | providers.Reason):
        return REASONS[fact]
    if isinstance(fact, Exception) and type(fact) in INNER:
        facts = {inner: told(inner, one, language) for inner, one in vars(fact).items()}
        return INNER[type(fact)].format(**facts)
    if name in WORDED:
        return WORDS.get(str(fact), fact)
    return f"“{fact.rstrip('.')}”" if name in QUOTED and isinstance(fact, str) else fact
