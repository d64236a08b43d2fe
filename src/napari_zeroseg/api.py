"""The whole job in one call, for scripts and the command line."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.identity import models_of_recipe
from napari_zeroseg.core.axes import checked_axes, parse_axes
from napari_zeroseg.core.channels import default_composition
from napari_zeroseg.core.compose import instance_labels, semantic_labels
from napari_zeroseg.core.composer import Composer
from napari_zeroseg.core.edges import find_outline, settled, window_around
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.image import FlatImageError, looks_rgb, plane_from_array
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.record import make_record
from napari_zeroseg.core.script import is_by_a_person
from napari_zeroseg.core.sequence import Kind
from napari_zeroseg.core.tiles import whole
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.core.volume import ONE_PLANE, Grid, Volume
from napari_zeroseg.session.changes import pending_above
from napari_zeroseg.session.replaying import replay as redo
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource, overview

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.channels import Composition
    from napari_zeroseg.core.errors import ZeroSegError
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.script import AnyNote, Script
    from napari_zeroseg.session.readiness import Activity
    from napari_zeroseg.session.state import State

THING = "object"
"""The class of objects that are carried without one."""
_NAMED_IN_RECORDS = ("napari-zeroseg", "numpy", "scipy", "scikit-image", "torch", "transformers")


@dataclass(frozen=True)
class Result:
    """What was found in one image.

    Parameters
    ----------
    name : str
        What the image is called.
    source : ImageSource
        The image; of a stack its plane in the middle.
    state : State
        Vocabulary, suggestions and instances.
    recipe : Recipe
        What made it.
    grid : Grid
        The planes that were looked at, and where they lie.
    notes : tuple of Note
        What was done to the image.
    """

    name: str
    source: ImageSource
    state: State
    recipe: Recipe
    grid: Grid = ONE_PLANE
    notes: tuple[AnyNote, ...] = ()

    @cached_property
    def image(self) -> Plane:
        """What the models got, float32 of shape (H, W, 3), RGB in 0..1; read when it is asked for."""
        # a window may be flat, as a plane in the middle of a stack may be
        return self.source.window(whole(self.source.shape))

    @property
    def overview(self) -> Plane:
        """The image like ``image``, a large one shrunk; never in full in memory."""
        return overview(self.source)

    @property
    def vocabulary(self) -> Vocabulary:
        return self.state.vocabulary

    @property
    def instances(self) -> tuple[Instance, ...]:
        return self.state.instances

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.source.shape

    def labels(self, name: str) -> NDArray[np.int32]:
        """Return the instances of a class: ids as int32 of shape (…, H, W), 0 elsewhere."""
        known = self.vocabulary[name].name
        return self._stacked(lambda instances: instance_labels(instances, known, self.shape))

    def semantic(self) -> NDArray[np.uint8]:
        """Return class ids in the vocabulary's order, uint8 of shape (…, H, W), 0 for background."""
        return self._stacked(lambda instances: semantic_labels(instances, self.vocabulary, self.shape))

    def _stacked(self, draw: Callable[[tuple[Instance, ...]], NDArray[Any]]) -> NDArray[Any]:
        if not self.grid.depth:
            return draw(self.instances)
        planes = [draw(self.state.on_plane(plane)) for plane in self.grid.planes]
        return np.stack(planes).reshape(*self.grid.depth, *self.shape)

    @property
    def pictured(self) -> tuple[Instance, ...]:
        """The instances on ``image``."""
        return self.state.on_plane(self.source.plane) if self.grid.depth else self.instances

    def record(self) -> dict[str, Any]:
        """Return what was found and what made it, JSON-able."""
        return make_record(
            image=self.name,
            shape=self.shape,
            recipe=self.recipe,
            versions=versions(),
            tags=self.state.tags,
            caption=self.state.caption,
            suggestions=self.state.suggestions,
            phrases=self.state.phrases,
            instances=self.instances,
            grid=self.grid,
            backends=models_of_recipe(self.recipe),
            # when a recipe ran is not part of what it made: the same again gives the same record
            notes=self.notes if is_by_a_person(self.notes) else (),
        )


def segment(
    image: NDArray[Any] | Volume,
    classes: str | Vocabulary | None = None,
    *,
    recipe: Recipe | None = None,
    axes: str | None = None,
    plane: Mapping[str, int] | None = None,
    suggested_only: bool = False,
    name: str = "image",
    rgb: bool | None = None,
    progress: Callable[[Activity], None] | None = None,
) -> Result:
    """Segment an image by class names.

    Parameters
    ----------
    image : ndarray or Volume
        Integer or finite floating point intensities: (H, W), (H, W, 3), or more axes, which
        must be told then. Zarr and dask arrays are read in parts.
        :func:`~napari_zeroseg.export.images.open_image` gives volumes.
    classes : str or Vocabulary, optional
        ``"nucleus"``, or with attributes ``"nucleus: dark purple, round; cytoplasm: pale
        pink"``. Taken from the recipe when not given.
    recipe : Recipe, optional
        Backends and parameters, and how the image is shown; the embedded profile by default.
    axes : str, optional
        What the axes of an array mean, one letter of TZCYXS for each, such as ``"ZCYX"``.
        Channels are composed to one picture; time and depth are planes.
    plane : mapping of str to int, optional
        Where to look along time or depth, such as ``{"Z": 5}``; everywhere by default.
    suggested_only : bool
        Leave out classes that the refiner does not believe present, as it judges by the plane
        in the middle. By default every class that was named is looked for: naming it is the
        decision.
    name : str
        What the image is called in the record.
    rgb : bool, optional
        Whether the last axis is colour; told from the shape when not given.
    progress : callable, optional
        Called with an :class:`~napari_zeroseg.session.readiness.Activity` at every stage.

    Returns
    -------
    Result
        Labels per class, class ids, and the record.

    Raises
    ------
    ZeroSegError
        When the image or the classes cannot be used, or a backend is missing.
    """
    recipe = recipe or Recipe()
    vocabulary = Vocabulary.parse(classes) if isinstance(classes, str) else classes
    recipe = recipe if vocabulary is None else recipe.with_vocabulary(vocabulary)
    recipe.vocabulary.required()
    volume = image if isinstance(image, Volume) else volume_of(_in_parts(image), axes, rgb)
    grid = volume.grid(plane)
    source = volume_source(name, volume, recipe.composition)
    session = Session(recipe=recipe)
    if progress is not None:
        session.activity_changed.connect(progress)
    session.author = "recipe"
    run_through(session, [source.on(p) for p in _from_the_middle(grid)], suggested_only=suggested_only)
    shown = source.on(middle(grid))
    return Result(name, shown, session.state, session.recipe, grid, session.notebook.notes)


def replay(
    script: Script, image: NDArray[Any] | Volume, *, axes: str | None = None, rgb: bool | None = None
) -> Result:
    """Do again what a person did to an image, from the first class to the last stroke.

    Parameters
    ----------
    script : Script
        From :func:`~napari_zeroseg.export.record.read_script` or
        :func:`~napari_zeroseg.session.saved.reading.read_saved_script`.
    image : ndarray or Volume
        The same image, as for :func:`segment`.
    axes : str, optional
        What the axes of an array mean, as there.
    rgb : bool, optional
        Whether the last axis is colour, as there.

    Returns
    -------
    Result
        All masks as they were in the end, on all planes.

    Raises
    ------
    ZeroSegError
        When the image is another one, or the work cannot be done again with what is installed.
    """
    volume = image if isinstance(image, Volume) else volume_of(_in_parts(image), axes, rgb)
    if volume.shape != script.shape:
        raise BadImageError(
            f"The work was done on an image of shape {script.shape}, this one has {volume.shape}.",
            remedy="Give the image that it was done on.",
        )
    session = redo(script.notes, lambda shown: volume_source(script.name, volume, shown))
    grid, source = volume.grid(None), session.source
    assert source is not None
    picture = source.on(middle(grid))
    return Result(script.name, picture, session.state, session.recipe, grid, session.notebook.notes)


def propagate(
    image: NDArray[Any] | Volume,
    labels: NDArray[np.integer[Any]],
    *,
    axes: str | None = None,
    along: str = "",
    recipe: Recipe | None = None,
    name: str = "image",
    progress: Callable[[Activity], None] | None = None,
) -> NDArray[np.int32]:
    """Carry objects from the planes where they are drawn to the others, under their ids.

    Parameters
    ----------
    image : ndarray or Volume
        A stack or a film, as for :func:`segment`.
    labels : ndarray of int
        Ids on the planes of the image, 0 elsewhere; of the image's shape without channels and colours.
    axes : str, optional
        What the axes of an array mean, such as ``"ZYX"``.
    along : str
        The axis to go along; needed where there are several. Z is gone through as depth, T as time.
    recipe : Recipe, optional
        Its segmenter says who follows the objects; the embedded one by default.
    name : str
        What the image is called.
    progress : callable, optional
        Called with an :class:`~napari_zeroseg.session.readiness.Activity` at every plane.

    Returns
    -------
    ndarray of int32
        The labels, and what was found.

    Raises
    ------
    ZeroSegError
        When the image or the labels cannot be used.
    """
    volume = image if isinstance(image, Volume) else volume_of(np.asarray(image), axes, None)
    source = volume_source(name, volume, recipe.composition if recipe is not None else None)
    found = np.array(labels, np.int32)
    if found.shape != (*volume.depth, *volume.shape):
        raise BadImageError(
            f"The labels have shape {found.shape}, the planes of the image {(*volume.depth, *volume.shape)}.",
            remedy="Give one label image of the image's shape, without channels and colours.",
        )
    axis = _axis_to_follow(volume, along)
    session = Session(recipe=(recipe or Recipe()).with_vocabulary(Vocabulary.parse(THING)))
    problems: list[ZeroSegError] = []
    session.problem_raised.connect(problems.append)
    if progress is not None:
        session.activity_changed.connect(progress)
    for plane in np.ndindex(volume.depth):
        session.open(source.on(plane))
        session.paint(THING, (0, 0), found[plane])
    kind = Kind.TIME if volume.stack_axes[axis] == "T" else Kind.DEPTH
    for line in np.ndindex(*(1 if a == axis else n for a, n in enumerate(volume.depth))):
        if found[tuple(slice(None) if a == axis else i for a, i in enumerate(line))].any():
            session.open(source.on(line))
            session.propagate(axis=axis, kind=kind)
            if problems:
                raise problems[0]
    for instance in session.state.instances:
        found[instance.plane][instance.mask.slices][instance.mask.pixels] = instance.id
    return found


def _axis_to_follow(volume: Volume, along: str) -> int:
    names = volume.stack_axes
    axes = [a for a, size in enumerate(volume.depth) if size > 1]
    if along.upper() in names and along:
        return names.index(along.upper())
    if along or len(axes) != 1:
        there = " or ".join(names[a] for a in axes)
        raise BadImageError(
            f"The image has no planes along {along}." if along else "It is not clear along which axis to go.",
            remedy=f"Choose along={there}." if there else "Give an image of several planes.",
        )
    return axes[0]


def refine_edges(
    image: NDArray[Any], labels: NDArray[np.integer[Any]], *, rgb: bool | None = None
) -> NDArray[np.int32]:
    """Move the outlines of labelled objects to where the colours of the image change.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3)
        Integer or finite floating point intensities.
    labels : ndarray of int, shape (H, W)
        Instance ids from any source, 0 elsewhere.
    rgb : bool, optional
        Whether the last axis is colour; told from the shape when not given.

    Returns
    -------
    ndarray of int32, shape (H, W)
        The same ids.

    Raises
    ------
    ZeroSegError
        When the image cannot be used, or the labels do not lie on it.
    """
    plane = plane_from_array(image, rgb=rgb)
    if labels.shape != plane.shape[:2]:
        raise BadImageError(
            f"Labels of shape {labels.shape} do not lie on an image of shape {plane.shape[:2]}.",
            remedy="Give labels with the image's rows and columns.",
        )
    found = dict(masks_of(labels))
    outlines = []
    for mask in found.values():
        window = window_around(mask, labels.shape)
        outlines.append(find_outline(mask, window, plane[window]))
    refined = np.zeros(labels.shape, np.int32)
    for number, mask in zip(found, settled(outlines, lambda _a, _b: True), strict=True):
        refined[mask.slices][mask.pixels] = number
    return refined


def _in_parts(image: Any) -> Any:
    """Return an array as it is where it can be read in parts, as zarr and dask can, else in memory."""
    return image if hasattr(image, "chunks") else np.asarray(image)


def volume_of(array: NDArray[Any], axes: str | None, rgb: bool | None) -> Volume:
    """Return an array with what its axes mean; see :func:`segment`."""
    if axes is not None:
        return Volume(array, parse_axes(axes, array.shape))
    colour = looks_rgb(array) if rgb is None else rgb
    told = "YXS" if colour and array.ndim == 3 else None
    # colour samples that cannot be are told as such, with the shape
    return Volume(array, told or checked_axes(None, array.shape))


def volume_source(name: str, volume: Volume, composition: Composition | None = None) -> ImageSource:
    """Return the planes of a volume, shown as a recipe says, or as usual.

    Raises
    ------
    BadImageError
        When the volume is not what the composition is made for.
    """
    parts = [volume.channel(number) for number in range(volume.channel_count)]
    composer = Composer(composition or default_composition(parts, volume.channels), parts)
    return ImageSource(
        key=name,
        name=name,
        shape=volume.shape,
        read=composer.read,
        plane=(0,) * len(volume.depth),
        depth=volume.depth,
        composition=composer.composition,
    )


def middle(grid: Grid) -> tuple[int, ...]:
    """Return the plane in the middle."""
    return grid.planes[len(grid.planes) // 2]


def _from_the_middle(grid: Grid) -> list[tuple[int, ...]]:
    center = len(grid.planes) // 2
    order = sorted(range(len(grid.planes)), key=lambda number: abs(number - center))
    return [grid.planes[number] for number in order]


def run_through(session: Session, planes: Sequence[ImageSource], *, suggested_only: bool) -> None:
    """Suggest on the first plane that shows something, then find and draw on all of them.

    Raises
    ------
    ZeroSegError
        What a step refuses; in a stack, planes of one value are left empty.
    """
    problems: list[ZeroSegError] = []
    session.problem_raised.connect(problems.append)
    may_be_empty = len(planes) > 1
    suggested = False
    for plane in planes:
        session.open(plane)
        if not suggested:
            session.suggest()
            suggested = not problems
            if suggested:
                _accept(session, suggested_only=suggested_only)
        if suggested and session.state.accepted_names:
            session.run()
        if any(not (may_be_empty and isinstance(p, FlatImageError)) for p in problems):
            raise problems[0]
        problems.clear()
    if not suggested:
        raise FlatImageError("the same on every plane")


def _accept(session: Session, *, suggested_only: bool) -> None:
    if suggested_only:
        likely = pending_above(session.state, session.recipe.parameters.accept_threshold)
        session.accept(*(name for name in likely if name in session.refining.recipe.wanted))
    else:
        session.accept(*session.refining.recipe.wanted)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide results."""
    found = {"python": platform.python_version()}
    for package in _NAMED_IN_RECORDS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
