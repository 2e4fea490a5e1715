// How htmx swaps here. What was not asked for (a failure, a session that ended) is a whole page.
(() => {
  "use strict";
  const refuse = () => { throw new Error("nothing on these pages is evaluated"); };
  htmx.registerExtension("castellan", {
    init(api) {
      // With `require-trusted-types-for 'script'` this is the only way for text to become markup.
      const rules = { createHTML: (html) => html, createScript: refuse };
      api.initSecurity(window.trustedTypes?.createPolicy("castellan", rules) ?? rules, refuse, refuse);
    },
  });

  document.addEventListener("htmx:before:response", (event) => {
    const { ctx, ctx: { response: { raw: { redirected, url } } } } = event.detail;
    if (redirected) {
      event.preventDefault();
      location.assign(url);
    } else if (ctx.response.status >= 400) {
      Object.assign(ctx, { target: document.body, swap: "outerSync", select: null, push: "true" });
    }
  });

  document.addEventListener("htmx:after:swap", () => document.querySelector(".errors")?.focus());
  // Without a connection the link still does what a link does.
  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    if (error?.name !== "AbortError" && ctx?.request?.method === "GET" && !ctx.response) location.assign(ctx.request.action);
  });

  document.addEventListener("click", ({ target }) => {
    const opener = target.closest?.("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const copier = target.closest?.("[data-copies]");
    if (copier) navigator.clipboard?.writeText(document.getElementById(copier.dataset.copies).textContent).then(() => { copier.textContent = "Copied"; });
  });
  document.querySelector(".errors")?.focus();
})();
