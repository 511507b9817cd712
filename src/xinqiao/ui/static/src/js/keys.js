// Keyboard of the desk portals: / search, J K through a queue, Enter opens, Q presses the row's next action.
const typing = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export const keys = () => {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const find = document.querySelector("[data-find]");
      if (find) event.preventDefault(), find.focus();
      return;
    }
    const rows = [...document.querySelectorAll("table[data-queue] tbody tr")];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const go = { j: 1, k: -1 }[event.key];
    if (go) {
      const row = rows[Math.max(0, Math.min(rows.length - 1, at + go))];
      rows.forEach((other) => other.toggleAttribute("aria-selected", false));
      row.setAttribute("aria-selected", "true");
      row.scrollIntoView({ block: "nearest" });
      row.dispatchEvent(new CustomEvent("xq:select", { bubbles: true }));
    } else if (event.key === "Enter" && at >= 0 && event.target === document.body) rows[at].querySelector("a[href]")?.click();
    else if (event.key === "q" && at >= 0) rows[at].querySelector("[data-next]")?.click();
  });
};
