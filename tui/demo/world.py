"""The demo's world: all containers, images, networks and volumes, found and made the way dockerd does it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tui.demo.catalogue import digest, kind_of, make_image, normalise, seed_images
from tui.demo.clock import Clock, Timer
from tui.demo.defaults import config_of, host_config_of
from tui.demo.errors import ApiError
from tui.demo.events import EventHub
from tui.demo.life import Life
from tui.demo.objects import Container, Endpoint, Exec, Image, Json, Network, Volume
from tui.demo.programs import profile_of

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


class World:
    """Everything there is. `life` starts, stops and kills; tests may also change the records directly.

    Attributes:
        containers: by full id, in the order of creation.
        images: newest last.
        networks: by name.
        volumes: by name.
        events: the event stream.
    """

    def __init__(self, clock: Clock, *, seed: int = 1) -> None:
        """Build a world without containers; ids and random choices follow from `seed`."""
        self.clock = clock
        self.seed = seed
        self.rng = random.Random(seed)
        self.born = clock.now()
        self.events = EventHub()
        self.containers: dict[str, Container] = {}
        self.images: list[Image] = seed_images(self.born)
        self.networks: dict[str, Network] = {}
        self.volumes: dict[str, Volume] = {}
        self.execs: dict[str, Exec] = {}
        self.life = Life(self)
        self.background: list[Timer] = []
        self._names: dict[str, Container] = {}
        self._serial = 0
        for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null")):
            self.add_network(name, driver=driver, quiet=True)

    def now(self) -> int:
        """Nanoseconds since 1970 on the world's clock."""
        return self.clock.now()

    def new_id(self) -> str:
        """Sixty-four hexadecimal digits that no other thing has; the same ones for the same seed and history."""
        self._serial += 1
        return digest("id", self.seed, self._serial)

    # Look-up

    def container(self, reference: str) -> Container:
        """The container with this id, name, or unique beginning of an id.

        Raises:
            ApiError: 404 unknown, 400 ambiguous.
        """
        found = self.containers.get(reference) or self._names.get(reference.removeprefix("/"))
        if found is not None:
            return found
        matching = [id for id in self.containers if id.startswith(reference)] if reference else []
        if len(matching) > 1:
            raise ApiError(400, f"Multiple IDs found with provided prefix: {reference}")
        if not matching:
            raise ApiError(404, f"No such container: {reference}")
        return self.containers[matching[0]]

    def image(self, reference: str) -> Image:
        """The image with this tag, digest, id or beginning of an id.

        Raises:
            ApiError: 404 unknown.
        """
        found = self.find_image(reference)
        if found is None:
            raise ApiError(404, f"No such image: {normalise(reference)}")
        return found

    def find_image(self, reference: str) -> Image | None:
        """Like `image`, with None for an unknown one."""
        name = normalise(reference)
        digits = reference.removeprefix("sha256:")
        for image in self.images:
            if name in image.tags or reference in image.tags or name in image.digests or image.id == reference:
                return image
        if re.fullmatch(r"[0-9a-f]{4,64}", digits):
            return next((image for image in self.images if image.id[7:].startswith(digits)), None)
        return None

    def network(self, reference: str) -> Network:
        """The network with this name, id or beginning of an id.

        Raises:
            ApiError: 404 unknown.
        """
        network = self.networks.get("bridge" if reference == "default" else reference)
        if network is None and reference:
            network = next((n for n in self.networks.values() if n.id.startswith(reference)), None)
        if network is None:
            raise ApiError(404, f"network {reference} not found")
        return network

    def volume(self, name: str) -> Volume:
        """The volume with this name.

        Raises:
            ApiError: 404 unknown.
        """
        try:
            return self.volumes[name]
        except KeyError:
            raise ApiError(404, f"get {name}: no such volume") from None

    def users_of(self, image: Image) -> list[Container]:
        """The containers made from `image`."""
        return [container for container in self.containers.values() if container.image is image]

    # Making things

    def add_network(
        self, name: str, *, driver: str = "bridge", labels: Mapping[str, str] | None = None, quiet: bool = False
    ) -> Network:
        """Make a network; `quiet`: without an event, as something that has long been there."""
        number = 17 + sum(1 for network in self.networks.values() if network.subnet)
        subnet = f"172.{number}.0.0/16" if driver == "bridge" else ""
        network = Network(self.new_id(), name, driver, self.now(), subnet, dict(labels or {}))
        self.networks[name] = network
        if not quiet:
            self.events.publish(self.now(), "network", "create", network.id, {"name": name, "type": driver})
        return network

    def add_volume(
        self, name: str = "", *, labels: Mapping[str, str] | None = None, size: int = 0, quiet: bool = False
    ) -> Volume:
        """Make a volume, or return the one of this name. Without a name it is an anonymous one."""
        if not name:
            name, labels = self.new_id(), {"com.docker.volume.anonymous": "", **(labels or {})}
        if name not in self.volumes:
            self.volumes[name] = Volume(name, self.now(), dict(labels) if labels else None, size)
            if not quiet:
                self.events.publish(self.now(), "volume", "create", name, {"driver": "local"})
        return self.volumes[name]

    def add_image(self, name: str, *, size: int = 60 << 20, layers: int = 5, config: Json | None = None) -> Image:
        """Make an image called `name` (any text), as if it had been pulled."""
        tag = normalise(name)
        image = make_image(
            tag, kind_of(name), size, self.now(), layers, config or {"Cmd": ["run"]}, salt=len(self.images)
        )
        for other in self.images:
            if tag in other.tags:
                other.tags.remove(tag)
        self.images.append(image)
        return image

    def create(self, name: str, body: Json, *, quiet: bool = False) -> Container:
        """Make a container from the body of `POST /containers/create`.

        Raises:
            ApiError: 400 bad name or empty body, 404 no such image or network, 409 the name is taken.
        """
        image_name = str(body.get("Image") or "")
        if not image_name:
            raise ApiError(400, "config cannot be empty in order to create a container")
        if name and not quiet and not NAME.fullmatch(name.removeprefix("/")):
            raise ApiError(400, f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        name = name.removeprefix("/") or self._new_name()
        self.check_name_free(name)
        image = self.image(image_name)
        host_config = host_config_of(body.get("HostConfig") or {})
        networks = self._networks_of(host_config, body.get("NetworkingConfig") or {})
        identity = self.new_id()
        config = config_of(body, image, identity)
        if not (config["Cmd"] or config["Entrypoint"]):
            raise ApiError(400, "no command specified")
        container = Container(
            id=identity,
            name=name,
            image=image,
            image_name=image_name,
            config=config,
            host_config=host_config,
            created=self.now(),
            profile=profile_of(self.seed, image, name, config),
        )
        container.endpoints = networks
        container.mounts = self._mounts_of(host_config, config)
        self.containers[identity] = container
        self._names[name] = container
        if not quiet:
            self.events.container(self.now(), container, "create")
        return container

    def add_container(
        self,
        name: str = "",
        image: str = "portside/busybox:1",
        *,
        labels: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        env: Sequence[str] = (),
        host_config: Json | None = None,
        start: bool = True,
        **config: Any,
    ) -> Container:
        """Make a container for a test: names, labels and image tags are taken as they are, however hostile.

        Args:
            name: any text; empty: a name is made up.
            image: any text; an image of that name is made when there is none.
            labels: any keys and values.
            command: what to run; the default is `sleep infinity` for busybox, else the image's own command.
            env: entries `KEY=value`.
            host_config: parts of the API's HostConfig.
            start: whether it is started at once.
            **config: further keys of the API's container configuration, such as `Tty=True`.
        """
        if self.find_image(image) is None:
            self.add_image(image)
        if command is None and image.startswith("portside/busybox"):
            command = ["sleep", "infinity"]
        body: Json = {
            "Image": image,
            "Labels": dict(labels or {}),
            "Env": list(env),
            "HostConfig": host_config,
            **config,
        }
        if command is not None:
            body["Cmd"] = list(command)
        container = self.create(name, body, quiet=True)
        self.events.container(self.now(), container, "create")
        if start:
            self.life.start(container)
        return container

    def check_name_free(self, name: str) -> None:
        """Raise 409 if a container is called `name`."""
        other = self._names.get(name)
        if other is not None:
            raise ApiError(
                409,
                f'Conflict. The container name "/{name}" is already in use by container "{other.id}". '
                "You have to remove (or rename) that container to be able to reuse that name.",
            )

    def rename(self, container: Container, name: str) -> None:
        """Give a container another name.

        Raises:
            ApiError: 400 bad name, 409 taken.
        """
        new = name.removeprefix("/")
        if not new:
            raise ApiError(400, "Neither old nor new names may be empty")
        if new == container.name:
            raise ApiError(400, "Renaming a container with the same name as its current name")
        prefix = "Error when allocating new name: "
        if not NAME.fullmatch(new):
            raise ApiError(400, f"{prefix}Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        try:
            self.check_name_free(new)
        except ApiError as error:
            raise ApiError(error.status, prefix + error.message) from None
        old, container.name = container.name, new
        del self._names[old]
        self._names[new] = container
        self.events.container(self.now(), container, "rename", oldName=f"/{old}")

    def forget(self, container: Container) -> None:
        """Drop a container from all indexes."""
        self.containers.pop(container.id, None)
        if self._names.get(container.name) is container:
            del self._names[container.name]
        for id in [id for id, command in self.execs.items() if command.container is container]:
            del self.execs[id]

    def close(self) -> None:
        """Stop everything that would still happen by itself."""
        for timer in self.background:
            timer.cancel()
        self.life.close()

    def _new_name(self) -> str:
        while True:
            left = self.rng.choice(("brave", "calm", "eager", "fervent", "quiet", "sharp", "vivid", "zen"))
            right = self.rng.choice(("babbage", "curie", "hopper", "lamarr", "noether", "ritchie", "turing", "wing"))
            name = f"{left}_{right}"
            if name in self._names:
                name += str(self.rng.randrange(10_000))
            if name not in self._names:
                return name

    def _networks_of(self, host_config: Json, networking: Json) -> dict[str, Endpoint]:
        mode = str(host_config.get("NetworkMode") or "default")
        if mode.startswith("container:"):
            return {}
        endpoints: dict[str, Any] = dict(networking.get("EndpointsConfig") or {})
        if mode != "default" or not endpoints:
            endpoints.setdefault(mode, {})
        result = {}
        for reference, settings in endpoints.items():
            network = self.network(reference)
            result[network.name] = self.endpoint(network, settings or {})
        return result

    def endpoint(self, network: Network, settings: Json) -> Endpoint:
        """A place in a network, as the API's EndpointSettings describe it."""
        wanted = (settings.get("IPAMConfig") or {}).get("IPv4Address") or ""
        return Endpoint(network, list(settings.get("Aliases") or []), str(wanted))

    def _mounts_of(self, host_config: Json, config: Json) -> list[Json]:
        mounts: list[Json] = []
        for bind in host_config.get("Binds") or []:
            source, _, rest = str(bind).partition(":")
            target, _, mode = rest.partition(":")
            mounts.append(self._mount("bind" if source.startswith("/") else "volume", source, target, mode))
        for mount in host_config.get("Mounts") or []:
            mode = "ro" if mount.get("ReadOnly") else ""
            mounts.append(self._mount(mount["Type"], mount.get("Source") or "", mount["Target"], mode))
        for target in config.get("Volumes") or {}:
            if all(mount["Destination"] != target for mount in mounts):
                mounts.append(self._mount("volume", "", target, ""))
        return mounts

    def _mount(self, kind: str, source: str, target: str, mode: str) -> Json:
        writable = "ro" not in mode.split(",")
        if kind == "bind":
            return {"Type": "bind", "Source": source, "Destination": target, "Mode": mode, "RW": writable,
                    "Propagation": "rprivate"}  # fmt: skip
        if kind == "tmpfs":
            return {
                "Type": "tmpfs",
                "Source": "",
                "Destination": target,
                "Mode": mode,
                "RW": writable,
                "Propagation": "",
            }
        volume = self.add_volume(source)
        return {
            "Type": "volume", "Name": volume.name, "Source": f"/var/lib/docker/volumes/{volume.name}/_data",
            "Destination": target, "Driver": "local", "Mode": mode or "z", "RW": writable, "Propagation": "",
        }  # fmt: skip
