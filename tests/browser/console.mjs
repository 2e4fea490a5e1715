// What the specs share: one browser, and visits whose console has to stay silent.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { BASE_URL, CHROMIUM, EMAIL, PASSWORD } = process.env;
const FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
// A refusal or a validation error is a status the page shows; the browser notes it all the same.
const EXPECTED = /^Failed to load resource: the server responded with a status of 4\d\d/;

let browser;
let cookies;

/** Starts the browser and signs in once for all visits. */
export async function start() {
  browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: FLAGS });
  await visit({ anonymous: true }, async (page) => {
    await signIn(page);
    await elevate(page);
    cookies = await page.context().storageState();
  });
}

export const stop = () => browser?.close();

/** Proves again who one is, for dangerous work. */
export async function elevate(page) {
  await page.goto("/elevation");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("button", { name: "End the elevation" }).waitFor();
}

/** Signs in on the page that asks for it. */
export async function signIn(page, password = PASSWORD, email = EMAIL) {
  if (!page.url().includes("/sign-in")) await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Runs `steps` on a fresh page, then fails on script errors and on everything the content security policy refused. */
export async function visit({ anonymous, scripts = [], ...options }, steps) {
  const context = await browser.newContext({
    baseURL: BASE_URL,
    viewport: { width: 1360, height: 900 },
    reducedMotion: "reduce",
    storageState: anonymous ? undefined : cookies,
    ...options,
  });
  context.setDefaultTimeout(10_000);
  const complaints = [];
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("console", (message) => {
    const bad = message.type() === "error" || /violat|Content.Security.Policy|Trusted/i.test(message.text());
    if (bad && !EXPECTED.test(message.text())) complaints.push(message.text());
  });
  for (const content of [...scripts, REPORT_VIOLATIONS]) await context.addInitScript({ content });
  try {
    await steps(await context.newPage());
  } finally {
    await context.close();
  }
  assert.deepEqual(complaints, []);
}

const REPORT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("Content-Security-Policy refused " + event.violatedDirective + " " + event.blockedURI));`;

/** The path and query of a page, decoded for reading. */
export const address = (page) => decodeURIComponent(page.url().slice(BASE_URL.length));
