/** Tasks that were given up, and why. */

import { explain, formatMoment, t } from "../i18n/texts.js";
import { html } from "../ui.js";

/** @param {{letters: any[], onRequeue: (letter: any) => void, onRequeueAll: () => void, onDrop: (letter: any) => void}} props */
export function DeadLetters({ letters, onRequeue, onRequeueAll, onDrop }) {
  const reasons = new Map();
  for (const { code } of letters) reasons.set(code ?? "?", (reasons.get(code ?? "?") ?? 0) + 1);
  return html`<section aria-labelledby="dead-title">
    <div class="tasks-head">
      <h2 id="dead-title">${t("dead_title")}</h2>
      ${letters.length > 1 && html`<button type="button" class="button button-small" onClick=${onRequeueAll}>${t("requeue_all")}</button>`}
    </div>
    ${letters.length === 0 && html`<p class="quiet">${t("dead_none")}</p>`}
    ${letters.length > 1 && html`<p class="reasons">${[...reasons].map(([code, count]) => html`<span key=${code} class="badge">${code} × ${count}</span> `)}</p>`}
    <ul class="rows">
      ${letters.map((letter) => html`<${Letter} key=${letter.reference} letter=${letter} onRequeue=${onRequeue} onDrop=${onDrop} />`)}
    </ul>
  </section>`;
}

function Letter({ letter, onRequeue, onDrop }) {
  const { reference, task_id, filename, code, message, attempts, finished_at } = letter;
  const title = `letter-${reference}`;
  const facts = [t("attempts", { count: attempts ?? 0 }), finished_at && formatMoment(finished_at), code];
  return html`<li class="row">
    <p class="row-name" id=${title} dir="auto">${filename ?? task_id}</p>
    <p class="card-facts">${facts.filter(Boolean).join(" · ")}</p>
    <p>${explain({ code: code ?? "unexpected", message: message ?? "" })}</p>
    <div class="card-actions">
      <button type="button" class="button button-small" aria-describedby=${title} onClick=${() => onRequeue(letter)}>${t("requeue")}</button>
      <button type="button" class="button button-small button-quiet" aria-describedby=${title} onClick=${() => onDrop(letter)}>${t("drop")}</button>
    </div>
  </li>`;
}
