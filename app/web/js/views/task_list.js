/** The tasks of this browser, newest first. */

import { history, nameOf } from "../tasks/history.js";
import { takeUpOthers } from "../tasks/actions.js";
import { explain, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { TaskCard } from "./task_card.js";

const FILTER_FROM = 6;
const AT_FIRST = 30;

export class TaskList extends Watcher {
  state = { wanted: "", shown: AT_FIRST, cursor: null, told: "", busy: false };

  watched() {
    return [history];
  }

  render(_, { wanted, shown, told, busy }) {
    const entries = history.value;
    const letters = wanted.trim().toLowerCase();
    const found = letters
      ? entries.filter((each) => [each.name, nameOf(each), ...(each.tags ?? []), each.preview].join(" ").toLowerCase().includes(letters))
      : entries;
    return html`<section class="tasks" aria-labelledby="tasks-title">
      <div class="tasks-head">
        <h2 id="tasks-title">${t("tasks_title")}</h2>
        ${(entries.length >= FILTER_FROM || letters) &&
        html`<input type="search" class="filter" aria-label=${t("tasks_filter")} placeholder=${t("tasks_filter")}
          value=${wanted} onInput=${(event) => this.setState({ wanted: event.currentTarget.value })} />`}
      </div>
      ${entries.length === 0 && html`<p class="quiet">${t("tasks_none")}</p>`}
      ${entries.length > 0 && found.length === 0 && html`<p class="quiet">${t("search_none")}</p>`}
      <ul class="cards">
        ${found.slice(0, shown).map((entry) => html`<${TaskCard} key=${entry.key} entry=${entry} />`)}
      </ul>
      <div class="tasks-more">
        ${found.length > shown &&
        html`<button type="button" class="button" onClick=${() => this.setState({ shown: shown + AT_FIRST })}>${t("tasks_more")}</button>`}
        <button type="button" class="link" disabled=${busy} onClick=${() => this.takeUp()}>${t("tasks_others")}</button>
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
