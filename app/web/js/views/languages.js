/** Languages to choose from. */

import { languageName } from "../i18n/texts.js";
import { LANGUAGE_CODES } from "./language_codes.js";

/** Code and name, by name, the most frequent ones first. @returns {[string, string][]} */
export function languages() {
  const named = LANGUAGE_CODES.map((code) => [code, languageName(code)]);
  named.sort((one, other) => one[1].localeCompare(other[1]));
  const isOften = ([code]) => code === "ru" || code === "en";
  return [...named.filter(isOften), ...named.filter((each) => !isOften(each))];
}
