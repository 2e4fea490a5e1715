import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { visit } from "./console.mjs";

const { PAGES, SCREENSHOTS } = process.env;
export const AXE = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds, each as one line with its rule and place. */
const findings = (page, runOnly) =>
  page.evaluate(async (runOnly) => {
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.replaceAll(/\s+/g, " ")}`));
  }, runOnly);

const overflow = (page) =>
  page.evaluate(() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth);

const brightness = (page) =>
  page.evaluate(() => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[0];
  });

export default function () {
  test("light and dark are what the system says", () =>
    visit({ colorScheme: "light" }, async (page) => {
      await page.goto("/tenants");
      const light = await page.screenshot();
      assert.ok((await brightness(page)) > 200, "light is bright");
      await page.emulateMedia({ colorScheme: "dark" });
      const dark = await page.screenshot();
      assert.ok((await brightness(page)) < 60, "dark is dark");
      for (const [name, picture] of Object.entries({ light, dark })) {
        assert.ok(picture.length > 20_000, `the ${name} picture shows something`);
        if (SCREENSHOTS) writeFileSync(`${SCREENSHOTS}/${name}.png`, picture);
      }
    }));

  test("every page is accessible in light and dark, and fits 320 pixels", () =>
    visit({ colorScheme: "light", scripts: [AXE] }, async (page) => {
      const found = {};
      for (const path of JSON.parse(PAGES)) found[path] = await faults(page, path);
      const faulty = Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0));
      assert.deepEqual(faulty, {});
    }));
}

/** What is wrong with a page in light and dark, wide and narrow. */
export async function faults(page, path) {
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1360, height: 900 });
  const response = await page.goto(path);
  // 409 is the page that says why an action cannot be done now.
  if (!response.ok() && response.status() !== 409) return [`answers ${response.status()}`];
  const found = await findings(page, RULES);
  // Only colours depend on the theme.
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await findings(page, { type: "rule", values: ["color-contrast"] });
  await page.setViewportSize({ width: 320, height: 800 });
  const wider = await overflow(page);
  return [...found, ...dark.map((one) => `dark: ${one}`), ...(wider > 0 ? [`${wider} pixels too wide at 320`] : [])];
}
