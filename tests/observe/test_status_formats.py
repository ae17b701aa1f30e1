import csv as csv_module
import json as json_module

from hypothesis import given
from hypothesis import strategies as st

from stickyproxy.observe.status_formats import csv, json, prometheus
from tests.observe.rows import Checked, row

UP = row(0, check=Checked(58, 0))
DOWN = row(1, name="127.0.0.1:81", up=False, state="sick", check=Checked(0, 7, "tcp", 8080, "refused"))

PROMETHEUS = """\
# HELP nginx_upstream_count_total All servers
# TYPE nginx_upstream_count_total gauge
nginx_upstream_count_total 2
# HELP nginx_upstream_count_up Servers that are up
# TYPE nginx_upstream_count_up gauge
nginx_upstream_count_up 1
# HELP nginx_upstream_count_down Servers that are down
# TYPE nginx_upstream_count_down gauge
nginx_upstream_count_down 1
# HELP nginx_upstream_count_generation How often the configuration was loaded
# TYPE nginx_upstream_count_generation gauge
nginx_upstream_count_generation 1
# HELP nginx_upstream_server_rise Checks in a row that passed
# TYPE nginx_upstream_server_rise counter
nginx_upstream_server_rise{index="0",upstream="app",name="127.0.0.1:80",status="up",type="http",port="0"} 58
nginx_upstream_server_rise{index="1",upstream="app",name="127.0.0.1:81",status="down",type="tcp",port="8080"} 0
# HELP nginx_upstream_server_fall Checks in a row that failed
# TYPE nginx_upstream_server_fall counter
nginx_upstream_server_fall{index="0",upstream="app",name="127.0.0.1:80",status="up",type="http",port="0"} 0
nginx_upstream_server_fall{index="1",upstream="app",name="127.0.0.1:81",status="down",type="tcp",port="8080"} 7
# HELP nginx_upstream_server_active 1 for a server that is up, 0 for one that is down
# TYPE nginx_upstream_server_active gauge
nginx_upstream_server_active{index="0",upstream="app",name="127.0.0.1:80",type="http",port="0"} 1
nginx_upstream_server_active{index="1",upstream="app",name="127.0.0.1:81",type="tcp",port="8080"} 0
"""


def test_csv() -> None:
    """A line a server, without a header."""
    assert "0,app,127.0.0.1:80,up,58,0,http,0\n1,app,127.0.0.1:81,down,0,7,tcp,8080\n" == csv([UP, DOWN])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_csv_is_read_back(name: str) -> None:
    """Whatever a server is called, a reader of csv finds eight fields and its name."""
    ((*before, found, status, rise, fall, kind, port),) = csv_module.reader([csv([row(name=name)]).rstrip("\n")])
    assert (["0", "app"], name, "up", "0", "0", "none", "0") == (before, found, status, rise, fall, kind, port)


def test_json() -> None:
    """The very keys that monitoring knows from nginx, in their order."""
    expected = (
        '{"servers": {"total": 2, "up": 1, "down": 1, "generation": 1, "server": ['
        '{"index": 0, "upstream": "app", "name": "127.0.0.1:80", "status": "up", "rise": 58, "fall": 0, '
        '"type": "http", "port": 0}, '
        '{"index": 1, "upstream": "app", "name": "127.0.0.1:81", "status": "down", "rise": 0, "fall": 7, '
        '"type": "tcp", "port": 8080}]}}\n'
    )
    assert expected == json([UP, DOWN], 1)


def test_json_of_nothing() -> None:
    """Without servers the object is the same, with an empty list."""
    expected = {"servers": {"total": 0, "up": 0, "down": 0, "generation": 1, "server": []}}
    assert expected == json_module.loads(json([], 1))


def test_draining_counts_as_up() -> None:
    """Monitoring knows two words: who drains still serves its sessions, and is up."""
    assert "0,app,127.0.0.1:80,up,0,0,none,0\n" == csv([row(state="drain")])


def test_prometheus() -> None:
    """Gauges and counters by the names that dashboards know."""
    assert PROMETHEUS == prometheus([UP, DOWN], 1)


def test_prometheus_labels_are_escaped() -> None:
    """A quote, a backslash and a line feed in a name do not end its label."""
    assert r'upstream="a\"b\\c\nd",' in prometheus([row(upstream='a"b\\c\nd')], 1)
