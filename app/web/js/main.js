/** Begins everything. */

import { announce } from "./core/announcer.js";
import { keepForOffline } from "./core/offline.js";
import { route } from "./core/router.js";
import { startFollowing } from "./tasks/follower.js";
import { takeUpLeft } from "./tasks/live.js";
import { startNotices } from "./tasks/notices.js";
import { sweepRecordings } from "./tasks/recordings.js";
import { resumeSending } from "./tasks/sender.js";
import { loadModels, watchService } from "./tasks/service.js";
import { onEnded } from "./tasks/states.js";
import { t } from "./i18n/texts.js";
import { html, render } from "./ui.js";
import { App } from "./views/app.js";

const page = document.getElementById("page");
page.replaceChildren();
render(html`<${App} />`, page);
dispatchEvent(new Event("transcriber:drawn"));

/** All that concerns the recordings of this browser; who reads a shared transcript may have no key, and needs none of it. */
function beginWork() {
  onEnded((entry) => {
    if (entry) announce(t(entry.phase === "done" ? "ended_done" : "ended_error", { name: entry.name }));
  });
  startNotices();
  watchService();
  keepForOffline();
  loadModels();
  startFollowing();
  resumeSending();
  takeUpLeft();
  sweepRecordings();
}

if (route.value.view !== "shared") beginWork();
