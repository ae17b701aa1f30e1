"""A reverse proxy on aiohttp and uvloop: what one writes with them in an hour, with the care that it takes to be quick.

Its arguments are those of `main`, in order.
"""

import asyncio
import logging
import ssl
import sys
from itertools import cycle

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_HOP_BY_HOP = ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade")
# An answer up to this size is sent in one piece, which is quicker; a longer one is streamed.
_SMALL = 64 * 1024
_COMBINED = '%a - - %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"'


class Proxy:
    """Keeps each client on its server by a cookie that holds the server's place in the list."""

    def __init__(self, session: ClientSession, servers: list[str]) -> None:
        self._session = session
        self._servers = {str(number): server for number, server in enumerate(servers)}
        self._turns = cycle(self._servers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, and its answer back."""
        sid = request.cookies.get("route")
        known = sid in self._servers
        if not known:
            sid = next(self._turns)
        headers = _passed(request.headers)
        headers["X-Real-IP"] = headers["X-Forwarded-For"] = request.remote or ""
        headers["X-Forwarded-Proto"] = request.scheme
        headers["X-Forwarded-Host"] = request.host
        async with self._session.request(
            request.method,
            URL(self._servers[sid] + request.raw_path, encoded=True),
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            fields = _passed(answer.headers)
            if not known:
                fields.add("Set-Cookie", f"route={sid}; Path=/")
            if answer.content_length is not None and answer.content_length <= _SMALL:
                return web.Response(status=answer.status, headers=fields, body=await answer.read())
            response = web.StreamResponse(status=answer.status, headers=fields)
            await response.prepare(request)
            async for part in answer.content.iter_any():
                await response.write(part)
            await response.write_eof()
            return response


def _passed(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Copy what goes on."""
    copy = CIMultiDict(headers)
    for name in _HOP_BY_HOP:
        copy.popall(name, None)
    return copy


async def main(port: str, tls_port: str, server_a: str, server_b: str, log: str, certificate: str, key: str) -> None:
    """Serve until the process is ended."""
    logger = logging.getLogger("aiohttp.access")
    logger.addHandler(logging.FileHandler(log))
    logger.setLevel(logging.INFO)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with ClientSession(
        connector=TCPConnector(limit=0),
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
    ) as session:
        app = web.Application(client_max_size=0)
        proxy = Proxy(session, [f"http://{server_a}", f"http://{server_b}"])
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(app, access_log=logger, access_log_format=_COMBINED)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(port), backlog=4096).start()
        await web.TCPSite(runner, "127.0.0.1", int(tls_port), ssl_context=context, backlog=4096).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
