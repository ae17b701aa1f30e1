import pytest

from bench.loads import Sample, Target, read_sample

OUTPUT = """Running 1s test @ http://127.0.0.1:8080/1k
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.40ms    0.31ms   5.20ms   92.11%
Requests/sec:  12963.00
sample requests=13000 microseconds=1002000 bytes=16640000 errors=2 p50=2400 p99=4280
"""


def test_a_sample_is_read_from_what_wrk_says() -> None:
    """The line of the script counts; what wrk itself says does not."""
    assert Sample(13_000, 1.002, 16_640_000, 2, 0.0024, 0.00428) == read_sample(OUTPUT)


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:8080 Connection refused\n"])
def test_no_sample_is_an_error(output: str) -> None:
    """Where wrk measured nothing, what it said is told."""
    with pytest.raises(ValueError, match="wrk measured nothing"):
        read_sample(output)


@pytest.mark.parametrize(("tls", "expected"), [(False, "http://127.0.0.1:81/1k"), (True, "https://127.0.0.1:81/1k")])
def test_url(tls: bool, expected: str) -> None:
    """A target is on the loopback, with or without TLS."""
    assert expected == Target(81, tls, "/1k", "").url
