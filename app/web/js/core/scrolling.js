/** Tells when a reader scrolls, as against the page. */

const KEYS = ["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "];
const USED_OTHERWISE = "input, textarea, select, button, summary, dialog, [role=slider]";

/** @param {() => void} listener @param {AbortSignal} signal ends it */
export function onReaderScrolls(listener, signal) {
  const how = { signal, passive: true };
  addEventListener("wheel", listener, how);
  addEventListener("touchmove", (event) => !event.target.closest?.(".waveform") && listener(), how);
  addEventListener("keydown", (event) => KEYS.includes(event.key) && !event.target.closest?.(USED_OTHERWISE) && listener(), how);
  addEventListener("pointerdown", ({ target }) => target === document.documentElement && listener(), how); // the scroll bar
}
