"""Rules for what people type in, and a collector that finds every broken one before it refuses."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from auth.accounts import normal_email
from auth.strength import Weakness, weakness
from control import trigger_spec

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
SECRET_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
EMAIL = re.compile(
    r"[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,189}"
)
PICTURE = re.compile(r"https://[^\s\x00-\x1f\x7f\ud800-\udfff]{1,1990}")
TEXT_CHARACTERS_MAX = 2000
DOCUMENT_BYTES_MAX = 64 * 1024
DOCUMENT_LEVELS_MAX = 32
SECRET_BYTES_MAX = 64 * 1024
SECRET_CHARACTERS_MIN = 4
SECRETS_MAX = 100
SECRETS_BYTES_MAX = 256 * 1024
ENVIRONMENTS_MAX = 50
INPUTS_MAX = 64
KEY_CHARACTERS_MAX = 128
LABEL_CHARACTERS_MAX = 64
PLATFORM_CHARACTERS_MAX = 40
RUNS_ON_MAX = 8


class Rule(Enum):
    """What a value must be, said in English and in Chinese."""

    NAME = (
        "must be 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or a digit",
        "必须是 1 到 63 个字母、数字、`.`、`_` 或 `-`,且以字母或数字开头",
    )
    EMAIL = ("must be an e-mail address", "必须是电子邮件地址")
    PICTURE = (
        "must be an https address of at most 2,000 characters",
        "必须是 https 地址,最多 2,000 个字符",
    )
    PASSWORD = ("must have 8 to 256 characters", "必须有 8 到 256 个字符")
    PASSWORD_TEXT = (
        "must be text without NUL characters and halves of characters",
        "必须是文本,不能包含 NUL 字符或不完整的字符",
    )
    PASSWORD_COMMON = (
        "is easily guessed (usual words, your name, `12345`, a year); take several unrelated words",
        "太常见(常用词、您的名字、`12345`、年份),会最先被尝试;请使用几个互不相关的词",
    )
    TEXT = ("must have at most 2,000 characters", "不能超过 2,000 个字符")
    SECRET_KEY = (
        "must be a name for an environment variable: letters, digits and `_`, at most 128",
        "必须是环境变量名:字母、数字和 `_`,最多 128 个字符",
    )
    SECRET_VALUE = (
        "must have 4 characters (shorter ones cannot be masked in logs) to 64 KiB",
        "至少 4 个字符(更短的无法在日志中屏蔽),最多 64 KiB",
    )
    NO_NUL = ("must not hold NUL characters", "不能包含 NUL 字符")
    SECRETS = ("must have at most 100 entries", "最多 100 项")
    SECRETS_SIZE = ("must have at most 256 KiB in all", "总大小不能超过 256 KiB")
    ENVIRONMENTS = ("must have 1 to 50 environments", "必须有 1 到 50 个环境")
    UNIQUE = ("stands here twice", "重复出现")
    OBJECT = (
        "must be a JSON object of at most 64 KiB, nested at most 32 deep",
        "必须是不超过 64 KiB、嵌套不超过 32 层的 JSON 对象",
    )
    PATH = (
        "must be a path inside the repository, without `..` and not absolute",
        "必须是仓库内的路径,不能是绝对路径或包含 `..`",
    )
    INPUTS = (
        "must be a JSON object of at most 64 texts, numbers or booleans",
        "必须是最多 64 个文本、数字或布尔值组成的 JSON 对象",
    )
    SCOPE = (
        "give either orgName, or applicationId and envName",
        "请提供 orgName,或同时提供 applicationId 和 envName",
    )
    CONFIRM = ("must repeat the name, to confirm", "必须重复该名称以确认")
    LABEL = ("must have 1 to 64 characters", "必须有 1 到 64 个字符")
    SCOPES = ("must name at least one scope", "必须至少有一个权限范围")
    BOUNDS = (
        "goes with applicationId: an environment belongs to an application",
        "须与 applicationId 一起给出:环境属于应用",
    )
    FUTURE = ("must lie in the future", "必须是将来的时间")
    NEW_ROLE = (
        "must be ADMIN, MEMBER or VIEWER; OWNER is given by transferOrg",
        "必须是 ADMIN、MEMBER 或 VIEWER;OWNER 由 transferOrg 授予",
    )
    INVITATION = ("give either token or invitationId", "请提供 token 或 invitationId 之一")
    KEY = ("must have 1 to 128 characters", "必须有 1 到 128 个字符")
    NEXT = (
        "must be a path of this server: `/`, no second one behind it, visible ASCII without `\\`",
        "必须是此服务器上的路径:以一个 `/` 开头,只含可见的 ASCII 字符且不含 `\\`",
    )
    HEADERS = ("must be a JSON object of texts", "必须是由文本组成的 JSON 对象")
    DELIVERING_PROVIDER = (
        "must be a service that delivers: GITHUB, GITEE, GITLAB or CODEUP",
        "必须是会发送推送的服务:GITHUB、GITEE、GITLAB 或 CODEUP",
    )
    HOSTING_PROVIDER = (
        "must be a Git hosting service: GITHUB, GITEE, GITLAB or CODEUP",
        "必须是 Git 托管服务:GITHUB、GITEE、GITLAB 或 CODEUP",
    )
    OAUTH_PROVIDER = ("must be GITHUB or GITEE", "必须是 GITHUB 或 GITEE")
    TOKEN = (
        "must be 1 to 4,000 visible ASCII characters",
        "必须是 1 到 4,000 个可见的 ASCII 字符",
    )
    SERVER_URL = (
        "must be an https or http address of at most 2,000 characters, no query in it",
        "必须是 https 或 http 地址,最多 2,000 个字符,且不含查询参数",
    )
    OUTSIDE_PAGE = ("must be 1 to 1,000", "必须在 1 到 1,000 之间")
    SEARCH = (
        "must have at most 100 characters, and none that controls",
        "最多 100 个字符,且不含控制字符",
    )
    DELIVERY_OR_REF = ("give either headers and body, or ref", "请提供 headers 和 body,或者 ref")
    RUNS_ON = ("must have at most 8 labels", "最多 8 个标签")
    PLATFORM = (
        "must be 1 to 40 letters, digits, `.`, `_` or `-`, the first a letter or a digit",
        "必须是 1 到 40 个字母、数字、`.`、`_` 或 `-`,且以字母或数字开头",
    )
    REPORTED = ("must be a status other than WAITING_APPROVAL", "不能是 WAITING_APPROVAL")
    EXTERNAL_ID = (
        "is needed until the deploy has ended, to tell later how it went",
        "部署结束之前必须提供,以便之后报告结果",
    )
    REF = (
        "must be a branch, a tag or a full ref, without blanks, at most 255 characters",
        "必须是分支、标签或完整引用,不含空格,最多 255 个字符",
    )


_PASSWORD_RULES = {
    Weakness.LENGTH: Rule.PASSWORD,
    Weakness.TEXT: Rule.PASSWORD_TEXT,
    Weakness.COMMON: Rule.PASSWORD_COMMON,
}


@dataclass(frozen=True, slots=True)
class Issue:
    """A broken rule and the path of the field that broke it."""

    path: tuple[str, ...]
    rule: Rule | trigger_spec.Issue

    @property
    def english(self) -> str:
        """Say what the value must be."""
        return self.rule.value[0] if isinstance(self.rule, Rule) else self.rule.message


@dataclass(eq=False)
class InvalidInput(Exception):
    """The input is not valid."""

    issues: tuple[Issue, ...]


@dataclass(slots=True)
class Check:
    """Collects broken rules; `done` refuses when there is one."""

    issues: list[Issue] = field(default_factory=list)

    def that(self, ok: bool, rule: Rule, *path: str) -> None:  # noqa: FBT001 (the condition itself)
        """Note *rule* as broken at *path* unless *ok*."""
        if not ok:
            self.issues.append(Issue(path, rule))

    def done(self) -> None:
        """Raise InvalidInput when a rule was broken."""
        if self.issues:
            raise InvalidInput(tuple(self.issues))

    def name(self, value: str, *path: str) -> None:
        """Check the name of a user, team, application or environment."""
        self.that(NAME.fullmatch(value) is not None, Rule.NAME, *path)

    def label(self, value: str, *path: str) -> None:
        """Check the name of something that its owner alone sees."""
        fits = bool(value.strip()) and len(value) <= LABEL_CHARACTERS_MAX
        self.that(fits, Rule.LABEL, *path)
        self.that("\x00" not in value, Rule.NO_NUL, *path)

    def email(self, value: str | None, *path: str) -> None:
        """Check an e-mail address, as it was typed and as it is kept."""
        if value is not None:
            typed = EMAIL.fullmatch(value) is not None
            kept = typed and EMAIL.fullmatch(normal_email(value) or "") is not None
            self.that(kept, Rule.EMAIL, *path)

    def password(self, value: str, *path: str, personal: Iterable[str | None] = ()) -> None:
        """Check a new password; *personal* is what everybody knows of the account."""
        found = weakness(value, personal=[each for each in personal if each])
        if found is not None:
            self.issues.append(Issue(path, _PASSWORD_RULES[found]))

    def picture(self, value: str | None, *path: str) -> None:
        """Check the address of a picture."""
        if value is not None:
            self.that(PICTURE.fullmatch(value) is not None, Rule.PICTURE, *path)

    def text(self, value: str | None, *path: str) -> None:
        """Check free text."""
        if value is not None:
            self.that(len(value) <= TEXT_CHARACTERS_MAX, Rule.TEXT, *path)
            self.that("\x00" not in value, Rule.NO_NUL, *path)

    def key(self, value: str | None, *path: str) -> None:
        """Check an idempotency key."""
        if value is not None:
            self.that(0 < len(value) <= KEY_CHARACTERS_MAX, Rule.KEY, *path)
            self.that("\x00" not in value, Rule.NO_NUL, *path)

    def platform(self, value: str, *path: str) -> None:
        """Check the name of another system that deploys."""
        fits = len(value) <= PLATFORM_CHARACTERS_MAX and NAME.fullmatch(value) is not None
        self.that(fits, Rule.PLATFORM, *path)

    def runs_on(self, labels: Sequence[str] | None, *path: str) -> None:
        """Check the labels that tasks need of a worker; None means that they were left out."""
        given = labels or []
        self.that(len(given) <= RUNS_ON_MAX, Rule.RUNS_ON, *path)
        for at, label in enumerate(given[:RUNS_ON_MAX]):
            self.platform(label, *path, str(at))
            self.that(label not in given[:at], Rule.UNIQUE, *path, str(at))

    def document(self, value: object, *path: str) -> None:
        """Check a JSON document that is kept as it is."""
        self.that(_is_object(value), Rule.OBJECT, *path)

    def trigger_spec(self, value: object, *path: str) -> None:
        """Check when an environment deploys by itself."""
        if not _is_object(value):
            self.document(value, *path)
            return
        found = trigger_spec.read(value).issues
        self.issues += [Issue((*path, *issue.path), issue) for issue in found]

    def path_in_repository(self, value: str, *path: str) -> None:
        """Check the path of a pipeline file."""
        parts = value.split("/")
        inside = not value.startswith("/") and ".." not in parts and "\x00" not in value
        self.that(
            bool(value.strip()) and inside and len(value) <= KEY_CHARACTERS_MAX * 8,
            Rule.PATH,
            *path,
        )

    def ref(self, value: str | None, *path: str) -> None:
        """Check a Git ref."""
        if value is not None:
            shaped = re.fullmatch(
                r"[^\s\x00-\x1f\x7f~^:?*\[\\-][^\s\x00-\x1f\x7f~^:?*\[\\]{0,254}", value
            )
            self.that(shaped is not None, Rule.REF, *path)

    def each(self, values: list[str], check: Callable[..., None], *path: str) -> None:
        """Check every one of *values*, and that none stands there twice."""
        for index, value in enumerate(values):
            check(value, *path, str(index))
            self.that(value not in values[:index], Rule.UNIQUE, *path, str(index))


def _is_object(value: object) -> bool:
    if not isinstance(value, dict) or not _is_shallow(value, DOCUMENT_LEVELS_MAX):
        return False
    try:
        text = json.dumps(value, allow_nan=False)
        json.dumps(value, ensure_ascii=False).encode()  # halves of characters are no text
    except ValueError:
        return False
    return len(text) <= DOCUMENT_BYTES_MAX and "\\u0000" not in text


def _is_shallow(value: object, levels_max: int) -> bool:
    """Tell whether *value* has so few levels that whoever walks through it comes to its end."""
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels_max > 0 and all(_is_shallow(each, levels_max - 1) for each in parts)
