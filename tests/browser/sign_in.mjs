import assert from "node:assert/strict";
import { test } from "node:test";
import { address, signIn, visit } from "./console.mjs";

export default function () {
  test("signing in leads to the page that was asked for", () =>
    visit({ anonymous: true }, async (page) => {
      await page.goto("/tenants?sort=-created_at");
      await signIn(page, "not the password");
      await page.getByRole("alert").waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.className), "errors", "the summary takes focus");
      await signIn(page);
      await page.getByRole("heading", { name: "Tenants", level: 1 }).waitFor();
      assert.equal(address(page), "/tenants?sort=-created_at");
    }));
}
