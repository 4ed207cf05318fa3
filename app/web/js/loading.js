// Runs before the modules. One that does not arrive, since the network changed or the service was started
// again, would leave the page empty: it is loaded once more, then what is wrong is said.
(() => {
  const KEY = "transcriber.loaded_again";
  const SAID = "The page could not be loaded. Не удалось загрузить страницу.";
  const PAUSE_MS = 1000;

  const isFirstFailure = () => {
    try {
      if (sessionStorage.getItem(KEY)) return false;
      sessionStorage.setItem(KEY, "1");
      return true;
    } catch {
      return false; // No storage: nobody would know that it was loaded again.
    }
  };

  const failed = (event) => {
    if (!(event.target instanceof HTMLScriptElement)) return;
    if (isFirstFailure()) {
      setTimeout(() => location.reload(), PAUSE_MS);
      return;
    }
    const again = document.createElement("button");
    again.textContent = "Reload · Обновить";
    again.onclick = () => location.reload();
    document.getElementById("page").firstElementChild.replaceChildren(SAID, " ", again);
  };

  addEventListener("error", failed, true);
  addEventListener("transcriber:drawn", () => {
    removeEventListener("error", failed, true);
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // No storage: there is nothing in it.
    }
  });
})();
