/** localStorage and sessionStorage, which may be full, forbidden, or hold what an older page wrote. */

const PREFIX = "transcriber.";

const lasting = () => localStorage; // asked for where its absence is caught: browsers may forbid even to name it

/** @param {string} name @param {any} fallback @param {() => Storage} [where] */
export function read(name, fallback, where = lasting) {
  try {
    const text = where().getItem(PREFIX + name);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/** @param {string} name @param {any} value null removes it @param {() => Storage} [where] */
export function write(name, value, where = lasting) {
  try {
    if (value === null) where().removeItem(PREFIX + name);
    else where().setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // The page works without; it forgets more.
  }
}

/** Names that begin so, without our prefix. @param {string} start @returns {string[]} */
export function names(start) {
  try {
    return Object.keys(localStorage)
      .filter((name) => name.startsWith(PREFIX + start))
      .map((name) => name.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** Tells when another tab has changed a value. @param {(name: string) => void} listener */
export function onForeignChange(listener) {
  addEventListener("storage", (event) => {
    if (event.key?.startsWith(PREFIX)) listener(event.key.slice(PREFIX.length));
  });
}
