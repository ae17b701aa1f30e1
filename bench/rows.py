"""The rows of the comparison: what is asked, and how the proxy is set up for it."""

from attrs import field, frozen

from bench.loads import Load, Once, Wrk

MEBIBYTE = 1024 * 1024

# The files that the server has, by their names: bytes.
FILES = {"1k": 1024, "64k": 64 * 1024, "1m": MEBIBYTE, "1g": 1024 * MEBIBYTE}


@frozen
class Row:
    """One row. `name` is for the command line, `title` for the reader, `size` is bytes of one answer's body.

    `mode` is how sessions are kept; peers that do not know it are left out, as are all with `alone`. `locations` and
    `servers` are how many there are besides those that serve.
    """

    name: str
    title: str
    path: str = "/1k"
    size: int = FILES["1k"]
    load: Load = field(factory=Wrk)
    mode: str = "insert"
    tls: bool = False
    alone: bool = False
    locations: int = 0
    servers: int = 0


def _locations(number: int) -> Row:
    return Row(
        f"locations-{number}",
        f"{number:,} locations",
        f"/at/{number - 1}/1k",
        alone=True,
        locations=number,
    )


def _servers(number: int) -> Row:
    return Row(f"servers-{number}", f"{number:,} servers", alone=True, servers=number - 2)


ROWS = (
    Row("1k", "1 KiB, 32 connections"),
    Row("256", "1 KiB, 256 connections", load=Wrk(256)),
    Row("2000", "1 KiB, 2,000 connections", load=Wrk(2000)),
    Row("64k", "64 KiB, 32 connections", "/64k", FILES["64k"]),
    Row("1m", "1 MiB, 32 connections", "/1m", FILES["1m"]),
    Row("1g", "1 GiB, once", "/1g", FILES["1g"], Once()),
    Row("post", "POST of 16 KiB, 32 connections", "/post", 3, Wrk(body=16 * 1024)),
    Row("close", "1 KiB, a new connection each time", load=Wrk(close=True)),
    Row("tls", "1 KiB over TLS, 32 connections", tls=True),
    Row("prefix", "1 KiB, the session's server put before the application's cookie", mode="prefix"),
    Row("rewrite", "1 KiB, the session's server in place of the application's cookie", mode="rewrite"),
    Row("jvm_route", "1 KiB, the session's server read from JSESSIONID", mode="jvm_route"),
    *map(_locations, (10, 1_000, 10_000)),
    *map(_servers, (2, 100, 1_000)),
)
