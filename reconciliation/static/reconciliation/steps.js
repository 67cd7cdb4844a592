/* What comes after a dialog. A step taken from a list is shown in its row, without a new page: the filter, the scroll and
   the ticks stay as they are. A step that could not be sent says so inside the dialog and keeps what was typed. */
const words = (name) => document.getElementById("desk-words")?.dataset[name] ?? "";
const closeDialog = () => { Alpine.$data(document.getElementById("modal-content")).openModal = false; };

const failed = {
  say(text, link, into) {
    const notice = Object.assign(document.createElement("p"), { className: "notice notice-error dialog-failed", textContent: `${text} ` });
    notice.setAttribute("role", "alert");
    if (link) notice.append(Object.assign(document.createElement("a"), { href: link, target: "_blank", textContent: words("signIn") }));
    into.querySelector(".dialog-failed")?.remove();
    into.prepend(notice);
    notice.scrollIntoView({ block: "nearest" });
  },
  why(xhr) {
    if (!xhr?.status) return words("noAnswer");
    if (xhr.status < 500) return words("refused");
    return `${words("failed")} ${xhr.getResponseHeader("X-Request-ID") ?? ""}`;
  },
  tell(event) {
    const form = event.target.closest?.("#dialog form");
    if (form) failed.say(failed.why(event.detail.xhr), "", form.querySelector("#dialog-form") ?? form);
    else if (event.target.closest?.("[data-dialog]")) failed.say(failed.why(event.detail.xhr), "", document.getElementById("desk-said"));
  },
};
const signedOut = (xhr) => /\/login\//.test(xhr.responseURL ?? "");

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr } = event.detail;
  const form = event.target.closest?.("#dialog form");
  if (!form && !event.target.closest?.("[data-dialog]")) return;
  if (signedOut(xhr)) {
    event.preventDefault();
    if (form) failed.say(words("signedOut"), words("login"), form.querySelector("#dialog-form") ?? form);
    else location.reload();
  } else if (xhr.status >= 400 && !xhr.getResponseHeader("HX-Redirect")) {
    event.preventDefault();
    failed.tell(event);
  } else if (form && list.acting && xhr.getResponseHeader("HX-Refresh")) {
    event.preventDefault();
    shown(list.acting);
  }
});
document.addEventListener("htmx:sendError", failed.tell);
document.addEventListener("htmx:timeout", failed.tell);
/* Whoever signed in again in another tab has another token than the dialog was made with. */
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (token && event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
});

/* The cursor goes on at once. Meanwhile the list is read once more; of it the row, the numbers above and what was said
   are taken over: nobody waits for that, and nothing that is being typed by then is lost by it. */
const shown = async (id) => {
  closeDialog();
  list.acting = null;
  const acted = list.rows.find((row) => idOf(row) === id);
  if (!acted) { location.reload(); return; }
  list.go(list.rows.indexOf(acted) + 1);
  let fresh;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    if (!dialogs.open()) location.reload();
    return;
  }
  const found = [...fresh.querySelectorAll("#result_list tr.data-row")].find((row) => idOf(row) === id);
  if (!found && list.rows.length === 1) { location.reload(); return; }
  for (const part of [".queue-line", "#desk-said"]) {
    const now = fresh.querySelector(part);
    if (now?.children.length) document.querySelector(part)?.replaceChildren(...now.childNodes);
  }
  for (const tab of fresh.querySelectorAll("[data-queue]")) {
    document.querySelector(`[data-queue="${CSS.escape(tab.dataset.queue)}"] .count`)?.replaceWith(tab.querySelector(".count"));
  }
  for (const link of fresh.querySelectorAll("#nav-sidebar-apps a:has([data-badge])")) {
    document.querySelector(`#nav-sidebar-apps a[href="${CSS.escape(link.getAttribute("href"))}"] [data-badge]`)?.replaceWith(link.querySelector("[data-badge]"));
  }
  if (found) freshen(acted, found); else leave(acted);
};
/* Its box and its arrow stay: they are what the bulk bar and the glance hold on to. */
const freshen = (row, found) => {
  const own = (cell) => !cell.matches(".action-checkbox, .opens");
  const cells = [...found.cells].filter(own);
  [...row.cells].filter(own).forEach((cell, place) => cells[place] && cell.replaceWith(cells[place]));
  const glance = row.closest("tbody").querySelector(".peek");
  const again = found.closest("tbody").querySelector(".peek");
  if (glance && again) { glance.replaceWith(again); htmx.process(again); }
};
const leave = (row) => {
  const at = list.rows.indexOf(row);
  if (at < 0) return;
  const box = row.querySelector("input.action-select");
  if (box?.checked) box.click();
  row.closest("tbody").remove();
  list.rows.splice(at, 1);
  if (at < list.at || list.at >= list.rows.length) list.at -= 1;
  list.go(list.at);
};
