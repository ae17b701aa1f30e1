from pathlib import Path

import pytest

from stickyproxy.command.main import main

CONFIG = """\
[main]
control = unix:{folder}/control
[upstream app]
server = 10.0.0.1:80 id=a
session_sticky = hash=plain
[server www]
listen = 8080
[location www /]
proxy_pass = http://app
access = allow 192.0.2.1
    deny all
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration of which nothing runs."""
    path = tmp_path / "sticky.ini"
    path.write_text(CONFIG.format(folder=tmp_path).replace("access = allow", "access =\n    allow"))
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Run a command; give its exit status, what it printed, and what it complained of."""
    try:
        status: object = main(words)
    except SystemExit as end:
        status = end.code
    return status, *capsys.readouterr()


@pytest.mark.parametrize("words", [(), ("ctl",), ("ctl", "dance"), ("frobnicate",), ("explain", "sticky.ini")])
def test_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Words that make no command are answered with the usage and status 2."""
    status, out, err = run(capsys, *words)
    assert (2, "") == (status, out)
    assert err.startswith("usage: stickyproxy")


def test_check(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`check` says what `twistd stickyproxy --test` says."""
    assert (0, f"{config}: ok: 1 server, 1 location, 1 upstream\n", "") == run(capsys, "check", config)


def test_check_of_a_bad_file(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is wrong with a file goes to standard error, a line each, with status 1."""
    Path(config).write_text("[server www]\nlistn = 80\n[location www /]\n")
    status, out, err = run(capsys, "check", config)
    assert (1, "", [f"{config}:2:", f"{config}:3:"]) == (status, out, [line.split(" ")[0] for line in err.splitlines()])


def test_sid(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`sid` prints the cookie alone."""
    assert (0, "route=a\n", "") == run(capsys, "sid", "app", "a", "--config", config)


def test_explain(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` takes a request in pieces: URL, cookies, further fields, and where it comes from."""
    words = ("--url", "http://www/", "--cookie", "route=a", "--header", "X: y", "--client", "192.0.2.1")
    status, out, err = run(capsys, "explain", config, *words)
    assert (0, "") == (status, err)
    assert "session    valid\n" in out
    _, out, _ = run(capsys, "explain", config, *words[:2])
    assert "answer     HTTP/1.1 403 Forbidden\n" in out


def test_faulty_question(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with a question is said in a line, with status 1."""
    status, out, err = run(capsys, "explain", config, "--url", "www/")
    assert (1, "") == (status, out)
    assert err.startswith('stickyproxy: "www/" is no URL; expected http://')


def test_ctl_finds_the_socket_in_the_file(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The socket is the one that the configuration names; where nobody listens there, that is said."""
    status, out, err = run(capsys, "ctl", "--config", config, "status")
    assert (1, "") == (status, out)
    assert err.startswith(f"stickyproxy: no answer at unix:{Path(config).parent}/control: No such file or directory; ")


def test_ctl_without_a_socket(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that names no socket is told how it would."""
    Path(config).write_text("[server www]\nreturn = 404\n")
    expected = f"stickyproxy: {config} names no control socket; expected control = unix:PATH in [main]\n"
    assert (1, "", expected) == run(capsys, "ctl", "-c", config, "status")


def test_ctl_with_an_empty_socket(capsys: pytest.CaptureFixture[str]) -> None:
    """A path that is empty, as from a variable that is not set, is one where nobody listens."""
    status, out, err = run(capsys, "ctl", "--socket", "", "status")
    assert (1, "") == (status, out)
    assert err.startswith("stickyproxy: no answer at unix:: ")


@pytest.mark.parametrize("command", [("ctl", "status"), ("sid", "app", "a")])
def test_usual_configuration(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file it is the one that the service runs with."""
    usual = Path("/etc/stickyproxy/sticky.ini")
    if usual.exists():
        pytest.skip(f"{usual} is here, and perhaps a proxy that runs with it")
    status, out, err = run(capsys, *command)
    assert (1, "") == (status, out)
    assert err.startswith(f"{usual}:")


def test_usual_configuration_is_that_of_the_unit() -> None:
    """The unit and the commands mean the same file."""
    unit = Path(__file__).parents[2] / "etc" / "stickyproxy.service"
    assert "stickyproxy --config /etc/stickyproxy/sticky.ini\n" in unit.read_text()
