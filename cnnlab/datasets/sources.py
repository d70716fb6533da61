"""Where files come from: a folder the learner named, the cache, then one mirror after another.

Every fetched file is checked against its SHA-256 before it is used. No data set needs the network
if `CNNLAB_DATA` names a folder that has it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnlab.errors import DataError

__all__ = ["FOLDER_VARIABLE", "Source"]

FOLDER_VARIABLE = "CNNLAB_DATA"

# Seconds. A machine without a network must learn so at once; a slow one may take its time.
_CONNECT, _READ = 3.05, 60


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one data set and the places that hold them.

    Attributes
    ----------
    folder : str
        Its folder inside the one that `CNNLAB_DATA` names.
    mirrors : tuple of str
        Addresses to which a file name is appended, tried in turn.
    sha256 : mapping of str to str
        Each file's name and checksum.
    """

    folder: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]

    def locate(self, name: str) -> Path:
        """Return a path to the file, fetching it if it is nowhere on this machine.

        Parameters
        ----------
        name : str
            One of the files in `sha256`. In the learner's folder it may also lie uncompressed.

        Returns
        -------
        Path

        Raises
        ------
        DataError
            If it is nowhere to be had; the message lists what was tried.
        """
        tried = []
        own = os.environ.get(FOLDER_VARIABLE)
        if own:
            given = Path(own).expanduser() / self.folder / name
            for path in (given, given.with_suffix("") if name.endswith(".gz") else given):
                if path.is_file():
                    return path
            tried.append(f"{given}: no such file")
        for mirror in self.mirrors:
            try:
                return self._fetch(mirror, name)
            except (OSError, ValueError) as error:  # no network, no such page; a wrong checksum
                tried.append(f"{mirror}{name}: {_reason(error)}")
        attempts = "\n".join(f"  - {attempt}" for attempt in tried)
        raise DataError(
            f"{name} of the data set {self.folder} is not on this machine and could not be "
            f"fetched:\n{attempts}\n"
            f"Try again with a network, or put the file into a folder named {self.folder} and set "
            f"{FOLDER_VARIABLE} to the folder above it. "
            "datasets.digits() works without a network."
        )

    def _fetch(self, mirror: str, name: str) -> Path:
        import pooch  # here, because it takes a quarter of a second that offline lessons can spare

        pooch.get_logger().setLevel("WARNING")  # the progress bar says it already
        downloader = pooch.HTTPDownloader(
            progressbar=True, chunk_size=1 << 16, timeout=(_CONNECT, _READ)
        )
        return Path(
            pooch.retrieve(
                mirror + name,
                known_hash=f"sha256:{self.sha256[name]}",
                fname=name,
                path=pooch.os_cache("cnnlab") / self.folder,
                downloader=downloader,
            )
        )


def _reason(error: Exception) -> str:
    """Say in a few words why a fetch failed; the libraries' own words run to a page."""
    if isinstance(error, ValueError) and "hash" in str(error):
        return "the file there is not the one expected (its SHA-256 differs)"
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code}"
    return f"no connection ({type(error).__name__})"
