/** Who speaks, as the service tells it and as people correct it here. */

/**
 * @typedef {{names: Record<string, string>, merged: Record<string, string>, moved: Record<number, string>}} Changes
 *   names that people gave, speakers that are another one, segments that somebody else says; by id
 * @typedef {{id: string, name: string, place: number, seconds: number}} Speaker `place` chooses the colour
 */

/** @returns {Changes} */
export const unchanged = () => ({ names: {}, merged: {}, moved: {} });

export const isChanged = ({ names, merged, moved }) => [names, merged, moved].some((each) => Object.keys(each).length > 0);

/** Whom a speaker was merged into, or the speaker. @param {Changes} changes @param {string} id */
export function finalId(changes, id) {
  const seen = new Set();
  while (Object.hasOwn(changes.merged, id) && !seen.has(id)) {
    seen.add(id);
    id = changes.merged[id];
  }
  return id;
}

/** Those that are left. @param {Speaker[]} told @param {Changes} changes @returns {Speaker[]} */
export function speakersOf(told, changes) {
  const left = told.filter(({ id }) => finalId(changes, id) === id);
  return left.map((speaker) => ({
    ...speaker,
    name: changes.names[speaker.id] || speaker.name,
    seconds: told.filter(({ id }) => finalId(changes, id) === speaker.id).reduce((sum, each) => sum + each.seconds, 0),
  }));
}

/** @param {Changes} changes @param {string} id @param {string} name empty: as the service told */
export function renamed(changes, id, name) {
  const { [id]: _, ...names } = changes.names;
  return { ...changes, names: name ? { ...names, [id]: name } : names };
}

/** @param {Changes} changes @param {string} id @param {string} into */
export const merged = (changes, id, into) => ({ ...changes, merged: { ...changes.merged, [id]: into } });
