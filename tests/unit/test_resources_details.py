from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tui.resources.base import DetailField, DetailSection, Tone
from tui.resources.details import (
    MASK,
    container_details,
    event_details,
    image_details,
    looks_secret,
    mask_variable,
    masked,
)
from tui.resources.format import time_text
from tui.runtime.models import (
    ContainerDetail,
    ContainerId,
    ContainerState,
    Event,
    EventType,
    Health,
    HealthProbe,
    ImageDetail,
    ImageHistoryItem,
    ImageId,
    Mount,
    NetworkAttachment,
    Port,
)

START = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
DETAIL = ContainerDetail(
    id=ContainerId("0123456789abcdef"),
    name="web",
    state=ContainerState.EXITED,
    image="nginx:1",
    image_id=ImageId("sha256:" + "ab" * 32),
    created=START,
    started_at=START,
    finished_at=START + timedelta(hours=1),
    pid=42,
    exit_code=137,
    error="cannot [/x]",
    oom_killed=True,
    restart_count=3,
    restart_policy="always",
    health=Health.UNHEALTHY,
    health_log=(
        HealthProbe(START, START + timedelta(seconds=1.5), 0, "fine\nreally\n"),
        HealthProbe(None, None, 1, ""),
    ),
    failing_streak=2,
    auto_remove=True,
    tty=True,
    entrypoint=("/entry", "-x"),
    command=("nginx",),
    env=("PATH=/bin", "DB_PASSWORD=hunter2", "URL=postgres://u:hunter2@h/d", "BARE"),
    working_dir="/srv",
    user="www",
    hostname="web",
    labels={"b": "2", "a": "1"},
    mounts=(
        Mount("volume", "/var/lib/x", "/data", "z", True, "vol", "local"),
        Mount("bind", "/etc", "/etc", "", False),
        Mount("tmpfs", "", "/tmp"),
    ),
    ports=(Port(80, public=8080), Port(443)),
    networks=(
        NetworkAttachment("shop", ip="10.0.0.2", ipv6="fd::2", gateway="10.0.0.1", mac="02:42", aliases=("web", "w")),
        NetworkAttachment("bare"),
    ),
    network_mode="bridge",
    log_driver="json-file",
    memory_limit=64 << 20,
    nano_cpus=1_500_000_000,
    privileged=True,
    size_rw=1000,
    size_root_fs=2000,
)


def fields(section: DetailSection) -> dict[str, DetailField]:
    return {field.label: field for field in section.fields}


def test_a_container_in_sections() -> None:
    overview, env, mounts, network, health, labels = container_details(DETAIL)
    assert [s.title for s in (overview, env, mounts, network, health, labels)] == [
        "Overview",
        "Env",
        "Mounts",
        "Ports & networks",
        "Health log",
        "Labels",
    ]
    told = fields(overview)
    assert {label: field.values for label, field in told.items()} == {
        "Name": ("web",),
        "Id": ("0123456789ab",),
        "State": ("exited",),
        "Health": ("unhealthy",),
        "Exit code": ("137",),
        "Error": ("cannot [/x]",),
        "Out of memory": ("yes",),
        "Image": ("nginx:1",),
        "Image id": ("abababababab",),
        "Entrypoint": ("/entry", "-x"),
        "Command": ("nginx",),
        "Created": (time_text(START),),
        "Started": (time_text(START),),
        "Finished": (time_text(START + timedelta(hours=1)),),
        "Pid": ("42",),
        "Restarts": ("3",),
        "Restart policy": ("always",),
        "User": ("www",),
        "Working dir": ("/srv",),
        "Host name": ("web",),
        "Memory limit": ("64.0MiB",),
        "CPU limit": ("1.5",),
        "Log driver": ("json-file",),
        "Privileged": ("yes",),
        "Removed when it ends": ("yes",),
        "TTY": ("yes",),
        "Size": ("1.00kB",),
        "Size with image": ("2.00kB",),
    }
    assert told["Exit code"].tone is told["Health"].tone is told["Error"].tone is Tone.BAD
    assert {label: field.values for label, field in fields(mounts).items()} == {
        "/data": ("vol", "volume · read-write · z · local"),
        "/etc": ("/etc", "bind · read-only"),
        "/tmp": ("-", "tmpfs · read-write"),
    }
    assert {label: field.values for label, field in fields(network).items()} == {
        "Ports": ("8080→80/tcp", "443/tcp"),
        "Network mode": ("bridge",),
        "shop": ("10.0.0.2", "fd::2", "gateway 10.0.0.1", "mac 02:42", "aliases web, w"),
        "bare": (),
    }
    assert [(field.label, field.values, field.tone) for field in health.fields] == [
        ("Failing streak", ("2",), Tone.BAD),
        ("probe", ("exit 1",), Tone.BAD),
        (time_text(START), ("exit 0 in 1.5 s", "fine", "really"), Tone.GOOD),
    ]
    assert [(field.label, field.values) for field in labels.fields] == [("a", ("1",)), ("b", ("2",))]


def test_a_bare_running_container_has_no_empty_fields() -> None:
    bare = ContainerDetail(ContainerId("1" * 64), "web", ContainerState.RUNNING, "nginx", ImageId(""), exit_code=0)
    sections = container_details(bare)
    assert all(field.values for section in sections for field in section.fields)
    assert "Exit code" not in fields(sections[0])
    assert "Health" not in fields(sections[0])
    ended = container_details(replace(bare, state=ContainerState.EXITED))
    assert fields(ended[0])["Exit code"].tone is Tone.PLAIN


def test_secrets_are_masked_until_revealed() -> None:
    hidden = fields(container_details(DETAIL)[1])
    assert hidden["DB_PASSWORD"].values == (MASK,)
    assert hidden["URL"].values == (f"postgres://u:{MASK}@h/d",)
    assert hidden["PATH"].values == ("/bin",)
    assert hidden["BARE"].values == ("",)
    assert [label for label, field in hidden.items() if field.secret] == ["DB_PASSWORD", "URL"]
    assert "hunter2" not in repr(container_details(DETAIL))
    shown = fields(container_details(DETAIL, reveal=True)[1])
    assert shown["DB_PASSWORD"] == DetailField("DB_PASSWORD", ("hunter2",), secret=True)
    assert shown["URL"].values == ("postgres://u:hunter2@h/d",)


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "passwd",
        "MYSQL_PWD",
        "API_KEY",
        "APIKEY",
        "aws-secret-id",
        "GITHUB_TOKEN",
        "SSH_PRIVATE",
        "KEY",
        "app.key",
        "AUTHORIZATION",
        "BASIC_AUTH",
        "SENTRY_DSN",
        "DB_PASS",
        "SESSION_COOKIE",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["PATH", "KEYBOARD", "MONKEY", "AUTHOR", "GIT_AUTHORS", "COMPASS", "PINGS", "HOME", ""]
)
def test_names_of_other_things(name: str) -> None:
    assert not looks_secret(name)


def test_nothing_is_no_secret_and_long_values_are_quick() -> None:
    assert mask_variable("TOKEN=") == "TOKEN="
    assert mask_variable("TOKEN") == "TOKEN"
    long = "X=" + "a" * 1_000_000
    assert mask_variable(long) == long


def test_raw_answers_are_masked_wherever_variables_are() -> None:
    raw = {"Config": {"Env": ["A=1", "TOKEN=x", 3], "Cmd": ["TOKEN=x"]}, "Specs": [{"Env": ["KEY=x"]}], "N": 1}
    assert masked(raw) == {
        "Config": {"Env": ["A=1", f"TOKEN={MASK}", 3], "Cmd": ["TOKEN=x"]},
        "Specs": [{"Env": [f"KEY={MASK}"]}],
        "N": 1,
    }
    assert raw["Specs"] == [{"Env": ["KEY=x"]}]


def test_an_image_in_sections() -> None:
    detail = ImageDetail(
        ImageId("sha256:" + "ab" * 32),
        ("nginx:1", "nginx:2"),
        ("nginx@sha256:cd",),
        START,
        133_000_000,
        architecture="amd64",
        os="linux",
        env=("TOKEN=x",),
        labels={"a": "1"},
        layers=("sha256:1", "sha256:2"),
        exposed_ports=("80/tcp",),
    )
    history = (
        ImageHistoryItem("a", START, '/bin/sh -c #(nop)  CMD ["nginx"]', 0, ("nginx:1",)),
        ImageHistoryItem("b", START, "/bin/sh -c apt-get update", 1_000_000),
        ImageHistoryItem("c", START, "", 0, comment="imported"),
    )
    overview, env, labels, layers, steps = image_details(detail, history)
    told = {label: field.values for label, field in fields(overview).items()}
    assert told["Tags"] == ("nginx:1", "nginx:2")
    assert told["Platform"] == ("linux/amd64",)
    assert told["Size"] == ("133MB",)
    assert "Author" not in told
    assert env.fields == (DetailField("TOKEN", (MASK,), secret=True),)
    assert image_details(detail, reveal=True)[1].fields[0].values == ("x",)
    assert labels.fields == (DetailField("a", ("1",)),)
    assert layers.fields == (DetailField("1", ("sha256:1",)), DetailField("2", ("sha256:2",)))
    assert [(field.label, field.values) for field in steps.fields] == [
        ("0B", ('CMD ["nginx"]', "nginx:1")),
        ("1.00MB", ("apt-get update",)),
        ("0B", ("imported",)),
    ]


def test_an_event_in_sections() -> None:
    event = Event(EventType.CONTAINER, "health_status", "1" * 64, {"name": "web", "a": "[/x]"}, START, detail="healthy")
    told, attributes = event_details(event)
    assert {label: field.values for label, field in fields(told).items()} == {
        "Time": (time_text(START),),
        "Type": ("container",),
        "Action": ("health_status",),
        "Detail": ("healthy",),
        "Name": ("web",),
        "Id": ("1" * 64,),
        "Scope": ("local",),
    }
    assert attributes.fields == (DetailField("a", ("[/x]",)), DetailField("name", ("web",)))
