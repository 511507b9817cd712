// Fields that help while typing: identifiers in groups, a code of six digits in six boxes. The server accepts them with
// or without spaces and full width, so nothing here is needed for a correct submission.
const GROUPS = { uscc: [2, 6, 10], account: [4, 4, 4, 4, 4, 4, 4, 4], id: [6, 8, 4], code: [4, 4, 4] };
const half = (text) => text.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\u3000/g, " ");

const grouped = (text, sizes) => {
  const plain = half(text).replace(/[\s-]/g, "");
  const parts = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= plain.length) break;
    parts.push(plain.slice(at, at + size));
    at += size;
  }
  return parts.concat(plain.slice(at) || []).join(" ");
};

export const fields = (root) => {
  for (const input of root.querySelectorAll("input[data-group]")) {
    const sizes = GROUPS[input.dataset.group];
    if (!sizes) continue;
    const tidy = () => {
      const end = input.selectionEnd === input.value.length;
      const before = input.value.slice(0, input.selectionEnd ?? 0).replace(/[\s-]/g, "").length;
      input.value = grouped(input.value, sizes);
      if (end) return;
      let [seen, at] = [0, 0];
      while (seen < before && at < input.value.length) if (input.value[at++] !== " ") seen += 1;
      input.setSelectionRange(at, at);
    };
    input.addEventListener("input", (event) => event.isComposing || tidy());
    tidy();
  }
  for (const code of root.querySelectorAll(".xq-code")) {
    const boxes = [...code.querySelectorAll("input")];
    boxes.forEach((box, k) => {
      box.addEventListener("input", () => {
        const digits = half(box.value).replace(/\D/g, "");
        [...(digits || [""])].slice(0, boxes.length - k).forEach((digit, n) => (boxes[k + n].value = digit));
        if (digits) boxes[Math.min(k + digits.length, boxes.length - 1)].focus();
      });
      box.addEventListener("keydown", (event) => event.key === "Backspace" && !box.value && boxes[k - 1]?.focus());
    });
  }
};
