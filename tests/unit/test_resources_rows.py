from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tui.resources import containers, events, images
from tui.resources.base import Cell, Resource, RowContext, Tone
from tui.resources.catalogue import RESOURCES
from tui.runtime.models import (
    Container,
    ContainerId,
    ContainerState,
    Event,
    EventType,
    Health,
    Image,
    ImageId,
    Port,
    Stats,
)
from widgets.table.columns import Column, layout

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
ID = "0123456789abcdef" * 4
HOSTILE = "[/foo]\x1b]0;x\x07[red]x\u202e\x00\udcff"

WEB = Container(
    id=ContainerId(ID),
    name="shop-web-1",
    state=ContainerState.RUNNING,
    image="nginx:1.27",
    image_id=ImageId("sha256:" + "ab" * 32),
    command="nginx -g 'daemon off;'",
    created=NOW - timedelta(days=3),
    status="Up 3 minutes (healthy)",
    health=Health.HEALTHY,
    ports=(Port(80, public=8080, host_ip="0.0.0.0"), Port(443)),
    labels={"com.docker.compose.project": "shop", "com.docker.compose.service": "web", "team": "red"},
    networks=("shop_default",),
    ips=("172.18.0.2",),
    names=("shop-web-1", "other/alias"),
)
STATS = Stats(
    id=ID,
    time=NOW,
    cpu_percent=12.34,
    memory=12_900_000,
    memory_limit=129_000_000,
    pids=5,
    net_rx_rate=1200.0,
    net_tx_rate=None,
)


def row(resource: Resource, model: object, context: RowContext) -> Mapping[str, Cell]:
    cells = resource.cells(model, context)
    assert len(cells) == len(resource.columns)
    return dict(zip((column.id for column in resource.columns), cells, strict=True))


def test_a_container_field_by_field() -> None:
    cells = row(containers.RESOURCE, WEB, RowContext(NOW, STATS))
    assert {name: cell.text for name, cell in cells.items()} == {
        "name": "shop-web-1",
        "state": "healthy",
        "cpu": "12.3%",
        "mem": "12.3MiB",
        "uptime": "3m",
        "image": "nginx:1.27",
        "ports": "8080→80/tcp, 443/tcp",
        "project": "shop/web",
        "mem_percent": "10.0%",
        "net_rx": "1.20kB/s",
        "net_tx": "-",
        "pids": "5",
        "ip": "172.18.0.2",
        "id": "0123456789ab",
        "networks": "shop_default",
        "command": "nginx -g 'daemon off;'",
        "created": "3d",
    }
    assert cells["state"].tone is Tone.GOOD
    assert cells["cpu"].tone is Tone.PLAIN


@pytest.mark.parametrize(
    ("state", "health", "code", "in_flight", "expected"),
    [
        ("running", "none", None, "", Cell("running", Tone.GOOD)),
        ("running", "healthy", None, "", Cell("healthy", Tone.GOOD)),
        ("running", "unhealthy", None, "", Cell("unhealthy", Tone.BAD)),
        ("running", "starting", None, "", Cell("starting", Tone.BUSY)),
        ("running", "unknown", None, "", Cell("running", Tone.GOOD)),
        ("running", "none", None, "stopping", Cell("stopping", Tone.BUSY)),
        ("paused", "healthy", None, "", Cell("paused", Tone.WARN)),
        ("exited", "none", 0, "", Cell("exited 0", Tone.DIM)),
        ("exited", "unhealthy", 137, "", Cell("exited 137", Tone.BAD)),
        ("exited", "none", None, "", Cell("exited", Tone.DIM)),
        ("restarting", "none", 1, "", Cell("restarting 1", Tone.WARN)),
        ("dead", "none", None, "", Cell("dead", Tone.BAD)),
        ("created", "none", None, "", Cell("created", Tone.DIM)),
        ("removing", "none", None, "", Cell("removing", Tone.BUSY)),
        ("unknown", "none", None, "", Cell("unknown", Tone.WARN)),
    ],
)
def test_state_in_words(state: str, health: str, code: int | None, in_flight: str, expected: Cell) -> None:
    container = replace(WEB, state=ContainerState(state), health=Health(health), exit_code=code)
    assert containers.state_cell(container, in_flight) == expected


def test_every_state_has_a_cell() -> None:
    for state in ContainerState:
        assert containers.state_cell(replace(WEB, state=state, health=Health.NONE)).text == state.value


def test_stats_are_blank_for_what_does_not_run_and_unknown_before_the_first_sample() -> None:
    stopped = row(containers.RESOURCE, replace(WEB, state=ContainerState.EXITED), RowContext(NOW, STATS))
    waiting = row(containers.RESOURCE, WEB, RowContext(NOW))
    for column in ("cpu", "mem", "mem_percent", "net_rx", "net_tx", "pids"):
        assert stopped[column].text == ""
        assert waiting[column] == Cell("-", Tone.DIM)


@pytest.mark.parametrize(("memory", "tone"), [(79, Tone.PLAIN), (80, Tone.WARN), (95, Tone.BAD)])
def test_memory_near_its_limit_is_marked(memory: int, tone: Tone) -> None:
    cells = row(containers.RESOURCE, WEB, RowContext(NOW, replace(STATS, memory=memory, memory_limit=100)))
    assert cells["mem"].tone is tone


def test_a_full_core_is_marked_and_no_limit_is_no_percentage() -> None:
    cells = row(containers.RESOURCE, WEB, RowContext(NOW, replace(STATS, cpu_percent=95.0, memory_limit=0)))
    assert cells["cpu"].tone is Tone.WARN
    assert cells["mem_percent"].text == "-"


def test_uptime_goes_on_after_the_list_was_made() -> None:
    context = RowContext(NOW, listed_at=NOW - timedelta(minutes=10))
    assert containers.uptime_text(WEB, context) == "13m"
    assert containers.uptime_text(WEB, RowContext(NOW, listed_at=NOW + timedelta(minutes=10))) == "3m"
    assert containers.uptime_text(replace(WEB, status="Up"), context) == ""
    ended = replace(WEB, state=ContainerState.EXITED, status="Exited (0) 2 days ago")
    assert containers.uptime_text(ended, context) == ""


def test_groups_and_names() -> None:
    assert containers.group_text(replace(WEB, labels={})) == ""
    assert containers.group_text(replace(WEB, labels={"com.docker.compose.project": "shop"})) == "shop"
    assert containers.RESOURCE.name(replace(WEB, name="")) == "0123456789ab"
    assert containers.RESOURCE.name(WEB) == "shop-web-1"


def test_running_ones_first_then_natural_order() -> None:
    rows = [
        replace(WEB, name="b", state=ContainerState.EXITED),
        replace(WEB, name="web-10"),
        replace(WEB, name="web-2", state=ContainerState.PAUSED),
        replace(WEB, name="a", state=ContainerState.CREATED),
        replace(WEB, name="c", state=ContainerState.RESTARTING),
    ]
    assert [c.name for c in sorted(rows, key=containers.default_sort)] == ["c", "web-2", "web-10", "a", "b"]


def test_worst_states_sort_first() -> None:
    rows = [
        replace(WEB, name="exited0", state=ContainerState.EXITED, exit_code=0),
        replace(WEB, name="exited1", state=ContainerState.EXITED, exit_code=1),
        replace(WEB, name="fine"),
        replace(WEB, name="sick", health=Health.UNHEALTHY),
        replace(WEB, name="dead", state=ContainerState.DEAD),
    ]
    key = containers.RESOURCE.sort_keys["state"]
    ordered = sorted(rows, key=lambda container: key(container, RowContext(NOW)))
    assert [c.name for c in ordered] == ["sick", "dead", "fine", "exited1", "exited0"]


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        (containers.RESOURCE, WEB),
        (containers.RESOURCE, replace(WEB, state=ContainerState.CREATED, status="", created=None)),
        (images.RESOURCE, Image(ImageId("sha256:" + "ab" * 32), ("a:1",), created=NOW)),
        (images.RESOURCE, Image(ImageId("sha256:" + "ab" * 32))),
        (events.RESOURCE, Event(EventType.CONTAINER, "die", ID, time_ns=5)),
    ],
)
def test_every_sort_key_works_with_and_without_stats(resource: Resource, model: object) -> None:
    columns = {column.id for column in resource.columns}
    assert set(resource.sort_keys) <= columns
    for key in resource.sort_keys.values():
        bare, full = key(model, RowContext(NOW)), key(model, RowContext(NOW, STATS, used_by=2))
        assert (bare < full) in (True, False)


def test_rows_without_a_sample_sort_below_every_number() -> None:
    key = containers.RESOURCE.sort_keys["cpu"]
    assert key(WEB, RowContext(NOW)) < key(WEB, RowContext(NOW, replace(STATS, cpu_percent=0.0)))
    assert key(WEB, RowContext(NOW, replace(STATS, cpu_percent=None))) < 0


def test_a_thousand_rows_sort_in_milliseconds() -> None:
    shuffled = random.Random(1)
    rows = [replace(WEB, name=f"shop-web-{n}") for n in range(1000)]
    shuffled.shuffle(rows)
    started = time.perf_counter()
    rows.sort(key=containers.default_sort)
    # About 3 ms on an idle core; the bound only tells a sort from something quadratic.
    assert time.perf_counter() - started < 0.5
    assert [row.name for row in rows[:2]] == ["shop-web-0", "shop-web-1"]


def test_the_plain_filter_finds_what_people_type() -> None:
    text = containers.search_text(WEB)
    for word in ("shop-web-1", "nginx", "running", "healthy", "shop/web", "8080", "172.18", "0123456789ab", "alias"):
        assert word in text
    assert "8080" not in containers.search_text(replace(WEB, ports=()))
    assert "exited 137" in containers.search_text(replace(WEB, state=ContainerState.EXITED, exit_code=137))


def test_images_field_by_field() -> None:
    image = Image(
        ImageId("sha256:" + "ab" * 32),
        ("nginx:1.27", "nginx:latest", "web:1"),
        created=NOW - timedelta(weeks=3),
        size=133_000_000,
    )
    cells = row(images.RESOURCE, image, RowContext(NOW, used_by=2))
    assert {name: cell.text for name, cell in cells.items()} == {
        "tag": "nginx:1.27 +2",
        "size": "133MB",
        "created": "3w",
        "used_by": "2",
        "id": "abababababab",
    }
    assert row(images.RESOURCE, image, RowContext(NOW, used_by=0))["used_by"] == Cell("0", Tone.DIM)
    assert row(images.RESOURCE, image, RowContext(NOW))["used_by"].text == ""
    assert row(images.RESOURCE, image, RowContext(NOW, in_flight="removing"))["tag"] == Cell(
        "nginx:1.27 +2 (removing)", Tone.BUSY
    )
    assert images.RESOURCE.name(image) == "nginx:1.27"
    assert "web:1" in images.search_text(image)


def test_images_without_a_name() -> None:
    bare = Image(ImageId("sha256:" + "ab" * 32))
    by_digest = replace(bare, digests=("nginx@sha256:" + "cd" * 32,))
    assert images.tag_text(bare) == "<none>"
    assert images.tag_text(by_digest) == "nginx:<none>"
    assert images.image_name(bare) == "abababababab"
    assert row(images.RESOURCE, bare, RowContext(NOW))["tag"].tone is Tone.DIM
    assert "<none>" in images.search_text(bare)
    tagged = replace(bare, tags=("z:1",))
    assert sorted([bare, tagged], key=images.default_sort) == [tagged, bare]


def test_who_uses_an_image() -> None:
    image = Image(ImageId("sha256:" + "ab" * 32), ("nginx:1.27",))
    by_tag = replace(WEB, name="by-tag", image_id=ImageId(""))
    other = replace(WEB, name="other", image_id=ImageId("sha256:" + "cd" * 32))
    assert images.users(image, [WEB, by_tag, other]) == ["shop-web-1", "by-tag"]
    assert images.RESOURCE.users is not None
    assert tuple(images.RESOURCE.users(WEB)) == (WEB.image_id,)
    assert tuple(images.RESOURCE.users(by_tag)) == ()


def event(action: str, detail: str = "", **attributes: str) -> Event:
    return Event(EventType.CONTAINER, action, ID, attributes, NOW, 5, detail=detail)


def test_events_field_by_field() -> None:
    died = event("die", name="web", exitCode="137", image="nginx", signal="9", label="noise")
    cells = row(events.RESOURCE, died, RowContext(NOW))
    assert [cell.text for cell in cells.values()] == [
        NOW.astimezone().strftime("%H:%M:%S"),
        "container",
        "die",
        "web",
        "exit 137 · signal 9 · image nginx",
    ]
    assert cells["action"].tone is Tone.BAD
    assert cells["attributes"].tone is Tone.BAD
    assert "137" in events.search_text(died)
    assert events.clock_text(None) == ""
    assert events.RESOURCE.default_sort(died) == 5


def test_event_names_and_ids_are_short() -> None:
    assert events.name_text(event("start")) == "0123456789ab"
    connected = Event(EventType.NETWORK, "connect", "n" * 64, {"name": "bridge", "container": ID})
    assert events.attributes_text(connected) == "container 0123456789ab"


@pytest.mark.parametrize(
    ("what", "tone"),
    [
        (event("die", exitCode="0"), Tone.DIM),
        (event("die"), Tone.DIM),
        (event("die", exitCode="1"), Tone.BAD),
        (event("start"), Tone.GOOD),
        (event("oom"), Tone.BAD),
        (event("destroy"), Tone.WARN),
        (event("health_status", "unhealthy"), Tone.BAD),
        (event("health_status", "healthy"), Tone.GOOD),
        (event("health_status", "running"), Tone.BUSY),
        (event("exec_start", "sh"), Tone.DIM),
        (event("rename"), Tone.PLAIN),
        (event("never-heard-of"), Tone.PLAIN),
    ],
)
def test_event_tones(what: Event, tone: Tone) -> None:
    assert events.tone(what) is tone


def test_noise() -> None:
    assert all(events.is_noise(event(action)) for action in ("exec_create", "exec_start", "exec_die", "top"))
    assert not events.is_noise(event("die"))


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        (
            containers.RESOURCE,
            Container(
                ContainerId(HOSTILE),
                HOSTILE,
                ContainerState.EXITED,
                image=HOSTILE,
                command=HOSTILE,
                status=HOSTILE,
                labels={HOSTILE: HOSTILE, "com.docker.compose.project": HOSTILE},
                networks=(HOSTILE,),
                ips=(HOSTILE,),
                ports=(Port(1, HOSTILE, 2, HOSTILE),),
            ),
        ),
        (images.RESOURCE, Image(ImageId(HOSTILE), (HOSTILE,), (HOSTILE,))),
        (
            events.RESOURCE,
            Event(EventType.UNKNOWN, HOSTILE, HOSTILE, {"name": HOSTILE, "image": HOSTILE}, detail=HOSTILE),
        ),
    ],
)
def test_hostile_strings_pass_through_as_they_are(resource: Resource, model: object) -> None:
    texts = [cell.text for cell in resource.cells(model, RowContext(NOW))]
    assert HOSTILE in texts
    assert HOSTILE in resource.search_text(model)
    resource.default_sort(model)
    assert resource.name(model)


def fits(resource: Resource, width: int) -> list[str]:
    """The columns that the table shows on a screen of this width; two cells are its gutter."""
    columns = [Column.like(column) for column in resource.columns]
    return [placed.column.id for placed in layout(columns, width - 2)]


def test_what_80_and_200_columns_show() -> None:
    assert fits(containers.RESOURCE, 80) == ["name", "state", "cpu", "mem", "uptime", "image"]
    assert fits(containers.RESOURCE, 200)[:9] == [column.id for column in containers.COLUMNS][:9]
    assert fits(containers.RESOURCE, 400) == [column.id for column in containers.COLUMNS]
    assert fits(images.RESOURCE, 80) == [column.id for column in images.COLUMNS]
    assert fits(events.RESOURCE, 80) == [column.id for column in events.COLUMNS]


def test_resources_are_consistent() -> None:
    for kind, resource in RESOURCES.items():
        assert resource.kind == kind
        ids = [column.id for column in resource.columns]
        assert len(set(ids)) == len(ids)
        assert resource.empty
        assert all(column.min <= column.ideal for column in resource.columns)
        assert all(column.align in ("left", "right") for column in resource.columns)


@pytest.mark.parametrize(
    ("resource", "model", "expected"),
    [
        (
            containers.RESOURCE,
            WEB,
            {
                "name": ("shop-web-1", "other/alias"),
                "state": ("running",),
                "health": ("healthy",),
                "image": ("nginx:1.27",),
                "project": ("shop",),
                "service": ("web",),
                "network": ("shop_default",),
                "label": ("com.docker.compose.project=shop", "com.docker.compose.service=web", "team=red"),
                "id": (ID,),
            },
        ),
        (
            images.RESOURCE,
            Image(ImageId("sha256:1"), ("a:1",), labels={"k": "v"}),
            {"name": ("a:1",), "image": ("a:1",), "label": ("k=v",), "id": ("sha256:1",)},
        ),
        (
            events.RESOURCE,
            event("start", name="web"),
            {"type": ("container",), "action": ("start",), "name": ("web",)},
        ),
    ],
)
def test_attributes_for_filters(resource: Resource, model: object, expected: Mapping[str, tuple[str, ...]]) -> None:
    assert {name: tuple(value(model)) for name, value in resource.attributes.items()} == expected
