"""What `plugin:` may name: a built-in plugin, a folder of the checkout, a package from npm."""

import re

BUILTIN = ("checkout", "cache", "artifact", "notify", "mail", "npm-publish", "s-setup", "s-deploy")
_ORIGINAL = {  # the names they had where the language comes from
    "@serverless-cd/checkout": "checkout",
    "@serverless-cd/s-setup": "s-setup",
    "@serverless-cd/cache": "cache",
    "@serverless-cd/ding-talk": "notify",
    "@serverless-cd/send-email": "mail",
    "@serverless-cd/npm-publish": "npm-publish",
}
_CLEANING = frozenset({"cache"})
_NPM = re.compile(
    r"(?P<name>(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*)"
    r"(?:@(?P<version>[A-Za-z0-9^~<>=*][A-Za-z0-9.+^~<>=*_-]*))?"
)
_NPM_CHARACTERS_MAX = 214
_PINNED = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")


def written_out(plugin: str) -> str:
    """Return *plugin* with the `./` of a folder, which `a/b` needs not have: it is no package."""
    folder = "/" in plugin and not plugin.startswith(("@", "/", "."))
    return f"./{plugin}" if folder else plugin


def builtin(plugin: str) -> str | None:
    """Return which of our plugins *plugin* names, None for a folder or a package."""
    found = _NPM.fullmatch(plugin)
    name = found["name"] if found else ""
    return name if name in BUILTIN else _ORIGINAL.get(name)


def cleans_up(plugin: str) -> bool:
    """Tell whether *plugin* may have something to do after all steps."""
    name = builtin(plugin)
    return name is None or name in _CLEANING


def problem(plugin: str) -> str | None:
    """Say why *plugin* cannot be used, None where it can."""
    if plugin.startswith("./"):
        outside = ".." in plugin.split("/")
        return "leaves the checkout" if outside else None
    found = _NPM.fullmatch(plugin)
    if found is None or len(found["name"]) > _NPM_CHARACTERS_MAX:
        return "is no built-in plugin, ./folder or npm package"
    return None


def pinned(plugin: str) -> bool:
    """Tell whether the same plugin runs each time."""
    if plugin.startswith("./") or builtin(plugin):
        return True
    found = _NPM.fullmatch(plugin)
    return bool(found and found["version"] and _PINNED.fullmatch(found["version"]))
