"""An evaluation as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.evaluation.document import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from napari_zeroseg.evaluation.document import ClassScores, Clicks, Evaluation
    from napari_zeroseg.evaluation.published import Published

_MANY = 20
_ABSENT = "–"
_COLUMNS = {
    "iou": "IoU", "accuracy": "accuracy", "boundary": "boundary F", "ap": "AP", "ap50": "AP at 0.50",
    "pq": "PQ", "sq": "SQ", "rq": "RQ",
}  # fmt: skip


def markdown(evaluation: Evaluation, picture: str) -> str:
    """Return the page; ``picture`` is the name of the file that shows the confusion."""
    return "\n".join(_lines(evaluation, picture)) + "\n"


def _lines(evaluation: Evaluation, picture: str) -> Iterator[str]:
    yield f"# {_plain(evaluation.title)}\n"
    yield from _head(evaluation)
    yield "\n## Scores\n\nIn percent, over all images together.\n"
    yield from _scores(evaluation)
    if evaluation.published:
        yield "\n## Beside published results\n"
        yield "In percent. What others have published is copied from the source, not measured here.\n"
        yield from _beside(evaluation)
    if evaluation.clicks is not None:
        yield "\n## Simulated clicks\n"
        yield from _clicks(evaluation.clicks)
    yield "\n## Classes\n\nIn percent.\n"
    yield from _classes(evaluation.classes)
    yield f"\n## Confusion\n\n![Which classes are taken for which]({picture})"
    if evaluation.failures:
        yield "\n## Images without scores\n"
        yield from _table(("image", "problem"), ((f.image, f.problem) for f in evaluation.failures))


def _head(evaluation: Evaluation) -> Iterator[str]:
    recipe = evaluation.recipe
    failed = f", {len(evaluation.failures)} without scores" if evaluation.failures else ""
    extra = len(recipe.classes) - len([c for c in evaluation.classes if c.name != "background"])
    yield f"- **Images:** {evaluation.images} of {evaluation.available}{failed}"
    yield (
        f"- **Classes:** {len(evaluation.classes)}, and {extra} of the recipe's own"
        if extra > 0
        else (f"- **Classes:** {len(evaluation.classes)}")
    )
    yield f"- **Method:** {recipe.method}, profile {_plain(recipe.profile)}"
    yield f"- **Models:** {', '.join(_plain(f'{b.role} {b.name}') for b in evaluation.backends)}"
    if evaluation.suggested_only:
        yield "- **Looked for:** only what seemed to be in an image"
    yield f"- **Time:** {evaluation.seconds:.1f} s an image, on one worker"
    yield f"- **Program:** napari-zeroseg {evaluation.versions.get('napari-zeroseg', '')}"


def _scores(evaluation: Evaluation) -> Iterator[str]:
    rows = []
    for name, score in evaluation.scores.items():
        known = score.low is not None and score.high is not None
        interval = f"{_percent(score.low)} to {_percent(score.high)}" if known else _ABSENT
        rows.append((TITLES[name], _percent(score.value), interval))
    yield from _table(("score", "value", "95 % interval"), rows)
    yield f"\nIntervals: percentiles of {evaluation.resamples} draws of as many images, with replacement."


def _beside(evaluation: Evaluation) -> Iterator[str]:
    measured = evaluation.scores.keys()
    names = [name for name in TITLES if any(name in p.percent for p in evaluation.published)]
    own = [_percent(evaluation.scores[name].value) if name in measured else _ABSENT for name in names]
    part = evaluation.images < evaluation.available
    note = f"only {evaluation.images} of {evaluation.available} images" if part else ""
    rows = [
        (f"**this run** ({evaluation.recipe.method}, {evaluation.recipe.profile})", _ABSENT, *own, "", note)
    ]
    rows += [_published(result, names) for result in evaluation.published]
    yield from _table(("method", "trained on", *(TITLES[n] for n in names), "published in", "note"), rows)


def _published(result: Published, names: Sequence[str]) -> tuple[str, ...]:
    scores = (f"{result.percent[name]:g}" if name in result.percent else _ABSENT for name in names)
    return (f"{result.method} (published)", result.training, *scores, result.source, result.note)


def _clicks(clicks: Clicks) -> Iterator[str]:
    yield (
        f"{clicks.objects} objects, each clicked on until its mask is good enough, at most {clicks.limit} "
        "times: always into the middle of the largest error.\n"
    )
    rows = [
        ("clicks to IoU 0.85, mean", f"{clicks.to85:.2f}"),
        ("clicks to IoU 0.90, mean", f"{clicks.to90:.2f}"),
        ("never at IoU 0.85", f"{_percent(clicks.failed85)} %"),
        ("never at IoU 0.90", f"{_percent(clicks.failed90)} %"),
        ("mean IoU after 1, 3, 5 clicks", f"{clicks.iou1:.3f}, {clicks.iou3:.3f}, {clicks.iou5:.3f}"),
    ]
    yield from _table(("", ""), rows)


def _classes(classes: Sequence[ClassScores]) -> Iterator[str]:
    shown = {n: title for n, title in _COLUMNS.items() if any(getattr(c, n) is not None for c in classes)}
    counted = any(c.objects is not None for c in classes)
    total = sum(c.pixels for c in classes) or 1
    rows = []
    for c in classes:
        values = (_percent(getattr(c, name)) for name in shown)
        objects = (_ABSENT if c.objects is None else str(c.objects),) if counted else ()
        rows.append((c.name, _percent(c.pixels / total), *objects, *values))
    heads = ("class", "part of the pixels", *(("objects",) if counted else ()), *shown.values())
    yield from _table(heads, rows)


def _percent(value: float | None) -> str:
    return _ABSENT if value is None else f"{100 * value:.1f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """Return a text that breaks no table: names come from anywhere."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
