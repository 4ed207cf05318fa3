// Runs before anything is drawn, or else the other theme would flash. Not a module: those run later.
(() => {
  try {
    const chosen = JSON.parse(localStorage.getItem("transcriber.theme"));
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // No storage, or something else in it: the system's theme.
  }
})();
