"""Exec: create, start (hijacked or detached), resize, inspect; and the shells that containers run themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tui.demo.api_containers import check_running
from tui.demo.api_streams import MULTIPLEXED, RAW, frame
from tui.demo.console import Console
from tui.demo.errors import ApiError
from tui.demo.http import Duplex, Request, Response, json_response
from tui.demo.objects import Container, Exec
from tui.demo.server import Routes
from tui.demo.shell import Shell, missing
from tui.demo.world import World

Parameters = Mapping[str, str]

DETACH = b"\x10\x11"
"""ctrl-p ctrl-q: leaves a terminal unless the client chose other keys."""


class ExecApi:
    """The requests below `/exec`, and `/containers/{id}/exec`."""

    def __init__(self, world: World) -> None:
        """Run commands in the containers of `world`."""
        self.world = world
        self._consoles: dict[str, Console] = {}
        self._tasks: set[asyncio.Task[int] | asyncio.Task[None]] = set()
        world.life.run_command = self.run_command

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("POST", "/containers/{id}/exec", self.create),
            ("POST", "/exec/{id}/start", self.start),
            ("POST", "/exec/{id}/resize", self.resize),
            ("GET", "/exec/{id}/json", self.inspect),
            ("POST", "/containers/{id}/resize", self.resize_container),
        ]

    async def close(self) -> None:
        """End the commands that nobody is connected to, the containers' own ones too."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _find(self, parameters: Parameters) -> Exec:
        try:
            return self.world.execs[parameters["id"]]
        except KeyError:
            raise ApiError(404, f"No such exec instance: {parameters['id']}") from None

    async def create(self, request: Request, parameters: Parameters) -> Response:
        """Prepare a command."""
        container = self.world.container(parameters["id"])
        body = request.json()
        command = [str(word) for word in body.get("Cmd") or []]
        if not command:
            raise ApiError(400, "No exec command specified")
        check_running(container)
        rows, columns = body.get("ConsoleSize") or (24, 80)
        instance = Exec(
            id=self.world.new_id(),
            container=container,
            command=command,
            tty=bool(body.get("Tty")),
            stdin=bool(body.get("AttachStdin")),
            stdout=bool(body.get("AttachStdout")),
            stderr=bool(body.get("AttachStderr")),
            env=[str(entry) for entry in body.get("Env") or []],
            cwd=str(body.get("WorkingDir") or ""),
            user=str(body.get("User") or ""),
            privileged=bool(body.get("Privileged")),
            detach_keys=str(body.get("DetachKeys") or ""),
            rows=int(rows),
            columns=int(columns),
        )
        self.world.execs[instance.id] = instance
        self._event(instance, "exec_create: " + self._words(instance))
        return json_response({"Id": instance.id}, 201)

    async def start(self, request: Request, parameters: Parameters) -> Response:
        """Run it: connected to the client, or by itself (`Detach`)."""
        instance = self._find(parameters)
        body = request.json()
        if instance.started:
            raise ApiError(409, f"exec command {instance.id} has already run")
        check_running(instance.container)
        if size := body.get("ConsoleSize"):
            instance.rows, instance.columns = int(size[0]), int(size[1])
        instance.started = True
        self._event(instance, "exec_start: " + self._words(instance))
        problem = missing(instance.container, instance.command[0])
        words = f"OCI runtime exec failed: exec failed: unable to start container process: {problem}"
        if body.get("Detach"):
            if problem is not None:
                instance.exit_code = 127
                raise ApiError(400, f"{words}: unknown")
            task = asyncio.ensure_future(self._run(instance, Console(_nowhere, tty=instance.tty)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return Response(200)

        async def connected(duplex: Duplex) -> None:
            if problem is not None:
                # As dockerd 28: the connection has been accepted by then, so the reason comes as output.
                instance.exit_code = 127
                text = words.encode() + b"\r\n"
                await duplex.write(text if instance.tty else frame(1, text))
            else:
                await self._converse(instance, duplex)

        asked = (int(part) for part in request.version.split("."))
        kind = RAW if instance.tty or tuple(asked) < (1, 42) else MULTIPLEXED
        return Response(content_type=kind, hijack=connected)

    async def _converse(self, instance: Exec, duplex: Duplex) -> None:
        """Run the command with the client as its terminal, until it ends, the client leaves or detaches."""

        async def write(stream: int, data: bytes) -> None:
            if (stream == 1 and instance.stdout) or (stream == 2 and instance.stderr):
                await duplex.write(data if instance.tty else frame(stream, data))

        console = Console(write, tty=instance.tty, rows=instance.rows, columns=instance.columns)
        running = asyncio.ensure_future(self._run(instance, console))
        reading = asyncio.ensure_future(_pump(instance, duplex, console))
        gone = asyncio.ensure_future(duplex.gone())
        try:
            await asyncio.wait({running, reading, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (running, reading, gone):
                task.cancel()
            await asyncio.wait({running, reading, gone})
        for task in (running, reading, gone):
            if not task.cancelled():
                task.result()

    async def _run(self, instance: Exec, console: Console) -> int:
        """Run to the end, or to the end of the container."""
        self._consoles[instance.id] = console
        instance.running = True
        instance.pid = self.world.life.next_pid()
        shell = Shell(self.world, instance.container, console, env=instance.env, cwd=instance.cwd)
        shell.user = instance.user or shell.user
        code = 137
        work = asyncio.ensure_future(shell.run(instance.command))
        end = asyncio.ensure_future(self.world.life.wait_exit(instance.container))
        try:
            await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                code = work.result()
        finally:
            for task in (work, end):
                task.cancel()
            await asyncio.wait({work, end})
            del self._consoles[instance.id]
            instance.running = False
            instance.exit_code = code
            self._event(instance, "exec_die", exitCode=str(code))
        return code

    async def resize(self, request: Request, parameters: Parameters) -> Response:
        """Tell the terminal its size."""
        instance = self._find(parameters)
        instance.rows, instance.columns = _size(request)
        console = self._consoles.get(instance.id)
        if console is not None:
            console.resize(instance.rows, instance.columns)
        return Response(200)

    async def resize_container(self, request: Request, parameters: Parameters) -> Response:
        """Tell the terminal of a container's own process its size."""
        rows, columns = _size(request)
        container = self.world.container(parameters["id"])
        if not container.running:
            raise ApiError(409, f"cannot resize a stopped container: unknown: {container.id}")
        container.terminal.resize(rows, columns)
        return Response(200)

    async def inspect(self, request: Request, parameters: Parameters) -> Response:
        """State and exit code."""
        instance = self._find(parameters)
        return json_response(
            {
                "ID": instance.id,
                "Running": instance.running,
                "ExitCode": instance.exit_code,
                "ProcessConfig": {
                    "tty": instance.tty,
                    "entrypoint": instance.command[0],
                    "arguments": instance.command[1:],
                    "privileged": instance.privileged,
                },
                "OpenStdin": instance.stdin,
                "OpenStderr": instance.stderr,
                "OpenStdout": instance.stdout,
                "CanRemove": False,
                "ContainerID": instance.container.id,
                "DetachKeys": instance.detach_keys,
                "Pid": instance.pid,
            }
        )

    # A container's own shell

    def run_command(self, container: Container, command: list[str]) -> None:
        """Run a container's first process; its output is the log, its end the container's end."""
        task = asyncio.get_running_loop().create_task(self._first_process(container, command))
        container.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _first_process(self, container: Container, command: list[str]) -> None:
        code = 127
        terminal = container.terminal
        attachable = bool(container.config.get("OpenStdin"))
        problem = missing(container, command[0])
        pending = {1: b"", 2: b""}

        async def write(stream: int, data: bytes) -> None:
            *lines, pending[stream] = (pending[stream] + data).split(b"\n")
            for line in lines:
                container.log.write(self.world.now(), line.removesuffix(b"\r"), stream)
            await terminal.write(stream, data)

        if problem is None:
            console = Console(write, tty=attachable and container.tty)
            if attachable:
                terminal.begin(console)
            else:
                console.feed(b"")
            try:
                code = await Shell(self.world, container, console, env=[], cwd="").run(command)
            finally:
                terminal.end()
        else:
            container.log.write(self.world.now(), problem.encode(), 2)
        for stream, rest in pending.items():
            if rest:
                container.log.write(self.world.now(), rest, stream)
        container.task = None  # it ends by itself now: nothing is left to be cancelled
        self.world.life.die(container, code)

    def _words(self, instance: Exec) -> str:
        words = " ".join(instance.command)
        return words + (" " if len(instance.command) == 1 else "")  # dockerd's own odd blank

    def _event(self, instance: Exec, action: str, **more: str) -> None:
        self.world.events.container(self.world.now(), instance.container, action, execID=instance.id, **more)


def _size(request: Request) -> tuple[int, int]:
    values = []
    for key, name in (("h", "height"), ("w", "width")):
        text = request.query.get(key, "")
        if not text.isdigit():
            raise ApiError(400, f'invalid resize {name} "{text}": invalid syntax')
        values.append(int(text))
    return values[0], values[1]


async def _nowhere(stream: int, data: bytes) -> None:
    """Output of a detached command goes nowhere."""


async def _pump(instance: Exec, duplex: Duplex, console: Console) -> None:
    """Hand the client's input on; return when it detaches."""
    keys = DETACH if instance.tty else b""
    last = b""
    while data := await duplex.read():
        if not instance.stdin:
            continue
        if keys and keys in last + data:
            console.feed((last + data).partition(keys)[0][len(last) :])
            return
        last = data[-1:]
        console.feed(data)
    console.feed(b"")
    await asyncio.get_running_loop().create_future()  # no more input; the command may go on
