import assert from "node:assert/strict";
import { test } from "node:test";
import { address, elevate, signIn, visit } from "./console.mjs";

const { TENANT } = process.env;

async function suspend(page, reason) {
  await page.goto(`/tenants/${TENANT}`);
  await page.getByRole("link", { name: "Suspend…" }).click();
  const effect = await page.locator("aside .panel").innerText();
  assert.match(effect, /What changes\s+1 row/);
  assert.match(effect, /status active → suspended/);
  await page.getByLabel("Reason").fill(reason);
  await page.getByLabel(/^Type/).fill(TENANT);
  await page.getByRole("button", { name: /^Suspend / }).click();
  await page.locator(".title .state", { hasText: "suspended" }).waitFor();
  assert.match(await page.getByRole("status").innerText(), /is suspended/);
}

async function reactivate(page, reason) {
  await page.getByRole("link", { name: "Reactivate…" }).click();
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: /^Reactivate / }).click();
  await page.locator(".title .state", { hasText: "active" }).waitFor();
}

async function expectHistory(page, ...reasons) {
  await page.getByRole("navigation", { name: "Tenant" }).getByRole("link", { name: "History" }).click();
  const history = await page.locator("ol.history").innerText();
  for (const words of ["tenant.suspend", "tenant.reactivate", ...reasons]) {
    assert.ok(history.includes(words), `the history names ${words}`);
  }
}

export default function () {
  test("suspending shows what changes, and both ways are in the history", () =>
    visit({}, async (page) => {
      await suspend(page, "invoice 17 is unpaid");
      await reactivate(page, "invoice 17 was paid");
      await expectHistory(page, "invoice 17 is unpaid", "invoice 17 was paid");
    }));

  test("an action without a reason keeps what was typed and leads to the field", () =>
    visit({}, async (page) => {
      await page.goto(`/tenants/${TENANT}`);
      await page.getByRole("link", { name: "Suspend…" }).click();
      await page.getByLabel("Reason").fill("  ");
      await page.getByLabel(/^Type/).fill("something else");
      await page.getByRole("button", { name: /^Suspend / }).click();
      await page.getByRole("alert").getByRole("link", { name: "reason" }).click();
      assert.equal(await page.evaluate(() => document.activeElement.id), "reason");
      assert.equal(await page.getByLabel(/^Type/).inputValue(), "something else");
    }));

  test("everything works without JavaScript", () =>
    visit({ anonymous: true, javaScriptEnabled: false }, async (page) => {
      await page.goto("/tenants");
      await signIn(page);
      await page.waitForURL("**/tenants");
      await elevate(page);
      await page.goto("/tenants");
      await page.locator("#sort-name").click();
      assert.equal(address(page), "/tenants?sort=name");
      await page.getByRole("searchbox", { name: /^Search name/ }).fill(TENANT);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/tenants?*q=*");
      await page.locator(".listing a.name").click();
      await suspend(page, "no script, unpaid");
      await reactivate(page, "no script, paid");
      await expectHistory(page, "no script, unpaid", "no script, paid");
      await page.locator("button.person").click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.waitForURL("**/sign-in*");
    }));
}
