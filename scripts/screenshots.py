"""Take the pictures of the documentation from the running program.

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/screenshots.py [FOLDER] [--theme dark|light]

Works through the main job on a sample image with the embedded profile, as a person would, and
saves a picture of the window at every step; then with a language model, whose part a scripted
server on this machine plays.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import napari
from PIL import Image
from qtpy.QtCore import QPoint, QRect
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtWidgets import QApplication, QWidget
from skimage.data import immunohistochemistry

from napari_zeroseg._qt.dock import Dock
from napari_zeroseg._widget import ZeroSegWidget

CLASSES = "nucleus: blue, round, small; brown membrane: brown"
SIZE = (1280, 800)
PATIENCE = 300.0  # seconds


def main() -> None:
    """Work through the main job and save a picture at every step."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    # as if for the first time: what was agreed to and decided on this machine is none of it
    os.environ["NAPARI_ZEROSEG_CONFIG"] = tempfile.mkdtemp(prefix="zeroseg-pictures-")
    viewer = napari.Viewer(show=True)
    viewer.theme = options.theme
    window = viewer.window._qt_window
    window.resize(*SIZE)
    widget = ZeroSegWidget(viewer)
    viewer.window.add_dock_widget(widget, name="ZeroSeg", area="right")

    def save(name: str) -> None:
        _settle(0.5)
        path = options.folder / f"{name}.png"
        picture = window.grab()
        if widget.consent.dialog is not None:
            _paste(picture, widget.consent.dialog)
        picture.save(str(path))
        _shrink(path)
        print(path)

    _work(viewer, widget, save)
    with _scripted_model() as url:
        viewer.reset_view()
        _work_with_language_model(widget, save, url)
    viewer.close()


def _paste(picture: QPixmap, dialog: QWidget) -> None:
    """Put the picture of a dialog, with a frame, into the middle of the window's."""
    size = picture.deviceIndependentSize().toSize()
    place = QPoint((size.width() - dialog.width()) // 2, (size.height() - dialog.height()) // 2)
    painter = QPainter(picture)
    painter.drawPixmap(place, dialog.grab())
    painter.setPen(dialog.palette().color(dialog.foregroundRole()))
    painter.drawRect(QRect(place, dialog.size()))
    painter.end()


def _shrink(path: Path) -> None:
    """Keep 256 colours of a picture: enough for a window, at a third of the size."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    return parser.parse_args()


def _work(viewer: napari.Viewer, widget: ZeroSegWidget, save: Callable[[str], None]) -> None:
    dock, session = widget.dock, widget.session
    dock.export.folder.setText("results")
    save("empty")
    viewer.add_image(immunohistochemistry(), rgb=True, name="immunohistochemistry")
    dock.vocabulary.entry.setText(CLASSES)
    dock.vocabulary.add.click()
    _settle(2)
    save("classes")
    dock.models.fold.heading.setChecked(True)
    session.refining.choose_models("laptop", {})
    _settle(1)
    save("models")
    session.refining.choose_models("embedded", {})
    dock.models.fold.heading.setChecked(False)
    dock.suggestions.suggest.click()
    _wait(lambda: not session.activity.running)
    save("suggestions")
    session.accept(*session.state.vocabulary.names)
    dock.run.run.click()
    _wait(lambda: not session.activity.running)
    _show(dock, dock.run)
    save("run")
    best = max(session.state.instances, key=lambda i: i.score)
    session.begin(*best.key)
    x0, y0, x1, y1 = best.mask.box
    session.click((x0 + x1) / 2, (y0 + y1) / 2)
    _wait(lambda: session.state.draft is None or session.state.draft.score > 0)
    viewer.scene.camera.center, viewer.scene.camera.zoom = ((y0 + y1) / 2, (x0 + x1) / 2), 6
    _show(dock, dock.refine)
    save("refine")
    session.discard()
    _show(dock, dock.export)
    save("export")


def _work_with_language_model(widget: ZeroSegWidget, save: Callable[[str], None], url: str) -> None:
    dock, session = widget.dock, widget.session
    dock.vocabulary.entry.setText("lymphocyte; vessel")
    dock.vocabulary.add.click()
    session.choose_refiner(f"openai:gpt-5-mini@{url}")
    dock.suggestions.suggest.click()
    _wait(lambda: widget.consent.dialog is not None)
    dialog = widget.consent.dialog
    assert dialog is not None
    _show(dock, dock.refiner)
    save("consent")
    dialog.send.click()
    _wait(lambda: not session.activity.running)
    last = next(
        r for r in range(dock.suggestions.model.rowCount()) if dock.suggestions.model.row(r).name == "vessel"
    )
    dock.suggestions.table.selectRow(last)
    _show(dock, dock.refiner)
    save("suggestions-llm")


ANSWER = {
    "classes": [
        {
            "class": "lymphocyte",
            "present": True,
            "implied": True,
            "confidence": 0.62,
            "evidence": [],
            "reason": "Stained tissue with many small round nuclei often holds lymphocytes.",
        },
        {
            "class": "vessel",
            "present": False,
            "implied": False,
            "confidence": 0.8,
            "evidence": [],
            "reason": "No tag or word of the caption speaks of a lumen or of a long, branched structure.",
        },
    ],
    "ideas": [],
}


class _Model(BaseHTTPRequestHandler):
    """Answers every question alike, and names as its evidence what it was told."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": json.dumps(_answer(request))}
        body = json.dumps(
            {
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 412, "completion_tokens": 148},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Stay silent."""


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    said = json.loads(next(m["content"] for m in request["messages"] if m["role"] == "user"))
    known = [
        {
            "class": name,
            "present": True,
            "implied": False,
            "confidence": sure,
            "evidence": [tag for tag in said["tags"] if word in tag][:2],
            "reason": reason,
        }
        for name, sure, word, reason in (
            ("nucleus", 0.94, "oval", "Small oval blobs are counterstained nuclei."),
            ("brown membrane", 0.81, "orange", "Orange-brown parts are stained membranes."),
        )
    ]
    pale = [tag for tag in said["tags"] if "pale" in tag]
    idea = {"name": "stroma", "evidence": pale, "reason": "Pale tissue lies between the cells."}
    return {"classes": [*known, *ANSWER["classes"]], "ideas": [idea]}


@contextmanager
def _scripted_model() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _show(dock: Dock, part: QWidget) -> None:
    dock.show_part(part)
    _settle(0.2)


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The models did not answer in time.")
        _settle(0.05)


def _settle(seconds: float) -> None:
    """Let the window draw what is waiting to be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    main()
