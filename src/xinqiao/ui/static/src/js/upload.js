// Sending a file in pieces: how far it is, going on after a break, dropping it on the box. Without script the form sends
// the whole file at once. The hub says from where on it wants the file, so a piece is never sent twice for nothing.
const PIECE = 4 * 1024 * 1024;
const TRIES = 8;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const nice = (octets) => {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  for (; octets >= 1024 && at < units.length - 1; at += 1) octets /= 1024;
  return `${at && octets < 100 ? octets.toFixed(1) : Math.round(octets)} ${units[at]}`;
};

// What the hub knows the file by, so that choosing it again finds its beginning: no content, so it costs nothing.
const keyOf = async (file, form) => {
  const said = [file.name, file.size, file.lastModified, form.elements.corrects?.value ?? ""].join("\n");
  if (!crypto.subtle) return [...said].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 2 ** 48, 7).toString(16);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(said));
  return [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0")).join("");
};

class Refused extends Error {}

const sender = (form) => {
  const { upload, token } = form.dataset;
  const error = form.querySelector("[data-upload-error]");
  const state = form.querySelector("[data-upload-state]");
  const meter = state.querySelector("[role=progressbar]");
  const words = state.querySelector("[data-upload-words]");
  const button = form.querySelector("button[type=submit]");
  const show = (text) => ((error.hidden = !text), (error.lastElementChild.textContent = text));
  const far = (share, text) => {
    meter.style.setProperty("--v", `${share}%`);
    meter.setAttribute("aria-valuenow", Math.round(share));
    words.textContent = text;
  };

  // An answer of ours is JSON; a page instead means that the session has ended.
  const ask = async (address, type, body) => {
    const answer = await fetch(address, { method: "POST", body, headers: { "Content-Type": type, "X-CSRFToken": token } });
    if (!(answer.headers.get("Content-Type") ?? "").startsWith("application/json")) {
      if (answer.status >= 500) throw new TypeError("away");
      throw new Refused(form.dataset.sayLogin);
    }
    const said = await answer.json();
    if (answer.ok || (answer.status === 409 && "received" in said)) return said;
    if (answer.status === 503) throw new TypeError(said.say);
    throw new Refused(said.say);
  };

  // A line that is away for a while is waited for; a no of the hub is a no.
  const patient = async (what) => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await what();
      } catch (failed) {
        if (failed instanceof Refused) throw failed;
        if (tries >= TRIES) throw new Refused(form.dataset.sayBroken);
        words.textContent = form.dataset.sayWaiting;
        await pause(Math.min(500 * 2 ** tries, 10000));
      }
    }
  };

  const send = async (file) => {
    const announced = {
      name: file.name,
      size: String(file.size),
      key: await keyOf(file, form),
      data_as_of: form.elements.data_as_of?.value ?? "",
      corrects: form.elements.corrects?.value ?? "",
    };
    const begun = await patient(() => ask(upload, "application/json", JSON.stringify(announced)));
    let sent = begun.received;
    while (sent < file.size) {
      far((100 * sent) / file.size, form.dataset.saySending.replace("{done}", nice(sent)).replace("{all}", nice(file.size)));
      const piece = file.slice(sent, sent + PIECE);
      sent = (await patient(() => ask(`${begun.piece}?at=${sent}`, "application/octet-stream", piece))).received;
    }
    far(100, form.dataset.sayChecking);
    return (await patient(() => ask(begun.finish, "application/json", "{}"))).href;
  };

  form.addEventListener("submit", async (event) => {
    const [file] = form.elements.file.files;
    if (!file) return;
    event.preventDefault();
    show("");
    if (!file.size) return show(form.dataset.sayEmpty);
    if (file.size > Number(form.dataset.max)) return show(form.dataset.sayBig);
    button.disabled = true;
    state.hidden = false;
    try {
      location.assign(await send(file));
    } catch (failed) {
      state.hidden = true;
      button.disabled = false;
      show(failed instanceof Refused ? failed.message : form.dataset.sayBroken);
      error.scrollIntoView({ block: "nearest" });
    }
  });
};

const drop = (form) => {
  const box = form.querySelector(".xq-drop");
  const input = form.elements.file;
  const name = box.querySelector("[data-drop-name]");
  const usual = name.textContent;
  const chosen = () => {
    const [file] = input.files;
    name.textContent = file ? `${file.name} · ${nice(file.size)}` : usual;
    box.classList.toggle("has", Boolean(file));
  };
  input.addEventListener("change", chosen);
  for (const kind of ["dragenter", "dragover"])
    box.addEventListener(kind, (event) => (event.preventDefault(), box.classList.add("over")));
  for (const kind of ["dragleave", "drop"]) box.addEventListener(kind, () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    chosen();
  });
  chosen();
};

export const uploads = (root) => {
  for (const form of root.querySelectorAll("form[data-upload]")) {
    drop(form);
    sender(form);
  }
};
