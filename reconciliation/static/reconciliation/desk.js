/* The desk: landmarks that the admin leaves out, a cursor of rows, letters that open dialogs, dialogs that behave.
   No letter acts by itself: it opens a dialog, and Ctrl+Enter sends it. */
const LETTERS_OFF = "desk.letters.off";
const lettersOn = () => localStorage.getItem(LETTERS_OFF) === null;
const typing = () => document.activeElement.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button])");

document.addEventListener("DOMContentLoaded", () => {
  const content = document.getElementById("content");
  content?.setAttribute("role", "main");
  content?.setAttribute("tabindex", "-1"); // so that the link past the sidebar moves the focus
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing() || dialogs.open() || !lettersOn()) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key.length === 1) {
      const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (button) { event.preventDefault(); button.click(); }
    }
  });
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
  }
  const menus = () => [...document.querySelectorAll("details.more[open]")];
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || dialogs.open()) return;
    for (const menu of menus()) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });
  const letters = document.getElementById("desk-letters");
  if (letters) {
    letters.checked = lettersOn();
    letters.addEventListener("change", () =>
      letters.checked ? localStorage.removeItem(LETTERS_OFF) : localStorage.setItem(LETTERS_OFF, "1"));
  }
});

/* Whoever waits longer than a moment sees that something happens. */
const busy = { timer: 0, on(event) { if (event.target.closest?.("#dialog form, [data-dialog]")) busy.timer = setTimeout(() => document.documentElement.classList.add("busy"), 300); },
  off() { clearTimeout(busy.timer); document.documentElement.classList.remove("busy"); } };
document.addEventListener("htmx:beforeSend", busy.on);
document.addEventListener("htmx:afterRequest", busy.off);

/* Unfold's dialogs, mended once: a role and a name, the first field in focus, Tab stays inside, Ctrl+Enter sends once,
   a click beside them loses nothing, and the focus goes back to where it came from. */
const dialogs = {
  opener: null,
  box: () => document.getElementById("modal-content"),
  open: () => Boolean(dialogs.box()?.querySelector("#dialog") && dialogs.box().offsetParent),
  fields: () => [...dialogs.box().querySelectorAll("select, textarea, input:not([type=hidden]), button:not(.dialog-close), a[href]")]
    .filter((element) => element.offsetParent && !element.disabled),
  settle() {
    const box = dialogs.box();
    if (!box?.querySelector("#dialog")) return;
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-modal", "true");
    box.setAttribute("aria-label", box.querySelector("h1")?.textContent.trim() ?? "");
    const fields = [...box.querySelectorAll("select, textarea, input:not([type=hidden])")];
    const wanted = fields.find((field) => field.closest(".errors")) ?? fields.find((field) => !field.value)
      ?? fields[0] ?? box.querySelector("[type=submit]") ?? box.querySelector(".dialog-foot button");
    setTimeout(() => wanted?.focus(), 60);
  },
  closed() {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (!dialogs.open() && dialogs.opener) { dialogs.opener.focus(); dialogs.opener = null; }
    }));
  },
};
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.("[data-dialog]")) {
    dialogs.opener = event.target.closest("details")?.querySelector("summary") ?? event.target;
    event.target.closest("details")?.removeAttribute("open");
  }
  const form = event.target.closest?.("#dialog form");
  if (form?.dataset.sending) event.preventDefault();
  else if (form) form.dataset.sending = "1";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("#dialog form");
  if (form && !event.detail.xhr?.getResponseHeader("HX-Refresh")) delete form.dataset.sending;
});
document.addEventListener("htmx:afterSettle", () => dialogs.settle());
addEventListener("click", (event) => {
  if (!dialogs.open()) return;
  if (!dialogs.box().contains(event.target)) { event.stopPropagation(); event.preventDefault(); return; }
  if (event.target.closest("a[href='#']")) event.preventDefault();
  dialogs.closed();
}, true);
addEventListener("keydown", (event) => {
  if (!dialogs.open()) return;
  if (event.key === "Escape") dialogs.closed();
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (dialogs.box().querySelector("[type=submit]")) dialogs.box().querySelector("form").requestSubmit();
  } else if (event.key === "Tab") {
    const fields = dialogs.fields();
    const edge = event.shiftKey ? fields[0] : fields.at(-1);
    if (!dialogs.box().contains(document.activeElement) || document.activeElement === edge) {
      event.preventDefault();
      (event.shiftKey ? fields.at(-1) : fields[0])?.focus();
    }
  }
}, true);
