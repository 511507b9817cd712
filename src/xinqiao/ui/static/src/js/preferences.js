// Theme and language: one cookie each, read by the server when it renders. No personal data, one year.
const keep = (name, value) => {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
};

export const preferences = () => {
  document.addEventListener("click", (event) => {
    const theme = event.target.closest?.("[data-theme-switch]");
    if (theme) {
      const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
      document.documentElement.dataset.bsTheme = next;
      keep("xq_theme", next);
      document.dispatchEvent(new CustomEvent("xq:theme"));
    }
    const language = event.target.closest?.("[data-language-switch]");
    if (language) keep("xq_lang", language.dataset.languageSwitch);
    const print = event.target.closest?.("[data-print]");
    if (print) window.print();
  });
};
