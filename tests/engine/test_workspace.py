import os
import tempfile
from pathlib import Path

import pytest

from engine import workspace
from engine.workspace import PipelineUnreadable, dispose, read_pipeline


@pytest.fixture
def source(tmp_path):
    """Return a checkout, with secrets beside it."""
    folder = tmp_path / "source"
    folder.mkdir()
    (tmp_path / "outside.yaml").write_text("secret")
    (folder / "cd.yaml").write_bytes(b"\xef\xbb\xbfsteps: []")
    (folder / "sub").mkdir()
    (folder / "inside.yaml").symlink_to("cd.yaml")
    (folder / "sub" / "up.yaml").symlink_to("../inside.yaml")
    (folder / "around").symlink_to("sub/../sub")
    (folder / "out.yaml").symlink_to("../outside.yaml")
    (folder / "out-gone.yaml").symlink_to("../gone.yaml")
    (folder / "out-deep.yaml").symlink_to("../outside.yaml/below")
    (folder / "out-circle.yaml").symlink_to("../circle.yaml")
    (folder / "root.yaml").symlink_to("/")
    (folder / "back.yaml").symlink_to("../source/cd.yaml")
    (folder / "here.yaml").symlink_to(folder / "cd.yaml")
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    (folder / "dir").symlink_to("..")
    (folder / "circle.yaml").symlink_to("circle.yaml")
    (folder / "latin.yaml").write_bytes(b"name: \xe9")
    (folder / "large.yaml").write_bytes(b"#" * 300_000)
    return folder


@pytest.mark.parametrize(
    "path", ["cd.yaml", "inside.yaml", "./cd.yaml", "sub/up.yaml", "around/up.yaml"]
)
def test_pipeline_files_within_the_checkout_are_read(source, path):
    """Also by a link that stays inside; a byte order mark is no text."""
    assert read_pipeline(source, path) == "steps: []"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "not a path within"),
        ("../outside.yaml", "not a path within"),
        ("sub/../../outside.yaml", "not a path within"),
        ("", "not a path within"),
        ("a\0b", "not a path within"),
        ("circle.yaml", "cannot be read"),
        ("sub", "is not a file"),
        ("nosuch.yaml", "does not exist in the repository"),
        ("latin.yaml", "is not UTF-8 text"),
        ("large.yaml", "is larger than 262144 bytes"),
        ("cd.yaml/below", "cannot be read"),
        ("x" * 300, "cannot be read"),
        ("\ud800", "cannot be read"),
    ],
)
def test_what_is_no_pipeline_file_is_said(source, path, reason):
    """No path leads out of the checkout, and each refusal names the file."""
    with pytest.raises(PipelineUnreadable, match=reason) as refusal:
        read_pipeline(source, path)
    assert str(source) not in str(refusal.value)


@pytest.mark.parametrize(
    "path",
    [
        *("out.yaml", "out-gone.yaml", "out-deep.yaml", "out-circle.yaml", "root.yaml"),
        *("back.yaml", "here.yaml", "dir/outside.yaml", "dir/gone.yaml", "dir/source/cd.yaml"),
    ],
)
def test_a_link_out_of_the_checkout_does_not_tell_what_is_there(source, path):
    """The refusal is the same, whatever the link leads to."""
    with pytest.raises(PipelineUnreadable) as refusal:
        read_pipeline(source, path)
    assert str(refusal.value) == f"The pipeline file {path} leads out of the repository."


async def test_a_workspace_is_made_and_deleted(tmp_path):
    """Read-only folders go too, nothing outside is followed, twice is once."""
    folder = tmp_path / "tasks" / "one"
    workspace.create(folder)
    assert (folder / "home").stat().st_mode & 0o777 == 0o700
    (tmp_path / "kept").write_text("x")
    (folder / "source" / "link").symlink_to(tmp_path)
    (folder / "source" / "module").mkdir()
    (folder / "source" / "module" / "file").write_text("x")
    (folder / "source" / "module").chmod(0o500)
    await dispose(folder)
    await dispose(folder)
    assert list((tmp_path / "tasks").iterdir()) == []
    assert (tmp_path / "kept").exists()


@pytest.fixture
def doomed():
    """Return a folder of somebody who is not root, where nobody else has to let them through."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top:
        folder = Path(top) / "doomed"
        folder.mkdir()
        for path in (top, folder):
            os.chown(path, 12345, 12345)
        yield folder


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who is not root")
def test_read_only_folders_do_not_stop_a_user_who_is_not_root(doomed):
    """Module caches are read-only, and rm alone would fail on them."""
    folder = doomed
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_text("x")
    for path in (folder / "deep", folder / "deep" / "er"):
        os.chown(path, 12345, 12345)
    (folder / "deep" / "er").chmod(0o500)
    (folder / "deep").chmod(0o500)
    assert as_nobody(lambda: workspace._delete(folder)) == 0
    assert not folder.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who is not root")
def test_folders_as_deep_as_a_step_likes_are_deleted(doomed):
    """Deeper than Python recurses and longer than a path may be, and not to be entered."""
    folder = doomed

    def build_and_delete():
        os.chdir(folder)
        for _ in range(1500):
            Path("deeper").mkdir()
            os.chdir("deeper")
        Path("last").mkdir()
        Path().chmod(0o500)
        os.chdir("/")
        workspace._delete(folder)

    assert as_nobody(build_and_delete) == 0
    assert not folder.exists()


def as_nobody(work):
    """Do *work* in a process of a user without rights; return how it ended."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setuid(12345)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]
