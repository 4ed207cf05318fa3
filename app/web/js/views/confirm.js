/** A question before something that cannot be undone. */

import { Observable } from "../core/observable.js";
import { t } from "../i18n/texts.js";
import { Component, Watcher, createRef, html } from "../ui.js";

/** @type {Observable<{question: string, action: string, answer: (yes: boolean) => void} | null>} */
const asked = new Observable(null);

/** @param {string} question @param {string} action what the button says @returns {Promise<boolean>} */
export function confirmed(question, action) {
  return new Promise((resolve) => {
    asked.value = {
      question,
      action,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

/** A modal dialog that is open as long as it is drawn. The focus goes back to where it was. */
export class Modal extends Component {
  dialog = createRef();

  componentDidMount() {
    this.before = document.activeElement;
    this.dialog.current.showModal();
  }

  componentWillUnmount() {
    this.dialog.current?.close();
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus();
  }

  render({ label, onCancel, children }) {
    const cancelled = (event) => {
      event.preventDefault();
      onCancel();
    };
    return html`<dialog ref=${this.dialog} class="modal" aria-labelledby=${label} onCancel=${cancelled}>${children}</dialog>`;
  }
}

export class Confirmation extends Watcher {
  watched() {
    return [asked];
  }

  render() {
    const question = asked.value;
    if (!question) return null;
    return html`<${Modal} label="confirm-title" onCancel=${() => question.answer(false)}>
      <h2 id="confirm-title">${question.question}</h2>
      <div class="modal-actions">
        <button type="button" class="button" autofocus onClick=${() => question.answer(false)}>${t("keep")}</button>
        <button type="button" class="button button-danger" onClick=${() => question.answer(true)}>${question.action}</button>
      </div>
    <//>`;
  }
}
