"""Print the table of formats for docs/exchange.md."""

from napari_zeroseg.export.formats import FORMATS


def row(name: str) -> str:
    """Return the row of a format, as the docs have it."""
    chosen = FORMATS[name]
    ways = "" if chosen.write and chosen.read else " (only read)" if chosen.read else " (only written)"
    lost = " ".join(chosen.loses.values()) or "Nothing."
    return f"| `{name}` | {chosen.title}{ways} | {lost} |"


if __name__ == "__main__":
    print("\n".join(map(row, FORMATS)))
