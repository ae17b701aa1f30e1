from pathlib import Path

import pytest

from bench.peers import OURS, PEERS, SETUPS, Packages, Peer, Program, fill
from bench.rows import ROWS
from stickyproxy.config.load import loads

WORDS = {
    **dict.fromkeys(("MODULES", "CERTIFICATE", "KEY", "BOTH"), "x"),
    "PORT": "8080",
    "TLS_PORT": "8443",
    "SERVER_A": "127.0.0.1:81",
    "SERVER_B": "127.0.0.1:82",
    "MORE_SERVERS": "    127.1.0.1:9 id=s0 down",
    "MORE_LOCATIONS": "[location www /at/]\nproxy_pass = http://app\n",
}
OUR_PEER = next(peer for peer in PEERS if peer.name == OURS)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.template)
def test_every_place_is_filled(peer: Peer, tmp_path: Path) -> None:
    """Each configuration, and each command, says all that it needs in each mode."""
    for mode, stickiness in peer.modes.items():
        command = peer.prepare(tmp_path, WORDS, mode)
        written = (tmp_path / Path(peer.template).name).read_text()
        assert stickiness in written
        assert str(tmp_path) in " ".join(command)
        assert "@" not in " ".join(command)


@pytest.mark.parametrize("mode", OUR_PEER.modes)
def test_our_configuration_is_right(mode: str, tmp_path: Path) -> None:
    """What we compare ourselves with is a configuration that loads."""
    certificate = tmp_path / "certificate"
    certificate.touch()
    OUR_PEER.prepare(tmp_path, {**WORDS, "CERTIFICATE": str(certificate), "KEY": str(certificate)}, mode)
    upstream = loads((tmp_path / OUR_PEER.template).read_text()).upstreams["app"]
    assert upstream.stickiness is not None
    assert 3 == len(upstream.servers)


def test_every_mode_has_its_row() -> None:
    """Each way in which ours keeps sessions is measured."""
    assert set(OUR_PEER.modes) == {row.mode for row in ROWS}


def test_a_place_without_a_word_is_an_error() -> None:
    """A word that is missing is no empty one."""
    assert "a 1 c" == fill("a @B@ c", {"B": "1"})
    with pytest.raises(KeyError):
        fill("a @B@ c", {})


def test_what_is_missing_is_named() -> None:
    """A peer that is not installed can be left out, and the reader told why."""
    assert "no-such-program" == Program("no-such-program").missing
    assert "" == Program("sh").missing
    assert "no_such_package" == Packages(("twisted", "no_such_package")).missing
    assert "twisted" in Packages(("twisted",)).shown_version()


def test_templates_are_those_of_the_peers() -> None:
    """Nothing lies about that no peer reads."""
    assert {peer.template for peer in PEERS} | {"server.conf"} == {
        str(path.relative_to(SETUPS)) for path in SETUPS.rglob("*") if path.is_file()
    }
