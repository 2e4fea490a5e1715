// Passkeys with an authenticator that the browser itself simulates. They are taken at localhost only.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signIn, visit } from "./console.mjs";
import { AXE, faults } from "./looks.mjs";

const { BASE_URL, GUARDED_EMAIL, PASSWORD, TENANT } = process.env;
const baseURL = BASE_URL.replace("127.0.0.1", "localhost");

/** A fingerprint reader inside the machine; `verify` says whether it knows the finger. */
async function reader(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { verify: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }) };
}

async function signOut(page) {
  await page.locator("button.person").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
}

const firstStep = async (page) => {
  await signIn(page, PASSWORD, GUARDED_EMAIL);
  await page.getByRole("heading", { name: "Second factor" }).waitFor();
};

async function add(page, name) {
  await page.goto("/account/factors");
  await page.getByRole("link", { name: "Add a passkey" }).click();
  if (page.url().includes("/elevation")) {
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Confirm" }).click();
  }
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Add the passkey" }).click();
}

export default function () {
  test("a passkey is added, signs in, elevates and is removed", () =>
    visit({ anonymous: true, baseURL, scripts: [AXE] }, async (page) => {
      const finger = await reader(page);
      await signIn(page, PASSWORD, GUARDED_EMAIL);
      await add(page, "Laptop");
      await page.getByRole("button", { name: "Make ten codes" }).click();
      const codes = (await page.locator("#codes").innerText()).trim().split(/\s+/);
      assert.equal(codes.length, 10);
      await page.getByRole("link", { name: "I have them" }).click();
      assert.match(await page.locator(".listing tbody").innerText(), /Laptop\s+Passkey/);
      await add(page, "The same laptop");
      await page.getByText("This device already keeps one of your passkeys.").waitFor();

      await signOut(page);
      await firstStep(page);
      assert.deepEqual(await faults(page, "/sign-in/factor"), []);
      await page.setViewportSize({ width: 1360, height: 900 });
      await finger.verify(false);
      await page.getByRole("button", { name: "Use your passkey" }).click();
      await page.getByText("Nothing was confirmed, or it took too long. Try again.").waitFor();
      await finger.verify(true);
      await page.getByRole("button", { name: "Use your passkey" }).click();
      await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();

      await page.goto(`/tenants/${TENANT}`);
      await page.getByRole("link", { name: "Suspend…" }).click();
      await page.getByRole("button", { name: "Confirm with your passkey" }).click();
      await page.getByRole("heading", { name: /^Suspend / }).waitFor();

      await page.goto("/account/factors");
      const hrefs = await page.locator(".listing a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
      const found = {};
      for (const path of ["/account/factors", "/elevation", ...hrefs]) found[path] = await faults(page, path);
      const faulty = Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0));
      assert.deepEqual(faulty, {});

      await page.setViewportSize({ width: 1360, height: 900 });
      await page.goto("/account/factors");
      await page.getByRole("link", { name: "Remove Laptop" }).click();
      await page.getByLabel("Reason").fill("sold");
      await page.getByRole("button", { name: "Remove Laptop" }).click();
      await page.getByText("You have no second factor yet.").waitFor();
    }));

  test("without JavaScript a recovery code takes the place of a passkey", () =>
    visit({ anonymous: true, baseURL }, async (page) => {
      await reader(page);
      await signIn(page, PASSWORD, GUARDED_EMAIL);
      await add(page, "Desk");
      await page.getByRole("button", { name: "Make ten codes" }).click();
      const [code] = (await page.locator("#codes").innerText()).trim().split(/\s+/);
      await visit({ anonymous: true, baseURL, javaScriptEnabled: false }, async (plain) => {
        await firstStep(plain);
        assert.equal(await plain.getByRole("button", { name: "Use your passkey" }).count(), 0);
        // Searches by text leave `noscript` out.
        await plain.locator("noscript p", { hasText: "need JavaScript" }).waitFor();
        await plain.getByLabel("Recovery code").fill(code);
        await plain.getByRole("button", { name: "Sign in with the code" }).click();
        await plain.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
      });
    }));
}
