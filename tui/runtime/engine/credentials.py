"""Registry credentials from docker's own configuration and credential helpers.

docker-py reads them: imported on the first pull and in a thread, since the import takes 140 ms and a helper is a
child process.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping

from tui.runtime.errors import Unauthorized

_HINT = "Look at credsStore and credHelpers in docker's config.json."
_FIELDS = {
    "username": "username",
    "password": "password",
    "identitytoken": "identitytoken",
    "IdentityToken": "identitytoken",
    "registrytoken": "registrytoken",
    "serveraddress": "serveraddress",
    "ServerAddress": "serveraddress",
    "Username": "username",
    "Password": "password",
}


async def credentials_for(domain: str) -> Mapping[str, str]:
    """The credentials for a registry, empty when docker's configuration has none.

    Raises:
        Unauthorized: when a credential helper fails: pulling without would only fail less clearly.
    """
    return await asyncio.to_thread(_look_up, domain)


def _look_up(domain: str) -> Mapping[str, str]:
    from docker.auth import load_config
    from docker.errors import DockerException

    try:
        config = load_config()
        helper = config.get_credential_store(domain)
        # docker-py only warns of it, on the terminal, and fails later.
        if helper and shutil.which(f"docker-credential-{helper}") is None:
            raise Unauthorized(
                f"the credential helper for {domain} is not installed: docker-credential-{helper}", hint=_HINT
            )
        found = config.resolve_authconfig(domain)
    except DockerException as exc:
        raise Unauthorized(f"the credential helper for {domain} failed: {exc}", hint=_HINT) from exc
    return {ours: str(found[theirs]) for theirs, ours in _FIELDS.items() if found and found.get(theirs)}
