// Keyboard shortcuts: never while typing, and off for who does not want them.
(() => {
  "use strict";
  const OFF = "castellan.keys-off";
  const find = (selector) => document.querySelector(selector);
  const enter = (selector) => { find(selector)?.focus(); find(selector)?.select(); };
  const typing = (element) => element.isContentEditable || element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
  const rows = () => [...document.querySelectorAll("#main .listing tbody tr")];
  const row = () => document.activeElement?.closest?.(".listing tbody tr");
  const move = (step) => {
    const all = rows();
    const to = row() ? all.indexOf(row()) + step : 0;
    const next = all[Math.max(0, Math.min(to, all.length - 1))];
    (next?.querySelector("a.name") ?? next?.querySelector("a"))?.focus();
  };
  const single = {
    "?": () => find("#keys")?.showModal(),
    "/": () => enter("#main input[type=search]"),
    j: () => move(1),
    k: () => move(-1),
    x: () => row()?.querySelector(".tick input")?.click(),
    e: () => (row()?.querySelector("a[data-edit]") ?? find("#main .title a[data-edit]"))?.click(),
  };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && find("#jump")) {
      event.preventDefault();
      return enter("#jump");
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented;
    if (!plain || typing(event.target) || find("dialog[open]") || localStorage.getItem(OFF)) return;
    const link = Date.now() - going < 1500 && find(`.side a[data-key="${CSS.escape(event.key)}"]`);
    going = event.key === "g" ? Date.now() : 0;
    const act = link ? () => link.click() : Object.hasOwn(single, event.key) && single[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // The choice is kept in this browser only.
  const choice = () => document.querySelectorAll("[data-keys-choice]").forEach((box) => { box.checked = !localStorage.getItem(OFF); });
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-keys-choice]")) return;
    if (target.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  document.addEventListener("htmx:before:settle", choice);
  choice();
})();
