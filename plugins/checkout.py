"""`checkout`: the task has checked out its commit before any step; this plugin only looks."""

from plugins.inputs import Inputs, Problem, write_output

KNOWN = ("ref", "commit", "token", "provider", "cloneUrl", "owner", "execDir")
EXTRAS = ("submodules", "lfs")  # the engine fetches them when it sets the task up


def run(inputs: Inputs) -> None:
    """Say what is checked out. Raises Problem if something else is asked for.

    To go on with the task's commit then would deploy what nobody meant.
    """
    inputs.check((*KNOWN, *EXTRAS))
    git = inputs.context.get("git") or {}
    commit = str(git.get("commit") or "")
    _expect("commit", inputs.text("commit"), [commit], commit)
    named = [str(git.get(name) or "") for name in ("ref", "branch", "tag")]
    _expect("ref", inputs.text("ref"), [*named, commit], next(filter(None, named), commit))
    url = str(git.get("clone_url") or "")
    _expect("cloneUrl", inputs.text("cloneUrl"), [url, f"{url}.git", url.removesuffix(".git")], url)
    if inputs.text("execDir"):
        print("execDir is not used: the checkout is the folder every step begins in")
    print(f"{commit or 'The commit'} is checked out already, before the first step")
    write_output("commit", commit)


def _expect(name: str, asked: str, held: list[str], shown: str) -> None:
    if asked and asked not in held:
        raise Problem(
            f"input '{name}' asks for '{asked}', but this task has checked out '{shown}'; start "
            f"the deploy for that, or fetch it with `run: git clone`"
        )
