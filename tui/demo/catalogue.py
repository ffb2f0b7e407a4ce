"""The images of the demo's world, and what an image's name means."""

from __future__ import annotations

import hashlib
import random

from tui.demo.clock import SECOND
from tui.demo.objects import Image, Json, Step

DAY = 86_400 * SECOND
MIB = 1 << 20
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TEST_CREATED = 1_714_564_800 * SECOND
"""2024-05-01 12:00 UTC: the test images have always been made then."""


def digest(*parts: object) -> str:
    """A hexadecimal SHA-256 of what identifies something: the same in every run."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def normalise(reference: str) -> str:
    """`nginx` -> `nginx:latest`; `docker.io/library/nginx:1` -> `nginx:1`; ids and digests stay what they are."""
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    if "@" in name or name.startswith("sha256:"):
        return name
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


_HEALTH_WEB: Json = {
    "Test": ["CMD", "health"],
    "Interval": 2 * SECOND,
    "Timeout": 2 * SECOND,
    "StartPeriod": SECOND,
    "Retries": 2,
}

_TEST: dict[str, Json] = {
    "busybox": {"Cmd": ["sh"]},
    "pause": {"Cmd": ["sleep", "infinity"], "StopSignal": "SIGKILL"},
    "logger": {"Cmd": ["run"], "Env": ["RATE=1"]},
    "cpu": {"Cmd": ["run"], "Env": ["CPU=50"]},
    "mem": {"Cmd": ["run"], "Env": ["MB=64"]},
    "crash": {"Cmd": ["run"]},
    "oom": {"Cmd": ["run"]},
    "stubborn": {"Cmd": ["run"]},
    "db": {
        "Cmd": ["run"],
        "Volumes": {"/data": {}},
        "ExposedPorts": {"5432/tcp": {}},
        "Env": ["DB_PASSWORD=hunter2"],
    },
}

# name, kind, MiB, days old, layers, configuration
_REAL: tuple[tuple[str, str, int, int, int, Json], ...] = (
    ("nginx:1.27-alpine", "nginx", 48, 20, 8, {"Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}},
     "Entrypoint": ["/docker-entrypoint.sh"], "StopSignal": "SIGQUIT"}),
    ("postgres:16", "postgres", 432, 34, 14, {"Cmd": ["postgres"], "Entrypoint": ["docker-entrypoint.sh"],
     "ExposedPorts": {"5432/tcp": {}}, "Volumes": {"/var/lib/postgresql/data": {}}, "StopSignal": "SIGINT"}),
    ("redis:7", "redis", 117, 51, 8, {"Cmd": ["redis-server"], "Entrypoint": ["docker-entrypoint.sh"],
     "ExposedPorts": {"6379/tcp": {}}, "Volumes": {"/data": {}}}),
    ("grafana/grafana:11.5.1", "coloured", 473, 12, 10, {"Entrypoint": ["/run.sh"], "User": "472",
     "ExposedPorts": {"3000/tcp": {}}}),
    ("prom/prometheus:v3.1.0", "structured", 281, 40, 12, {"Entrypoint": ["/bin/prometheus"], "User": "nobody",
     "Cmd": ["--config.file=/etc/prometheus/prometheus.yml"], "ExposedPorts": {"9090/tcp": {}}}),
    ("python:3.12-slim", "python", 124, 9, 5, {"Cmd": ["python3"]}),
    ("node:22-alpine", "node", 153, 16, 4, {"Cmd": ["node"], "Entrypoint": ["docker-entrypoint.sh"]}),
    ("eclipse-temurin:21-jre", "java", 263, 60, 6, {"Cmd": ["java", "-jar", "/app/orders.jar"]}),
    ("wordpress:6.7-apache", "nginx", 701, 25, 22, {"Cmd": ["apache2-foreground"], "ExposedPorts": {"80/tcp": {}},
     "Entrypoint": ["docker-entrypoint.sh"]}),
    ("mariadb:11.4", "postgres", 406, 70, 9, {"Cmd": ["mariadbd"], "Entrypoint": ["docker-entrypoint.sh"],
     "ExposedPorts": {"3306/tcp": {}}, "Volumes": {"/var/lib/mysql": {}}}),
    ("ghcr.io/acme/shop-api:2.4.1", "structured", 186, 2, 11, {"Cmd": ["/app/api"], "ExposedPorts": {"8000/tcp": {}},
     "Healthcheck": {"Test": ["CMD-SHELL", "wget -qO- localhost:8000/healthz || exit 1"], "Interval": 30 * SECOND,
                     "Timeout": 3 * SECOND, "Retries": 3}}),
    ("ghcr.io/acme/shop-worker:2.4.1", "coloured", 190, 2, 11, {"Cmd": ["celery", "-A", "shop", "worker"]}),
    ("registry.example.com:5000/team/report-generator:nightly", "python", 612, 1, 18, {"Cmd": ["python", "report.py"]}),
    ("gcr.io/distroless/static-debian12:nonroot", "scratch", 2, 400, 2, {"User": "65532"}),
    ("hello-world:latest", "hello", 0, 560, 1, {"Cmd": ["/hello"]}),
)  # fmt: skip


def make_image(name: str, kind: str, size: int, created: int, layers: int, config: Json, *, salt: object = "") -> Image:
    """An image of `layers` layers and `size` bytes. Without a `name` it is dangling."""
    rng = random.Random(f"{name}/{salt}")
    base = name.rpartition(":")[0] or "unnamed"
    shares = sorted((rng.random() ** 3 for _ in range(layers)), reverse=True)
    steps = [Step(created - 3 * DAY, "/bin/sh -c #(nop) ADD file:" + digest(name, salt, "rootfs") + " in /", 0)]
    whole = sum(shares) or 1
    commands = (
        "RUN /bin/sh -c set -eux; apt-get update; apt-get install -y ca-certificates",
        "COPY . /app",
        "RUN /bin/sh -c pip install --no-cache-dir -r requirements.txt",
        "COPY docker-entrypoint.sh /",
    )
    for index, share in enumerate(shares):
        text = steps[0].created_by if index == 0 else commands[index % len(commands)]
        step = Step(created - DAY // 2 + index * SECOND, text, int(size * share / whole), "buildkit.dockerfile.v0")
        steps = [step] if index == 0 else [*steps, step]
    for port in config.get("ExposedPorts") or {}:
        steps.append(Step(created, f"EXPOSE map[{port}:{{}}]", 0, "buildkit.dockerfile.v0"))
    steps.append(Step(created, f"CMD {config.get('Cmd') or []}", 0, "buildkit.dockerfile.v0"))
    full = {
        "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False,
        "AttachStderr": False, "Tty": False, "OpenStdin": False, "StdinOnce": False, "Cmd": None, "Image": "",
        "Volumes": None, "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": None,
        **config, "Env": [PATH, *(config.get("Env") or [])],
    }  # fmt: skip
    return Image(
        id="sha256:" + digest("image", name, salt, size),
        kind=kind,
        created=created,
        tags=[name] if name else [],
        digests=[f"{base}@sha256:{digest('manifest', name, salt)}"]
        if name and not name.startswith("portside/")
        else [],
        steps=steps,
        layers=["sha256:" + digest("layer", name, salt, index) for index in range(layers)],
        config=full,
    )


def seed_images(now: int) -> list[Image]:
    """All images that a new world has."""
    images: list[Image] = []
    for kind, config in _TEST.items():
        images.append(_test_image(kind, "1", config, now))
    for version in ("1", "2"):
        config = {
            "Cmd": ["run"], "ExposedPorts": {"8080/tcp": {}}, "Healthcheck": _HEALTH_WEB, "WorkingDir": "/www",
            "StopSignal": "SIGKILL",
        }  # fmt: skip
        images.append(_test_image("web", version, config, now))
    by_tag = {image.tags[0]: image for image in images}
    by_tag["portside/busybox:1"].tags += ["portside/busybox:latest", "portside/sh:stable"]
    by_tag["portside/web:2"].tags.append("portside/web:latest")
    for name, kind, size, age, layers, config in _REAL:
        config = {**config, "Labels": {"org.opencontainers.image.title": name.rpartition(":")[0].rpartition("/")[2]}}
        images.append(make_image(name, kind, max(size * MIB, 13_300), now - age * DAY, layers, config))
    images.append(make_image("", "busybox", 184 * MIB, now - 3 * DAY, 11, {"Cmd": ["/app/api"]}, salt="dangling"))
    return images


def _test_image(kind: str, version: str, config: Json, now: int) -> Image:
    labels = {
        "org.opencontainers.image.title": kind,
        "org.opencontainers.image.vendor": "Portside tests",
        "org.opencontainers.image.version": "1",
        "portside.test": "1",
    }
    if kind == "web":
        labels["portside.version"] = version
    image = make_image(f"portside/{kind}:{version}", kind, 2_000_000, TEST_CREATED, 3, {**config, "Labels": labels})
    image.config["Env"][0] = "PATH=/usr/local/bin:/bin"
    image.author = "portside tests"
    return image


def kind_of(name: str) -> str:
    """What the program of an image of this name does, for images that come by a pull."""
    base = normalise(name).rpartition(":")[0].rpartition("/")[2]
    known = {entry[0].rpartition(":")[0].rpartition("/")[2]: entry[1] for entry in _REAL}
    if base in _TEST or base == "web":
        return base
    return known.get(base, "coloured")
