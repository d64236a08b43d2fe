"""The command ``suggest``: which classes are present, and what each tag means, without segmenting."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_zeroseg import cli_consent, cli_machine, cli_planes
from napari_zeroseg.cli_output import say
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError
from napari_zeroseg.core.suggestion import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.backends.roles import Refiner
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.suggestion import Idea, PhraseMatch, Suggestion
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

DONE, SOME_FAILED, WRONG_USE = 0, 1, 2

_EXAMPLES = """\
examples:
  What the recognisers of the embedded profile make of an image:
    napari-zeroseg suggest cells.tif --classes "nucleus, cytoplasm"

  Which class each word means, decided by a language model on this machine's Ollama server:
    napari-zeroseg suggest --tags "girl, sedan" --classes "person, car" \\
        --refiner openai:qwen3:4b@ollama --yes-send --json
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was said of one image, or of the given tags."""

    suggestions: tuple[Suggestion, ...]
    phrases: tuple[PhraseMatch, ...]
    ideas: tuple[Idea, ...]
    image: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the finding, JSON-able."""
        return ({"image": self.image} if self.image else {}) | {
            "suggestions": [_suggestion(s) for s in self.suggestions],
            "phrases": [_phrase(m) for m in self.phrases],
            "ideas": [asdict(idea) for idea in self.ideas],
        }

    def lines(self) -> Iterator[str]:
        """Yield the finding for a person."""
        if self.image:
            yield f"{self.image}:"
        for s in self.suggestions:
            yield f"  {s.confidence:4.2f}  {s.name}  [{s.source or 'none'}] {s.reason}"
        for m in self.phrases:
            yield f"  '{m.phrase}' means {m.name or 'no class'}  [{m.source}]"
        for idea in self.ideas:
            yield f"  not in the list: {idea.name}  {idea.reason}"


def add_refiner_options(parser: argparse.ArgumentParser) -> None:
    """Let a command choose the refiner and agree to sending."""
    parser.add_argument(
        "--refiner",
        metavar="NAME",
        help="who decides between words: embedded:book, openai:MODEL[,CHEAP_MODEL][@SERVER] or "
        "transformers:MODEL (default: the profile's)",
    )
    cli_consent.add_options(parser)


def with_refiner(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    """Return the recipe with the chosen refiner, and take note of the person's consent."""
    cli_consent.heed(options)
    if not options.refiner:
        return recipe
    return recipe.model_copy(update={"backends": recipe.backends | {"refiner": options.refiner}})


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``suggest``."""
    parser = commands.add_parser(
        "suggest",
        help="say which of the named classes are in images, and what tags mean",
        description="Say which of the named classes are in images, and what tags mean, without segmenting.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("images", nargs="*", type=Path, metavar="IMAGE", help="image files")
    cli_planes.add_options(parser)
    add("--tags", metavar="TEXT", help="words in place of images: 'girl, sedan'")
    add("--caption", metavar="TEXT", default="", help="a sentence that goes with --tags")
    add("--classes", metavar="TEXT", help="the classes: 'person, car'; taken from the recipe if not given")
    add("--recipe", type=Path, metavar="FILE", help="models, parameters and classes as JSON")
    add("--note", metavar="TEXT", help="a hint for the language model: 'cross-sections of roots'")
    add("--phrases", type=Path, metavar="FILE", help="phrase table to heed, and to add new decisions to")
    add(
        "--describe", action="store_true", help="let the language model describe how the classes look as well"
    )
    add("--json", action="store_true", help="print JSON; a list when several images are given")
    add_refiner_options(parser)
    cli_machine.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    if bool(options.images) == (options.tags is not None):
        _complain("Give image files, or --tags, and not both.")
        return WRONG_USE
    cli_machine.heed(options)
    recipe = _recipe(options)
    vocabulary = recipe.vocabulary.required()
    refiner = _refiner(recipe)
    if options.describe:
        vocabulary = _described_by_model(refiner, vocabulary)
    findings, failed = [], 0
    for subject in options.images or [None]:
        try:
            findings.append(_finding(subject, options, recipe.with_vocabulary(vocabulary), refiner))
        except ZeroSegError as error:
            failed += 1
            _complain(f"{subject}: {error}" if subject else str(error))
    _show(findings, vocabulary, options)
    _keep_phrases(findings, vocabulary, recipe, options)
    for spent in getattr(refiner, "spent", ()):
        _complain(str(spent))
    return SOME_FAILED if failed else DONE


def _recipe(options: argparse.Namespace) -> Recipe:
    from napari_zeroseg.core.phrase_table import PhraseTable
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.vocabulary import Vocabulary

    recipe = with_refiner(Recipe.read(options.recipe) if options.recipe else Recipe(), options)
    if options.classes is not None:
        recipe = recipe.with_vocabulary(Vocabulary.parse(options.classes))
    guidance = recipe.guidance
    if options.note:
        guidance = guidance.model_copy(update={"note": options.note[:500]})
    if options.phrases and options.phrases.exists():
        known = guidance.phrases.joined(PhraseTable.read(options.phrases))
        guidance = guidance.model_copy(update={"phrases": known})
    return recipe.model_copy(update={"guidance": guidance})


def _refiner(recipe: Recipe) -> Refiner:
    from napari_zeroseg.backends.entry import Role
    from napari_zeroseg.backends.guided import guided
    from napari_zeroseg.backends.registry import create, names_of

    return guided(create(Role.REFINER, names_of(recipe)[Role.REFINER]), recipe.guidance)


def _described_by_model(refiner: Refiner, vocabulary: Vocabulary) -> Vocabulary:
    from napari_zeroseg.backends.llm.refiner import LlmRefiner

    if not isinstance(refiner, LlmRefiner):
        raise MissingBackendError(
            "Only a language model can describe classes that are not known yet.",
            remedy="Choose one with --refiner, or leave --describe out.",
        )
    return refiner.describe_all(vocabulary)


def _finding(image: Path | None, options: argparse.Namespace, recipe: Recipe, refiner: Refiner) -> Finding:
    if image is None:
        tags = tuple(Tag(t.strip(), 1.0) for t in options.tags.split(",") if t.strip())
        return _judged(tags, options.caption, recipe.vocabulary, refiner)
    tags, caption = _recognised(_picture(image, options, recipe), recipe, refiner)
    return replace(_judged(tags, caption, recipe.vocabulary, refiner), image=str(image))


def _picture(image: Path, options: argparse.Namespace, recipe: Recipe) -> Plane:
    """Return what is shown of a file; of a stack the plane in the middle."""
    from napari_zeroseg.api import middle, volume_source
    from napari_zeroseg.export.images import open_image

    volume = open_image(image, options.axes)
    composition = cli_planes.composition_of(volume, recipe, options.channels)
    return volume_source(image.name, volume, composition).on(middle(volume.grid(options.plane))).pixels


def _recognised(plane: Plane, recipe: Recipe, refiner: Refiner) -> tuple[tuple[Tag, ...], str]:
    from napari_zeroseg.backends.registry import backends_of
    from napari_zeroseg.methods.grounded import tags_of

    backends = backends_of(recipe)
    described = _described(recipe.vocabulary, refiner)
    return tags_of(plane, described, backends.tagger), backends.captioner.caption(plane)


def _judged(tags: tuple[Tag, ...], caption: str, vocabulary: Vocabulary, refiner: Refiner) -> Finding:
    described = _described(vocabulary, refiner)
    suggestions = tuple(refiner.suggest(tags, caption, described))
    words = list(dict.fromkeys(tag.text for tag in tags))
    phrases = tuple(refiner.match(words, described)) if words else ()
    ideas = getattr(refiner, "ideas", lambda *_: ())(tags, caption, described)
    return Finding(suggestions, phrases, tuple(ideas))


def _described(vocabulary: Vocabulary, refiner: Refiner) -> Vocabulary:
    return replace(vocabulary, classes=tuple(refiner.describe(c) for c in vocabulary))


def _show(findings: list[Finding], vocabulary: Vocabulary, options: argparse.Namespace) -> None:
    if not options.json:
        if options.describe:
            say(f"looks: {vocabulary.text()}")
        for line in (line for finding in findings for line in finding.lines()):
            say(line)
        return
    looks = {"looks": [_look(c) for c in vocabulary]} if options.describe else {}
    documents = [finding.document() | looks for finding in findings]
    if len(options.images) > 1:
        say(_json(documents))
    elif documents:
        say(_json(documents[0]))


def _keep_phrases(
    findings: list[Finding], vocabulary: Vocabulary, recipe: Recipe, options: argparse.Namespace
) -> None:
    if options.phrases and findings:
        decided = (m for f in findings for m in f.phrases if m.phrase.strip())
        known = recipe.guidance.phrases
        new = [m for m in decided if known.find(m.phrase, vocabulary.names) is None]
        known.learned(new).write(options.phrases)


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "class": suggestion.name,
        "confidence": suggestion.confidence,
        "reason": suggestion.reason,
        "evidence": list(suggestion.evidence),
        "source": suggestion.source,
        "implied": suggestion.implied,
    }


def _phrase(match: PhraseMatch) -> dict[str, Any]:
    return {"phrase": match.phrase, "class": match.name, "source": match.source, "score": match.score}


def _look(target: TargetClass) -> dict[str, str]:
    return {"class": target.name, **asdict(target.attributes)}


def _complain(text: str) -> None:
    print(f"napari-zeroseg: {text}", file=sys.stderr, flush=True)  # noqa: T201
