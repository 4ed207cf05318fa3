/** Light or dark: the system's, or the one that was chosen (theme.js of the page applies that early). */

import { Observable } from "./observable.js";
import { read, write } from "./storage.js";

export const THEMES = ["system", "light", "dark"];

const stored = read("theme", "system");
export const theme = new Observable(THEMES.includes(stored) ? stored : "system");

theme.listen((chosen) => {
  write("theme", chosen === "system" ? null : chosen);
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
});
