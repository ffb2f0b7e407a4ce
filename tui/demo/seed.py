"""What a new world contains: Compose projects, single containers in every state, networks and volumes."""

from __future__ import annotations

from dataclasses import dataclass

from tui.demo.catalogue import digest, normalise
from tui.demo.clock import SECOND
from tui.demo.fate import Fate
from tui.demo.objects import Container, Json
from tui.demo.world import World

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Plan:
    """One container of the new world. `age` and `uptime` in nanoseconds; `state` may be `unhealthy` or `oom` too."""

    name: str
    image: str
    state: str = "running"
    project: str = ""
    service: str = ""
    number: int = 1
    port: str = ""
    volume: str = ""
    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    code: int = 0
    age: int = 6 * DAY
    uptime: int = 2 * DAY
    restart: str = "no"
    memory: int = 0


_SHOP = "ghcr.io/acme/shop-api:2.4.1"
_NGINX = "nginx:1.27-alpine"


def _service(project: str, service: str, image: str, number: int = 1, **more: object) -> Plan:
    name = f"{project}-{service}-{number}"
    return Plan(name, image, project=project, service=service, number=number, restart="unless-stopped", **more)  # type: ignore[arg-type]


FIRST: tuple[Plan, ...] = (
    _service("shop", "web", _NGINX, 1, port="8080:80"),
    _service("shop", "web", _NGINX, 2, port="8081:80"),
    _service("shop", "api", _SHOP, 1, port="8000:8000"),
    _service("shop", "api", _SHOP, 2),
    _service("shop", "db", "postgres:16", volume="shop_db-data:/var/lib/postgresql/data",
             env=("POSTGRES_USER=shop", "POSTGRES_PASSWORD=s3cr3t-shop")),
    _service("shop", "cache", "redis:7", volume="shop_cache:/data"),
    _service("shop", "worker", "ghcr.io/acme/shop-worker:2.4.1", env=("BROKER_URL=redis://cache:6379/0",)),
    _service("blog", "web", "wordpress:6.7-apache", port="8090:80", volume="blog_html:/var/www/html"),
    _service("blog", "db", "mariadb:11.4", volume="blog_db:/var/lib/mysql", env=("MARIADB_ROOT_PASSWORD=hunter2",)),
    Plan("blog-backup-1", "portside/busybox:1", "exited", "blog", "backup", command=("sh", "-c", "echo backup done"),
         uptime=3 * HOUR),
    _service("monitoring", "grafana", "grafana/grafana:11.5.1", port="3000:3000",
             volume="monitoring_grafana:/var/lib/grafana"),
    _service("monitoring", "prometheus", "prom/prometheus:v3.1.0", port="9090:9090",
             volume="monitoring_tsdb:/prometheus"),
    _service("monitoring", "agent", "portside/web:2", state="unhealthy", env=("UNHEALTHY=1",)),
    Plan("orders-service", "eclipse-temurin:21-jre", port="8085:8085", restart="always", memory=1 << 30),
    Plan("edge-proxy", "portside/web:1", port="80:8080", uptime=5 * HOUR, restart="always"),
    Plan("nightly-report", "registry.example.com:5000/team/report-generator:nightly", "exited", code=1,
         uptime=9 * HOUR),
    Plan("flaky-importer", "portside/crash:1", "restarting", env=("AFTER=4",), restart="always", age=3 * HOUR),
    Plan("thumbnailer", "ghcr.io/acme/shop-worker:2.4.1", "oom", memory=256 << 20, uptime=40 * MINUTE),
    Plan("staging-db", "postgres:16", "paused", volume="staging-db:/var/lib/postgresql/data", uptime=DAY),
    Plan("scratchpad", "python:3.12-slim", "created", command=("python3", "-i")),
    Plan("migrate-2025-11", "portside/crash:1", "exited", code=3, uptime=2 * DAY),
    Plan("json-logger", "portside/logger:1", env=("RATE=2", "FORMAT=json"), uptime=7 * MINUTE),
    Plan("colour-logger", "portside/logger:1", env=("RATE=1", "FORMAT=ansi"), uptime=50 * MINUTE),
    Plan("static-files", "gcr.io/distroless/static-debian12:nonroot", command=("/server",), uptime=11 * HOUR),
    Plan("cpu-burner", "portside/cpu:1", env=("CPU=120",), uptime=2 * HOUR),
    Plan("wont-stop", "portside/stubborn:1", uptime=6 * HOUR),
    Plan("debug-shell", "portside/busybox:1", command=("sleep", "infinity"), uptime=25 * MINUTE),
    Plan("hello", "hello-world:latest", "exited", uptime=20 * DAY, age=20 * DAY),
    Plan("broken-volume", "portside/db:1", "dead", code=128, uptime=8 * DAY, age=9 * DAY),
    Plan("cert-renewer", "python:3.12-slim", command=("python3", "renew.py"), uptime=30 * SECOND, restart="on-failure"),
)  # fmt: skip

_MORE = (
    ("svc", "ghcr.io/acme/shop-api:2.4.1", "running"), ("web", _NGINX, "running"),
    ("job", "python:3.12-slim", "exited"), ("cache", "redis:7", "running"), ("task", "portside/pause:1", "running"),
    ("old", "portside/crash:1", "exited"),
    ("db", "postgres:16", "running"), ("probe", "portside/pause:1", "created"), ("node", "node:22-alpine", "running"),
)  # fmt: skip
_TEAMS = ("atlas", "billing", "checkout", "delta", "etl", "fleet", "geo", "harbor", "identity", "ledger")


def populate(world: World, count: int, *, life: bool) -> None:
    """Fill a new world with `count` containers, and start its `Fate` if things are to happen by themselves."""
    plans = [*FIRST[:count], *(_further(world, index) for index in range(count - len(FIRST)))]
    for plan in sorted(plans, key=lambda plan: -max(plan.age, plan.uptime)):
        _place(world, plan)
    world.containers = dict(sorted(world.containers.items(), key=lambda item: item[1].created))
    if count:
        old = world.add_volume(digest("anonymous", world.seed), labels={"com.docker.volume.anonymous": ""}, quiet=True)
        old.size = 48 << 20
    if life:
        Fate(world).begin()


def _further(world: World, index: int) -> Plan:
    rng = world.rng
    stem, image, state = _MORE[index % len(_MORE)]
    team = _TEAMS[index // len(_MORE) % len(_TEAMS)]
    uptime = int(rng.uniform(0.01, 12) * DAY)
    code = rng.choice((0, 0, 0, 1, 2, 137)) if state == "exited" else 0
    command = ("node", "server.js") if stem == "node" else ("python3", "job.py") if stem == "job" else ()
    if index % 2:
        return Plan(f"{team}-{stem}-{index + 1:03d}", image, state, code=code, uptime=uptime, command=command)
    return Plan(
        f"{team}-{stem}-{index + 1}", image, state, project=team, service=stem, number=index + 1, code=code,
        uptime=uptime, command=command, restart="no" if state == "exited" else "unless-stopped",
    )  # fmt: skip


def _labels(plan: Plan) -> dict[str, str]:
    """The labels that Compose gives a container."""
    if not plan.project:
        return {}
    folder = f"/srv/{plan.project}"
    return {
        "com.docker.compose.config-hash": digest("config", plan.project, plan.service),
        "com.docker.compose.container-number": str(plan.number),
        "com.docker.compose.depends_on": "db:service_started:false" if plan.service in ("api", "web") else "",
        "com.docker.compose.image": "sha256:" + digest("image", plan.image),
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": plan.project,
        "com.docker.compose.project.config_files": f"{folder}/compose.yaml",
        "com.docker.compose.project.working_dir": folder,
        "com.docker.compose.service": plan.service,
        "com.docker.compose.version": "2.33.1",
    }


def _place(world: World, plan: Plan) -> None:
    now = world.now()
    network = "bridge"
    if plan.project:
        network = f"{plan.project}_default"
        labels = {"com.docker.compose.network": "default", "com.docker.compose.project": plan.project,
                  "com.docker.compose.version": "2.33.1"}  # fmt: skip
        if network not in world.networks:
            world.add_network(network, labels=labels, quiet=True).created = now - plan.age
    host: Json = {
        "NetworkMode": network,
        "RestartPolicy": {"Name": plan.restart, "MaximumRetryCount": 0},
        "Memory": plan.memory,
    }
    if plan.port:
        outside, _, inside = plan.port.partition(":")
        host["PortBindings"] = {f"{inside}/tcp": [{"HostIp": "", "HostPort": outside}]}
    if plan.volume:
        name = plan.volume.partition(":")[0]
        labels = {}
        if plan.project:
            labels = {"com.docker.compose.project": plan.project, "com.docker.compose.volume": name.partition("_")[2]}
        volume = world.add_volume(name, labels=labels, size=world.rng.randrange(1 << 20, 900 << 20), quiet=True)
        volume.created = now - plan.age
        host["Binds"] = [plan.volume]
    body: Json = {"Image": plan.image, "Env": list(plan.env), "Labels": _labels(plan), "HostConfig": host}
    if plan.command:
        body["Cmd"] = list(plan.command)
    if plan.port:
        body["ExposedPorts"] = {f"{plan.port.partition(':')[2]}/tcp": {}}
    if plan.project:
        body["NetworkingConfig"] = {"EndpointsConfig": {network: {"Aliases": [plan.service]}}}
    container = world.create(plan.name, body, quiet=True)
    # A project's containers are made together, single ones whenever.
    before = world.rng.randrange(MINUTE if plan.project else 12 * DAY)
    container.created = now - max(plan.age if plan.project else 0, plan.uptime) - before
    container.size_rw = world.rng.choice((0, 1093, 21_400, 3_300_000))
    _set_state(world, container, plan, now)


def _set_state(world: World, container: Container, plan: Plan, now: int) -> None:
    moment = now - plan.uptime - world.rng.randrange(1, 20 * SECOND)
    match plan.state:
        case "created":
            return
        case "running" | "unhealthy" | "paused":
            world.life.place(container, moment)
            if container.health is not None:
                container.health.status = "unhealthy" if plan.state == "unhealthy" else "healthy"
                container.health.streak = 7 if plan.state == "unhealthy" else 0
            if plan.state == "paused":
                container.state = "paused"
                container.active = plan.uptime // 2
                container.log.suspend(now)
        case "restarting":
            world.life.place(container, now - 5 * SECOND)
            container.restarts = 6  # the seventh time it waits 6.4 seconds
            world.life.die(container, 3)
        case _:
            oom = plan.state == "oom"
            container.state = "dead" if plan.state == "dead" else "exited"
            container.exit_code = 137 if oom else plan.code
            container.oom_killed = oom
            container.started, container.finished = moment - 45 * SECOND, moment
            _last_words(container, plan)


def _last_words(container: Container, plan: Plan) -> None:
    words = [b"starting", b"loading configuration", b"working"]
    if plan.code or plan.state == "oom":
        words += [b"Traceback (most recent call last):", b'  File "/app/report.py", line 88, in <module>',
                  b"ConnectionError: db:5432 refused the connection"]  # fmt: skip
    else:
        words.append(b"backup done" if normalise(plan.image) == "portside/busybox:1" else b"done")
    step = (container.finished - container.started) // len(words)
    for index, text in enumerate(words):
        container.log.write(container.started + (index + 1) * step, text, 2 if text.startswith(b"Conn") else 1)
