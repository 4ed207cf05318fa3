/** Tells who looks elsewhere how far the recordings are: in the title of the tab, and by a notification at the end. */

import { Observable } from "../core/observable.js";
import { route, transcriptAddress } from "../core/router.js";
import { formatNumber, language, t } from "../i18n/texts.js";
import { history, isOpen, nameOf } from "./history.js";
import { onEnded } from "./states.js";

/** Whether the browser would have to be asked. Only pages over HTTPS and on this machine may notify. */
const mustAsk = () => isSecureContext && "Notification" in window && Notification.permission === "default";

/** @type {Observable<boolean>} whether it helps to ask for the permission to notify */
export const mayAsk = new Observable(mustAsk());

export async function askToNotify() {
  await Notification.requestPermission();
  mayAsk.value = mustAsk();
}

export function startNotices() {
  for (const each of [route, language, history]) each.listen(entitle);
  onEnded(notify);
  entitle();
}

function entitle() {
  const open = history.value.filter((entry) => isOpen(entry) || entry.phase === "sending");
  const part = open.reduce((sum, { progress }) => sum + (progress || 0), 0) / (open.length || 1);
  const name = `${t(`title_${route.value.view}`)} – Transcriber`;
  document.title = open.length ? `${formatNumber(part, { style: "percent" })} · ${name}` : name;
}

/** @param {import("./history.js").Entry} entry */
function notify(entry) {
  if (!entry || !document.hidden || !isSecureContext || window.Notification?.permission !== "granted") return;
  const isDone = entry.phase === "done";
  const notice = new Notification(t(isDone ? "ended_done" : "ended_error", { name: nameOf(entry) }), { tag: entry.key });
  notice.onclick = () => {
    window.focus();
    location.hash = isDone ? transcriptAddress(entry.key).slice(1) : "/";
    notice.close();
  };
}
