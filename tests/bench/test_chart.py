from xml.etree import ElementTree

from bench.chart import bar_chart

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**values: float) -> ElementTree.Element:
    return ElementTree.fromstring(bar_chart("A & B", "a note", values, "ours"))


def test_each_value_has_a_bar_as_long_as_it_is() -> None:
    """Bars are in proportion, the longest first."""
    widths = [float(bar.get("width", 0)) for bar in drawn(ours=50, quick=100).iter(f"{SVG}rect")]
    assert widths[0] == 2 * widths[1]


def test_each_value_is_written_out() -> None:
    """Nobody has to guess a figure from a length."""
    texts = [text.text for text in drawn(ours=12_963, quick=99_805).iter(f"{SVG}text")]
    assert ["A & B", "a note", "quick", "99,805", "ours", "12,963"] == texts


def test_ours_stands_out() -> None:
    """The bar that the chart is about is marked, and by more than a colour: its text is bold."""
    marked = [
        (each.tag.removeprefix(SVG), each.text) for each in drawn(ours=1, other=2).iter() if each.get("class") == "ours"
    ]
    assert [("text", "ours"), ("rect", None), ("text", "1")] == marked


def test_it_is_told_to_those_who_do_not_see() -> None:
    """Title and figures are there as text."""
    svg = drawn(ours=1_000, other=2_000)
    assert "A & B" == svg.findtext(f"{SVG}title")
    assert "other 2,000; ours 1,000" == svg.findtext(f"{SVG}desc")


def test_nothing_measured_is_no_bar() -> None:
    """A chart of nothing is a title, and a value of nothing is still seen."""
    assert [] == list(drawn().iter(f"{SVG}rect"))
    assert ["1.0"] == [bar.get("width") for bar in drawn(ours=0).iter(f"{SVG}rect")]
