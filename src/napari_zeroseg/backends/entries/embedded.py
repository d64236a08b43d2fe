"""The backends of the embedded profile, which need no download."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role

_EMBEDDED = "napari_zeroseg.backends.embedded"

ENTRIES = (
    Entry(
        Role.TAGGER,
        "embedded:regions",
        f"{_EMBEDDED}.tagger:EmbeddedTagger",
        "Describes regions in words from their measurements",
        "BSD-3-Clause",
    ),
    Entry(
        Role.CAPTIONER,
        "embedded:regions",
        f"{_EMBEDDED}.tagger:EmbeddedTagger",
        "One sentence on number, look and ground of the regions",
        "BSD-3-Clause",
    ),
    Entry(
        Role.REFINER,
        "embedded:book",
        f"{_EMBEDDED}.refiner:EmbeddedRefiner",
        "Attribute book, synonyms and sentence embeddings; sends nothing",
        "BSD-3-Clause; all-MiniLM-L6-v2: Apache-2.0",
    ),
    Entry(
        Role.DETECTOR,
        "embedded:regions",
        f"{_EMBEDDED}.detector:EmbeddedDetector",
        "Scores regions against the look of a class",
        "BSD-3-Clause",
    ),
    Entry(
        Role.SEGMENTER,
        "embedded:regions",
        f"{_EMBEDDED}.segmenter:EmbeddedSegmenter",
        "Regions, gradients and intensities around boxes and points",
        "BSD-3-Clause",
    ),
    Entry(
        Role.SEEKER,
        "embedded:regions",
        f"{_EMBEDDED}.seeker:EmbeddedSeeker",
        "Measurements and a learned channel against those of accepted objects",
        "BSD-3-Clause",
    ),
    Entry(
        Role.EXTRACTOR,
        "embedded:texture",
        f"{_EMBEDDED}.texture:TextureExtractor",
        "Colour, edges and texture around each pixel at several scales",
        "BSD-3-Clause",
    ),
    Entry(
        Role.CLASSIFIER,
        "embedded:regions",
        f"{_EMBEDDED}.classifier:RegionWords",
        "Measurements of clusters against the look of a class",
        "BSD-3-Clause",
    ),
    Entry(
        Role.ENCODER,
        "embedded:regions",
        f"{_EMBEDDED}.similarity:EmbeddedEncoder",
        "How well the regions of an image fit the words for each class",
        "BSD-3-Clause",
    ),
    Entry(
        Role.DETAIL,
        "embedded:scales",
        f"{_EMBEDDED}.scales:ScalesExtractor",
        "Colours around each pixel at several scales",
        "BSD-3-Clause",
    ),
)
