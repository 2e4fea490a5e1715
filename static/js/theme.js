// Light, dark, or what the system says. The server reads the cookie, so nothing flashes.
(() => {
  "use strict";
  const root = document.documentElement;
  const show = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === (root.dataset.bsTheme ?? "")));
    }
    for (const hidden of document.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
  };
  document.addEventListener("click", ({ target }) => {
    const choice = target.closest?.("[data-theme-choice]")?.dataset.themeChoice;
    if (choice === undefined) return;
    document.cookie = `theme=${choice}; Path=/; SameSite=Lax; Max-Age=${choice ? 31536000 : 0}`;
    if (choice) root.dataset.bsTheme = choice;
    else delete root.dataset.bsTheme;
    show();
    document.dispatchEvent(new Event("castellan:theme"));
  });
  document.addEventListener("htmx:before:settle", show);
  show();
})();
