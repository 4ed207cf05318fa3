/** The texts of the page in the language that the browser prefers, or that was chosen. */

import { Observable } from "../core/observable.js";
import { read, write } from "../core/storage.js";
import { TEXTS as en } from "./en.js";
import { TEXTS as ru } from "./ru.js";

export const LANGUAGES = { en, ru };

function preferred() {
  const chosen = read("language", null);
  if (chosen in LANGUAGES) return chosen;
  const wanted = (navigator.languages ?? [navigator.language]).map((each) => each.slice(0, 2).toLowerCase());
  return wanted.find((each) => each in LANGUAGES) ?? "en";
}

/** @type {Observable<"en" | "ru">} */
export const language = new Observable(preferred());

const applied = (code) => (document.documentElement.lang = code);
applied(language.value);
language.listen((code) => {
  write("language", code);
  applied(code);
});

/** Whether there is such a text. @param {string} name */
export const has = (name) => name in LANGUAGES[language.value];

/** @param {string} name @param {Record<string, string | number>} [values] `count` chooses the plural form */
export function t(name, values = {}) {
  const found = LANGUAGES[language.value][name] ?? name;
  const text = typeof found === "string" ? found : (found[plural(Number(values.count))] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (mark, value) => String(values[value] ?? mark));
}

/** As the browser has it: en-GB writes dates in another way than en-US. */
const locale = () => navigator.languages?.find((each) => each.startsWith(language.value)) ?? language.value;

const plural = (count) => new Intl.PluralRules(language.value).select(count);

/** @param {number} value @param {Intl.NumberFormatOptions} [how] */
export const formatNumber = (value, how) => new Intl.NumberFormat(locale(), how).format(value);

/** @param {number} unixSeconds */
export const formatMoment = (unixSeconds) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(unixSeconds * 1000);

/** Names that some browsers lack. */
const NAMES = { en: { ba: "Bashkir", bo: "Tibetan" }, ru: { ba: "башкирский", bo: "тибетский" } };
/** Codes of Whisper's that are no longer the standard's. */
const CODES = { jw: "jv" };

/** A language by its name in ours. @param {string} code */
export function languageName(code) {
  try {
    const names = new Intl.DisplayNames([language.value], { type: "language", fallback: "none" });
    return names.of(CODES[code] ?? code) ?? NAMES[language.value][code] ?? code;
  } catch {
    return code;
  }
}

/** `12 s`, `3 min`, `1 h 5 min`: about. @param {number} seconds */
export function formatSpan(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.round(whole / 60);
  if (whole < 60) return t("span_seconds", { seconds: whole });
  if (minutes < 60) return t("span_minutes", { minutes });
  return t("span_hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/** @param {number} bytes */
export const formatBytes = (bytes) =>
  bytes < 2 ** 20
    ? t("kilobytes", { number: formatNumber(Math.ceil(bytes / 1024)) })
    : t("megabytes", { number: formatNumber(bytes / 2 ** 20, { maximumFractionDigits: 1 }) });

/** The service's sentence on these lists all that there is, or tells a program what to do. */
const WORDY = new Set(["unsupported_extension", "unknown_model", "request_in_progress"]);

/**
 * Why something failed, for people. The service's own sentences are English and more exact.
 * @param {{code: string, detail?: string, message?: string}} failure
 */
export function explain(failure) {
  const told = failure.detail || (failure.message !== failure.code && failure.message) || "";
  const ours = `error_${failure.code}`;
  if (language.value === "en" && told && !WORDY.has(failure.code)) return told;
  if (has(ours)) return t(ours, { told: told || "?" });
  return told || t("error_unexpected");
}

/** What was thrown, in words: a Problem of the service, or anything else. @param {any} problem */
export const explainThrown = ({ code, detail }) => explain({ code: code ?? "unexpected", detail });
