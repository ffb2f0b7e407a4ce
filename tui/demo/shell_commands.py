"""The commands that the demo's shell knows."""

from __future__ import annotations

import asyncio
import posixpath
import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tui.demo.clock import SECOND
from tui.demo.numbers import MEMORY

if TYPE_CHECKING:
    from tui.demo.shell import Shell

Command = Callable[["Shell", list[str]], Awaitable[int]]


async def _echo(shell: Shell, words: list[str]) -> int:
    newline = words[:1] != ["-n"]
    await shell.console.out(" ".join(words if newline else words[1:]) + ("\n" if newline else ""))
    return 0


async def _ls(shell: Shell, words: list[str]) -> int:
    long = any(word.startswith("-") and "l" in word for word in words)
    hidden = any(word.startswith("-") and "a" in word for word in words)
    code = 0
    for word in [word for word in words if not word.startswith("-")] or [shell.cwd]:
        path = shell.files.resolve(word, shell.cwd)
        if not shell.files.exists(path):
            await shell.console.err(f"ls: {word}: No such file or directory\n")
            code = 1
            continue
        folder = path in shell.files.folders
        names = shell.files.names(path) if folder else [word]
        names = [name for name in names if hidden or not name.startswith(".")]
        if not long:
            text = "  ".join(names) if shell.console.tty else "\n".join(names)
            await shell.console.out(f"{text}\n" if text else "")
            continue
        for name in names:
            full = posixpath.join(path, name) if folder else path
            size = len(shell.files.files.get(full, b""))
            mode = (
                "drwxr-xr-x"
                if full in shell.files.folders
                else "-rwxr-xr-x"
                if full.startswith("/bin")
                else "-rw-r--r--"
            )
            await shell.console.out(f"{mode}    1 root     root     {size:>9} May  1  2024 {name}\n")
    return code


async def _cat(shell: Shell, words: list[str]) -> int:
    code = 0
    if not words:
        while (byte := await shell.console.byte()) is not None and not (shell.console.tty and byte == 4):
            await shell.console.raw(b"\n" if byte == 13 else bytes((byte,)))
    for word in words:
        path = shell.files.resolve(word, shell.cwd)
        if path in shell.files.files:
            await shell.console.raw(shell.files.files[path])
        else:
            why = "Is a directory" if path in shell.files.folders else "No such file or directory"
            await shell.console.err(f"cat: can't open '{word}': {why}\n")
            code = 1
    return code


async def _env(shell: Shell, words: list[str]) -> int:
    await shell.console.out("".join(f"{key}={value}\n" for key, value in shell.variables.items()))
    return 0


async def _ps(shell: Shell, words: list[str]) -> int:
    lines = ["PID   USER     TIME  COMMAND"]
    lines.append(f"    1 {shell.user:<8} 0:00 {' '.join(shell.container.command)}")
    lines.append(f"   17 {shell.user:<8} 0:00 sh")
    lines.append(f"   23 {shell.user:<8} 0:00 ps {' '.join(words)}".rstrip())
    await shell.console.out("\n".join(lines) + "\n")
    return 0


async def _top(shell: Shell, words: list[str]) -> int:
    """Draw a screen each second, to the size of the window, until q or ^C."""
    console, clock = shell.console, shell.world.clock
    once = "-b" in words or not console.tty
    while True:
        console.resized.clear()
        await console.out(_top_screen(shell, clear=not once))
        if once:
            return 0
        waits = [asyncio.ensure_future(wait) for wait in (console.byte(), clock.sleep(1.0), console.resized.wait())]
        key = waits[0]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if key.done() and key.result() in (None, 0x71, 0x04):
                await console.out("\n")
                return 0
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)


def _top_screen(shell: Shell, *, clear: bool) -> str:
    container, now = shell.container, shell.world.now()
    rows, columns = shell.console.rows or 24, shell.console.columns or 80
    active = container.active_time(now)
    usage = container.profile.at(active, limit=container.memory_limit)
    before = container.profile.at(max(0, active - SECOND))
    cpu = (usage.cpu - before.cpu) / SECOND * 100
    used = usage.memory // 1024
    share = usage.memory / MEMORY * 100
    clock = time.strftime("%H:%M:%S", time.gmtime(now // SECOND))
    lines = [
        f"Mem: {used}K used, {MEMORY // 1024 - used}K free, 0K shrd, 0K buff, {usage.cache // 1024}K cached   {clock}",
        f"CPU: {cpu:5.1f}% usr   0.3% sys   0.0% nic {max(0.0, 99.7 - cpu):5.1f}% idle   0.0% io",
        f"Load average: {cpu / 100:.2f} {cpu / 120:.2f} {cpu / 150:.2f} 1/{usage.pids + 2} 23",
        "\x1b[7m" + "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND".ljust(columns)[:columns] + "\x1b[0m",
        f"    1     0 {shell.user:<8} S    {used:>6}  {share:3.0f}   0 {cpu:4.0f} {' '.join(container.command)}",
        f"   17     0 {shell.user:<8} S      1688   0   1    0 sh",
        f"   23    17 {shell.user:<8} R      1688   0   0    0 top",
    ]
    shown = [line if line.startswith("\x1b") else line[:columns] for line in lines[: max(1, rows - 1)]]
    return ("\x1b[H\x1b[J" if clear else "") + "\n".join(shown) + "\n"


async def _sleep(shell: Shell, words: list[str]) -> int:
    factors = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    text = words[0] if words else ""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None and text != "infinity":
        await shell.console.err(f"sleep: invalid number '{text}'\n")
        return 1
    await shell.world.clock.sleep(float(match[1]) * factors[match[2] or "s"] if match else 1e9)
    return 0


async def _cd(shell: Shell, words: list[str]) -> int:
    path = shell.files.resolve(words[0] if words else "/root", shell.cwd)
    if path not in shell.files.folders:
        why = "Not a directory" if path in shell.files.files else f"can't cd to {words[0]}: No such file or directory"
        await shell.console.err(f"sh: cd: {why}\n")
        return 2
    shell.cwd = path
    return 0


async def _pwd(shell: Shell, words: list[str]) -> int:
    await shell.console.out(f"{shell.cwd}\n")
    return 0


async def _id(shell: Shell, words: list[str]) -> int:
    root = shell.user in ("root", "0")
    text = "uid=0(root) gid=0(root) groups=0(root)" if root else f"uid={shell.user} gid=0(root) groups=0(root)"
    await shell.console.out(("0" if root else shell.user) + "\n" if words == ["-u"] else f"{text}\n")
    return 0


async def _whoami(shell: Shell, words: list[str]) -> int:
    await shell.console.out(f"{shell.user}\n")
    return 0


async def _hostname(shell: Shell, words: list[str]) -> int:
    await shell.console.out(f"{shell.variables['HOSTNAME']}\n")
    return 0


async def _uname(shell: Shell, words: list[str]) -> int:
    host = shell.variables["HOSTNAME"]
    text = (
        f"Linux {host} 6.12.0-demo #1 SMP x86_64 Linux"
        if "-a" in words
        else "6.12.0-demo"
        if "-r" in words
        else "Linux"
    )
    await shell.console.out(f"{text}\n")
    return 0


async def _date(shell: Shell, words: list[str]) -> int:
    form = words[0][1:] if words and words[0].startswith("+") else "%a %b %e %H:%M:%S UTC %Y"
    await shell.console.out(time.strftime(form, time.gmtime(shell.world.now() // SECOND)) + "\n")
    return 0


async def _true(shell: Shell, words: list[str]) -> int:
    return 0


async def _false(shell: Shell, words: list[str]) -> int:
    return 1


async def _clear(shell: Shell, words: list[str]) -> int:
    await shell.console.out("\x1b[H\x1b[J")
    return 0


async def _help(shell: Shell, words: list[str]) -> int:
    names = " ".join(sorted([*COMMANDS, "exit", "export"]))
    await shell.console.out(f"The demo engine's own little shell. Built-in commands:\n{names}\n")
    return 0


async def _stty(shell: Shell, words: list[str]) -> int:
    if not shell.console.tty:
        await shell.console.err("stty: standard input: Not a tty\n")
        return 1
    if words == ["size"]:
        await shell.console.out(f"{shell.console.rows} {shell.console.columns}\n")
    return 0


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "e": "\x1b", "a": "\a", "0": "\0"}


async def _printf(shell: Shell, words: list[str]) -> int:
    if not words:
        await shell.console.err("printf: usage: printf FORMAT [ARG]...\n")
        return 1
    arguments = iter(words[1:])

    def put(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[0].startswith("\\"):
            code = match[0][1:]
            if code == "033":
                return "\x1b"
            return chr(int(code[1:], 16)) if code.startswith("x") else _ESCAPES.get(code, match[0])
        value = next(arguments, "")
        if match[2] == "s":
            return f"%{match[1]}s" % value
        return f"%{match[1]}d" % (int(value) if value.lstrip("-").isdigit() else 0)

    await shell.console.out(re.sub(r"%%|%(-?\d*)([sdi])|\\(?:033|x[0-9a-fA-F]{2}|.)", put, words[0]))
    return 0


COMMANDS: dict[str, Command] = {
    "echo": _echo, "ls": _ls, "cat": _cat, "env": _env, "printenv": _env, "ps": _ps, "top": _top, "sleep": _sleep,
    "cd": _cd, "pwd": _pwd, "id": _id, "whoami": _whoami, "hostname": _hostname, "uname": _uname, "date": _date,
    "true": _true, ":": _true, "false": _false, "clear": _clear, "help": _help, "stty": _stty, "printf": _printf,
}  # fmt: skip
