/** Models as people choose them. */

/**
 * @typedef {object} Model
 * @property {string} name
 * @property {boolean} isDefault
 * @property {boolean | null} isPresent null: it is not known
 * @property {number | null} accuracy from 1 to 5
 * @property {number | null} megabytes of its weights
 * @property {number | null} pace seconds for a second of a recording, here
 * @property {string[] | null} languages codes; null: all
 */

const number = (value) => (Number.isFinite(value) && value > 0 ? value : null);

/** @param {any} told as the service tells it @returns {Model} */
export const modelOf = ({ id, present, accuracy, size_mb, real_time_factor, languages, ...told }) => ({
  name: id,
  isDefault: told.default === true,
  isPresent: typeof present === "boolean" ? present : null,
  accuracy: number(accuracy),
  megabytes: number(size_mb),
  pace: number(real_time_factor),
  languages: Array.isArray(languages) ? languages : null,
});

/** Trained on English alone, whatever they write for other languages; or replaced by a newer one of the same size. */
const NARROW = /^distil-|\.en$|^large-v[12]$/;

const fits = ({ languages, name }, language) => (languages === null || languages.includes(language)) && !NARROW.test(name);

/**
 * Models that are more accurate than one, the best choice first: one that is here, then one that is not much slower.
 * @param {Model[]} models @param {string} name of the one @param {string} language code of what is said
 */
export function betterThan(models, name, language) {
  const own = models.find((each) => each.name === name)?.accuracy;
  if (!own) return [];
  const better = models.filter((each) => each.accuracy > own && fits(each, language));
  return better.sort((one, other) => Number(other.isPresent === true) - Number(one.isPresent === true) || (one.megabytes ?? 0) - (other.megabytes ?? 0));
}

/** How many times as long as `one` does `other` take, about, by their sizes; null: it is not known. @param {Model} [one] @param {Model} [other] */
export const ratioOf = (one, other) => (one?.megabytes && other?.megabytes ? other.megabytes / one.megabytes : null);
