from pathlib import Path

import pytest

from stickyproxy.config.load import loads
from stickyproxy.errors import StartError
from stickyproxy.folders import check_folders

CONFIG = """[http]
client_body_temp_path = {body} 1 2
[server www]
listen = 8080
[location www /]
proxy_pass = http://127.0.0.1:1
proxy_temp_path = {answers}
"""


def test_good_folders(tmp_path: Path) -> None:
    """A folder that takes files is fine, and nothing stays in it; none has to be named."""
    check_folders(loads(CONFIG.format(body=tmp_path, answers=tmp_path)))
    assert [] == list(tmp_path.iterdir())
    check_folders(loads("[server www]\nlisten = 8080"))


@pytest.mark.parametrize(
    ("bad", "reason"), [("missing", "No such file or directory"), ("file", "Not a directory")], ids=["missing", "file"]
)
def test_bad_folders(tmp_path: Path, bad: str, reason: str) -> None:
    """One that is not there, or is none, is told with its line and directive, wherever it stands."""
    (tmp_path / "file").touch()
    wrong = f"{tmp_path / bad}: cannot be used: {reason}; expected a folder that may be written to"
    with pytest.raises(StartError) as refused:
        check_folders(loads(CONFIG.format(body=tmp_path / bad, answers=tmp_path)))
    assert f"sticky.ini:2: client_body_temp_path: {wrong}" == str(refused.value)
    with pytest.raises(StartError) as refused:
        check_folders(loads(CONFIG.format(body=tmp_path, answers=tmp_path / bad)))
    assert f"sticky.ini:7: proxy_temp_path: {wrong}" == str(refused.value)
