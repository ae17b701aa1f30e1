"""A bar chart as SVG, which reads in light and in dark, and in black and white."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

_BAR, _GAP, _LEFT, _WIDTH, _RIGHT, _TOP = 22, 12, 250, 420, 90, 54

# What is ours differs by more than its colour: a full bar with bold figures among outlined ones.
_STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .note { font-size: 12px; fill: #59636e }
  .ours { font-weight: 600 }
  rect { fill: #d1d9e0; stroke: #59636e }
  rect.ours { fill: #0969da; stroke: #0550ae }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 }
    rect { fill: #3d444d; stroke: #9198a1 }
    rect.ours { fill: #4493f8; stroke: #a5d6ff }
  }
"""


def bar_chart(title: str, note: str, values: Mapping[str, float], ours: str) -> str:
    """Draw a bar for each value, the longest first; the bar of `ours` stands out."""
    most = max(values.values(), default=0) or 1
    ordered = sorted(values.items(), key=lambda pair: -pair[1])
    height = _TOP + len(ordered) * (_BAR + _GAP) + 6
    width = _LEFT + _WIDTH + _RIGHT
    told = "; ".join(f"{name} {value:,.0f}" for name, value in ordered)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(told)}</desc>",
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="16">{escape(title)}</text>',
        f'<text class="note" x="0" y="36">{escape(note)}</text>',
    ]
    for number, (name, value) in enumerate(ordered):
        top = _TOP + number * (_BAR + _GAP)
        middle = top + _BAR - 6
        length = max(value / most * _WIDTH, 1)
        css = ' class="ours"' if name == ours else ""
        lines += [
            f'<text{css} x="{_LEFT - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>',
            f'<rect{css} x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}"/>',
            f'<text{css} x="{_LEFT + length + 8:.1f}" y="{middle}">{value:,.0f}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
