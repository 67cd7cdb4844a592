/* The bulk bar: how much is ticked, each currency for itself; the whole filter only where there is more than a page. */
document.addEventListener("DOMContentLoaded", () => {
  const facts = document.getElementById("bulk-facts");
  const sums = document.querySelector(".bulk-sums");
  if (!facts || !sums) return;
  const rows = new Map(JSON.parse(facts.textContent).map(([id, minor, currency, decimals]) => [id, { minor, currency, decimals }]));
  // With ticked rows the key of a step means them, not the row under the cursor.
  for (const button of document.querySelectorAll(".bulk-bar [name=action]")) {
    const step = document.querySelector(`#row-steps [data-name="${CSS.escape(button.value.replace("bulk_", ""))}"]`);
    if (step) {
      button.dataset.bulkKey = step.dataset.rowKey;
      button.append(" ", Object.assign(document.createElement("kbd"), { textContent: step.dataset.rowKey.toUpperCase() }));
    }
  }
  const across = document.querySelector(".bulk-bar .select-across");
  const tell = () => {
    if (across.value === "1") { sums.textContent = ""; return; }
    const found = new Map();
    for (const box of document.querySelectorAll("#result_list input.action-select:checked")) {
      const row = rows.get(box.value);
      if (!row || row.minor === null) continue;
      const have = found.get(row.currency) ?? { minor: 0n, decimals: row.decimals };
      have.minor += BigInt(row.minor);
      found.set(row.currency, have);
    }
    sums.textContent = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, sum]) => written(sum, currency)).join(" · ");
  };
  const written = ({ minor, decimals }, currency) => {
    const size = minor < 0n ? -minor : minor;
    const unit = 10n ** BigInt(decimals);
    const language = document.documentElement.lang || "en";
    const whole = new Intl.NumberFormat(language).format(size / unit);
    const point = new Intl.NumberFormat(language).formatToParts(0.5).find((part) => part.type === "decimal").value;
    const rest = decimals ? point + String(size % unit).padStart(decimals, "0") : "";
    return `${minor < 0n ? "−" : minor > 0n ? "+" : ""}${whole}${rest} ${currency}`;
  };
  for (const name of ["change", "click"]) document.addEventListener(name, () => setTimeout(tell), true);
  tell();
});
/* The page of a bulk action: the first thing to fill in has the focus, Ctrl+Enter sends, and rows once sent are not ticked any more. */
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector(".bulk-confirm");
  if (!form) return;
  (form.querySelector("select, textarea, input:not([type=hidden])") ?? form.querySelector(".button-primary"))?.focus();
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.querySelector(".button-primary")?.click(); }
  });
  form.addEventListener("submit", (event) => {
    const kept = place.read();
    if (kept && event.submitter?.matches(".button-primary")) place.write({ ...kept, ticks: [] });
  });
});
