import assert from "node:assert/strict";
import { test } from "node:test";
import { address, visit } from "./console.mjs";

const menu = (page) => page.getByText("Views", { exact: true }).click();

export default function () {
  test("what is seen is saved from the menu and found there again", () =>
    visit({}, async (page) => {
      await page.goto("/tenants");
      await page.locator("#sort-name").click();
      await page.locator("th[aria-sort=ascending] #sort-name").waitFor();
      await menu(page);
      await page.getByRole("link", { name: "Save this view" }).click();
      await page.getByLabel("Name").fill("By name <b>");
      await page.getByRole("button", { name: "Save view" }).click();
      await page.getByText("The view By name <b> is saved.").waitFor();
      assert.equal(address(page), "/tenants?sort=name");
      await page.goto("/tenants");
      await page.locator("h1").evaluate((heading) => { heading.kept = true; });
      await menu(page);
      await page.getByRole("link", { name: "By name <b>", exact: true }).click();
      await page.locator("th[aria-sort=ascending] #sort-name").waitFor();
      assert.equal(address(page), "/tenants?sort=name");
      assert.ok(await page.locator("h1").evaluate((heading) => heading.kept === true), "only the list was swapped");
      await menu(page);
      await page.locator("#views [aria-current]", { hasText: "By name <b>" }).waitFor();
    }));

  test("without a script the menu is a page", () =>
    visit({ javaScriptEnabled: false }, async (page) => {
      await page.goto("/clients?status=active");
      await menu(page);
      await page.getByRole("link", { name: "Views of this list" }).click();
      await page.getByRole("link", { name: "Save this view" }).click();
      await page.getByLabel("Name").fill("At work");
      await page.getByRole("button", { name: "Save view" }).click();
      await page.getByText("The view At work is saved.").waitFor();
      assert.equal(address(page), "/clients?status=active");
    }));
}
