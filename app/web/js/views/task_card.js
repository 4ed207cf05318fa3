/** One task: how far it is, what it says so far, what can be done with it. */

import { announce } from "../core/announcer.js";
import { transcriptAddress } from "../core/router.js";
import { clock } from "../core/times.js";
import { cancel, mayRetry, remove, retry } from "../tasks/actions.js";
import { isOpen, nameOf } from "../tasks/history.js";
import { explain, formatMoment, formatNumber, formatSpan, languageName, t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";
import { confirmed } from "./confirm.js";
import { Tags } from "./tags.js";

const TAIL_LETTERS = 320;

/** Props: `entry`; `alone` where the heading of the page names it already; `onChoose` while some are chosen, and whether it is `chosen`. */
export class TaskCard extends Component {
  state = { failure: "", busy: false };

  shouldComponentUpdate(props, state) {
    const named = ["entry", "chosen", "onChoose"];
    return named.some((name) => props[name] !== this.props[name]) || state !== this.state || document.documentElement.lang !== this.lang;
  }

  render({ entry, alone, chosen, onChoose }, { failure, busy }) {
    this.lang = document.documentElement.lang;
    const title = alone ? undefined : `task-${entry.key}`;
    const readable = entry.phase === "done" || isOpen(entry);
    return html`<li class=${`card card-${entry.phase}`}>
      <div class="card-head">
        ${onChoose && html`<input type="checkbox" class="card-choice" checked=${chosen} aria-label=${t("choose", { name: nameOf(entry) })}
          onChange=${(event) => onChoose(entry.key, event.currentTarget.checked)} />`}
        ${!alone && html`<h3 id=${title} dir="auto">
          ${readable ? html`<a href=${transcriptAddress(entry.key)}>${nameOf(entry)}</a>` : nameOf(entry)}
        </h3>`}
        <span class=${`badge badge-${entry.phase}`}>${t(`phase_${entry.phase}`)}</span>
      </div>
      <p class="card-facts">${facts(entry)}</p>
      <${Tags} tags=${entry.tags} />
      <${Progress} entry=${entry} />
      ${entry.phase === "error" && html`<p class="failure">${explain(entry.error ?? { code: "unexpected" })}</p>`}
      ${entry.phase === "gone" && html`<p class="quiet">${t("gone_help")}</p>`}
      <${Words} entry=${entry} />
      ${failure && html`<p class="failure" role="alert">${failure}</p>`}
      <div class="card-actions">
        ${entry.phase === "done" &&
        html`<a class="button button-small" href=${transcriptAddress(entry.key)} aria-describedby=${title}>${t("open")}</a>`}
        ${mayRetry(entry) && this.button("retry", busy, title, () => retry(entry.key))}
        ${entry.phase === "sending" || isOpen(entry)
          ? this.button("cancel", busy, title, () => cancel(entry.key))
          : this.button("delete", busy, title, () => removed(entry))}
      </div>
    </li>`;
  }

  button(name, busy, title, action) {
    return html`<button key=${name} type="button" class="button button-small button-quiet" disabled=${busy}
      aria-describedby=${title} onClick=${() => this.act(action)}>${t(name)}</button>`;
  }

  async act(action) {
    this.setState({ busy: true, failure: "" });
    try {
      await action();
    } catch (problem) {
      this.setState({ failure: explain({ code: problem.code ?? problem.message, detail: problem.detail }) });
    }
    this.setState({ busy: false });
  }
}

async function removed(entry) {
  if (!(await confirmed(t("delete_question", { name: nameOf(entry) }), t("delete")))) return;
  await remove(entry.key);
  announce(t("deleted", { name: nameOf(entry) }));
  document.getElementById("main")?.focus({ preventScroll: true });
}

/** @param {import("../tasks/history.js").Entry} entry */
function facts(entry) {
  const known = [
    entry.duration ? clock(entry.duration) : null,
    entry.language ? languageName(entry.language) : null,
    entry.options.model ?? null,
    entry.options.task === "translate" ? t("task_translate") : null,
    formatMoment(entry.created_at),
  ];
  return known.filter(Boolean).join(" · ");
}

function Progress({ entry }) {
  if (entry.phase !== "sending" && !isOpen(entry)) return null;
  const part = entry.phase === "sending" ? entry.sent : entry.progress;
  const label = t(entry.phase === "sending" ? "upload_label" : "progress_label", { name: entry.name });
  return html`<div class="card-progress">
    ${entry.phase === "queued"
      ? html`<progress key="waits" max="1" aria-label=${label}></progress>`
      : html`<progress key="goes" max="1" value=${part ?? 0} aria-label=${label}></progress>`}
    <p>${progressWords(entry, part ?? 0)}</p>
  </div>`;
}

function progressWords(entry, part) {
  if (entry.waiting) return entry.waiting_for ? t("waiting_because", { reason: explain(entry.waiting_for) }) : t("waiting_for_service");
  const percent = formatNumber(part, { style: "percent" });
  if (entry.phase === "sending") return t("upload_words", { percent });
  const left = entry.eta_seconds === undefined ? null : t("eta", { span: formatSpan(entry.eta_seconds) });
  if (entry.phase === "queued") {
    return [entry.position ? t("position", { position: entry.position }) : t("queued_words"), left].filter(Boolean).join(" · ");
  }
  return [percent, left].filter(Boolean).join(" · ");
}

function Words({ entry }) {
  const text = entry.phase === "done" ? entry.preview : isOpen(entry) ? entry.text : "";
  if (entry.phase === "done" && !text) return html`<p class="quiet">${t("no_speech")}</p>`;
  if (!text) return null;
  const shown = isOpen(entry) && text.length > TAIL_LETTERS ? `… ${text.slice(-TAIL_LETTERS)}` : text;
  return html`<p class="card-text" dir="auto" lang=${entry.language ?? undefined}>${shown}</p>`;
}
