"""The demo's shell: runs command lines in a container that has no processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.demo.console import Console
from tui.demo.objects import Container
from tui.demo.shell_commands import COMMANDS
from tui.demo.shell_fs import file_system_of
from tui.demo.shell_line import End, LineEditor
from tui.demo.shell_parse import SyntaxProblem, expand, split_steps

if TYPE_CHECKING:
    from tui.demo.world import World

SHELLS = frozenset(("sh", "ash", "bash"))
NO_SHELL = frozenset(("scratch", "hello"))
"""Kinds of images that contain nothing but their program."""


class ExitShell(Exception):
    """`exit N`."""

    def __init__(self, code: int) -> None:
        """End with `code`."""
        super().__init__(code)
        self.code = code


def missing(container: Container, command: str) -> str | None:
    """Why `command` cannot be run in this container, in runc's words; None when it can."""
    name = command.rpartition("/")[2]
    bare = container.image.kind in NO_SHELL or container.labels.get("demo.shell") == "none"
    light = "alpine" in container.image_name or container.image_name.startswith("portside/")
    if not bare and (name in COMMANDS or (name in SHELLS and not (name == "bash" and light))):
        return None
    if "/" in command:
        return f'exec: "{command}": stat {command}: no such file or directory'
    return f'exec: "{command}": executable file not found in $PATH'


class Shell:
    """One process: a shell, or a single command."""

    def __init__(self, world: World, container: Container, console: Console, *, env: list[str], cwd: str) -> None:
        """Be ready to run in `container`; `env` holds entries `KEY=value`, `cwd` is empty for the container's own."""
        self.world = world
        self.container = container
        self.console = console
        self.files = file_system_of(container)
        self.variables = {"HOME": "/root", "HOSTNAME": container.config["Hostname"], "SHLVL": "1"}
        if console.tty:
            self.variables["TERM"] = "xterm"
        for entry in [*(container.config.get("Env") or []), *env]:
            key, _, value = entry.partition("=")
            self.variables[key] = value
        self.cwd = cwd or container.config.get("WorkingDir") or "/"
        self.user = container.config.get("User") or "root"
        self.code = 0

    async def run(self, command: list[str]) -> int:
        """Run a command line as exec gives it, and return the exit code."""
        name = command[0].rpartition("/")[2]
        if name not in SHELLS:
            return await self.console.foreground(self._call([name, *command[1:]]))
        arguments = [word for word in command[1:] if word not in ("-l", "-i", "--login")]
        try:
            if arguments[:1] in (["-c"], ["-lc"], ["-ec"]):
                await self.run_line(arguments[1] if len(arguments) > 1 else "")
            elif self.console.tty:
                await self._interact()
            else:
                await self._read_script()
        except ExitShell as leaving:
            return leaving.code
        return self.code

    async def _interact(self) -> None:
        editor = LineEditor()
        while True:
            editor.begin(f"{self.cwd} {'#' if self.user in ('root', '0') else '$'} ")
            entered = None
            while entered is None:
                await self._flush(editor)
                byte = await self.console.byte()
                if byte is None:
                    return
                entered = editor.feed(byte)
            await self._flush(editor)
            if entered.end is End.EOF:
                await self.console.out("exit\n")
                return
            if entered.end is End.INTERRUPT:
                self.code = 130
            else:
                await self.run_line(entered.text)

    async def _flush(self, editor: LineEditor) -> None:
        data = bytes(editor.output)
        editor.output.clear()
        await self.console.raw(data)

    async def _read_script(self) -> None:
        line = bytearray()
        while (byte := await self.console.byte()) is not None:
            if byte != 0x0A:
                line.append(byte)
                continue
            await self.run_line(line.decode("utf-8", "surrogateescape"))
            line.clear()
        if line:
            await self.run_line(line.decode("utf-8", "surrogateescape"))

    async def run_line(self, line: str) -> None:
        """Run one line; its exit code is in `code` afterwards."""
        try:
            steps = split_steps(line)
        except SyntaxProblem as problem:
            await self.console.err(f"sh: {problem}\n")
            self.code = 2
            return
        for step in steps:
            if (step.operator == "&&" and self.code != 0) or (step.operator == "||" and self.code == 0):
                continue
            values = {**self.variables, "?": str(self.code), "$": "1", "#": "0"}
            words = [expand(word, values) for word in step.words]
            self.code = await self._step(words)
            if self.console.interrupted:
                self.console.interrupted = False
                return

    async def _step(self, words: list[str]) -> int:
        while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
            key, _, value = words.pop(0).partition("=")
            self.variables[key] = value
        if not words:
            return 0
        if words[0] == "exit":
            text = words[1] if len(words) > 1 else str(self.code)
            if not text.isdigit():
                await self.console.err(f"sh: exit: Illegal number: {text}\n")
                raise ExitShell(2)
            raise ExitShell(int(text) & 255)
        if words[0] == "export":
            return await self._step([word for word in words[1:] if "=" in word])
        if words[0] in SHELLS:
            if words[1:2] == ["-c"] and len(words) > 2:
                await self.run_line(words[2])
            return self.code
        if words[0] == "exec" and len(words) > 1:
            raise ExitShell(await self._step(words[1:]))
        return await self.console.foreground(self._call(words))

    async def _call(self, words: list[str]) -> int:
        command = COMMANDS.get(words[0].rpartition("/")[2] if words[0].startswith("/bin/") else words[0])
        if command is None:
            await self.console.err(f"sh: {words[0]}: not found\n")
            return 127
        return await command(self, words[1:])
