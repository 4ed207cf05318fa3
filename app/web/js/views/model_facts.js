/** What people choose a model by, in words. */

import { formatNumber, languageName, t } from "../i18n/texts.js";

const MOST_LANGUAGES = 3;

/** @param {number} pace seconds for a second of a recording */
export function paceInWords(pace) {
  const count = Number((pace <= 1 ? 1 / pace : pace).toFixed(1));
  return t(pace <= 1 ? "pace_faster" : "pace_slower", { count, factor: formatNumber(count) });
}

/** @param {number} megabytes as sizes of downloads are told */
const sizeInWords = (megabytes) =>
  megabytes < 1000 ? t("megabytes", { number: formatNumber(megabytes) }) : t("gigabytes", { number: formatNumber(megabytes / 1000, { maximumFractionDigits: 1 }) });

/** How good and how large. @param {import("../tasks/models.js").Model} model */
export const gradeOf = ({ accuracy, megabytes }) =>
  [accuracy && t(`accuracy_${accuracy}`), megabytes && sizeInWords(megabytes)].filter(Boolean).join(" · ");

/** For a list of choices. @param {import("../tasks/models.js").Model} model */
export function choiceOf(model) {
  const { name, languages } = model;
  const only = languages?.length === 1 && t("only_language", { language: languageName(languages[0]) });
  return [name, gradeOf(model), only].filter(Boolean).join(" · ");
}

/** In a sentence or two. @param {import("../tasks/models.js").Model} model */
export function factsOf({ isPresent, languages, pace }) {
  const few = languages && languages.length <= MOST_LANGUAGES ? languages.map(languageName).join(", ") : "";
  return [
    few && t("model_languages", { languages: few }),
    isPresent === true && t("model_present"),
    isPresent === false && t("model_absent"),
    pace ? t("model_pace", { pace: paceInWords(pace) }) : t("model_pace_unknown"),
  ].filter(Boolean).join(" ");
}
