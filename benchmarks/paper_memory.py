"""How much memory a whole run of the profile ``paper`` takes, against all its models held together.

The checkpoints are of full size, in the published layouts, and of random weights. BLIP-2's files are
in float16, half of the published size; loading converts them to bfloat16, as it does float32.
Models may take half of the memory of all together: the rest is for what they compute.
Where a file's numbers are used as they are, torch maps it, and the system may take its pages back at
any time: these count among what is held, but not among the process's own memory. Linux alone tells
them apart.

Found on 2 cores with 24 GB: the models 11.01 GB, at most 5.30 GB of them held at once (48 %), the
process's own memory at most 5.57 GB above its start (51 %), 11.14 GB with pages of files.
With a SHARE of 0.6, what the models compute comes on top of more of them: 5.99 GB held (54 %), 7.41 GB
of the process's own (67 %).
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from napari_zeroseg.backends import devices, memory
from napari_zeroseg.backends.catalog import find, profile
from napari_zeroseg.backends.ram.tagger import CLIP, CLIP_SIZE, TEXTS, THRESHOLDS
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of

PROFILE = "paper"
SCRATCH = os.environ.get("ZEROSEG_SCRATCH")
"""Where 11 GB of files go for the time of the run; the system's folder for such files if not set."""
SHARE = 0.5
TARGET = 0.6
TOKENS = 8
SIZE = (480, 640)
CLASSES = "nucleus: dark purple, round; cytoplasm: pale pink"
PARAMETERS = {"box_threshold": 0.0, "text_threshold": 0.0, "nms_iou": 0.05, "cross_class_nms_iou": 0.05}
SECONDS = 0.01  # between two looks at the memory

SWIN_T_OGC = {
    "QUERIES": 900, "WIDTH": 256, "HIDDEN": 2048, "LAYERS": 6,
    "EMBED": 96, "WINDOW": 7, "STAGE_HEADS": (3, 6, 12, 24), "DEPTHS": (2, 2, 6, 2),
    "BERT": 768, "BERT_HIDDEN": 3072, "BERT_LAYERS": 12, "VOCABULARY": 30522, "POSITIONS": 512,
}  # fmt: skip
OPT_2_7B = {
    "model_type": "opt", "hidden_size": 2560, "word_embed_proj_dim": 2560, "ffn_dim": 10240,
    "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 50304,
}  # fmt: skip
VIT_L = {
    "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    "global_attn_indexes": [5, 11, 17, 23],
}  # fmt: skip


def run() -> dict[str, Any]:
    """Write the checkpoints, measure a run in a process of its own, print the table and return it."""
    entries = [e for role, name in profile(PROFILE).items() if (e := find(role, name)).weights]
    budget = int(SHARE * (sum(entry.memory for entry in entries) + CLIP_SIZE))
    with tempfile.TemporaryDirectory(prefix="zeroseg-paper-", dir=SCRATCH) as root:
        os.environ[VARIABLE] = root
        for entry in entries:
            WRITERS[entry.name](folder_of(entry.weights))
        there = os.environ | {memory.VARIABLE: str(budget), devices.VARIABLE: "cpu"}
        asked = [sys.executable, "-m", "benchmarks.paper_memory"]
        answer = subprocess.run(asked, env=there, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {"weights": "random", "budget": budget, **json.loads(answer.splitlines()[-1])}
    _print(found)
    return found


def _print(found: dict[str, Any]) -> None:
    together = sum(found["models"].values())
    for name, size in found["models"].items():
        print(f"  {name:42}{size / 1e9:7.2f} GB")
    print(f"{'all models together (random weights)':44}{together / 1e9:7.2f} GB")
    for key, what in (
        ("budget", "models may take"),
        ("held", "most that models took at once"),
        ("own", "most of the process's own, over the start"),
        ("resident", "the same with pages of files"),
    ):
        print(f"{what:44}{found[key] / 1e9:7.2f} GB{found[key] / together:7.0%}")
    reached = max(found["held"], found["own"]) <= TARGET * together
    print(f"at most {TARGET:.0%}: {'yes' if reached else 'NO'}; {found['instances']} instances found,")
    print(f"it took {found['seconds']:.0f} s; at its start the process had {found['start'] / 1e9:.2f} GB")


class Watch(Thread):
    """Looks at the memory again and again, and keeps the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.models: dict[str, int] = {}
        self.held = self.own = self.resident = 0
        self._done = Event()

    def run(self) -> None:
        from napari_zeroseg.backends.residency import holdings

        while not self._done.wait(SECONDS):
            now = {held.name: held.size for held in holdings()}
            self.models |= now
            self.held = max(self.held, sum(now.values()))
            own, resident = _own_and_resident()
            self.own, self.resident = max(self.own, own), max(self.resident, resident)

    def end(self) -> None:
        self._done.set()
        self.join()


def _own_and_resident() -> tuple[int, int]:
    """Return the bytes that no file holds, and all that are in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = {key: value for key, _, value in (line.partition(":") for line in lines)}
    own, resident = (int(sizes[key].split()[0]) * 1024 for key in ("RssAnon", "VmRSS"))
    return own, resident


def measure() -> dict[str, Any]:
    """Return what a run took; the models' folder and the budget are in the environment."""
    import torch  # noqa: F401  what the libraries themselves take is there before the first model
    import transformers  # noqa: F401

    from napari_zeroseg import segment
    from napari_zeroseg.backends import blip2
    from napari_zeroseg.core.recipe import Parameters, Recipe

    blip2.MAX_TOKENS = TOKENS
    image = (np.random.default_rng(0).random((*SIZE, 3)) * 255).astype(np.uint8)
    recipe = Recipe(profile=PROFILE, parameters=Parameters(**PARAMETERS))
    own, resident = _own_and_resident()
    watch, start = Watch(), time.perf_counter()
    watch.start()
    result = segment(image, CLASSES, recipe=recipe)
    watch.end()
    return {
        "models": watch.models,
        "held": watch.held,
        "own": watch.own - own,
        "resident": watch.resident - resident,
        "start": own,
        "instances": len(result.instances),
        "seconds": time.perf_counter() - start,
    }


def _write_ram(folder: Path) -> None:
    import torch
    from transformers import CLIPConfig, CLIPTextModelWithProjection

    from tests.backends.ram import published

    (folder / CLIP).mkdir(parents=True)
    torch.save({"model": published.state_of(published.SWIN_L)}, folder / "ram_plus_swin_large_14m.pth")
    tags = range(published.SWIN_L.tags)
    (folder / TEXTS).write_text("".join(f"tag {i}\n" for i in tags), encoding="utf-8")
    (folder / THRESHOLDS).write_text("0.65\n" * len(tags), encoding="utf-8")
    tokenizer = published.byte_tokenizer()
    tokenizer.save_pretrained(folder / CLIP)
    config = CLIPConfig(text_config={"eos_token_id": tokenizer.eos_token_id})
    config.save_pretrained(folder / CLIP)
    state = CLIPTextModelWithProjection(config.text_config).state_dict()
    torch.save(state, folder / CLIP / "pytorch_model.bin")


def _write_blip2(folder: Path) -> None:
    """Write both files, piece by piece: the whole is too large to be held beside other work."""
    import torch
    from transformers import Blip2Config, Blip2ForConditionalGeneration

    from tests.backends.tiny_captioners import byte_tokenizer

    folder.mkdir(parents=True)
    byte_tokenizer().save_pretrained(folder)
    config = Blip2Config(text_config=OPT_2_7B)
    config.save_pretrained(folder)
    with torch.device("meta"):
        shapes = {k: v.shape for k, v in Blip2ForConditionalGeneration(config).state_dict().items()}
    del shapes["language_model.lm_head.weight"]  # the same as that of the embedding
    keys = list(shapes)
    for number, part in enumerate((keys[: len(keys) // 2], keys[len(keys) // 2 :]), 1):
        name = f"model-0000{number}-of-00002.safetensors"
        _write_half_precision(folder / name, {key: tuple(shapes[key]) for key in part})
    (folder / "model.safetensors.index.json").write_text("{}", encoding="utf-8")


def _write_half_precision(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Write random numbers as safetensors: the header's length, the header, the tensors."""
    header, end = {}, 0
    for key, shape in shapes.items():
        start, end = end, end + 2 * int(np.prod(shape))
        header[key] = {"dtype": "F16", "shape": shape, "data_offsets": (start, end)}
    words = json.dumps(header).encode()
    block = (0.02 * np.random.default_rng(0).standard_normal(1 << 22)).astype("<f2").tobytes()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(words)) + words)
        for start in range(0, end, len(block)):
            file.write(block[: end - start])


def _write_grounding_dino(folder: Path) -> None:
    from tests.backends.grounding import published
    from tests.backends.grounding.tiny_models import write_vocabulary

    vars(published).update(SWIN_T_OGC)
    published.write_official(folder / "groundingdino_swint_ogc.pth")
    write_vocabulary(folder)


def _write_sam_hq(folder: Path) -> None:
    import torch
    from transformers import SamHQConfig, SamHQModel

    model = SamHQModel(SamHQConfig(vision_config=VIT_L, mask_decoder_config={"vit_dim": 1024}))
    for parameter in model.parameters():  # transformers starts them so close to zero that all is alike
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    model.save_pretrained(folder)


WRITERS = {
    "ram:plus-swin-l": _write_ram,
    "blip2:opt-2.7b": _write_blip2,
    "grounding-dino:swint-ogc": _write_grounding_dino,
    "sam-hq:vit-l": _write_sam_hq,
}

if __name__ == "__main__":
    print(json.dumps(measure()))
