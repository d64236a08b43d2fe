"""Pages to skim through results: for each image a thumbnail, numbers, and the way into napari."""

from __future__ import annotations

import shlex
import subprocess
import sys
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from napari_zeroseg.batch.ledger import CORRECTED, FAILED
from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from napari_zeroseg.batch.ledger import Entry
    from napari_zeroseg.batch.places import Places

ON_A_PAGE = 500

_STYLE = """\
body { font-family: system-ui, sans-serif; margin: 1.5rem; color: #222; background: #fff }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem }
article { border: 1px solid #ccc; border-radius: 6px; padding: .6rem; overflow-wrap: anywhere }
article.failed { border-color: #c33; background: #fff3f3 }
article.corrected { border-color: #393 }
img { width: 100%; height: 14rem; object-fit: contain; background: #eee }
h2 { font-size: 1rem; margin: .4rem 0 } p { margin: .3rem 0; font-size: .9rem }
code { font-size: .75rem; user-select: all; background: #f2f2f2; display: block; padding: .3rem }
nav a { margin-right: .6rem }
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1b; color: #ddd } article { border-color: #555 }
  article.failed { background: #3a2020 } img { background: #111 } code { background: #2a2a2a }
  a { color: #8bf }
}"""


def write_report(entries: Sequence[Entry], places: Places) -> Path:
    """Write ``report.html``, and further pages of so many images; return the first page.

    What failed comes first. Names of files are text here, never markup.

    Raises
    ------
    ExportError
        When a page cannot be written.
    """
    ordered = sorted(entries, key=lambda e: e.status != FAILED)
    count = max(1, -(-len(ordered) // ON_A_PAGE))
    for number in range(count):
        shown = ordered[number * ON_A_PAGE : (number + 1) * ON_A_PAGE]
        text = "\n".join(_page(shown, places, _head(entries), number, count))
        with replacing(places.out / _page_name(number)) as part:
            part.write_text(text, encoding="utf-8", errors="replace")
    for stale in places.out.glob("report-*.html"):
        if stale.name not in {_page_name(number) for number in range(count)}:
            stale.unlink()
    return places.report


def open_command(image: Path, work: Path) -> str:
    """Return the line for a shell that opens an image of the batch in napari, with the work on it."""
    words = ["napari-zeroseg", "open", str(image), "--work", str(work)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _page_name(number: int) -> str:
    return f"report-{number + 1}.html" if number else "report.html"


def _head(entries: Sequence[Entry]) -> str:
    failed = sum(e.status == FAILED for e in entries)
    corrected = sum(e.status == CORRECTED for e in entries)
    objects = sum(sum(e.counts.values()) for e in entries)
    return f"{len(entries)} images, {objects} objects, {corrected} corrected by hand, {failed} failed"


def _page(shown: Sequence[Entry], places: Places, head: str, number: int, count: int) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Results</title>'
    # nothing on the page may run or be fetched from elsewhere, whatever a file is called
    policy = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<style>{_STYLE}</style></head><body><h1>{escape(head)}</h1>"
    yield "<p>To correct an image, run its line in a terminal. Then run the batch again: what you corrected"
    yield "stays and enters the tables:"
    yield '<a href="objects.csv">all objects</a>, <a href="images.csv">all images</a></p>'
    if count > 1:
        links = (f'<a href="{_page_name(n)}">{n + 1}</a>' for n in range(count))
        yield f"<nav>Page {number + 1} of {count}: {''.join(links)}</nav>"
    yield "<main>"
    for entry in shown:
        yield _card(entry, places)
    yield "</main></body></html>\n"


def _card(entry: Entry, places: Places) -> str:
    found = ", ".join(f"{count} {name}" for name, count in entry.counts.items())
    told = entry.problem if entry.status == FAILED else found
    note = "<p>Corrected by hand</p>" if entry.status == CORRECTED else ""
    return (
        f'<article class="{escape(entry.status)}">{_picture(entry)}'
        f"<h2>{escape(entry.path.name)}</h2>{note}<p>{escape(told)}</p>"
        f"<code>{escape(open_command(entry.path, places.work))}</code></article>"
    )


def _picture(entry: Entry) -> str:
    if entry.status == FAILED or not entry.files:
        return ""
    stem = quote(entry.stem)
    name = escape(entry.path.name)
    return (
        f'<a href="results/{stem}/{stem}_overlay.png">'
        f'<img loading="lazy" src="thumbnails/{stem}.jpg" alt="{name}"></a>'
    )
