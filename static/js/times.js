// The server prints UTC; here times are shown in the viewer's zone, with the zone's name.
(() => {
  "use strict";
  const absolute = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  const units = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];

  const ago = (date) => {
    const seconds = (date - Date.now()) / 1000;
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? [];
    return unit ? relative.format(Math.round(seconds / size), unit) : "just now";
  };
  const show = (root) => {
    for (const time of root.querySelectorAll("time.when[datetime], time.ago[datetime]")) {
      const date = new Date(time.dateTime);
      if (isNaN(date)) continue;
      const here = absolute.format(date);
      time.textContent = time.classList.contains("ago") ? ago(date) : here;
      time.title = time.classList.contains("ago") ? here : `${time.dateTime} (UTC)`;
    }
  };
  show(document);
  // How long the elevation, a reason or another name lasts is looked at while the page stands.
  setInterval(() => document.querySelectorAll(".elevated, .reading, .acting").forEach(show), 15_000);
  document.addEventListener("htmx:before:settle", ({ target }) => show(target));
})();
