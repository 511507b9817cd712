// Bundles the browser assets once: run by `python -m xinqiao.ui.build`, which also tells where htmx lies.
// Out come hashed files and manifest.json in src/xinqiao/ui/static/build/. Nothing is fetched; npm has already installed.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { dirname, join, basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateSync } from "node:zlib";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const src = join(root, "src/xinqiao/ui/static/src");
const out = process.env.XINQIAO_ASSETS_OUT ?? join(root, "src/xinqiao/ui/static/build");
const modules = join(root, "node_modules");
const htmx = process.env.XINQIAO_HTMX;
if (!htmx || !existsSync(htmx)) throw new Error("XINQIAO_HTMX must name htmx.min.js (python -m xinqiao.ui.build sets it)");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const manifest = {};
const hashed = (name, data) => {
  const [stem, ext] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf("."))];
  const file = `${stem}-${createHash("sha256").update(data).digest("hex").slice(0, 10)}${ext}`;
  writeFileSync(join(out, file), data);
  manifest[name] = file;
};

// Browsers that know light-dark() and popover: nothing is lowered, so the two themes stay one sheet.
const target = ["chrome123", "edge123", "firefox125", "safari17.5"];
const common = { bundle: true, minify: true, target, outdir: out, metafile: true, legalComments: "none", logLevel: "warning", charset: "utf8", absWorkingDir: root };

const styles = await build({ ...common, entryPoints: { xinqiao: join(src, "xinqiao.css") }, entryNames: "[name]-[hash]", assetNames: "[name]-[hash]", loader: { ".woff2": "file", ".svg": "dataurl" } });
// ESM with splitting: pages without a chart never load ECharts (a phone on a slow line feels the difference).
const scripts = await build({ ...common, entryPoints: { xinqiao: join(src, "js/main.js") }, format: "esm", splitting: true, entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]" });
for (const result of [styles, scripts])
  for (const [file, info] of Object.entries(result.metafile.outputs))
    if (/\/(xinqiao\.css|js\/main\.js)$/.test(info.entryPoint ?? "")) manifest[`xinqiao.${file.split(".").pop()}`] = basename(file);
    else manifest[basename(file).replace(/-[A-Z0-9]{8}(?=\.)/, "")] ??= basename(file);

hashed("htmx.js", readFileSync(htmx));
hashed("favicon.svg", readFileSync(join(src, "favicon.svg")));

const names = readFileSync(join(src, "icons.txt"), "utf8").split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
const symbols = [...new Set(names)].sort().map((name) => {
  const svg = readFileSync(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  // Outlines only: fill, stroke and size belong to the class xq-i, so an icon takes the colour of its word.
  const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/<path stroke="none"[^>]*>/g, "").replace(/\s+/g, " ").trim();
  return `<symbol id="${name}" viewBox="0 0 24 24">${body}</symbol>`;
});
hashed("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);

// PDFs need TrueType; a WOFF is the same tables, each deflated (WOFF 1.0 section 4).
const woffToTtf = (woff) => {
  const count = woff.readUInt16BE(12);
  const tables = Array.from({ length: count }, (_, k) => {
    const at = 44 + 20 * k;
    const [offset, packed, length] = [woff.readUInt32BE(at + 4), woff.readUInt32BE(at + 8), woff.readUInt32BE(at + 12)];
    const raw = woff.subarray(offset, offset + packed);
    return { tag: woff.subarray(at, at + 4), sum: woff.readUInt32BE(at + 16), data: packed < length ? inflateSync(raw) : raw };
  });
  const head = Buffer.alloc(12 + 16 * count);
  const power = 2 ** Math.floor(Math.log2(count));
  woff.copy(head, 0, 4, 8);
  head.writeUInt16BE(count, 4);
  head.writeUInt16BE(power * 16, 6);
  head.writeUInt16BE(Math.log2(power), 8);
  head.writeUInt16BE((count - power) * 16, 10);
  let at = head.length;
  const parts = [head];
  tables.forEach((table, k) => {
    table.tag.copy(head, 12 + 16 * k);
    head.writeUInt32BE(table.sum, 16 + 16 * k);
    head.writeUInt32BE(at, 20 + 16 * k);
    head.writeUInt32BE(table.data.length, 24 + 16 * k);
    const padded = Buffer.alloc(Math.ceil(table.data.length / 4) * 4);
    table.data.copy(padded);
    parts.push(padded);
    at += padded.length;
  });
  return Buffer.concat(parts);
};
mkdirSync(join(out, "pdf-fonts"));
for (const weight of [400, 600])
  writeFileSync(join(out, "pdf-fonts", `Inter-${weight}.ttf`), woffToTtf(readFileSync(join(modules, `@fontsource/inter/files/inter-latin-${weight}-normal.woff`))));

writeFileSync(join(out, "manifest.json"), JSON.stringify({ inputs: process.env.XINQIAO_ASSETS_INPUTS ?? "", icons: [...new Set(names)].sort(), files: manifest }, null, 1) + "\n");
