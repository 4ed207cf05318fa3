/**
 * What the service warns of in a transcript, in the language of the page. Transcripts keep English sentences, without
 * codes; a sentence is recognised by the English text `warning_…` that it is made of.
 */

import { TEXTS as en } from "./en.js";
import { formatNumber, language, t } from "./texts.js";

/** A pattern of the sentences that a text makes. @param {string} text */
const patternOf = (text) =>
  new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`);

const KNOWN = Object.keys(en)
  .filter((name) => name.startsWith("warning_"))
  .map((name) => ({ name, pattern: patternOf(en[name]) }));

/** `12.50` as this language writes it, a sentence in this language, all else as it is. @param {string} value */
function valueOf(value) {
  if (!/^\d+(\.\d+)?$/.test(value)) return warningText(value);
  return formatNumber(Number(value), { minimumFractionDigits: value.split(".")[1]?.length ?? 0, useGrouping: false });
}

/** The sentence itself where it is of a foreign worker or of another version. @param {string} sentence */
export function warningText(sentence) {
  if (language.value === "en") return sentence;
  const known = KNOWN.find(({ pattern }) => pattern.test(sentence));
  if (!known) return sentence;
  const values = Object.entries(known.pattern.exec(sentence).groups ?? {});
  return t(known.name, Object.fromEntries(values.map(([name, value]) => [name, valueOf(value)])));
}
