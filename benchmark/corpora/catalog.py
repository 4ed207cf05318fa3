"""Which corpora are known, where they lie, and how they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LEADERBOARD = "hf-audio/esb-datasets-test-only-sorted"
"""The test sets of the Open ASR leaderboard, as its own scripts read them."""


class CorpusUnavailable(Exception):
    """A corpus cannot be had here; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class LibriSpeech:
    """An archive of openslr.org: FLAC, and a list of texts in each chapter's folder."""

    address: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Fleurs:
    """A language of FLEURS on the Hugging Face Hub, `locale` as there: a list and an archive of WAV."""

    locale: str


@dataclass(frozen=True, slots=True)
class Parquet:
    """Tables on the Hugging Face Hub; `pattern` names the files of the test set."""

    repository: str
    pattern: str
    text: str = "text"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A test set: ISO 639-1 language, what it is, its licence, and where it lies."""

    language: str
    what: str
    licence: str
    source: LibriSpeech | Fleurs | Parquet


FLEURS = "google/fleurs"
FLEURS_LOCALES = {
    "ar": "ar_eg",
    "de": "de_de",
    "en": "en_us",
    "es": "es_419",
    "fr": "fr_fr",
    "hi": "hi_in",
    "it": "it_it",
    "ja": "ja_jp",
    "ko": "ko_kr",
    "nl": "nl_nl",
    "pl": "pl_pl",
    "pt": "pt_br",
    "ru": "ru_ru",
    "tr": "tr_tr",
    "uk": "uk_ua",
    "zh": "cmn_hans_cn",
}

OPENSLR = "https://www.openslr.org/resources/12"

CORPORA: Mapping[str, Corpus] = MappingProxyType(
    {
        "librispeech-test-clean": Corpus(
            "en",
            "read books, clear",
            "CC BY 4.0",
            LibriSpeech(
                f"{OPENSLR}/test-clean.tar.gz",
                "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23",
            ),
        ),
        "librispeech-test-other": Corpus(
            "en",
            "read books, harder",
            "CC BY 4.0",
            LibriSpeech(
                f"{OPENSLR}/test-other.tar.gz",
                "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29",
            ),
        ),
        **{
            f"fleurs-{language}": Corpus(language, "read encyclopaedia", "CC BY 4.0", Fleurs(locale))
            for language, locale in FLEURS_LOCALES.items()
        },
        "ami": Corpus("en", "meetings", "CC BY 4.0", Parquet(LEADERBOARD, "ami/test-*.parquet")),
        "earnings22": Corpus(
            "en", "earnings calls", "CC BY-SA 4.0", Parquet(LEADERBOARD, "earnings22/test-*.parquet")
        ),
        "golos-crowd": Corpus(
            "ru",
            "commands, telephones and headsets",
            "Sber public licence",
            Parquet("bond005/sberdevices_golos_10h_crowd", "data/test-*.parquet", "transcription"),
        ),
        "golos-farfield": Corpus(
            "ru",
            "commands, from across a room",
            "Sber public licence",
            Parquet("bond005/sberdevices_golos_100h_farfield", "data/test-*.parquet", "transcription"),
        ),
    }
)
"""All corpora; Common Voice is handed out to registered users only, so it is not among them."""


def corpus_named(name: str) -> Corpus:
    """Raises CorpusUnavailable, naming the choices."""
    found = CORPORA.get(name)
    if found is None:
        raise CorpusUnavailable(f"There is no corpus {name!r}; choose one of: {', '.join(CORPORA)}.")
    return found
