/** Pictures on buttons; what they mean is said by the button's label. */

import { html } from "../ui.js";

const PATHS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  back: "M11 6 4 12l7 6zM20 6l-7 6 7 6z",
  forward: "m13 6 7 6-7 6zM4 6l7 6-7 6z",
};
const LINES = {
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  undo: "M9 5 4 10l5 5M4 10h10a5 5 0 0 1 0 10h-3",
  redo: "m15 5 5 5-5 5M20 10H10a5 5 0 0 0 0 10h3",
  sun: "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  moon: "M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  up: "m6 15 6-6 6 6",
  down: "m6 9 6 6 6-6",
  left: "m15 5-7 7 7 7",
  microphone: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3",
};

/** @param {{name: string}} props */
export function Icon({ name }) {
  const filled = name in PATHS;
  return html`<svg class=${filled ? "icon" : "icon icon-line"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${filled ? PATHS[name] : LINES[name]} />
  </svg>`;
}
