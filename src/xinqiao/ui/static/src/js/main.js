// What every page does in the browser. Each part works on elements that carry its attribute, on load and again after
// HTMX has swapped something in, and nothing on a page depends on it: without script the pages still read and submit.
import { bars } from "./bars.js";
import { places } from "./places.js";
import { fields } from "./fields.js";
import { choices } from "./choices.js";
import { keys } from "./keys.js";
import { preferences } from "./preferences.js";
import { passkeys } from "./passkeys.js";
import { contents } from "./contents.js";
import { fill } from "./fill.js";
import { uploads } from "./upload.js";

const charts = async (root) => {
  const found = [...root.querySelectorAll("[data-chart]")];
  if (found.length) (await import("./charts.js")).draw(found);
};

const wake = (root) => {
  bars(root);
  fields(root);
  choices(root);
  passkeys(root);
  contents(root);
  uploads(root);
  charts(root);
};

places();
keys();
preferences();
fill();
wake(document);
document.addEventListener("htmx:load", (event) => event.target !== document.body && wake(event.target));
