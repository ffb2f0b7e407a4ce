from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.errors import Forbidden, InvalidRequest, NotFound, RuntimeFault
from tui.runtime.models import Capability
from tui.runtime.models_results import ChangeKind
from tui.runtime.protocol_containers import ByteStream


def pack(**files: bytes) -> bytes:
    """A tar archive; double underscores in the names are slashes."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size, entry.mode, entry.mtime = len(data), 0o640, 1_700_000_000
            archive.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for entry in archive:
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is not None:
                found[entry.name.removeprefix("./")] = content.read()
        return found


async def read(stream: AbstractAsyncContextManager[ByteStream]) -> bytes:
    async with asyncio.timeout(60), stream as pieces:
        return b"".join([piece async for piece in pieces])


async def test_files_go_in_and_come_out(lab: Lab) -> None:
    assert Capability.ARCHIVE in lab.runtime.capabilities
    runtime = lab.runtime
    id = await lab.create("busybox:1", "sleep", "infinity")
    await runtime.container_archive_put(id, "/tmp", pack(a=b"one", deep__b=b"two"))
    done = await runtime.container_exec_run(id, ["cat", "/tmp/a", "/tmp/deep/b"])
    assert done.stdout == b"onetwo"
    assert unpack(await read(runtime.container_archive_get(id, "/tmp/deep/b"))) == {"b": b"two"}
    async with runtime.container_archive_get(id, "/tmp/deep") as stream:
        assert (stream.stat.name, stream.stat.is_dir) == ("deep", True)
        assert unpack(b"".join([piece async for piece in stream])) == {"deep/b": b"two"}
    changes = {change.path: change.kind for change in await runtime.container_changes(id)}
    assert changes["/tmp/a"] is ChangeKind.ADDED


async def test_a_stopped_container_has_files_too(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)
    await lab.runtime.container_archive_put(id, "/srv", pack(new=b"x" * 10))
    assert unpack(await read(lab.runtime.container_archive_get(id, "/srv/new"))) == {"new": b"x" * 10}


async def test_what_a_path_is(lab: Lab) -> None:
    runtime = lab.runtime
    id = await lab.create("busybox:1", start=False)
    found = await runtime.container_archive_stat(id, "/srv/plain.txt")
    assert (found.name, found.size, found.is_dir, found.is_link) == ("plain.txt", 6, False, False)
    assert found.mode & 0o444 == 0o444
    assert found.modified is not None
    folder = await runtime.container_archive_stat(id, "/srv")
    assert (folder.name, folder.is_dir) == ("srv", True)
    assert folder.mode & 0o755 == 0o755
    await until(lambda: not runtime.open_streams)


async def test_a_large_archive_is_sent_in_pieces_and_read_in_pieces(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)
    size = 5 << 20
    whole = pack(big=bytes(range(256)) * (size // 256))
    asked = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal asked
        for start in range(0, len(whole), 100_000):
            asked += 1
            yield whole[start : start + 100_000]

    await lab.runtime.container_archive_put(id, "/srv", pieces())
    assert asked == -(-len(whole) // 100_000)
    count = 0
    async with lab.runtime.container_archive_get(id, "/srv/big") as stream:
        back = bytearray()
        async for piece in stream:
            count += 1
            back += piece
    assert count > 1
    assert unpack(bytes(back))["big"] == bytes(range(256)) * (size // 256)


async def test_what_is_missing_is_not_found(lab: Lab) -> None:
    runtime = lab.runtime
    id = await lab.create("busybox:1", start=False)
    with pytest.raises(NotFound, match="file"):
        await read(runtime.container_archive_get(id, "/no/such/file"))
    with pytest.raises(NotFound, match="file") as caught:
        await runtime.container_archive_stat(id, "/no/such/file")
    assert (caught.value.operation, caught.value.target) == ("container_archive_stat", id)
    for call in (
        read(runtime.container_archive_get("nobody", "/")),
        read(runtime.container_export("nobody")),
        runtime.container_archive_stat("nobody", "/"),
        runtime.container_archive_put("nobody", "/", pack(a=b"1")),
    ):
        with pytest.raises(NotFound, match="nobody"):
            await call
    assert runtime.open_streams == {}


async def test_a_refusal_in_the_middle_of_an_upload_is_heard(lab: Lab) -> None:
    """The engine answers before it has read the archive, which is larger than all buffers between."""
    with pytest.raises(NotFound):
        async with asyncio.timeout(20):
            await lab.runtime.container_archive_put("nobody", "/", pack(big=bytes(8 << 20)))
    await lab.runtime.ping()


async def test_what_is_wrong_with_an_upload(lab: Lab) -> None:
    lab.needs(Capability.ARCHIVE_CHECKS)
    runtime = lab.runtime
    id = await lab.create("busybox:1", start=False)
    with pytest.raises(NotFound):
        await runtime.container_archive_put(id, "/no/such/folder", pack(a=b"1"))
    with pytest.raises(InvalidRequest, match="not a directory"):
        await runtime.container_archive_put(id, "/srv/plain.txt", pack(a=b"1"))
    with pytest.raises(InvalidRequest, match="tar"):
        await runtime.container_archive_put(id, "/srv", b"no archive" * 1000)
    with pytest.raises(InvalidRequest, match="directory"):
        await runtime.container_archive_put(id, "/", pack(srv=b"a file"), keep_kinds=True)
    sealed = await lab.create("busybox:1", start=False, HostConfig={"ReadonlyRootfs": True})
    with pytest.raises(Forbidden, match="read-only"):
        await runtime.container_archive_put(sealed, "/srv", pack(a=b"1"))


async def test_what_is_no_path_never_reaches_the_engine(lab: Lab) -> None:
    before = dict(lab.runtime.requests)
    for path in ("", " "):
        with pytest.raises(InvalidRequest, match="empty path"):
            lab.runtime.container_archive_get("x", path)
        with pytest.raises(InvalidRequest, match="empty path"):
            await lab.runtime.container_archive_stat("x", path)
        with pytest.raises(InvalidRequest, match="empty path"):
            await lab.runtime.container_archive_put("x", path, b"")
    with pytest.raises(InvalidRequest):
        lab.runtime.container_export("..")
    assert dict(lab.runtime.requests) == before


async def test_an_error_of_the_callers_own_passes_and_leaves_nothing_open(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)

    async def breaks() -> AsyncIterator[bytes]:
        yield pack(a=b"1")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await lab.runtime.container_archive_put(id, "/srv", breaks())
    await lab.runtime.ping()


async def test_an_upload_can_be_cancelled(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)
    begun = asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield pack(a=b"1")
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(lab.runtime.container_archive_put(id, "/srv", stalls()))
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task
    await lab.runtime.ping()


async def test_the_whole_file_system(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)
    await lab.runtime.container_archive_put(id, "/srv", pack(mine=b"here"))
    files = unpack(await read(lab.runtime.container_export(id)))
    assert files["srv/mine"] == b"here"
    assert files["srv/plain.txt"] == b"hello\n"
    assert lab.runtime.open_streams == {}


async def test_leaving_in_the_middle_closes_the_stream(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)
    async with lab.runtime.container_export(id) as stream:
        assert await anext(stream)
        assert lab.runtime.open_streams == {"container_export": 1}
    assert lab.runtime.open_streams == {}


async def test_an_archive_that_ends_in_the_middle_is_broken(lab: Lab) -> None:
    if lab.demo is None:
        pytest.skip("no engine breaks on demand")
    id = await lab.create("busybox:1", start=False)
    lab.demo.faults.cut(2000, path=r"/containers/.*/export")
    with pytest.raises(RuntimeFault) as caught:
        await read(lab.runtime.container_export(id))
    assert caught.value.operation == "container_export"
