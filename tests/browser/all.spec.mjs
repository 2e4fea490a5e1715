// One file for the runner, so that all specs share one process and one browser.
import { after, before, describe } from "node:test";
import { start, stop } from "./console.mjs";
import keys from "./keys.mjs";
import lists from "./lists.mjs";
import looks from "./looks.mjs";
import passkeys from "./passkeys.mjs";
import signIn from "./sign_in.mjs";
import tenants from "./tenants.mjs";
import views from "./views.mjs";

describe("in a browser", () => {
  before(start);
  after(stop);
  signIn();
  tenants();
  lists();
  views();
  keys();
  looks();
  passkeys();
});
