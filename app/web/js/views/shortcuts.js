/** The keys of a transcript, for who looks for them. */

import { LISTED, singleKeys } from "../transcript/shortcuts.js";
import { t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { Modal } from "./confirm.js";

/** What can only be read has no keys to correct it. */
const FOR_READERS = { ...LISTED, reading: LISTED.reading.filter(([, name]) => name !== "edit"), editing: [], steps: [] };

/** Props: `readOnly`, `onClose`. */
export class Shortcuts extends Watcher {
  watched() {
    return [singleKeys];
  }

  render({ readOnly, onClose }) {
    const groups = Object.entries(readOnly ? FOR_READERS : LISTED).filter(([, keys]) => keys.length);
    return html`<${Modal} label="shortcuts-title" onCancel=${onClose}>
      <div class="shortcuts">
        <h2 id="shortcuts-title" tabindex="-1" autofocus>${t("shortcuts")}</h2>
        ${groups.map(([group, keys]) => html`<section key=${group} aria-labelledby=${`shortcuts-${group}`}>
          <h3 id=${`shortcuts-${group}`}>${t(`shortcuts_${group}`)}</h3>
          <dl>${keys.map(([key, name]) => html`<div key=${name}><dt><kbd>${key}</kbd></dt><dd>${t(`key_does_${name}`)}</dd></div>`)}</dl>
        </section>`)}
        <label class="check"><input type="checkbox" checked=${singleKeys.value} onChange=${(event) => (singleKeys.value = event.currentTarget.checked)} />
          <span>${t("shortcuts_single")}</span></label>
        <div class="modal-actions"><button type="button" class="button" onClick=${onClose}>${t("close")}</button></div>
      </div>
    <//>`;
  }
}
