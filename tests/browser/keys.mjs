import assert from "node:assert/strict";
import { test } from "node:test";
import { address, visit } from "./console.mjs";

const focus = (page) => page.evaluate(() => document.activeElement.textContent);

export default function () {
  test("the keyboard is enough", () =>
    visit({}, async (page) => {
      await page.goto("/tenants");
      const [first, second] = await page.locator(".listing a.name").allInnerTexts();
      for (const [key, row] of [["j", first], ["j", second], ["k", first]]) {
        await page.keyboard.press(key);
        assert.equal(await focus(page), row, `after ${key}`);
      }
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: first, level: 1 }).waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("t");
      await page.waitForURL("**/tenants");
      await page.keyboard.press("/");
      assert.equal(await page.evaluate(() => document.activeElement.id), "search");
      await page.keyboard.type("j?");
      assert.equal(await page.locator("#search").inputValue(), "j?", "never while typing");
      await page.locator("h1").click();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      assert.equal(await page.evaluate(() => document.activeElement.id), "jump");
      assert.equal(address(page), "/tenants");
    }));
}
