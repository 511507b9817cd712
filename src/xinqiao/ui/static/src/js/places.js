// Puts a definition beside the label that opened it. Opening, Esc, outside click and the return of focus are the
// browser's own (popover); without this script the definition opens in the middle of the page.
export const places = () => {
  document.addEventListener(
    "beforetoggle",
    (event) => {
      const pop = event.target;
      if (!(pop instanceof HTMLElement) || !pop.classList.contains("xq-pop") || event.newState !== "open") return;
      const label = event.source ?? document.querySelector(`[popovertarget="${CSS.escape(pop.id)}"]`);
      requestAnimationFrame(() => place(pop, label));
    },
    true,
  );
  addEventListener("scroll", () => document.querySelector(".xq-pop:popover-open.placed")?.hidePopover(), { passive: true });
};

const place = (pop, label) => {
  if (!label) return;
  pop.classList.add("placed");
  const at = label.getBoundingClientRect();
  const below = at.bottom + 6 + pop.offsetHeight < innerHeight;
  pop.style.left = `${Math.max(12, Math.min(at.left, innerWidth - pop.offsetWidth - 12))}px`;
  pop.style.top = `${Math.max(12, below ? at.bottom + 6 : at.top - 6 - pop.offsetHeight)}px`;
};
