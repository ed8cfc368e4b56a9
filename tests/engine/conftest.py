"""Real repositories, and whole runs of pipelines."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from base64 import b64encode
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from engine import workspace
from engine.events import Output, StepChanged
from engine.executors import Command, Place, isolation
from engine.executors.container import ContainerExecutor, ContainerLimits
from engine.executors.process import ProcessExecutor
from engine.git import Source
from engine.run import Cancel, Job, Limits, run

IMAGE = "localhost/rollway-test:1"
OTHER = "localhost/rollway-other:1"
READY_SECONDS = 30
# Ulimits that need no right to raise them, and no wait after an exec's end.
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
exit_command_delay = 1
"""

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.com"))
}


class Repository:
    """A repository on this disk that `file://` reaches."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"file://{folder}"
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments):
        """Run git in it and return what it printed."""
        env = {"PATH": os.defpath + ":/usr/local/bin", "HOME": str(self.folder), **IDENTITY}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=env, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def commit(self, files):
        """Write files, by name, and return the commit."""
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    """Return an empty repository."""
    return Repository(tmp_path / "repository")


@pytest.fixture
def executor(tmp_path):
    """Return an executor of real processes with a data folder of its own."""
    return ProcessExecutor(tmp_path / "data")


@pytest.fixture
def alive():
    """Return a function that tells whether a process is there and no zombie."""

    def is_alive(pid):
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return False
        return stat.rpartition(b")")[2].split()[0] != b"Z"

    return is_alive


@pytest.fixture
def gone(alive):
    """Return a coroutine function that waits for the end of a process."""

    async def is_gone(pid):
        while alive(pid):
            await asyncio.sleep(0.02)

    return is_gone


@pytest.fixture
def descriptors():
    """Return a function that counts our open file descriptors."""
    return lambda: len(list(Path("/proc/self/fd").iterdir()))


class Ran:
    """The events of a run, and questions about them."""

    def __init__(self, events):
        self.events = events

    def of(self, kind):
        """Return the events of a class."""
        return [event for event in self.events if isinstance(event, kind)]

    def log(self, index):
        """Return a step's log as one text."""
        return "".join(event.text for event in self.of(Output) if event.index == index)

    def ends(self):
        """Return the last status of each step by its index, as text."""
        return {event.index: event.status.value for event in self.of(StepChanged)}

    def ended(self):
        """Return how each step ended, in the order of the file."""
        return [status for index, status in sorted(self.ends().items()) if index]

    def end(self, index):
        """Return the last StepChanged of a step."""
        return [event for event in self.of(StepChanged) if event.index == index][-1]

    @property
    def status(self):
        """The task's last status, as text; nothing follows it."""
        return self.events[-1].status.value


@pytest.fixture
def root():
    """Return a folder that other users can enter."""
    with tempfile.TemporaryDirectory(prefix="rollway-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(params=[*isolation.Level])
def isolated(request, root, worker_id):
    """Return an executor of each isolation that works on this machine."""
    try:
        chosen = isolation.choose(request.param, root)
    except isolation.Unavailable as unavailable:
        pytest.skip(f"NOT TESTED, steps kept apart by {request.param}: {unavailable}")
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    uid = isolation.UID_FIRST + 100_000 + number * 1000
    return ProcessExecutor(root / "data", isolation=chosen, uid_first=uid)


@pytest.fixture
def job(repository, tmp_path):
    """Return a function that makes a job of a pipeline's text."""

    def make(
        pipeline,
        *,
        contexts=None,
        sealed=None,
        path="serverless-pipeline.yaml",
        workspace=tmp_path / "work" / "task-1",
        **limits,
    ):
        if pipeline is not None:
            repository.commit({path: pipeline})
        return Job(
            task_id="task-1",
            epoch=7,
            source=Source(repository.url, "main", None),
            protocols={"file"},
            workspace=workspace,
            pipeline_path=path,
            pipeline=sealed,
            contexts=contexts or {},
            limits=Limits(**limits),
        )

    return make


@pytest.fixture
def play(job, executor):
    """Return a function that runs a pipeline to its end, with real processes unless told else.

    *on_event* is called with every event and the cancel token.
    """

    async def ran(pipeline, *, on_event=None, executor=executor, **options):
        cancel = Cancel()
        events = []
        async for event in run(job(pipeline, **options), executor, cancel):
            events.append(event)
            if on_event:
                on_event(event, cancel)
        return Ran(events)

    return ran


class GitServer(ThreadingHTTPServer):
    """`git http-backend` on a port of its own: the repositories of a folder as `/<name>.git`.

    *login* is the user and token it asks for. *requests* is what it was asked: method, path and
    Authorization header. *redirect* is where it sends everybody whose path ends with *redirected*.
    *refusal* is a text it answers with 403. Without *modern* it speaks protocol 0, in which a
    commit cannot be had by its hash. *lfs* is its LFS files by hash. It waits for *gate* before
    it answers who has logged in.
    """

    daemon_threads = True

    def __init__(self, root):
        super().__init__(("127.0.0.1", 0), GitHandler)
        self.root = root
        self.login = self.redirect = self.refusal = None
        self.redirected = ""
        self.modern = True
        self.lfs = {}
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()
        self.origin = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, name="repository"):
        """Return the address of a repository."""
        return f"{self.origin}/{name}.git"

    def stop(self):
        """Close the port."""
        self.gate.set()
        self.shutdown()
        self.server_close()


class GitHandler(BaseHTTPRequestHandler):
    """One connection to it."""

    def do_GET(self):
        """Answer by what the server is set to."""
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        given = self.headers["Authorization"]
        self.server.requests.append((self.command, self.path, given))
        if given:
            self.server.gate.wait(10)
        login = self.server.login
        if self.server.redirect and path.endswith(self.server.redirected):
            self.answer(302, {"Location": self.server.redirect + self.path})
        elif self.server.refusal:
            text = self.server.refusal.encode()
            self.answer(403, {"Content-Type": "text/plain"}, text)
        elif login and given != "Basic " + b64encode(":".join(login).encode()).decode():
            self.answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
        elif path.endswith("/info/lfs/objects/batch"):
            self.batch(json.loads(body))
        elif path.startswith("/lfs/"):
            self.answer(200, {}, self.server.lfs[path.removeprefix("/lfs/")])
        else:
            self.backend(path, query, body)

    do_POST = do_GET  # noqa: N815 - the base class calls it so

    def batch(self, question):
        """Say where LFS files are."""
        objects = []
        for asked in question["objects"]:
            header = {"Authorization": self.headers["Authorization"]}
            href = f"{self.server.origin}/lfs/{asked['oid']}"
            actions = {"download": {"href": href, "header": header}}
            objects.append({**asked, "authenticated": True, "actions": actions})
        content = json.dumps({"transfer": "basic", "objects": objects}).encode()
        self.answer(200, {"Content-Type": "application/vnd.git-lfs+json"}, content)

    def backend(self, path, query, body):
        """Have git answer."""
        name, _, rest = path.lstrip("/").partition(".git/")
        env = {
            "PATH": os.defpath,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{name}/.git/{rest}",
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers["Content-Type"] or "",
            "HTTP_CONTENT_ENCODING": self.headers["Content-Encoding"] or "",
            "GIT_PROTOCOL": (self.headers["Git-Protocol"] or "") if self.server.modern else "",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=env, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self.answer(int(headers.pop("Status", "200").split()[0]), headers, content)

    def answer(self, status, headers, content=b""):
        """Send an answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def git_servers(tmp_path):
    """Return a function that starts Git servers of the test's folder."""
    servers = []

    def start():
        servers.append(GitServer(tmp_path))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def git_server(git_servers):
    """Return a Git server of the test's folder."""
    return git_servers()


class Podman:
    """A Podman with images and containers of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"unix://{folder}/s"
        self._conf = folder / "containers.conf"
        self._conf.write_text(CONFIGURATION)
        self._service = None

    def command(self, *arguments, stdin=None):
        """Run the command line tool on the same containers; return what it printed."""
        done = subprocess.run(
            self._arguments(*arguments),
            env=self._env(),
            stdin=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def start(self):
        """Import the image and start the service."""
        root = self.folder / "image"
        for name in ("bin", "etc", "proc", "tmp", "run"):
            (root / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin")
        applets = subprocess.run(
            ["/bin/busybox", "--list"], capture_output=True, text=True, check=True
        )
        for applet in set(applets.stdout.split()) - {"busybox"}:
            (root / "bin" / applet).symlink_to("busybox")
        (root / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
        archive = self.folder / "image.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        for image in (IMAGE, OTHER):
            self.command("import", "--change", f"ENV IMAGE={image}", str(archive), image)
        with (self.folder / "log").open("w") as log:
            self._service = subprocess.Popen(
                self._arguments("system", "service", "--time=0", self.url),
                env=self._env(),
                cwd=self.folder,  # where its monitors leave files too
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + READY_SECONDS
        while True:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(self.url.removeprefix("unix://"))
                return
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self):
        """End it, with whatever containers there are."""
        if self._service is None:
            return
        with suppress(subprocess.CalledProcessError):
            self.command("rm", "--all", "--force", "--depend", "--time=0")
        self._service.terminate()
        self._service.wait()
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mounted in sorted(mounts, reverse=True):
            if mounted.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", mounted], check=False, capture_output=True)

    def _arguments(self, *arguments):
        folders = ["--root", f"{self.folder}/root", "--runroot", f"{self.folder}/run"]
        return ["podman", *folders, *arguments]

    def _env(self):
        path = f"{os.defpath}:/usr/local/bin:/usr/sbin:/sbin"
        return {"PATH": path, "HOME": str(self.folder), "CONTAINERS_CONF": str(self._conf)}


@pytest.fixture(scope="session")
def podman():
    """Return a Podman of this test process."""
    path = f"{os.defpath}:/usr/local/bin:/usr/sbin:/sbin"
    for program in ("podman", "runc", "conmon", "busybox"):
        if shutil.which(program, path=path) is None:
            pytest.skip(f"{program} is not installed: containers are not tested")
    if os.getuid():
        pytest.skip("Podman without root is not set up here: containers are not tested")
    folder = Path(tempfile.mkdtemp(prefix="rollway-podman-", dir="/var/tmp"))  # sockets: 108 bytes
    podman = Podman(folder)
    try:
        podman.start()
        yield podman
    finally:
        podman.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place():
    """Return a place with a workspace of its own."""
    root = Path(tempfile.mkdtemp(prefix="rollway-", dir="/var/tmp"))
    workspace.create(root / "work")
    yield Place(task_id=f"t_{uuid4().hex}", epoch=7, workspace=root / "work", image=IMAGE)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def containers(podman, place):
    """Return a function that makes executors; their containers have no network but their own."""

    def executor(**limits):
        data = place.workspace.parent / "data"
        limits = ContainerLimits(**limits)
        return ContainerExecutor(podman.url, data=data, limits=limits, network="none")

    return executor


@pytest.fixture
async def container(containers, place):
    """Return a sandbox whose commands run in a container."""
    sandbox = await containers().open(place)
    yield sandbox
    await sandbox.close()


@pytest.fixture
def contained(place):
    """Return a function that makes a command in a container of a script."""

    def make(script, *, image=None, trusted=False, **env):
        file = place.workspace / "source" / f"{uuid4().hex}.sh"
        file.write_text(script)
        return Command(
            arguments=("/bin/sh", "-e", str(file)),
            env=env,
            working_directory=file.parent,
            image=image,
            trusted=trusted,
        )

    return make
