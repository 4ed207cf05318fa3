"""Languages that Whisper knows: a test keeps this list and openai-whisper's equal."""

import re
from difflib import SequenceMatcher
from types import MappingProxyType

from langcodes import Language, closest_supported_match
from langcodes.data_dicts import MACROLANGUAGES
from langcodes.tag_parser import LanguageTagError

from app.core.errors import InvalidParameter
from app.core.validation import quoted

LANGUAGES = MappingProxyType(
    {
        "en": "english",
        "zh": "chinese",
        "de": "german",
        "es": "spanish",
        "ru": "russian",
        "ko": "korean",
        "fr": "french",
        "ja": "japanese",
        "pt": "portuguese",
        "tr": "turkish",
        "pl": "polish",
        "ca": "catalan",
        "nl": "dutch",
        "ar": "arabic",
        "sv": "swedish",
        "it": "italian",
        "id": "indonesian",
        "hi": "hindi",
        "fi": "finnish",
        "vi": "vietnamese",
        "he": "hebrew",
        "uk": "ukrainian",
        "el": "greek",
        "ms": "malay",
        "cs": "czech",
        "ro": "romanian",
        "da": "danish",
        "hu": "hungarian",
        "ta": "tamil",
        "no": "norwegian",
        "th": "thai",
        "ur": "urdu",
        "hr": "croatian",
        "bg": "bulgarian",
        "lt": "lithuanian",
        "la": "latin",
        "mi": "maori",
        "ml": "malayalam",
        "cy": "welsh",
        "sk": "slovak",
        "te": "telugu",
        "fa": "persian",
        "lv": "latvian",
        "bn": "bengali",
        "sr": "serbian",
        "az": "azerbaijani",
        "sl": "slovenian",
        "kn": "kannada",
        "et": "estonian",
        "mk": "macedonian",
        "br": "breton",
        "eu": "basque",
        "is": "icelandic",
        "hy": "armenian",
        "ne": "nepali",
        "mn": "mongolian",
        "bs": "bosnian",
        "kk": "kazakh",
        "sq": "albanian",
        "sw": "swahili",
        "gl": "galician",
        "mr": "marathi",
        "pa": "punjabi",
        "si": "sinhala",
        "km": "khmer",
        "sn": "shona",
        "yo": "yoruba",
        "so": "somali",
        "af": "afrikaans",
        "oc": "occitan",
        "ka": "georgian",
        "be": "belarusian",
        "tg": "tajik",
        "sd": "sindhi",
        "gu": "gujarati",
        "am": "amharic",
        "yi": "yiddish",
        "lo": "lao",
        "uz": "uzbek",
        "fo": "faroese",
        "ht": "haitian creole",
        "ps": "pashto",
        "tk": "turkmen",
        "nn": "nynorsk",
        "mt": "maltese",
        "sa": "sanskrit",
        "lb": "luxembourgish",
        "my": "myanmar",
        "bo": "tibetan",
        "tl": "tagalog",
        "mg": "malagasy",
        "as": "assamese",
        "tt": "tatar",
        "haw": "hawaiian",
        "ln": "lingala",
        "ha": "hausa",
        "ba": "bashkir",
        "jw": "javanese",
        "su": "sundanese",
        "yue": "cantonese",
    }
)
"""English names of languages by their codes (ISO 639-1, or 639-3 where that has none)."""

_CODES = {name: code for code, name in LANGUAGES.items()}


_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{3}))?(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)
"""A BCP 47 tag, or an ISO 639 code: the language, and a language within it (`zh-yue`)."""

_NEAR = 14
"""Distance in CLDR up to which languages count as one: Norwegian and Bokmål 1, Arabic and Egyptian 10."""

LONGEST_NAME = 60
NEAREST_SHOWN = 3


def parse_language(text: str, parameter: str = "language") -> str:
    """Whisper's code of a language that a client named.

    Taken are BCP 47 tags and ISO 639 codes of two and three letters (`pt-BR`, `nb`, `deu`), and names in any
    language (`German`, `Deutsch`, `немецкий`); a language that Whisper has under a wider or another name is
    found too (`fil`: Tagalog, `arz`: Arabic). The data are those of Unicode's CLDR and IANA's registry.

    Raises InvalidParameter of that parameter, which gives the codes of the three nearest.
    """
    name = text.strip().lower()
    code = name if name in LANGUAGES else _CODES.get(name) or _code_of_tag(name) or _code_of_name(name)
    if code is not None:
        return code
    nearest = _nearest(name)
    named = ", ".join(f"{each} ({LANGUAGES[each].title()})" for each in nearest)
    raise InvalidParameter(
        f"There is no language {quoted(text)} that Whisper knows; the nearest are {named}.",
        parameter=parameter,
        choices=nearest,
    )


def _code_of_tag(tag: str) -> str | None:
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    parts = [part for part in found.groups() if part]
    try:
        language = Language.get("-".join(parts))
    except LanguageTagError:
        return None
    return _known(language) if language.is_valid() else None


def _code_of_name(name: str) -> str | None:
    if len(name) > LONGEST_NAME or not name.isprintable():  # a NUL is the library's own separator
        return None
    try:
        return _known(Language.find(name))
    except LookupError:
        return None


def _known(language: Language) -> str | None:
    """Whisper's code of the same language, whatever its script and country, or of the one it belongs to."""
    code = language.language or "und"
    match = closest_supported_match(code, list(LANGUAGES), max_distance=_NEAR)
    wider = MACROLANGUAGES.get(code)
    return match if match is not None else wider if wider in LANGUAGES else None


def _nearest(name: str) -> list[str]:
    """Codes of the languages whose code, English or own name is spelt most like `name`."""
    matcher = SequenceMatcher(b=name[:LONGEST_NAME])
    likeness: dict[str, float] = {}
    for code, english in LANGUAGES.items():
        for each in (code, english, Language.get(code).autonym().lower()):
            matcher.set_seq1(each)
            likeness[code] = max(matcher.ratio(), likeness.get(code, 0.0))
    return sorted(likeness, key=lambda code: -likeness[code])[:NEAREST_SHOWN]
