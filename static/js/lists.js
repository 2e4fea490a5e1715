// Ticking rows: all of them, or a range with Shift.
(() => {
  "use strict";
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches?.(".listing .tick input[type=checkbox]")) return;
    const boxes = [...box.closest(".listing").querySelectorAll("tbody .tick input")];
    if (box.closest("thead")) boxes.forEach((one) => { one.checked = box.checked; });
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
    if (!box.closest("thead")) last = box;
    count(box.closest(".listing"), boxes);
  });
  const count = (listing, boxes) => {
    const ticked = boxes.filter((one) => one.checked).length;
    Object.assign(listing.querySelector("thead .tick input") ?? {}, { checked: ticked === boxes.length, indeterminate: ticked > 0 && ticked < boxes.length });
    for (const output of (listing.closest("form") ?? document).querySelectorAll("[data-ticked]")) output.textContent = ticked;
  };
})();
