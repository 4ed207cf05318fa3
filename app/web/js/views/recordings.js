/** The first view: send recordings, and see what became of them. */

import { html } from "../ui.js";
import { Composer } from "./composer.js";
import { TaskList } from "./task_list.js";

export const RecordingsView = () => html`<div class="view">
  <${Composer} />
  <${TaskList} />
</div>`;
