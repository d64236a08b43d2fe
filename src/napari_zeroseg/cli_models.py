"""The commands ``models …``: which models there are, and their files on this machine."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_zeroseg.cli_output import say
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari_zeroseg.backends.models import Model
    from napari_zeroseg.backends.weights.download import Progress

DONE, SOME_FAILED, INTERRUPTED = 0, 1, 130

_EXAMPLES = """\
examples:
  What there is, how large it is, and what is on this machine:
    napari-zeroseg models list

  Everything that a profile needs:
    napari-zeroseg models download --profile laptop

  A checkpoint that you have already:
    napari-zeroseg models path sam:vit-b ~/checkpoints
"""

_WHERE = """\
environment variables:
  NAPARI_ZEROSEG_MODELS   folder of downloaded models (default: ~/.cache/napari-zeroseg/models)
  HF_ENDPOINT             a mirror of the hub, where https://huggingface.co cannot be reached
  HF_TOKEN                your token, for models whose terms you have accepted on the hub
  HF_HUB_OFFLINE=1        never download; NAPARI_ZEROSEG_OFFLINE=1 does the same for this program alone

exit codes: 0 all done, 1 some model failed (the others are done), 2 wrong use
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``models`` with its own commands."""
    parser = commands.add_parser(
        "models",
        help="list, download, check and remove models, or use your own copies",
        description="List, download, check and remove models, or use your own copies. The built-in "
        "profile needs none of them.",
        epilog=f"{_EXAMPLES}\n{_WHERE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_download(actions)
    _add_verify(actions)
    _add_remove(actions)
    _add_path(actions)


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "list",
        help="a table of all models",
        description="A table of all models: what they do, how much is to be downloaded, how much memory "
        "they take when loaded, where their files are, and their licence.",
    )
    parser.add_argument("--profile", metavar="NAME", help="only those of a profile")
    parser.add_argument("--json", action="store_true", help="print JSON, with addresses and file names")


def _add_download(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "download",
        help="fetch the files of models",
        description="Fetch the files of models. What is here already is not fetched again; a download that "
        "was cut off goes on where it stopped; each file is compared with its published checksum.",
        epilog=_WHERE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_names(parser)
    parser.add_argument(
        "--anyway", action="store_true", help="also what is too large for the memory of this machine"
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but problems")


def _add_verify(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "verify",
        help="compare files with their published checksums",
        description="Read the files of models and compare them with their published checksums, or with "
        "those of the download. Without names: all that are on this machine.",
    )
    _add_names(parser)


def _add_remove(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "remove",
        help="delete downloaded files",
        description="Delete the downloaded files of models. Your own copies, and files that other "
        "programs share, stay.",
    )
    _add_names(parser)


def _add_path(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "path",
        help="show where the files of a model are, or say where your own copy is",
        description="Show the folder of a model's files; or, with PATH, use the files there from now on "
        "in place of a download.",
    )
    parser.add_argument("name", metavar="NAME", help="a model, as 'models list' shows it")
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="folder with all its files")
    parser.add_argument("--forget", action="store_true", help="use downloads again; your files stay")


def _add_names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="models, as 'models list' shows them")
    parser.add_argument("--profile", metavar="NAME", help="all models of a profile")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "download": _download,
        "verify": _verify,
        "remove": _remove,
        "path": _path,
    }
    return actions[options.action](options)


def _chosen(options: argparse.Namespace) -> tuple[Model, ...]:
    """Return the models that were named, or those of the profile."""
    from napari_zeroseg.backends.models import model, models_of

    names = tuple(model(name) for name in getattr(options, "names", ()))
    return names + (models_of(options.profile) if options.profile else ())


def _named(options: argparse.Namespace) -> tuple[Model, ...]:
    chosen = _chosen(options)
    if not chosen:
        raise MissingBackendError(
            "No model was named.", remedy="Name models, or a profile with --profile NAME."
        )
    return chosen


def _list(options: argparse.Namespace) -> int:
    from napari_zeroseg.backends.models import models

    shown = _chosen(options) if options.profile else models()
    if options.json:
        say(json.dumps([_document(one) for one in shown], indent=2))
        return DONE
    head = ("MODEL", "DOES", "DOWNLOAD", "MEMORY", "HERE", "LICENCE")
    for line in _table([head, *(_row(one) for one in shown)]):
        say(line)
    return DONE


def _row(one: Model) -> Sequence[str]:
    size = one.weights.size if one.weights else 0
    return (one.name, ", ".join(one.roles), _gigabytes(size), _gigabytes(one.memory), _here(one), one.licence)


def _here(one: Model) -> str:
    found = one.status
    if found is None:
        return "built in" if one.name.startswith("embedded:") else "nothing to download"
    return str(found.place) if found.present else "no"


def _document(one: Model) -> dict[str, Any]:
    return {
        "name": one.name,
        "roles": list(one.roles),
        "summary": one.summary,
        "licence": one.licence,
        "memory": one.memory,
        "packages": list(one.packages),
        "weights": _weights(one),
    }


def _weights(one: Model) -> dict[str, Any] | None:
    from napari_zeroseg.backends.weights.hub import address

    found, weights = one.status, one.weights
    if found is None or weights is None:
        return None
    return {
        "repository": weights.repository,
        "revision": weights.revision,
        "terms": weights.terms,
        "size": weights.size,
        "present": found.present,
        "place": str(found.place) if found.present else "",
        "folder": str(found.folder),
        "files": [
            {"name": f.name, "size": f.size, "sha256": f.sha256, "url": address(weights, f)}
            for f in weights.files
        ],
    }


def _table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size else "-"


def _download(options: argparse.Namespace) -> int:
    try:
        return _each(_named(options), lambda one: _download_one(one, options))
    except KeyboardInterrupt:
        _complain("Stopped. What has come is kept; the same command goes on from there.")
        return INTERRUPTED


def _download_one(one: Model, options: argparse.Namespace) -> bool:
    from napari_zeroseg.backends.weights.download import download

    if one.weights is None:
        _tell(options, f"{one.name}: nothing to download")
        return True
    if one.too_large and not options.anyway:
        raise MissingBackendError(
            one.too_large, remedy="Choose a smaller model, or add --anyway to fetch it for another machine."
        )
    _tell(options, f"{one.name}: licence {one.licence}{_terms(one)}")
    folder = download(one.name, one.weights, _Ticker(one.name, quiet=options.quiet))
    _tell(options, f"{one.name}: complete in {folder}")
    return True


def _terms(one: Model) -> str:
    return f"; terms: {one.weights.terms}" if one.weights and one.weights.terms else ""


class _Ticker:
    """Writes how far a download is: on a terminal over the last line, else at every tenth."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name = name
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        share = progress.done / progress.total
        now = time.monotonic() if self._terminal else share
        if self._quiet or (now < self._next and progress.done < progress.total):
            return
        self._next = now + 0.1
        text = f"{self._name}: {share:4.0%} of {progress.total / 1e9:.2f} GB, {progress.file}"
        sys.stderr.write(f"\r{text[:78]:78}" if self._terminal else f"{text}\n")
        if self._terminal and progress.done == progress.total:
            sys.stderr.write("\n")
        sys.stderr.flush()


def _verify(options: argparse.Namespace) -> int:
    from napari_zeroseg.backends.models import models

    there = tuple(one for one in models() if one.status is not None and one.status.present)
    if not there and not options.names and not options.profile:
        say("No model is on this machine. The built-in profile needs none.")
    return _each(_chosen(options) or there, _verify_one)


def _verify_one(one: Model) -> bool:
    from napari_zeroseg.backends.weights.verify import verify

    findings = verify(one.name, one.weights) if one.weights else []
    for finding in findings:
        say(f"{one.name}: {finding.file}: {finding.verdict}{finding.detail and f' ({finding.detail})'}")
    good = all(finding.is_good for finding in findings)
    if not good:
        _complain(
            f"Fetch it again with: napari-zeroseg models remove {one.name}, then models download {one.name}"
        )
    return good


def _remove(options: argparse.Namespace) -> int:
    return _each(_named(options), _remove_one)


def _remove_one(one: Model) -> bool:
    from napari_zeroseg.backends.weights.store import remove

    freed = remove(one.name, one.weights) if one.weights else 0
    say(f"{one.name}: {freed / 1e9:.2f} GB set free")
    return True


def _path(options: argparse.Namespace) -> int:
    from napari_zeroseg.backends.models import model, sharing
    from napari_zeroseg.backends.weights.own_copies import forget_own, use_own

    if options.path and options.forget:
        raise MissingBackendError("PATH and --forget were given both.", remedy="Give one of them.")
    one = model(options.name)
    if one.weights is None:
        raise MissingBackendError(f"'{one.name}' has no files to download.", remedy="Nothing is to be done.")
    for other in sharing(one):
        if options.path:
            use_own(other.name, one.weights, options.path)
        elif options.forget:
            forget_own(other.name)
    found = one.status
    assert found is not None
    say(str(found.folder) if found.present else f"{found.folder} (not complete)")
    return DONE


def _each(models: Iterable[Model], act: Callable[[Model], bool]) -> int:
    """Do something with each model; one that fails does not stop the others."""
    good = True
    for one in models:
        try:
            good &= act(one)
        except ZeroSegError as error:
            good = False
            _complain(f"{one.name}: {error}")
    return DONE if good else SOME_FAILED


def _tell(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        say(text)


def _complain(text: str) -> None:
    print(f"napari-zeroseg: {text}", file=sys.stderr, flush=True)  # noqa: T201
