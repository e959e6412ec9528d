// A button that has the browser make a passkey, or sign with one, and sends what comes of it with its form. Without
// passkeys in the browser it stays hidden.
function bytes(base64) {
  return Uint8Array.from(atob(base64.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function base64(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function described(list) {
  return list?.map((one) => ({ ...one, id: bytes(one.id) }));
}

async function make({ publicKey }) {
  const user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  const excludeCredentials = described(publicKey.excludeCredentials);
  const options = { ...publicKey, challenge: bytes(publicKey.challenge), user, excludeCredentials };
  const made = await navigator.credentials.create({ publicKey: options });
  const response = {
    clientDataJSON: base64(made.response.clientDataJSON),
    attestationObject: base64(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  };
  return told(made, response);
}

async function sign({ publicKey }) {
  const allowCredentials = described(publicKey.allowCredentials);
  const options = { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials };
  const signed = await navigator.credentials.get({ publicKey: options });
  const response = {
    clientDataJSON: base64(signed.response.clientDataJSON),
    authenticatorData: base64(signed.response.authenticatorData),
    signature: base64(signed.response.signature),
    userHandle: signed.response.userHandle ? base64(signed.response.userHandle) : null,
  };
  return told(signed, response);
}

function told(credential, response) {
  const { id, type } = credential;
  const clientExtensionResults = credential.getClientExtensionResults();
  return { id, type, rawId: base64(credential.rawId), response, clientExtensionResults };
}

async function wanted(button) {
  if (button.dataset.options) return JSON.parse(button.dataset.options);
  const answer = await fetch(button.dataset.ask, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

export function start(button) {
  if (!window.PublicKeyCredential) return;
  const form = button.form;
  const refusal = form.querySelector("[data-refused]");
  button.hidden = false;
  form.hidden = false;
  // Enter in a field is a press of the button; what comes back from the device is sent as it is.
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  });
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    refusal.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      const done = button.dataset.does === "make" ? make : sign;
      form.elements.credential.value = JSON.stringify(await done(await wanted(button)));
      form.requestSubmit();
    } catch (error) {
      refusal.hidden = false;
      // A DOMException says that the person has thought better of it, or that the device knows no passkey of this site.
      if (!(error instanceof DOMException)) throw error;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}
