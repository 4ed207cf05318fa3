/** Which view is shown: the part of the address after `#`; a shared transcript has an address of its own. */

import { Observable } from "./observable.js";

/** @typedef {{view: "recordings" | "transcript" | "search" | "operator" | "shared", key?: string, at?: number}} Route `at`: seconds */

const SHARED = /^\/shared\/([^/]+)\/?$/;

/** @returns {Route} */
function current() {
  const shared = SHARED.exec(location.pathname);
  if (shared) return { view: "shared", key: decodeURIComponent(shared[1]) };
  const [view, key, at] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (view === "transcript" && key) return { view, key, at: at ? Number(at) : undefined };
  if (view === "search") return { view, key: key ?? "" };
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

// Views put people where they were themselves: the browser would scroll before they can note where that was.
history.scrollRestoration = "manual";

addEventListener("hashchange", () => {
  route.value = safely();
});

/** @param {string} key of a task @param {number | null} [at] seconds */
export const transcriptAddress = (key, at) => `#/transcript/${encodeURIComponent(key)}${Number.isFinite(at) ? `/${at}` : ""}`;

/** @param {Record<string, string>} asked what `GET /search` takes */
export const searchAddress = (asked) => {
  const given = Object.entries(asked).filter(([, value]) => value.trim());
  return `#/search${given.length ? `/${encodeURIComponent(new URLSearchParams(given))}` : ""}`;
};
