// The consent card: repeats the present choice in one line and says whether it equals the request. The sentence parts
// come from the server as data attributes (already translated); this only joins them. The server recomputes all of it.
export const choices = (root) => {
  for (const form of root.querySelectorAll("form[data-choice]")) {
    const line = form.querySelector("[data-choice-line]");
    const verdict = form.querySelector("[data-choice-verdict]");
    if (!line || !verdict) continue;
    const say = () => {
      const picked = [...form.querySelectorAll("[data-say]:checked")];
      const accounts = picked.filter((input) => input.dataset.say === "account").length;
      const words = picked.filter((input) => input.dataset.say !== "account").map((input) => input.dataset.say);
      line.textContent = [form.dataset.accounts.replace("{n}", accounts), ...words].join(" · ");
      const less = [...form.querySelectorAll("[data-asked]")].some((input) => !input.checked);
      verdict.textContent = accounts === 0 && form.dataset.none ? form.dataset.none : less ? form.dataset.less : form.dataset.same;
      for (const button of form.querySelectorAll("[data-needs-account]")) button.disabled = accounts === 0;
    };
    form.addEventListener("change", say);
    addEventListener("pageshow", say); // after "back" the browser puts the ticks again without saying that they changed
    say();
  }
};

// A drop-down of the filter bar sends its form when it changes: every change goes to the address.
document.addEventListener("change", (event) => event.target.closest?.("form[data-auto]")?.requestSubmit());
