// <div class="chart" data-series='{"x":[unix seconds],"y":[[..],..],"labels":[..],"colours":[..]}'>
(() => {
  "use strict";
  if (!window.uPlot) return;
  const mounted = new Map();
  const usual = ["--tblr-link-color", "--dot-good", "--dot-warn", "--dot-bad", "--dot-info"];
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  const dates = (_, splits) => splits.map((at, i) => {
    const label = day.format(at * 1000);
    return i && label === day.format(splits[i - 1] * 1000) ? hour.format(at * 1000) : label;
  });
  // A probe turns `light-dark()` into a colour that a canvas understands.
  const resolve = (element, token) => {
    const probe = element.appendChild(document.createElement("i"));
    probe.style.color = `var(${token})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
  const mount = (element) => {
    mounted.get(element)?.destroy();
    const { x, y, labels, colours = usual } = JSON.parse(element.dataset.series);
    const [text, grid] = [resolve(element, "--tblr-secondary"), resolve(element, "--tblr-border-color")];
    const axis = { stroke: text, font: "12px Inter, system-ui, sans-serif", grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const series = labels.map((label, i) => {
      const stroke = resolve(element, colours[i % colours.length]);
      return { label, width: 1.5, stroke, points: { fill: stroke, size: 4 } };
    });
    const options = { width: element.clientWidth, height: 224, axes: [{ ...axis, values: dates }, axis], series: [{}, ...series] };
    mounted.set(element, new uPlot(options, [x, ...y], element));
    resizes.observe(element);
  };
  const resizes = new ResizeObserver((entries) => {
    for (const { target } of entries) mounted.get(target)?.setSize({ width: target.clientWidth, height: 224 });
  });
  const again = () => {
    for (const element of mounted.keys()) if (!element.isConnected) { mounted.delete(element); resizes.unobserve(element); }
    document.querySelectorAll(".chart[data-series]").forEach(mount);
  };
  again();
  // Where charts can be drawn, the table below them is asked for.
  document.querySelector("details[data-closes]")?.removeAttribute("open");
  document.addEventListener("castellan:theme", again);
  document.addEventListener("htmx:after:swap", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
})();
