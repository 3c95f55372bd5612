"""Chroma's client of a server, with an end to its waiting."""

import ipaddress
from urllib.parse import urlsplit

from chromadb.api.client import Client
from chromadb.api.fastapi import FastAPI
from chromadb.auth import UserIdentity
from httpx import Client as HttpClient

_SECONDS = 30.0


class BoundedClient(Client):
    """Chroma's own waits for ever, and goes through a proxy of the environment even to this machine itself."""

    def get_user_identity(self) -> UserIdentity:
        """The first request that a client makes; the session is exchanged before it."""
        server = self._server
        if isinstance(server, FastAPI):
            kept = server._session
            direct = _is_loopback(server.get_api_url())
            server._session = HttpClient(
                timeout=_SECONDS, limits=server.http_limits, headers=kept.headers, trust_env=not direct
            )
            kept.close()
        try:
            return super().get_user_identity()
        except Exception:
            if isinstance(server, FastAPI):
                server._session.close()
            raise

    def _validate_tenant_database(self, tenant: str, database: str) -> None:
        """Chroma's own asks through a second client, which is not bounded; what is missing is told at the first use."""

    def close(self) -> None:
        """Let go of the server, and of the connections to it, which Chroma's own leaves open."""
        server = self._server
        super().close()
        if isinstance(server, FastAPI):
            server._session.close()


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
