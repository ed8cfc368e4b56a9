"""The arguments of mutations and filters; `check` methods say what is wrong with them."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from db.fields import Concurrency, EnvironmentType, OnLost, Priority
from providers import Provider
from resolvers.enums import SessionKind
from resolvers.validation import (
    ENVIRONMENTS_MAX,
    SECRET_BYTES_MAX,
    SECRET_CHARACTERS_MIN,
    SECRET_KEY,
    SECRETS_BYTES_MAX,
    SECRETS_MAX,
    Check,
    Rule,
)

DEFAULT_PIPELINE = "serverless-pipeline.yaml"
DEFAULT_ENVIRONMENT = "default"


def hidden(description: str, **given: Any) -> Any:
    """Return a field for what may be secret: no repr of its input shows it."""
    field: Any = strawberry.field(description=description, **given)
    field.repr = False
    return field


@strawberry.input(description="A new account.")
class SignUpInput:
    """A new account."""

    username: str = strawberry.field(
        description="The name to sign in with: 1 to 63 letters, digits, `.`, `_`, `-`."
    )
    password: str = hidden("8 to 256 characters; not your name, and none that is tried first.")
    email: str | None = strawberry.field(
        default=None, description="Optional; can be used to sign in. Kept in small letters."
    )
    session: SessionKind = strawberry.field(
        default=SessionKind.BEARER,
        description="Whether the session comes as a cookie or as a token.",
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.name(self.username, "username")
        check.password(self.password, "password", personal=(self.username, self.email))
        check.email(self.email, "email")
        check.done()


@strawberry.input(description="Name or e-mail, and password.")
class SignInInput:
    """Name or e-mail, and password."""

    login: str = strawberry.field(description="The user name or the e-mail address.")
    password: str = hidden("The password.")
    session: SessionKind = strawberry.field(
        default=SessionKind.BEARER,
        description="Whether the session comes as a cookie or as a token.",
    )


@strawberry.input(description="Which sessions to end.")
class SignOutInput:
    """Which sessions to end."""

    everywhere: bool = strawberry.field(
        default=False, description="All sessions of the user, not only this one."
    )


@strawberry.input(description="The password to have from now on.")
class ChangePasswordInput:
    """The password to have from now on."""

    current_password: str | None = hidden(
        "The present one; left out only by who has none.", default=None
    )
    new_password: str = hidden("8 to 256 characters; not your name, and none that is tried first.")

    def check(self, *personal: str | None) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.password(self.new_password, "newPassword", personal=personal)
        check.done()


@strawberry.input(description="Changes to the caller's account; what is left out stays.")
class UpdateUserInput:
    """Changes to the caller's account; what is left out stays."""

    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="A new e-mail address; null removes it."
    )
    avatar: str | None = strawberry.field(
        default=strawberry.UNSET, description="A picture's https address; null removes it."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.email(self.email or None, "email")
        check.picture(self.avatar or None, "avatar")
        check.done()


@strawberry.input(description="A new team; the caller becomes its OWNER.")
class CreateOrgInput:
    """A new team; the caller becomes its OWNER."""

    name: str = strawberry.field(
        description="The team's name: unique, and for ever. 1 to 63 letters, digits, `.`, `_`, `-`."
    )
    alias: str | None = strawberry.field(
        default=None, description="The name people see; can be changed."
    )
    description: str | None = strawberry.field(default=None, description="What the team does.")
    logo: str | None = strawberry.field(default=None, description="Address of a picture.")

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.name(self.name, "name")
        check.text(self.alias, "alias")
        check.text(self.description, "description")
        check.text(self.logo, "logo")
        check.done()


@strawberry.input(description="A secret to store. It can never be read again.")
class SecretInput:
    """A secret to store. It can never be read again."""

    key: str = strawberry.field(description="The name: letters, digits and `_`.")
    value: str = hidden("The value: 4 characters to 64 KiB.")


@strawberry.input(description="A new environment.")
class EnvironmentInput:
    """A new environment."""

    name: str = strawberry.field(
        description="Unique in the application: 1 to 63 letters, digits, `.`, `_`, `-`."
    )
    type: EnvironmentType = strawberry.field(
        default=EnvironmentType.TESTING, description="What the environment is for."
    )
    trigger_spec: JSON | None = strawberry.field(
        default=None,
        description="Which pushes deploy here: the seed's document. None: manual deploys only.",
    )
    cd_pipeline_yaml: str | None = strawberry.field(
        default=None, description="Path of the pipeline file; default serverless-pipeline.yaml."
    )
    secrets: list[SecretInput] | None = strawberry.field(
        default=None, description="Secrets of this environment; they win over the team's."
    )
    resource: JSON | None = strawberry.field(
        default=None,
        description="The cloud functions deployed here: the seed's `aliyun.fc` document.",
    )
    runs_on: list[str] | None = strawberry.field(
        default=None,
        description="Labels that workers of its tasks need, at most 8; `team`: the team's own.",
    )
    concurrency: Concurrency = strawberry.field(
        default=Concurrency.QUEUE,
        description="What a new task does to the others of the environment.",
    )
    priority: Priority = strawberry.field(
        default=Priority.NORMAL,
        description="Whether its tasks go before or after those of other environments.",
    )
    on_lost: OnLost = strawberry.field(
        default=OnLost.FAIL, description="What becomes of a task whose worker is gone."
    )


@strawberry.input(description="A repository to deploy.")
class CreateApplicationInput:
    """A repository to deploy."""

    org_name: str = strawberry.field(description="The team it will belong to.")
    name: str = strawberry.field(
        description="Unique in the team: 1 to 63 letters, digits, `.`, `_`, `-`."
    )
    provider: Provider = strawberry.field(
        description="Who hosts the repository; GIT for any clone URL."
    )
    repo_url: str = strawberry.field(description="The clone URL, without credentials.")
    description: str | None = strawberry.field(default=None, description="What it is.")
    repo_owner: str | None = strawberry.field(
        default=None, description="The repository's owner; default: read from the URL."
    )
    repo_id: str | None = strawberry.field(
        default=None, description="The hosting service's id of the repository; made up for GIT."
    )
    repo_name: str | None = strawberry.field(
        default=None, description="The repository's name; default: read from the URL."
    )
    environments: list[EnvironmentInput] | None = strawberry.field(
        default=None, description='Default: one environment called "default".'
    )
    register_webhook: bool = strawberry.field(
        default=True,
        description="Have the service deliver pushes here, with the account that the team has"
        " linked there; without such an account nothing is set up.",
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.name(self.name, "name")
        for path in ("description", "repo_url", "repo_owner", "repo_id", "repo_name"):
            check.text(getattr(self, path), camel(path))
        if self.environments is not None:
            count = len(self.environments)
            check.that(1 <= count <= ENVIRONMENTS_MAX, Rule.ENVIRONMENTS, "environments")
            names = [each.name for each in self.environments]
            for index, each in enumerate(self.environments[:ENVIRONMENTS_MAX]):
                at = ("environments", str(index))
                check_environment(check, each, *at)
                check.that(each.name not in names[:index], Rule.UNIQUE, *at, "name")
        check.done()


@strawberry.input(description="Changes to an application; what is left out stays.")
class UpdateApplicationInput:
    """Changes to an application; what is left out stays."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    name: str | None = strawberry.field(default=None, description="A new name, unique in the team.")
    description: str | None = strawberry.field(default=None, description="A new description.")
    repo_url: str | None = strawberry.field(default=None, description="A new clone URL.")

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        if self.name is not None:
            check.name(self.name, "name")
        check.text(self.description, "description")
        check.text(self.repo_url, "repoUrl")
        check.done()


@strawberry.input(description="One more environment.")
class CreateEnvironmentInput:
    """One more environment."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    environment: EnvironmentInput = strawberry.field(description="The environment.")

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check_environment(check, self.environment, "environment")
        check.done()


@strawberry.input(description="Changes to an environment; what is left out stays.")
class UpdateEnvironmentInput:
    """Changes to an environment; what is left out stays."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    name: str = strawberry.field(description="The environment.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="Refuse when somebody else changed the environment since this version.",
    )
    type: EnvironmentType | None = strawberry.field(
        default=None, description="What the environment is for."
    )
    trigger_spec: JSON | None = strawberry.field(
        default=None, description="Which pushes deploy here."
    )
    cd_pipeline_yaml: str | None = strawberry.field(
        default=None, description="Path of the pipeline file."
    )
    resource: JSON | None = strawberry.field(
        default=None, description="The cloud functions deployed here."
    )
    runs_on: list[str] | None = strawberry.field(
        default=None,
        description="Labels that workers of new tasks need, at most 8; `team`: the team's own.",
    )
    concurrency: Concurrency | None = strawberry.field(
        default=None, description="What a new task does to the others of the environment."
    )
    priority: Priority | None = strawberry.field(
        default=None,
        description="Whether its tasks go before or after those of other environments;"
        " those that wait too.",
    )
    on_lost: OnLost | None = strawberry.field(
        default=None, description="What becomes of a task whose worker is gone."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check_settings(check, self.trigger_spec, self.resource, self.cd_pipeline_yaml)
        check.runs_on(self.runs_on, "runsOn")
        check.done()


@strawberry.input(
    description="Secrets to set and to remove, in exactly one scope: a team, or an environment."
)
class SetSecretsInput:
    """Secrets to set and to remove, in exactly one scope: a team, or an environment."""

    org_name: str | None = strawberry.field(default=None, description="The team.")
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="The application, together with envName."
    )
    env_name: str | None = strawberry.field(
        default=None, description="The environment, together with applicationId."
    )
    set: list[SecretInput] = strawberry.field(
        default_factory=list, description="Secrets to add or to overwrite."
    )
    remove: list[str] = strawberry.field(
        default_factory=list, description="Names of secrets to remove; unknown ones are ignored."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        environment = self.application_id is not None and self.env_name is not None
        half = self.application_id is not None or self.env_name is not None
        check.that((self.org_name is None) == environment and half == environment, Rule.SCOPE)
        check_secrets(check, self.set, "set")
        check.that(len(self.remove) <= SECRETS_MAX, Rule.SECRETS, "remove")
        check.done()


def camel(name: str) -> str:
    """Return the name a Python field has in the API."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def check_secrets(check: Check, secrets: list[SecretInput], *path: str) -> None:
    """Check secrets to be stored."""
    check.that(len(secrets) <= SECRETS_MAX, Rule.SECRETS, *path)
    size = sum(len(secret.value) for secret in secrets)
    check.that(size <= SECRETS_BYTES_MAX, Rule.SECRETS_SIZE, *path)
    keys = [secret.key for secret in secrets]
    for index, secret in enumerate(secrets[:SECRETS_MAX]):
        at = (*path, str(index))
        check.that(SECRET_KEY.fullmatch(secret.key) is not None, Rule.SECRET_KEY, *at, "key")
        check.that(secret.key not in keys[:index], Rule.UNIQUE, *at, "key")
        long_enough = len(secret.value) >= SECRET_CHARACTERS_MIN
        short_enough = len(secret.value.encode("utf-8", "replace")) <= SECRET_BYTES_MAX
        check.that(long_enough and short_enough, Rule.SECRET_VALUE, *at, "value")
        check.that("\x00" not in secret.value, Rule.NO_NUL, *at, "value")


def check_environment(check: Check, environment: EnvironmentInput, *path: str) -> None:
    """Check a new environment."""
    check.name(environment.name, *path, "name")
    check_secrets(check, environment.secrets or [], *path, "secrets")
    check_settings(
        check, environment.trigger_spec, environment.resource, environment.cd_pipeline_yaml, *path
    )
    check.runs_on(environment.runs_on, *path, "runsOn")


def check_settings(
    check: Check, trigger_spec: JSON | None, resource: JSON | None, pipeline: str | None, *path: str
) -> None:
    """Check what an environment is made of; None means that it was left out."""
    if trigger_spec is not None:
        check.trigger_spec(trigger_spec, *path, "triggerSpec")
    if resource is not None:
        check.document(resource, *path, "resource")
    if pipeline is not None:
        check.path_in_repository(pipeline, *path, "cdPipelineYaml")
