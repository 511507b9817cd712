// Passkeys: a form with data-passkey="get" or "create" asks the authenticator before it is sent. The options are the
// server's JSON in data-options; the answer goes back in the hidden field named "credential". Nothing is kept here.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=")), (c) => c.charCodeAt(0));
const text = (buffer) => (buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : null);
const ids = (list) => list?.map((item) => ({ ...item, id: bytes(item.id) }));

const ask = async (kind, options) => {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (kind === "create") {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = ids(options.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  }
  publicKey.allowCredentials = ids(options.allowCredentials);
  return navigator.credentials.get({ publicKey });
};

const plain = (credential) => {
  const { response } = credential;
  const out = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    out.attestationObject = text(response.attestationObject);
    out.transports = response.getTransports?.() ?? [];
  } else {
    out.authenticatorData = text(response.authenticatorData);
    out.signature = text(response.signature);
    out.userHandle = text(response.userHandle);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: out, clientExtensionResults: credential.getClientExtensionResults() };
};

export const passkeys = (root) => {
  for (const form of root.querySelectorAll("form[data-passkey]")) {
    const say = form.querySelector("[data-passkey-error]");
    form.addEventListener("submit", async (event) => {
      const field = form.elements.namedItem("credential");
      if (!field || field.value) return;
      event.preventDefault();
      try {
        if (!window.PublicKeyCredential) throw new DOMException("", "NotSupportedError");
        const credential = await ask(form.dataset.passkey, JSON.parse(form.dataset.options));
        field.value = JSON.stringify(plain(credential));
        form.requestSubmit(event.submitter ?? undefined);
      } catch (error) {
        if (say) say.textContent = say.dataset[error.name === "NotAllowedError" ? "stopped" : error.name === "NotSupportedError" ? "unsupported" : "failed"] ?? "", (say.hidden = false);
      }
    });
  }
};
