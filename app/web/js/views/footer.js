/** What this browser keeps, and where else to look. */

import { askAgain, currentKey, giveKey, keyState } from "../api/keys.js";
import { history } from "../tasks/history.js";
import { LIMIT_BYTES, forgetAllRecordings, usedBytes } from "../tasks/recordings.js";
import { formatBytes, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { confirmed } from "./confirm.js";

export class Footer extends Watcher {
  watched() {
    return [history, keyState];
  }

  render() {
    const used = usedBytes();
    return html`<footer class="bottom">
      <p>
        ${t("kept_here", { used: formatBytes(used), limit: formatBytes(LIMIT_BYTES) })}${" "}
        ${used > 0 && html`<button type="button" class="link" onClick=${forget}>${t("kept_forget")}</button>`}
      </p>
      <p>
        <a href="/docs">${t("api_docs")}</a>
        ${currentKey() && html`<button type="button" class="link" onClick=${() => forgetKey()}>${t("key_forget")}</button>`}
        ${keyState.value.declined && html`<button type="button" class="link" onClick=${askAgain}>${t("key_enter")}</button>`}
      </p>
    </footer>`;
  }
}

async function forget() {
  if (await confirmed(t("kept_forget_question"), t("kept_forget"))) await forgetAllRecordings();
}

function forgetKey() {
  giveKey(null, false);
  askAgain();
}
