"""Everything that decides a result, as one JSON document."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.channels import Composition
from napari_zeroseg.core.errors import BadFileError, BadVocabularyError
from napari_zeroseg.core.freeseg import FreeSegParameters
from napari_zeroseg.core.guidance import Guidance
from napari_zeroseg.core.lmseg import LmsegParameters
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

MAX_RECIPE_BYTES = 64_000_000
"""A record, which holds its recipe, tells of every object too."""
SMALLEST_CORE = 128  # px

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(max_length=500)]

_USER_INFO = re.compile(r"(?<=://)[^/@\s]*@")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def without_user_info(name: str) -> str:
    """Return a backend's name without the user and password that its address may hold.

    >>> without_user_info("openai:small@https://me:secret@example.org/v1")
    'openai:small@https://example.org/v1'
    """
    return _USER_INFO.sub("", name)


class LookSpec(_Document):
    """Attributes of a class as a document."""

    color: Words = ""
    shape: Words = ""
    texture: Words = ""
    sense: Words = ""


class ClassSpec(_Document):
    """A target class as a document."""

    name: Words
    color: str = ""
    synonyms: tuple[Words, ...] = ()
    attributes: LookSpec = LookSpec()
    may_overlap: tuple[Words, ...] = ()

    @classmethod
    def of(cls, target: TargetClass) -> ClassSpec:
        look = target.attributes
        return cls(
            name=target.name,
            color=target.color,
            synonyms=target.synonyms,
            attributes=LookSpec(color=look.color, shape=look.shape, texture=look.texture, sense=look.sense),
            may_overlap=target.may_overlap,
        )

    def target(self) -> TargetClass:
        return TargetClass(
            self.name,
            self.color,
            self.synonyms,
            Attributes(**self.attributes.model_dump()),
            self.may_overlap,
        )


class Parameters(_Document):
    """Numbers of the method ``grounded``.

    Attributes
    ----------
    box_threshold : float
        Least score of a detection.
    text_threshold : float
        Least score of all words of its phrase together, where a detector scores words.
    nms_iou : float
        Boxes of one class that overlap more than this are one.
    cross_class_nms_iou : float
        Boxes of different classes that overlap more than this are one, of the class that scores
        best; 1 keeps them all, since one object may lie within another, as a nucleus in a cell.
    refine_points : int
        Points taken from the first pass for the second one; 0 leaves the second pass out.
    spread_points : bool
        Spread those points over the object instead of taking the highest pixels.
    accept_threshold : float
        Least confidence of a suggestion that "accept all" accepts.
    tile : int
        Planes with a side of more pixels are looked at in tiles of at most this side.
    tile_overlap : int
        Width in pixels of what neighbouring tiles both look at: more than an object and what is around it.
    level : int
        Level of a multiscale image that is looked at; 0 is the finest.
    """

    box_threshold: Share = 0.18
    text_threshold: Share = 0.15
    nms_iou: Share = 0.8
    cross_class_nms_iou: Share = 1.0
    refine_points: Annotated[int, Field(ge=0, le=200)] = 20
    spread_points: bool = True
    accept_threshold: Share = 0.5
    tile: Annotated[int, Field(ge=256, le=16384)] = 2048
    tile_overlap: Annotated[int, Field(ge=0, le=4096)] = 256
    level: Annotated[int, Field(ge=0, le=30)] = 0

    @property
    def tile_core(self) -> int:
        """Largest side in pixels of what a tile looks at alone; with the overlap it is at most ``tile``."""
        return max(self.tile - self.tile_overlap, SMALLEST_CORE)


class Recipe(_Document):
    """Method, profile, backends per role, parameters, vocabulary, and how the image is shown.

    The same recipe, image and weights give the same masks. Without a composition an image is
    shown as :func:`~napari_zeroseg.core.channels.default_composition` has it. Classes that are left
    out take part when words are matched, and are not looked for.
    """

    version: Literal[1] = 1
    method: Method = Method.GROUNDED
    profile: Words = "embedded"
    backends: dict[Words, Words] = Field(default_factory=dict)
    parameters: Parameters = Parameters()
    freeseg: FreeSegParameters = FreeSegParameters()
    lmseg: LmsegParameters = LmsegParameters()
    classes: tuple[ClassSpec, ...] = ()
    left_out: tuple[Words, ...] = ()
    guidance: Guidance = Guidance()
    composition: Composition | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(tuple(spec.target() for spec in self.classes))

    def with_vocabulary(self, vocabulary: Vocabulary) -> Recipe:
        return self.model_copy(update={"classes": tuple(ClassSpec.of(c) for c in vocabulary)})

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of the classes that are looked for."""
        return tuple(spec.name for spec in self.classes if spec.name not in self.left_out)

    def looking_for(self, names: Collection[str]) -> Recipe:
        """Return the recipe that looks for these classes only; for all where none is named."""
        left_out = tuple(spec.name for spec in self.classes if names and spec.name not in names)
        return self.model_copy(update={"left_out": left_out})

    def showing(self, composition: Composition | None) -> Recipe:
        """Return the recipe for images that are shown in this way, None for any."""
        return self.model_copy(update={"composition": composition})

    def shareable(self) -> Recipe:
        """Return the recipe without what nobody else is to know: users and passwords in addresses."""
        backends = {role: without_user_info(name) for role, name in self.backends.items()}
        return self if backends == self.backends else self.model_copy(update={"backends": backends})

    def write(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read and validate a recipe, or the recipe in the record of a result.

        Raises
        ------
        BadFileError
            When the file cannot be read, is too large, or is no valid recipe.
        """
        try:
            if path.stat().st_size > MAX_RECIPE_BYTES:
                raise BadFileError(f"'{path.name}' is too large to be a recipe.")
            return cls.parse(path.read_bytes(), path.name)
        except OSError as error:
            raise BadFileError(f"The recipe '{path}' could not be read: {error.strerror}.") from error

    @classmethod
    def parse(cls, content: bytes, name: str) -> Recipe:
        """Read and validate a recipe, or that of a record, from JSON; ``name`` is for messages.

        Raises
        ------
        BadFileError
            When it is no valid recipe.
        """
        try:
            recipe = _read(cls, content)
            Vocabulary(tuple(spec.target() for spec in recipe.classes))
            return recipe
        except BadVocabularyError as error:
            raise BadFileError(f"'{name}' is not a valid recipe: {error.happened}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            raise BadFileError(
                f"'{name}' is not a valid recipe: {where}: {first['msg']}.",
                remedy="Mend that entry, or write a new recipe from the window.",
            ) from error


def _read(kind: type[Recipe], content: bytes) -> Recipe:
    try:
        document = from_json(content)
    except ValueError:
        document = None  # the validation below tells the place
    if isinstance(document, dict) and "kind" in document and "recipe" in document:
        # as JSON again, in which a list is as good as a tuple
        return kind.model_validate_json(to_json(document["recipe"]))
    return kind.model_validate_json(content)
