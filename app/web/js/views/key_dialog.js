/** Asks for the API key where the service wants one. */

import { declineKey, giveKey, keyState } from "../api/keys.js";
import { t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";
import { Modal } from "./confirm.js";

export class KeyDialog extends Watcher {
  input = createRef();
  lasting = createRef();

  watched() {
    return [keyState];
  }

  render() {
    const { asked, refused } = keyState.value;
    if (!asked) return null;
    return html`<${Modal} label="key-title" onCancel=${declineKey}>
      <form class="key-form" onSubmit=${(event) => this.give(event)}>
        <h2 id="key-title">${t("key_title")}</h2>
        <p id="key-help">${t("key_help")}</p>
        ${refused && html`<p class="failure" role="alert">${t("key_refused")}</p>`}
        <div class="field">
          <label for="key">${t("key_label")}</label>
          <input id="key" ref=${this.input} type="password" required autocomplete="current-password" autofocus
            spellcheck=${false} aria-describedby="key-help" aria-invalid=${refused ? "true" : undefined} />
        </div>
        <label class="check"><input ref=${this.lasting} type="checkbox" /> ${t("key_lasting")}</label>
        <div class="modal-actions">
          <button type="button" class="button" onClick=${declineKey}>${t("key_decline")}</button>
          <button type="submit" class="button button-primary">${t("key_use")}</button>
        </div>
      </form>
    <//>`;
  }

  give(event) {
    event.preventDefault();
    const key = this.input.current.value.trim();
    if (key) giveKey(key, this.lasting.current.checked);
  }
}
