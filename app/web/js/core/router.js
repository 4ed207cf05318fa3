/** Which view is shown: the part of the address after `#`. */

import { Observable } from "./observable.js";

/** @typedef {{view: "recordings" | "transcript" | "operator", key?: string}} Route */

/** @returns {Route} */
function current() {
  const [view, key] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (view === "transcript" && key) return { view, key };
  return { view: view === "operator" ? view : "recordings" };
}

function safely() {
  try {
    return current();
  } catch {
    return { view: "recordings" }; // a % that stands for nothing
  }
}

/** @type {Observable<Route>} */
export const route = new Observable(safely());

addEventListener("hashchange", () => {
  route.value = safely();
});

/** @param {string} key of a task */
export const transcriptAddress = (key) => `#/transcript/${encodeURIComponent(key)}`;
