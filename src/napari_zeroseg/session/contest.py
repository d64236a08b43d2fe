"""Several methods on one plane: who takes part, and what each makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy.ndimage import find_objects

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.outside import OutsideTool, tools_here
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.events import Compared, Event, Found, FoundMany, Progress, StageStarted
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.meter import Meter
from napari_zeroseg.core.outcome import Outcome, class_ious
from napari_zeroseg.methods.choice import CHOICES
from napari_zeroseg.session.looking import Search
from napari_zeroseg.session.model_files import PROFILE_NAMES, needs
from napari_zeroseg.session.scope import Scope

if TYPE_CHECKING:
    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.method import Method
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State


@dataclass(frozen=True, slots=True)
class Contestant:
    """A method with its models, or another project's tool.

    Parameters
    ----------
    name : str
        For a person.
    recipe : Recipe
        What is run; of a tool, nothing of it.
    tool : OutsideTool, optional
        Another project's.
    obstacle : str
        Why it cannot be run on this machine; empty if it can.
    """

    name: str
    recipe: Recipe
    tool: OutsideTool | None = None
    obstacle: str = ""


def contestants(recipe: Recipe) -> tuple[Contestant, ...]:
    """Return who can take part: the recipe as it is, every method with every profile, tools that are here.

    Looks at the disk, not at a server.
    """
    usual = [_with_profile(recipe, method, profile) for method in CHOICES for profile in PROFILE_NAMES]
    own = [] if any(_same(recipe, one) for one in usual) else [recipe]
    ours = (Contestant(_title(one), one, obstacle=_obstacle(one)) for one in (*own, *usual))
    return (*ours, *(Contestant(tool.name, recipe, tool) for tool in tools_here()))


def _with_profile(recipe: Recipe, method: Method, profile: str) -> Recipe:
    """Return the recipe with another method and all models of a profile; who decides between words stays."""
    refiner = {role: name for role, name in recipe.backends.items() if role == Role.REFINER}
    return recipe.model_copy(update={"method": method, "profile": profile, "backends": refiner})


def _same(one: Recipe, other: Recipe) -> bool:
    return (one.method, names_of(one)) == (other.method, names_of(other))


def _title(recipe: Recipe) -> str:
    usual = _with_profile(recipe, recipe.method, recipe.profile)
    changed = "" if _same(recipe, usual) else ", changed"
    return f"{recipe.method}, {recipe.profile}{changed}"


def _obstacle(recipe: Recipe) -> str:
    asked = needs(recipe)
    problems = [f"{need.name}: {need.problem}" for need in asked if need.problem]
    absent = [need.name for need in asked if not need.is_here and not need.problem]
    if absent:
        problems.append(f"Not downloaded yet: {', '.join(absent)}. Fetch them under Models.")
    return "\n".join(problems)


def contested(
    chosen: Sequence[Contestant],
    source: ImageSource,
    state: State,
    make_backends: Callable[[Recipe], Backends],
) -> Iterator[Event]:
    """Let each contestant look for the accepted classes on a plane, as if nothing were drawn on it yet.

    Parameters
    ----------
    chosen : sequence of Contestant
        Who takes part, in this order.
    source : ImageSource
        The plane.
    state : State
        Its classes; the instances that a person answers for are the truth.
    make_backends : callable
        Gives the backends of a recipe.

    Yields
    ------
    Event
        Stages, ``Progress``, and for each contestant ``Compared``; one that fails does not stop the others.
    """
    truth = [i for i in state.on_plane(source.plane) if i.locked]
    bare = replace(state, instances=(), erased=(), draft=None)
    for number, one in enumerate(chosen):
        yield StageStarted(f"Comparing: {one.name}")
        yield Progress(number, len(chosen))
        found: list[Instance] = []
        problem = ""
        with Meter() as meter:
            try:
                for event in _looked(one, source, bare, make_backends):
                    found += _instances_in(event)
                    yield StageStarted(f"Comparing: {one.name}")  # between any two events Cancel bites
            except ZeroSegError as error:
                found, problem = [], str(error)
        ious = {} if problem else class_ious(found, truth, state.vocabulary, source.shape)
        yield Compared(Outcome(one.name, tuple(found), meter.seconds, meter.memory, ious, problem))
    yield Progress(len(chosen), len(chosen))


def _looked(
    one: Contestant, source: ImageSource, bare: State, make_backends: Callable[[Recipe], Backends]
) -> Iterator[Event]:
    if one.tool is not None:
        return _by_tool(one.tool, source, bare)
    provenance = Provenance(method=one.recipe.method)
    search = Search(source, Scope((source.plane,)), bare, one.recipe, provenance)
    return search.events(make_backends(one.recipe))


def _by_tool(tool: OutsideTool, source: ImageSource, bare: State) -> Iterator[Event]:
    """Find objects without words: they count for the first class that is looked for."""
    labels = tool.label(source.pixels)
    name = bare.accepted_names[0]
    for number, box in enumerate(find_objects(labels), 1):
        if box is not None:
            mask = Mask((box[0].start, box[1].start), labels[box] == number)
            provenance = Provenance(method=tool.name, detector=tool.name, segmenter=tool.name)
            yield Found(Instance(number, name, mask, 1.0, provenance=provenance, plane=source.plane))


def _instances_in(event: Event) -> tuple[Instance, ...]:
    match event:
        case Found(instance):
            return (instance,)
        case FoundMany(instances):
            return instances
        case _:
            return ()
