// A button with data-fill='{"field-id": "value", …}' fills those fields, as somebody typing would.
export const fill = () =>
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-fill]");
    if (!button) return;
    const fields = Object.entries(JSON.parse(button.dataset.fill)).map(([id, value]) => [document.getElementById(id), value]);
    for (const [field, value] of fields) if (field) (field.value = value), field.dispatchEvent(new Event("input", { bubbles: true }));
    fields[0]?.[0]?.form?.querySelector("[type=submit]")?.focus();
  });
