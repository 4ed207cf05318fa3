/** What is done to several recordings at once: saved as a ZIP file, deleted. */

import { exported } from "../api/client.js";
import { announce } from "../core/announcer.js";
import { save } from "../core/saving.js";
import { FORMATS } from "../transcript/formats.js";
import { remove } from "../tasks/actions.js";
import { explainThrown, t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";
import { confirmed } from "./confirm.js";

/** As many as the service puts into one file. */
const MOST = 200;

/** Props: `entries` that are chosen, `onAll`, to choose all that are shown, `onEnd`. */
export class Many extends Component {
  state = { format: "docx", busy: false, failure: "" };
  first = createRef();

  componentDidMount() {
    this.first.current.focus(); // what brought this has gone
  }

  render({ entries, onAll, onEnd }, { format, busy, failure }) {
    const done = entries.filter((entry) => entry.phase === "done");
    return html`<div class="many" role="group" aria-label=${t("chosen_label")}>
      <span role="status">${t("chosen", { count: entries.length })}</span>
      <button ref=${this.first} type="button" class="button button-small" onClick=${onAll}>${t("choose_all")}</button>
      <label class="many-format"><span class="visually-hidden">${t("zip_format")}</span>
        <select value=${format} onChange=${(event) => this.setState({ format: event.currentTarget.value })}>
          ${Object.entries(FORMATS).map(([name, label]) => html`<option key=${name} value=${name} selected=${name === format}>${label}</option>`)}
        </select>
      </label>
      <button type="button" class="button button-small button-primary" disabled=${busy || !done.length} onClick=${() => this.act(() => this.pack(done))}>${t("zip")}</button>
      <button type="button" class="button button-small button-danger" disabled=${busy || !entries.length} onClick=${() => this.act(() => this.remove(entries))}>${t("delete")}</button>
      <button type="button" class="button button-small" onClick=${onEnd}>${t("choose_end")}</button>
      ${failure && html`<p class="failure" role="alert">${failure}</p>`}
    </div>`;
  }

  /** @param {() => Promise<void>} action whose failure is shown */
  async act(action) {
    this.setState({ busy: true, failure: "" });
    try {
      await action();
    } catch (problem) {
      this.setState({ failure: explainThrown(problem) });
    }
    this.setState({ busy: false });
  }

  async pack(entries) {
    for (let from = 0; from < entries.length; from += MOST) {
      const ids = entries.slice(from, from + MOST).map((entry) => entry.task_id);
      const name = from ? `transcripts-${from / MOST + 1}.zip` : "transcripts.zip";
      save(await exported(ids, this.state.format), name);
      announce(t("downloaded", { name }));
    }
  }

  async remove(entries) {
    const count = entries.length;
    if (!(await confirmed(t("delete_many", { count }), t("delete")))) return;
    for (const { key } of entries) await remove(key);
    announce(t("deleted_many", { count }));
    this.props.onEnd();
  }
}
