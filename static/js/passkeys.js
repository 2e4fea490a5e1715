// Passkeys: the browser's part of adding and using them. The server's question is in the form, the answer goes back with it.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const question = (json) => {
    const { publicKey } = JSON.parse(json);
    publicKey.challenge = bytes(publicKey.challenge);
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
    for (const known of [...(publicKey.excludeCredentials ?? []), ...(publicKey.allowCredentials ?? [])]) known.id = bytes(known.id);
    return { publicKey };
  };
  const answer = ({ id, rawId, type, response }) => {
    const given = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) given[name] = text(response[name]);
    }
    if (response.getTransports) given.transports = response.getTransports();
    return JSON.stringify({ id, rawId: text(rawId), type, response: given, extensions: {} });
  };
  const trouble = {
    InvalidStateError: "This device already keeps one of your passkeys.",
    NotAllowedError: "Nothing was confirmed, or it took too long. Try again.",
    SecurityError: "The browser does not take passkeys at this address.",
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset?.passkey) return;
    event.preventDefault();
    const says = form.querySelector("[data-passkey-error]");
    says.hidden = true;
    try {
      const asked = question(form.dataset.options);
      const credential = form.dataset.passkey === "create" ? await navigator.credentials.create(asked) : await navigator.credentials.get(asked);
      form.elements.credential.value = answer(credential);
      form.submit();
    } catch (error) {
      says.textContent = trouble[error.name] ?? "This browser cannot use passkeys here.";
      says.hidden = false;
    }
  });
})();
