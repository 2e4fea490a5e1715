import assert from "node:assert/strict";
import { test } from "node:test";
import { address, visit } from "./console.mjs";

/** Marks what a whole new page would lose; gives back whether it is still there. */
async function watch(page) {
  await page.locator("h1").evaluate((heading) => { heading.kept = true; });
  return () => page.locator("h1").evaluate((heading) => heading.kept === true);
}

const focused = (page) => page.evaluate(() => document.activeElement.id);
const names = (page) => page.locator(".listing a.name").allInnerTexts();
const has = (part) => (url) => decodeURIComponent(url.href).includes(part);

export default function () {
  test("sorting swaps the list, keeps focus, and the back button undoes it", () =>
    visit({}, async (page) => {
      await page.goto("/tenants");
      const before = await names(page);
      const kept = await watch(page);
      await page.locator("#sort-name").click();
      await page.locator("th[aria-sort=ascending] #sort-name").waitFor();
      assert.equal(address(page), "/tenants?sort=name");
      assert.equal(await focused(page), "sort-name");
      await page.locator("#sort-name").click();
      await page.locator("th[aria-sort=descending] #sort-name").waitFor();
      assert.equal(address(page), "/tenants?sort=-name");
      assert.ok(await kept(), "only the list was swapped");
      await page.goBack();
      await page.locator("th[aria-sort=ascending] #sort-name").waitFor();
      await page.goBack();
      await page.locator("th:not([aria-sort]) #sort-name").waitFor();
      assert.equal(address(page), "/tenants");
      assert.deepEqual(await names(page), before);
    }));

  test("filters, search and pages swap the list and are in the address", () =>
    visit({}, async (page) => {
      await page.goto("/tenants");
      const kept = await watch(page);
      await page.getByText("Add filter").click();
      await page.getByRole("checkbox", { name: "trial" }).check();
      await page.getByRole("button", { name: "Show" }).click();
      await page.waitForURL(has("status=trial"));
      for (const state of await page.locator(".listing .state").allInnerTexts()) assert.match(state, /^trial/);
      await page.getByRole("link", { name: /^Remove filter/ }).click();
      await page.waitForURL((url) => !has("status")(url));
      await page.locator("#next").click();
      await page.waitForURL(has("after="));
      await page.locator("#search").fill("nothing is called this");
      await page.keyboard.press("Enter");
      await page.getByText("Nothing matches these filters.").waitFor();
      assert.equal(await focused(page), "search");
      assert.ok(await kept(), "only the list was swapped");
    }));
}
