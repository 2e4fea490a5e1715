// Dragging over the bars of a histogram asks for their stretch of time. One bar is a link by itself.
(() => {
  "use strict";
  let first = null;
  const barAt = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".histogram a");
  const between = (one, other) => {
    const bars = [...one.parentNode.querySelectorAll("a")];
    const [from, to] = [bars.indexOf(one), bars.indexOf(other)].sort((a, b) => a - b);
    return bars.slice(from, to + 1);
  };
  const clear = () => document.querySelectorAll(".histogram .brushed").forEach((bar) => bar.classList.remove("brushed"));
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".histogram")) event.preventDefault(); });
  document.addEventListener("pointerdown", (event) => { first = event.button === 0 ? barAt(event) ?? null : null; });
  document.addEventListener("pointermove", (event) => {
    const last = first && barAt(event);
    if (!last || last.parentNode !== first.parentNode) return;
    clear();
    if (last !== first) between(first, last).forEach((bar) => bar.classList.add("brushed"));
  });
  document.addEventListener("pointerup", (event) => {
    const last = first && barAt(event);
    const begun = first;
    first = null;
    clear();
    if (!last || last === begun || last.parentNode !== begun.parentNode) return;
    const bars = between(begun, last);
    const address = new URL(begun.parentNode.dataset.brush, location.href);
    address.searchParams.set("occurred", `${bars[0].dataset.from}..${bars.at(-1).dataset.until}`);
    location.assign(address);
  });
})();
