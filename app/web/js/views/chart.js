/** A small chart: its figure now, and its way there. */

import { html } from "../ui.js";

const [WIDTH, HEIGHT] = [300, 64];

/** @param {{label: string, now: string, highest: string, values: number[], summary: string}} props */
export function Chart({ label, now, values, highest, summary }) {
  const top = Math.max(...values, 1e-9);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  const points = values.map((value, place) => `${(place * step).toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 6)).toFixed(1)}`);
  const flat = values.length < 2 || Math.max(...values) <= 0;
  return html`<figure class="chart">
    <figcaption><span class="chart-label">${label}</span> <span class="chart-now">${now}</span></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${summary}>
      <line class="chart-base" x1="0" x2=${WIDTH} y1=${HEIGHT - 1} y2=${HEIGHT - 1} />
      ${!flat && html`<polygon class="chart-area" points=${`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />`}
      ${!flat && html`<polyline class="chart-line" points=${points.join(" ")} />`}
    </svg>
    <p class="chart-highest">${highest}</p>
  </figure>`;
}
