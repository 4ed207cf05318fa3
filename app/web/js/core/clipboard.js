/** The clipboard. */

/**
 * Where the page did not come over HTTPS, browsers have the old way only.
 * @param {string} text @param {Element} [place] a dialog that is open: what is outside of it cannot be selected
 * @returns {Promise<boolean>} whether it is there
 */
export async function copied(text, place = document.body) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    place.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
