"""A batch as a person starts it, watches it and calls it off; every view of it shows a desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from psygnal import Signal

from napari_zeroseg.backends.lmseg.head import held
from napari_zeroseg.batch.choice import Choice, missing
from napari_zeroseg.batch.ledger import FAILED, UNCHANGED, Ledger
from napari_zeroseg.batch.places import Places
from napari_zeroseg.batch.run import run_batch
from napari_zeroseg.core.cancellation import CancelledError
from napari_zeroseg.core.errors import NotNowError, ZeroSegError
from napari_zeroseg.core.method import Method
from napari_zeroseg.export.atomic import make_folder
from napari_zeroseg.export.head import write_head
from napari_zeroseg.session.saved.reading import read_any_recipe
from napari_zeroseg.session.workspace import explained

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.batch.ledger import Outcome
    from napari_zeroseg.batch.pace import Pace
    from napari_zeroseg.batch.run import Summary
    from napari_zeroseg.core.recipe import Recipe

T = TypeVar("T")

RUNNING = "A batch is running."
NONE_FAILED = "No image has failed."


class Beside(Protocol):
    """Does work beside the thread that owns the desk, one after the other, in the order of asking."""

    def do(
        self, work: Callable[[], T], on_done: Callable[[T], None], on_problem: Callable[[Exception], None]
    ) -> None:
        """Call ``work`` elsewhere, and one of the others here."""

    def tell(self, listener: Callable[..., None], *said: object) -> None:
        """Call ``listener`` here, from work that goes on elsewhere."""

    def cancel(self) -> None:
        """Call off what was begun."""

    def close(self) -> None:
        """Call off all, and tell nobody."""


@dataclass(frozen=True, slots=True)
class Line:
    """An image of the batch.

    Parameters
    ----------
    path : Path
        The image.
    status : str
        As in the ledger; empty while nothing has become of it.
    counts : dict of str to int
        Objects by class.
    problem : str
        Why it failed.
    """

    path: Path
    status: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The images that there are, and what there is of earlier results.

    Parameters
    ----------
    lines : list of Line
        One for each image.
    report, recipe : Path or None
        First page of the report, and what the results were made by; None where they are not there.
    """

    lines: list[Line]
    report: Path | None = None
    recipe: Path | None = None


class BatchDesk:
    """What is chosen, how far the batch is, and what became of each image.

    Parameters
    ----------
    beside : Beside
        Where images are looked for and the batch runs.
    lend : callable, optional
        Called there before each batch: saves what a window has open, and lets the workers read it.
    """

    changed = Signal()
    """The choice, or whether and how far a batch runs."""
    listed = Signal()
    """There are other images."""
    line_changed = Signal(int)
    """What became of the image of this number."""
    problem_raised = Signal(ZeroSegError)
    """Something went wrong; the text is for the user."""

    def __init__(self, beside: Beside, lend: Callable[[], object] = lambda: None) -> None:
        self._beside = beside
        self._lend = lend
        self._choice = Choice()
        self._own_recipe: Recipe | None = None
        self._file_recipe: Recipe | None = None
        self._lines: list[Line] = []
        self._places: dict[Path, int] = {}
        self._looks = 0
        self._decided = False  # whether a person said which recipe counts for these results
        self.looking = False
        self.running = self.stopping = False
        self.pace: Pace | None = None
        self.summary: Summary | None = None
        self.report: Path | None = None

    # what views read

    @property
    def choice(self) -> Choice:
        return self._choice

    @property
    def lines(self) -> Sequence[Line]:
        """The images, in the order of their paths."""
        return self._lines

    @property
    def recipe(self) -> Recipe | None:
        """What is done to every image; None before the file of it is read."""
        return self._own_recipe if self._choice.recipe_file is None else self._file_recipe

    @property
    def failed(self) -> list[Path]:
        """The images that failed."""
        return [line.path for line in self._lines if line.status == FAILED]

    @property
    def obstacle(self) -> str:
        """Why no batch can begin now; empty when one can."""
        return RUNNING if self.running else missing(self._choice, self.recipe, len(self._lines))

    # what a person does

    def choose(self, **changes: Any) -> None:
        """Choose something else; the fields are those of :class:`Choice`.

        A folder for results is proposed with the first folder of images.
        """
        before, chosen = self._choice, replace(self._choice, **changes)
        self._decided = "recipe_file" in changes or (self._decided and chosen.out == before.out)
        if chosen.out is None and chosen.folder is not None:
            chosen = replace(chosen, out=chosen.folder.with_name(f"{chosen.folder.name}-results"))
        self._choice = chosen
        if chosen.recipe_file != before.recipe_file:
            self._read_recipe(chosen.recipe_file)
        if chosen.looks_elsewhere(before):
            self.summary = self.pace = None
            self.look()
        self.changed.emit()

    def take_recipe(self, recipe: Recipe) -> None:
        """Take the settings of the window, which hold while no recipe file is chosen."""
        if recipe != self._own_recipe:
            self._own_recipe = recipe
            self.changed.emit()

    def look(self) -> None:
        """Look which images there are, and what became of each before."""
        self._looks += 1
        self.looking = True
        self._beside.do(
            partial(_listing, self._choice), partial(self._on_looked, self._looks), self._on_problem
        )

    def start(self) -> None:
        """Do all images that are new, changed, corrected or failed.

        Raises
        ------
        NotNowError
            While something is missing, or a batch runs.
        """
        self._begin(None)

    def retry(self) -> None:
        """Do the images that failed once more; raises as :meth:`start`."""
        if not self.failed:
            raise NotNowError(NONE_FAILED)
        self._begin(self.failed)

    def cancel(self) -> None:
        """Call the batch off; what is done stays, and the next one goes on from there."""
        if self.running:
            self.stopping = True
            self._beside.cancel()
            self.changed.emit()

    def close(self) -> None:
        """Call the batch off and tell nobody any more."""
        self._beside.close()

    def _begin(self, images: Sequence[Path] | None) -> None:
        if self.obstacle:
            raise NotNowError(self.obstacle)
        self.running, self.stopping = True, False
        self.pace = self.summary = None
        self.changed.emit()
        assert self.recipe is not None
        work = partial(self._run, self._choice, self.recipe, images)
        self._beside.do(work, partial(self._on_done, self.recipe), self._on_ended)

    # beside

    def _run(self, choice: Choice, recipe: Recipe, images: Sequence[Path] | None) -> Summary:
        assert choice.out is not None
        self._lend()
        if images is None:
            listing = _listing(choice)
            self._beside.tell(self._on_listed, listing)
            images = [line.path for line in listing.lines]
        return run_batch(
            [str(image) for image in images if image.exists()],
            recipe.shareable(),
            choice.out,
            count=choice.count,
            scheduler=choice.scheduler or None,
            force=choice.force,
            axes=choice.axes or None,
            suggested_only=choice.suggested_only,
            head=_head_file(recipe, choice.out),
            agreed=choice.agreed,
            progress=lambda pace: self._beside.tell(self._on_pace, pace),
        )

    def _read_recipe(self, path: Path | None) -> None:
        self._file_recipe = None
        if path is not None:
            self._beside.do(
                partial(read_any_recipe, path), partial(self._on_recipe_read, path), self._on_problem
            )

    # from beside

    def _on_recipe_read(self, path: Path, recipe: Recipe) -> None:
        if path == self._choice.recipe_file:
            self._file_recipe = recipe
            self.changed.emit()

    def _on_looked(self, number: int, listing: Listing) -> None:
        if number == self._looks:
            self._on_listed(listing)

    def _on_listed(self, listing: Listing) -> None:
        self.looking = False
        self._lines, self.report = listing.lines, listing.report
        self._places = {line.path: number for number, line in enumerate(self._lines)}
        if listing.recipe is not None and not self._decided and not self.running:
            self.choose(recipe_file=listing.recipe)
        self.listed.emit()
        self.changed.emit()

    def _on_pace(self, pace: Pace) -> None:
        self.pace = pace
        if pace.latest is not None and pace.latest.status != UNCHANGED:
            self._show(pace.latest)
        self.changed.emit()

    def _show(self, outcome: Outcome) -> None:
        number = self._places.get(outcome.path)
        if number is not None:
            self._lines[number] = Line(outcome.path, outcome.status, outcome.counts, outcome.problem)
            self.line_changed.emit(number)

    def _on_done(self, recipe: Recipe, summary: Summary) -> None:
        self.running = self.stopping = False
        self.summary, self.report = summary, summary.report
        self._choice = replace(self._choice, force=False)
        if self._choice.recipe_file is None and self._choice.out is not None:
            # what is set in the window changes with the image that is shown, be it one of these to correct
            self._choice = replace(self._choice, recipe_file=Places(self._choice.out).recipe)
            self._file_recipe, self._decided = recipe, True
        self.changed.emit()

    def _on_ended(self, problem: Exception) -> None:
        self.running = self.stopping = False
        self.changed.emit()
        self._on_problem(problem)

    def _on_problem(self, problem: Exception) -> None:
        self.looking = False
        if not isinstance(problem, CancelledError):
            self.problem_raised.emit(explained(problem))


def _listing(choice: Choice) -> Listing:
    """Look which images there are, and what the ledger knows of each."""
    images = choice.images()
    places = Places(choice.out) if choice.out is not None else None
    if places is None or not places.ledger.is_file():
        return Listing([Line(image) for image in images])
    with closing(Ledger(places.ledger)) as ledger:
        known = {e.path: Line(e.path, e.status, e.counts, e.problem) for e in ledger.entries()}
    lines = [known.get(image, Line(image)) for image in images]
    report, recipe = (path if path.is_file() else None for path in (places.report, places.recipe))
    return Listing(lines, report, recipe)


def _head_file(recipe: Recipe, out: Path) -> Path | None:
    """Write the learned head that a recipe names, for the workers to read."""
    reference = recipe.lmseg.head
    if recipe.method is not Method.LMSEG or reference is None:
        return None
    path = out / f"head-{reference.sha256[:12]}.safetensors"
    if not path.is_file():
        make_folder(out)
        write_head(held(reference), path)
    return path
