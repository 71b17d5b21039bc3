package openai

import (
	"strings"
)

// names are languages by their codes, as Whisper's authors call them.
var names = map[string]string{
	"af": "afrikaans", "am": "amharic", "ar": "arabic", "as": "assamese", "az": "azerbaijani",
	"ba": "bashkir", "be": "belarusian", "bg": "bulgarian", "bn": "bengali", "bo": "tibetan",
	"br": "breton", "bs": "bosnian", "ca": "catalan", "cs": "czech", "cy": "welsh",
	"da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
	"et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fo": "faroese",
	"fr": "french", "gl": "galician", "gu": "gujarati", "ha": "hausa", "haw": "hawaiian",
	"he": "hebrew", "hi": "hindi", "hr": "croatian", "ht": "haitian creole", "hu": "hungarian",
	"hy": "armenian", "id": "indonesian", "is": "icelandic", "it": "italian", "ja": "japanese",
	"jw": "javanese", "ka": "georgian", "kk": "kazakh", "km": "khmer", "kn": "kannada",
	"ko": "korean", "la": "latin", "lb": "luxembourgish", "ln": "lingala", "lo": "lao",
	"lt": "lithuanian", "lv": "latvian", "mg": "malagasy", "mi": "maori", "mk": "macedonian",
	"ml": "malayalam", "mn": "mongolian", "mr": "marathi", "ms": "malay", "mt": "maltese",
	"my": "myanmar", "ne": "nepali", "nl": "dutch", "nn": "nynorsk", "no": "norwegian",
	"oc": "occitan", "pa": "punjabi", "pl": "polish", "ps": "pashto", "pt": "portuguese",
	"ro": "romanian", "ru": "russian", "sa": "sanskrit", "sd": "sindhi", "si": "sinhala",
	"sk": "slovak", "sl": "slovenian", "sn": "shona", "so": "somali", "sq": "albanian",
	"sr": "serbian", "su": "sundanese", "sv": "swedish", "sw": "swahili", "ta": "tamil",
	"te": "telugu", "tg": "tajik", "th": "thai", "tk": "turkmen", "tl": "tagalog",
	"tr": "turkish", "tt": "tatar", "uk": "ukrainian", "ur": "urdu", "uz": "uzbek",
	"vi": "vietnamese", "yi": "yiddish", "yo": "yoruba", "yue": "cantonese", "zh": "chinese",
}

// unknown is the language of a recording without speech.
const unknown = "unknown"

// nameOf is the full name of a language in lower case, for example "english".
func nameOf(code string) string {
	if code == "" {
		return unknown
	}
	if name, known := names[code]; known {
		return name
	}
	return code
}

// codeOf is the code of a language that a client names by its code ("en", "en-US") or
// its name ("English"). What is not known stays as it is, to be refused later.
func codeOf(said string) string {
	said = strings.ToLower(strings.TrimSpace(said))
	code, _, _ := strings.Cut(strings.ReplaceAll(said, "_", "-"), "-")
	if _, known := names[code]; known {
		return code
	}
	for code, name := range names {
		if name == said {
			return code
		}
	}
	return said
}

func codesOf(said []string) []string {
	var codes []string
	for _, language := range said {
		codes = append(codes, codeOf(language))
	}
	return codes
}
