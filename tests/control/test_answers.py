import json

from stickyproxy.control.answers import Answer, as_json, as_text, failure_as_json, failure_as_text
from stickyproxy.observe.survey import Claims
from stickyproxy.observe.tally import Failure
from tests.observe.rows import Checked, row

NOW = 1_000.5
IDLE = row(0, id="a")
BUSY = row(
    1,
    upstream="a longer name",
    name="127.0.0.1:81",
    state="drain",
    check=Checked(3, 0, "tcp", 81, "refused"),
    weight=5,
    in_progress=2,
    requests=70,
    failures=1,
    last_failure=Failure(900.0, "refused"),
    clients=3,
    bound=9,
    bound_since=800.0,
    last_bound=998.0,
)

TEXT = """\
UPSTREAM       SERVER        ID  STATE  WEIGHT  REQUESTS  IN PROGRESS  FAILURES  CLIENTS  BOUND  LAST BOUND
app            127.0.0.1:80  a   up     1       0         0            0         0        0      -
a longer name  127.0.0.1:81  -   drain  5       70        2            1         3        9      2s ago
"""

CLAIMS = [Claims("app", {"none": 10, "valid": 2}), Claims("a longer name", {"none": 0, "valid": 300})]
CLAIMS_TEXT = """\

UPSTREAM       NONE  VALID
app            10    2
a longer name  0     300
"""


def test_text() -> None:
    """People get a table whose columns stand under their headings."""
    assert TEXT == as_text(Answer([IDLE, BUSY]), NOW)


def test_claims() -> None:
    """What requests claimed stands in a table of its own, and in JSON beside the servers."""
    answer = Answer([IDLE, BUSY], CLAIMS)
    assert TEXT + CLAIMS_TEXT == as_text(answer, NOW)
    assert [
        {"name": "app", "claims": {"none": 10, "valid": 2}},
        {"name": "a longer name", "claims": {"none": 0, "valid": 300}},
    ] == json.loads(as_json(answer, NOW))["upstreams"]
    assert "upstreams" not in json.loads(as_json(Answer([IDLE]), NOW))


def test_text_of_nothing() -> None:
    """Without servers there is the heading alone."""
    (line,) = as_text(Answer([]), NOW).splitlines()
    assert line.startswith("UPSTREAM  SERVER")


def test_json() -> None:
    """Programs get all that is known, and the time by the same clock."""
    found = json.loads(as_json(Answer([IDLE, BUSY]), NOW))
    assert NOW == found["now"]
    assert {
        "upstream": "a longer name",
        "name": "127.0.0.1:81",
        "id": "",
        "up": True,
        "state": "drain",
        "weight": 5,
        "backup": False,
        "check": {"type": "tcp", "port": 81, "rise": 3, "fall": 0, "reason": "refused"},
        "requests": 70,
        "in_progress": 2,
        "failures": 1,
        "last_failure": {"at": 900.0, "reason": "refused"},
        "clients": 3,
        "bound": 9,
        "bound_since": 800.0,
        "last_bound": 998.0,
    } == found["servers"][1]
    assert (None, None) == (found["servers"][0]["last_failure"], found["servers"][0]["last_bound"])


def test_failures() -> None:
    """What was wrong is a line for people and an object for programs."""
    assert "error: no such thing\n" == failure_as_text("no such thing")
    assert {"error": "no such thing"} == json.loads(failure_as_json("no such thing"))
