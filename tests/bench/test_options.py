import pytest

from bench.options import IDLE, read_options
from bench.peers import OURS, PEERS
from bench.rows import ROWS


def test_everything_is_measured_and_written_down() -> None:
    """Who asks for nothing gets all of it."""
    options = read_options([])
    assert [*(row.name for row in ROWS), IDLE] == list(options.rows)
    assert list(PEERS) == list(options.peers)
    assert options.write


@pytest.mark.parametrize("line", ["--quick", "--rows 1k", "--peers nginx", "--quick --rows 1k,tls --peers nginx,caddy"])
def test_less_than_everything_is_written_down_only_when_told(line: str) -> None:
    """A short look does not replace the figures."""
    assert not read_options(line.split()).write
    assert read_options([*line.split(), "--write"]).write


def test_quick_is_one_round_of_one_second() -> None:
    """Whatever else was said of rounds and seconds."""
    options = read_options(["--quick", "--rounds", "7", "--seconds", "9"])
    assert (1, 1) == (options.rounds, options.seconds)


def test_peers_are_named_by_how_they_begin() -> None:
    """In any letters; ours is there unasked."""
    peers = read_options(["--peers", "hapro,twisted"]).peers
    assert [OURS, "HAProxy", "Twisted's ReverseProxyResource"] == [peer.name for peer in peers]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--rows 1k,2k", "'2k' is no row; there are 1k, 256,"),
        ("--peers nginx,squid", "'squid' is no peer; there are stickyproxy, nginx,"),
    ],
)
def test_a_name_that_there_is_not_is_told(line: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is measured in place of what was misspelt, and what there is is named."""
    with pytest.raises(SystemExit):
        read_options(line.split())
    assert told in capsys.readouterr().err
