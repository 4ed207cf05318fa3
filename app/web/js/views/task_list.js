/** The tasks of this browser, newest first. */

import { currentKey } from "../api/keys.js";
import { history, isOpen, nameOf } from "../tasks/history.js";
import { askToNotify, mayAsk } from "../tasks/notices.js";
import { takeUpOthers } from "../tasks/actions.js";
import { explain, t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";
import { Many } from "./many.js";
import { TaskCard } from "./task_card.js";

const FILTER_FROM = 6;
const AT_FIRST = 30;

export class TaskList extends Watcher {
  state = { wanted: "", shown: AT_FIRST, cursor: null, told: "", busy: false, chosen: null };

  section = createRef();

  /** @param {string} key @param {boolean} on */
  choose = (key, on) => {
    const chosen = new Set(this.state.chosen);
    if (on) chosen.add(key);
    else chosen.delete(key);
    this.setState({ chosen });
  };

  watched() {
    return [history, mayAsk];
  }

  componentDidUpdate(_, { chosen }) {
    if (chosen && !this.state.chosen) (this.section.current.querySelector(".tasks-choose") ?? document.getElementById("main")).focus();
  }

  render(_, { wanted, shown, told, busy, chosen }) {
    const entries = history.value;
    const letters = wanted.trim().toLowerCase();
    const found = letters
      ? entries.filter((each) => [each.name, nameOf(each), ...(each.tags ?? []), each.preview].join(" ").toLowerCase().includes(letters))
      : entries;
    return html`<section ref=${this.section} class="tasks" aria-labelledby="tasks-title">
      <div class="tasks-head">
        <h2 id="tasks-title">${t("tasks_title")}</h2>
        ${(entries.length >= FILTER_FROM || letters) &&
        html`<input type="search" class="filter" aria-label=${t("tasks_filter")} placeholder=${t("tasks_filter")}
          value=${wanted} onInput=${(event) => this.setState({ wanted: event.currentTarget.value })} />`}
      </div>
      ${mayAsk.value && entries.some(isOpen) && html`<button type="button" class="link tasks-notify" onClick=${askToNotify}>${t("notify_me")}</button>`}
      ${entries.length === 0 && html`<p class="quiet">${t("tasks_none")}</p>`}
      ${entries.length > 0 && found.length === 0 && html`<p class="quiet">${t("search_none")}</p>`}
      ${chosen
        ? html`<${Many} entries=${found.filter((entry) => chosen.has(entry.key))}
            onAll=${() => this.setState({ chosen: new Set(found.slice(0, shown).map((entry) => entry.key)) })}
            onEnd=${() => this.setState({ chosen: null })} />`
        : entries.length > 1 && html`<button type="button" class="link tasks-choose" onClick=${() => this.setState({ chosen: new Set() })}>${t("choose_several")}</button>`}
      <ul class="cards">
        ${found.slice(0, shown).map((entry) => html`<${TaskCard} key=${entry.key} entry=${entry} chosen=${Boolean(chosen?.has(entry.key))}
          onChoose=${chosen ? this.choose : undefined} />`)}
      </ul>
      <div class="tasks-more">
        ${found.length > shown &&
        html`<button type="button" class="button" onClick=${() => this.setState({ shown: shown + AT_FIRST })}>${t("tasks_more")}</button>`}
        <button type="button" class="link" disabled=${busy} onClick=${() => this.takeUp()}>${t(currentKey() ? "tasks_others_own" : "tasks_others")}</button>
        <span role="status">${told}</span>
      </div>
    </section>`;
  }

  async takeUp() {
    this.setState({ busy: true, told: "" });
    const before = history.value.length;
    try {
      const cursor = await takeUpOthers(this.state.cursor);
      const count = history.value.length - before;
      this.setState({ cursor, told: t("tasks_added", { count }) });
    } catch (problem) {
      this.setState({ told: explain(problem) });
    }
    this.setState({ busy: false });
  }
}
