"""The engine scripts' own logic, without an engine: images are reproducible, plans are complete, gaps are named."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from tests.engines import mkimages, populate
from tests.engines.fixture import SCRIPT

STEPS: list[mkimages.Step] = [
    ("COPY a /a", mkimages.layer({"a": b"text", "bin/run": mkimages.script("exit 0"), "l": mkimages.Link("a")})),
    ("CMD", None),
]


def archive(*tags: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        images = mkimages.Archive(tar)
        for tag in tags:
            images.image([tag], STEPS, Cmd=["run"], Env=["A=1"])
        images.finish()
    return buffer.getvalue()


def test_images_are_the_same_byte_for_byte() -> None:
    assert archive("a:1") == archive("a:1")


def test_an_image_has_its_layers_and_its_history() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive("a:1", "b:1"))) as tar:
        names = tar.getnames()

        def read(name: str) -> bytes:
            member = tar.extractfile(name)
            assert member is not None
            return member.read()

        manifest = json.loads(read("manifest.json"))
        config = json.loads(read(manifest[0]["Config"]))
        with tarfile.open(fileobj=io.BytesIO(read(manifest[0]["Layers"][0]))) as layer:
            modes = {member.name: (member.mode, member.linkname) for member in layer}
    assert [image["RepoTags"] for image in manifest] == [["a:1"], ["b:1"]]
    assert len([name for name in names if name.endswith(".tar")]) == 1, "a shared layer is there once"
    assert config["config"] == {"Cmd": ["run"], "Env": ["PATH=/usr/local/bin:/bin", "A=1"]}
    assert [step.get("empty_layer", False) for step in config["history"]] == [False, True]
    assert modes == {"a": (0o644, ""), "bin/run": (0o755, ""), "l": (0o777, "a")}


@pytest.mark.parametrize("count", [1, 11, 30, 200])
def test_a_plan_has_as_many_containers_as_asked_for(count: int) -> None:
    items = populate.plan(count, "load", random.Random(1))
    assert len(items) == count
    assert len({item.name for item in items}) == count
    assert {item.kind for item in items} <= set(populate.KINDS)
    assert items == populate.plan(count, "load", random.Random(1))


def test_a_plan_of_some_size_has_every_kind() -> None:
    kinds = Counter(item.kind for item in populate.plan(50, "load", random.Random(1)))
    assert set(kinds) == set(populate.KINDS)


def test_missing_commands_are_named_with_their_packages(tmp_path: Path) -> None:
    """With a PATH that has what the script itself needs, and curl; whatever else the machine has stays out of sight."""
    for name in ("bash", "dirname", "readlink", "sort", "curl", "python3"):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"there is no {name} here")
        (tmp_path / name).symlink_to(os.path.realpath(found))
    program = (
        f'PATH={tmp_path}; command() {{ [ -x "{tmp_path}/$2" ]; }}; export -f command; {SCRIPT} missing docker registry'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    missing = dict(line.split("=") for line in done.stdout.split())
    assert missing["dockerd"] == "docker.io"
    assert missing["docker-registry"] == "docker-registry"
    assert "curl" not in missing
    assert "podman" not in missing


def test_an_unknown_engine_is_refused() -> None:
    done = subprocess.run([SCRIPT, "missing", "dokcer"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "unknown engine: dokcer" in done.stderr
