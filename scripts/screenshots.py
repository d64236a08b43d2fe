"""Take the pictures of the documentation from the running program.

    xvfb-run -a -s "-screen 0 1400x900x24" python -m scripts.screenshots [FOLDER]
        [--only job|methods|compare|server|batch] [--theme dark|light]

Works through the main job on a sample image with the embedded profile, as a person would, and
saves a picture of the window at every step; then with a language model, whose part a scripted
server on this machine plays; then with the other methods, on a window of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from pydantic import SecretStr
from scipy import ndimage as ndi
from skimage.data import coins, immunohistochemistry
from skimage.filters import sobel
from skimage.measure import label
from skimage.segmentation import watershed

from napari_zeroseg._widget import open_batch
from napari_zeroseg.core.method import Method
from napari_zeroseg.server.offers import offers
from napari_zeroseg.server.run import Server, Settings, listening
from scripts.stage import Stage, settle, wait

CLASSES = "nucleus: blue, round, small; brown membrane: brown"
COINS = "coin: bright, round"
AREAS = "epithelium: brown; stroma: white"
LEARNING_GRID = 48  # places a side: quick, and enough for a picture
SIZE = (1280, 800)
Save = Callable[[str], None]


def main() -> None:
    """Work through the main job and save a picture at every step."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    for part in [options.only] if options.only else PARTS:
        stage = Stage(SIZE, options.theme)

        def save(name: str, stage: Stage = stage) -> None:
            settle(0.5)
            path = options.folder / f"{name}.png"
            stage.grab().save(str(path))
            _shrink(path)
            print(path)

        PARTS[part](stage, save)
        stage.close()


def _do_the_job(stage: Stage, save: Save) -> None:
    _work(stage, save)
    with _scripted_model() as url:
        stage.viewer.reset_view()
        _work_with_language_model(stage, save, url)


def _shrink(path: Path) -> None:
    """Keep 256 colours of a picture: enough for a window, at a third of the size."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(
            256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
        )
    few.save(path, optimize=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    return parser.parse_args()


def _work(stage: Stage, save: Save) -> None:
    dock, session = stage.dock, stage.session
    dock.export.folder.setText("results")
    save("empty")
    stage.viewer.add_image(immunohistochemistry(), rgb=True, name="immunohistochemistry")
    dock.vocabulary.entry.setText(CLASSES)
    dock.vocabulary.add.click()
    settle(2)
    save("classes")
    dock.models.fold.heading.setChecked(True)
    session.refining.choose_models("laptop", {})
    settle(1)
    save("models")
    session.refining.choose_models("embedded", {})
    dock.models.fold.heading.setChecked(False)
    dock.suggestions.suggest.click()
    stage.wait_for_models()
    save("suggestions")
    session.accept(*session.state.vocabulary.names)
    dock.run.run.click()
    stage.wait_for_models()
    stage.show(dock.run)
    save("run")
    best = max(session.state.instances, key=lambda i: i.score)
    session.begin(best.name, best.id)
    x0, y0, x1, y1 = best.mask.box
    session.click((x0 + x1) / 2, (y0 + y1) / 2)
    wait(lambda: session.state.draft is None or session.state.draft.score > 0)
    stage.zoom((y0 + y1) / 2, (x0 + x1) / 2, 6)
    stage.show(dock.refine)
    save("refine")
    session.discard()
    stage.show(dock.export)
    save("export")


def _work_with_language_model(stage: Stage, save: Save, url: str) -> None:
    dock, session, consent = stage.dock, stage.session, stage.widget.consent
    dock.vocabulary.entry.setText("lymphocyte; vessel")
    dock.vocabulary.add.click()
    session.choose_refiner(f"openai:gpt-5-mini@{url}")
    dock.suggestions.suggest.click()
    wait(lambda: consent.dialog is not None)
    dialog = consent.dialog
    assert dialog is not None
    stage.show(dock.refiner)
    save("consent")
    dialog.send.click()
    stage.wait_for_models()
    last = next(
        r for r in range(dock.suggestions.model.rowCount()) if dock.suggestions.model.row(r).name == "vessel"
    )
    dock.suggestions.table.selectRow(last)
    stage.show(dock.refiner)
    save("suggestions-llm")


def _work_with_methods(stage: Stage, save: Save) -> None:
    dock, session = stage.dock, stage.session
    stage.viewer.add_image(immunohistochemistry(), rgb=True, name="immunohistochemistry")
    session.add_classes(AREAS)
    dock.suggestions.suggest.click()
    stage.wait_for_models()
    session.accept(*session.state.vocabulary.names)
    _choose(stage, Method.FREESEG_DIFF)
    save("method")
    _make_clusters_masks(stage, save)
    for name in session.state.vocabulary.names:
        session.accept_all_instances(name)
    _choose(stage, Method.LMSEG)
    _learn(stage, save)


def _choose(stage: Stage, method: Method) -> None:
    stage.session.refining.choose_method(method)
    stage.show(stage.dock.method)


def _make_clusters_masks(stage: Stage, save: Save) -> None:
    clusters, session = stage.dock.clusters, stage.session
    clusters.part.click()
    stage.wait_for_models()
    stage.show(stage.dock.method)
    session.choose_clusters(3)
    save("clusters")
    session.name_cluster(3, "epithelium")
    for name in session.state.vocabulary.names:
        partition = session.state.partition
        assert partition is not None
        session.merge_clusters(*(n for n, shown in enumerate(partition.names) if shown == name))
    session.choose_clusters()
    stage.show(stage.dock.method)
    save("clusters-merged")
    clusters.draw.click()
    stage.wait_for_models()


def _learn(stage: Stage, save: Save) -> None:
    dock, session = stage.dock, stage.session
    session.refining.set_lmseg(grid=LEARNING_GRID)
    dock.learn.learn.click()
    wait(lambda: session.activity.done > 0)
    stage.show(dock.method)
    save("learning")
    session.cancel()  # the best until then is kept


def _compare(stage: Stage, save: Save) -> None:
    dock, session = stage.dock, stage.session
    stage.viewer.add_image(coins(), name="coins")
    session.add_classes(COINS)
    dock.suggestions.suggest.click()
    stage.wait_for_models()
    session.accept(*session.state.vocabulary.names)
    session.begin("coin")
    session.discard()
    layer = stage.viewer.layers["coin"]
    for number, coin in enumerate(ndi.find_objects(drawn := _drawn_coins()), 1):
        inside = np.nonzero(drawn[coin] == number)
        layer.data_setitem(tuple(i + s.start for i, s in zip(inside, coin, strict=True)), number)
    dock.run.compare.click()
    assert dock.run.bench is not None
    bench = dock.run.bench.panel
    wait(lambda: len(bench.model.chosen) > 0)
    bench.compare.click()
    stage.wait_for_models()
    wait(lambda: len(bench.pictures.views) == 1 + len(session.outcomes))
    bench.table.selectRow(0)
    save("compare")


def _drawn_coins() -> NDArray[np.int32]:
    """Return coins as somebody would draw them: a watershed between what surely is coin and ground."""
    image = coins()
    markers = np.where(image < 30, 1, np.where(image > 150, 2, 0))
    inside = ndi.binary_fill_holes(watershed(sobel(image), markers) == 2)
    return np.asarray(label(ndi.binary_opening(inside, iterations=2)), np.int32)


def _work_with_server(stage: Stage, save: Save) -> None:
    dock, session = stage.dock, stage.session
    stage.viewer.add_image(immunohistochemistry(), rgb=True, name="immunohistochemistry")
    session.add_classes(CLASSES)
    dock.models.fold.heading.setChecked(True)
    with _server_of_models() as url:
        dock.models.remote.click()
        dialog = dock.models.remote_dialog
        assert dialog is not None
        dialog.url.setCurrentText(url)
        dialog.connect_to.click()
        wait(lambda: dialog.use.isEnabled())
        settle(0.5)
        save("server")
        dialog.use.click()
        stage.show(dock.models)
        save("server-models")
        dock.suggestions.suggest.click()
        wait(lambda: stage.widget.consent.dialog is not None)
        consent = stage.widget.consent.dialog
        assert consent is not None
        stage.show(dock.suggestions)
        save("consent-image")
        consent.send.click()
        stage.wait_for_models()
        session.accept(*session.state.vocabulary.names)
        dock.run.run.click()
        stage.wait_for_models()
        stage.show(dock.run)
        save("server-run")


@contextmanager
def _server_of_models() -> Iterator[str]:
    token = secrets.token_urlsafe(32)
    os.environ["ZEROSEG_SERVER_TOKEN"] = token
    settings = Settings("127.0.0.1", 0, SecretStr(token))
    with listening(settings) as door:
        server = Server(settings, offers())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _batch(stage: Stage, save: Save) -> None:
    session = stage.session
    folder = Path(tempfile.mkdtemp(prefix="zeroseg-batch-")) / "coins"
    folder.mkdir()
    _write_parts(folder)
    stage.viewer.open(str(folder / "part-01.tif"))
    session.add_classes(COINS)
    stage.dock.suggestions.suggest.click()
    stage.wait_for_models()
    session.accept(*session.state.vocabulary.names)
    batch = open_batch(stage.viewer)
    settle(1)
    batch.desk.choose(folder=folder)
    wait(lambda: bool(batch.desk.lines))
    batch.panel.start.click()
    wait(lambda: batch.desk.pace is not None and batch.desk.pace.done > len(batch.desk.lines) // 2)
    batch.panel.table.selectRow(4)
    save("batch")
    wait(lambda: not batch.desk.running)


def _write_parts(folder: Path) -> None:
    """Write an image in parts, as many images of one kind, and a file that is none."""
    image = coins()
    for number in range(24):
        top, left = divmod(number, 6)
        part = np.roll(image, (-top * 70, -left * 60), (0, 1))[:200, :240]
        tifffile.imwrite(folder / f"part-{number + 1:02}.tif", part)
    (folder / "part-05.tif").write_bytes(b"II*\0 a disk was full")


PARTS = {
    "job": _do_the_job,
    "methods": _work_with_methods,
    "compare": _compare,
    "server": _work_with_server,
    "batch": _batch,
}

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


if __name__ == "__main__":
    main()
