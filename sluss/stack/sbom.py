"""Bills of materials: what each image of the stack holds, with versions and licences, as CycloneDX files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sluss.stack import docker
from sluss.stack.env_file import ROOT
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FOLDER = ROOT / "var" / "sbom"
# Debian's packages, and the licences that their copyright files name.
_DEBIAN = r"""
dpkg-query --show --showformat='package\t${Package}\t${Version}\t${Architecture}\n'
awk '/^License:/ && $2 {print "licence\t" FILENAME "\t" $2}' /usr/share/doc/*/copyright 2>/dev/null | sort -u
"""
# Python's packages of the image's environment, and the modules that Go writes into the programs that it builds.
_PYTHON = r"""
import glob, importlib.metadata, pathlib, re, sys
base = glob.glob("/usr/local/lib/python3*/site-packages") + ["/usr/lib/python3/dist-packages"]
for found in importlib.metadata.distributions(path=[*sys.path, *base]):
    about = found.metadata
    named = [each.rsplit(" :: ")[-1] for each in about.get_all("Classifier", []) if each.startswith("License :: ")]
    licence = about.get("License-Expression") or "; ".join(named) or (about.get("License") or "").split("\n")[0]
    print("python", about["Name"], found.version, licence, sep="\t")
for path in map(pathlib.Path, ("/usr/local/bin/minio", "/usr/bin/caddy")):
    if path.exists():
        for name, version in sorted(set(re.findall(rb"\n(?:mod|dep)\t(\S+)\t(v\S+)", path.read_bytes()))):
            print("go", name.decode(), version.decode(), "", sep="\t")
"""
# Modules say nothing about their licence; that of MinIO decides how its image may be passed on.
_KNOWN = {"github.com/minio/minio": "AGPL-3.0-only"}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")


def write() -> list[Path]:
    """Write one file for each image of the compose file's services; the files.

    Raises:
        StackError: an image is not built.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    return [_write(image) for image in images()]


def images() -> list[str]:
    """The images of the services that this stack starts."""
    return sorted(set(docker.compose("config", "--images", capture=True).stdout.split()))


def components(image: str) -> list[dict[str, Any]]:
    """The packages of an image, as CycloneDX names them, in order.

    Raises:
        StackError: the image is not built.
    """
    debian = _run_in(image, "sh", "-c", _DEBIAN)
    python = _run_in(image, "sh", "-c", 'command -v python >/dev/null || exit 0; exec python -c "$0"', _PYTHON)
    found = {each["purl"]: each for each in [*_debian(debian), *_others(python)]}
    return [found[purl] for purl in sorted(found)]


def _write(image: str) -> Path:
    name, _, version = image.rpartition(":")
    path = FOLDER / f"{name.replace('/', '-')}.cdx.json"
    described = {"type": "container", "name": name, "version": version}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": described},
        "components": components(image),
    }
    path.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    return path


def _run_in(image: str, *command: str) -> list[list[str]]:
    """The lines that a command prints in an image, split at their tabs."""
    entry, *rest = command
    done = docker.output(
        "docker", "run", "--rm", "--pull", "never", "--network", "none", "--entrypoint", entry, image, *rest
    )
    if done.returncode:
        raise StackError(
            f"The contents of {image} cannot be listed: build it with 'make build' ({done.stderr[-200:]})."
        )
    return [line.split("\t") for line in done.stdout.splitlines()]


def _debian(lines: Iterable[list[str]]) -> Iterator[dict[str, Any]]:
    rows = list(lines)
    licences: dict[str, list[str]] = {}
    for kind, path, licence, *_ in rows:
        if kind == "licence":
            licences.setdefault(path.split("/")[-2], []).append(licence.rstrip(","))
    for kind, name, version, *architecture in rows:
        if kind == "package":
            purl = f"pkg:deb/debian/{name}@{version}?arch={architecture[0]}"
            yield _component(name, version, purl, licences.get(name, []))


def _others(lines: Iterable[list[str]]) -> Iterator[dict[str, Any]]:
    for kind, name, version, licence in lines:
        known = _KNOWN.get(name, licence)
        label = re.sub(r"[-_.]+", "-", name).lower() if kind == "python" else name
        purl = f"pkg:{'pypi' if kind == 'python' else 'golang'}/{label}@{version}"
        yield _component(name, version, purl, [known] if known else [])


def _component(name: str, version: str, purl: str, licences: list[str]) -> dict[str, Any]:
    found = [{"license": {"name": each}} for each in licences]
    if len(licences) == 1 and re.search(r" (AND|OR|WITH) ", licences[0]) and _SPDX.fullmatch(licences[0]):
        found = [{"expression": licences[0]}]  # type: ignore[dict-item]
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return component | ({"licenses": found} if found else {})
