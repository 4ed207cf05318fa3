// The page without a network: its own files of one version, and nothing else. Recordings, transcripts and links of
// guests are never asked for here, so none is ever kept. The page itself is asked for anew each time, and names its
// files by their version: after an upgrade no file of an older one is used.
const CACHE = "transcriber-{{version}}";
const SHELL = "/";
const FILES = /* {{files}} */ [];

addEventListener("install", (event) => {
  const kept = caches.open(CACHE).then((cache) => cache.addAll([SHELL, ...FILES]));
  event.waitUntil(kept.then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith("transcriber-") && name !== CACHE));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => clients.claim()));
});

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate" && pathname === SHELL) event.respondWith(fetch(event.request).catch(() => kept(SHELL)));
  else if (FILES.includes(pathname)) event.respondWith(kept(pathname).then((found) => (found.ok ? found : fetch(event.request))));
});

/** @param {string} path @returns {Promise<Response>} an error where it was removed */
const kept = async (path) => (await (await caches.open(CACHE)).match(path)) ?? Response.error();
