/** Has the browser keep the page, so that it opens without a network. */

const WORKER = "/sw.js";

/** The only code that may be named by an address of ours at run time. */
const policy = globalThis.trustedTypes?.createPolicy("offline", { createScriptURL: () => WORKER });

/** Where browsers allow it: over HTTPS, and on this machine. */
export function keepForOffline() {
  navigator.serviceWorker?.register(policy ? policy.createScriptURL(WORKER) : WORKER).catch(() => undefined); // a private window
}
