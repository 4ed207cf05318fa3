/** Which view is shown: the part of the address after `#`; a shared transcript has an address of its own. */

import { Observable } from "./observable.js";

/** @typedef {{view: "recordings" | "transcript" | "operator" | "shared", key?: string}} Route */

const SHARED = /^\/shared\/([^/]+)\/?$/;

/** @returns {Route} */
function current() {
  const shared = SHARED.exec(location.pathname);
  if (shared) return { view: "shared", key: decodeURIComponent(shared[1]) };
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
