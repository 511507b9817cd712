// Lengths that come from data: a content security policy without style attributes leaves this one way to set them.
const PROPS = { v: "--v", flex: "--f", col: "--col", row: "--row", months: "--months", cols: "--cols" };

export const bars = (root) => {
  for (const [name, property] of Object.entries(PROPS))
    for (const element of root.querySelectorAll(`[data-${name}]`))
      element.style.setProperty(property, element.dataset[name]);
};
