/** Links to a transcript: make, copy and revoke them. */

import { createShare, revokeShare, shares } from "../api/client.js";
import { copied } from "../core/clipboard.js";
import { explainThrown, formatMoment, t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";
import { Modal } from "./confirm.js";

const DAY = 86_400;
/** After how many seconds a link ends; 0: when it is revoked. */
const ENDS = { never: 0, day: DAY, week: 7 * DAY, month: 30 * DAY };

/** Props: `taskId`, `onClose`. */
export class ShareDialog extends Component {
  state = { links: null, ends: "week", address: "", told: "", failure: "", busy: false };
  address = createRef();

  componentDidMount() {
    this.act(() => this.list());
  }

  componentDidUpdate(_, before) {
    if (this.state.address && this.state.address !== before.address) this.address.current.focus();
  }

  render({ onClose }, { links, ends, address, told, failure, busy }) {
    return html`<${Modal} label="share-title" onCancel=${onClose}>
      <div class="share">
        <h2 id="share-title">${t("share_title")}</h2>
        <p class="help">${t("share_help")}</p>
        <form class="share-new" onSubmit=${(event) => this.create(event)}>
          <div class="field">
            <label for="share-ends">${t("share_ends")}</label>
            <select id="share-ends" value=${ends} onChange=${(event) => this.setState({ ends: event.currentTarget.value })}>
              ${Object.keys(ENDS).map((name) => html`<option key=${name} value=${name} selected=${name === ends}>${t(`ends_${name}`)}</option>`)}
            </select>
          </div>
          <button type="submit" class="button button-primary" disabled=${busy}>${t("share_create")}</button>
        </form>
        ${address && html`<div class="share-new">
          <div class="field">
            <label for="share-address">${t("share_address")}</label>
            <input id="share-address" ref=${this.address} type="text" readonly value=${address} onFocus=${(event) => event.currentTarget.select()} />
          </div>
          <button type="button" class="button" onClick=${() => this.copy()}>${t("share_copy")}</button>
        </div>`}
        ${failure && html`<p class="failure" role="alert">${failure}</p>`}
        <p class="told" role="status">${told}</p>
        ${links && html`<${Links} links=${links} busy=${busy} onRevoke=${(link) => this.revoke(link)} />`}
        <div class="modal-actions"><button type="button" class="button" onClick=${onClose}>${t("close")}</button></div>
      </div>
    <//>`;
  }

  /** @param {() => Promise<void>} action whose failure is shown */
  async act(action) {
    this.setState({ busy: true, told: "", failure: "" });
    try {
      await action();
    } catch (problem) {
      this.setState({ failure: explainThrown(problem) });
    }
    this.setState({ busy: false });
  }

  async list() {
    this.setState({ links: await shares(this.props.taskId) });
  }

  create(event) {
    event.preventDefault();
    this.act(async () => {
      const { address } = await createShare(this.props.taskId, ENDS[this.state.ends] || null);
      this.setState({ address: new URL(address, location.href).href });
      await this.list();
    });
  }

  async copy() {
    const field = this.address.current;
    const done = await copied(this.state.address, field.closest("dialog"));
    field.focus();
    this.setState({ told: t(done ? "copied" : "copy_failed") });
  }

  revoke(link) {
    this.act(async () => {
      await revokeShare(this.props.taskId, link.share_id);
      await this.list();
      this.setState({ told: t("share_revoked"), address: "" });
      document.getElementById("share-ends")?.focus(); // the button that had the focus has gone
    });
  }
}

function Links({ links, busy, onRevoke }) {
  return html`<section aria-labelledby="share-links">
    <h3 id="share-links">${t("share_links")}</h3>
    ${!links.length && html`<p class="quiet">${t("share_none")}</p>`}
    <ul class="share-links">${links.map((link) => {
      const made = formatMoment(link.created_at);
      const until = link.expires_at ? t("share_until", { moment: formatMoment(link.expires_at) }) : t("share_endless");
      return html`<li key=${link.share_id}>
        <span>${t("share_made", { moment: made })} · ${until}</span>
        <button type="button" class="button button-small button-quiet" disabled=${busy} aria-label=${t("share_revoke_of", { moment: made })}
          onClick=${() => onRevoke(link)}>${t("share_revoke")}</button>
      </li>`;
    })}</ul>
  </section>`;
}
