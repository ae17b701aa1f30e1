"""A browser as far as cookies go: what it was given it sends back, whichever port of the host it turns to."""

from tests.end_to_end.fakes import Client
from tests.end_to_end.house import House
from tests.end_to_end.messages import Message


class Jar:
    """Cookies by name, all of one host and of every path; a `field` is sent along as well."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.cookies: dict[bytes, bytes] = {}
        self.field = b""

    async def visit(self, port: int) -> Message:
        """Ask for the front page at that port, on a connection of its own."""
        client = await self._house.client(port)
        response = await self.ask(client)
        await client.close()
        return response

    async def ask(self, client: Client, path: bytes = b"/") -> Message:
        """Ask for a page on a connection that stays open."""
        pairs = b"; ".join(b"%b=%b" % cookie for cookie in self.cookies.items())
        lines = [
            b"GET %b HTTP/1.1" % path,
            *([b"Cookie: " + pairs] if pairs else []),
            *([self.field] if self.field else []),
        ]
        response = await client.request(b"\n".join(lines))
        for set_cookie in response.values(b"set-cookie"):
            name, _, value = set_cookie.partition(b";")[0].partition(b"=")
            if b"max-age=0" in set_cookie.lower().split(b"; "):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return response
