/* Lists: a cursor, keys for the row under it, a glance at it; and the place (filter, scroll, ticks, cursor) that a step,
   a page or a way back does not lose. What is kept stays in this browser tab. */
const PLACE = "desk.place";
const ROOMY = "desk.rows.roomy";
const FROM_END = "desk.from.end";
const place = {
  read: () => JSON.parse(sessionStorage.getItem(PLACE) ?? "null"),
  write: (value) => sessionStorage.setItem(PLACE, JSON.stringify(value)),
};
const idOf = (row) => row?.querySelector("th a, td a")?.getAttribute("href").match(/\/(\d+)\/change\//)?.[1];
const showRoomy = () => document.documentElement.classList.toggle("roomy", localStorage.getItem(ROOMY) !== null);
showRoomy();

/* The glance at a row goes along with the cursor once it is open. */
const glance = {
  of: (row) => Alpine.$data(row.closest("tbody")),
  open: (row) => document.getElementById("result_list").querySelector(".peek") !== null && glance.of(row).rowOpen === true,
  turn(row, open) {
    glance.of(row).rowOpen = open;
    if (open) setTimeout(() => row.closest("tbody").scrollIntoView({ block: "nearest" }), 250);
  },
};

const list = {
  rows: [],
  at: 0,
  acting: null,
  acted: null,
  ids: () => list.rows.map(idOf),
  go(to) {
    if (!list.rows.length) return;
    const before = document.querySelector("#result_list tr.cursor");
    before?.classList.remove("cursor");
    before?.removeAttribute("aria-current");
    list.at = Math.max(0, Math.min(list.rows.length - 1, to));
    const row = list.rows[list.at];
    row.classList.add("cursor");
    row.setAttribute("aria-current", "true");
    if (before && before !== row && glance.open(before)) { glance.turn(before, false); glance.turn(row, true); }
    row.closest("tbody").scrollIntoView({ block: "nearest" });
  },
  /* Past the last row comes the next page, past the first one the page before, from its end. */
  walk(by) {
    const to = list.at + by;
    const further = document.querySelector(`.desk-pages [rel=${by > 0 ? "next" : "prev"}]`);
    if ((to >= 0 && to < list.rows.length) || !further) { list.go(to); return; }
    if (by < 0) sessionStorage.setItem(FROM_END, "1");
    further.click();
  },
  boxes: () => [...document.querySelectorAll("#result_list input.action-select")],
  keep() {
    if (!document.getElementById("result_list")) return;
    place.write({
      url: location.href, ids: list.ids(), at: idOf(list.rows[list.at]), acted: list.acted, scroll: scrollY,
      ticks: list.boxes().filter((box) => box.checked).map((box) => box.value),
      previous: document.querySelector(".desk-pages [rel=prev]")?.href, next: document.querySelector(".desk-pages [rel=next]")?.href,
    });
  },
  /* After a step the cursor stands on the next row that is still there; else where it was. */
  back(kept) {
    const ids = list.ids();
    const following = kept.acted ? kept.ids.slice(kept.ids.indexOf(kept.acted) + 1).find((id) => ids.includes(id)) : kept.at;
    for (const box of list.boxes()) {
      if (kept.ticks.includes(box.value) && !box.checked) box.click();
    }
    const found = ids.indexOf(following);
    scrollTo(0, kept.scroll);
    list.go(found >= 0 ? found : kept.acted ? kept.ids.indexOf(kept.acted) : 0);
  },
  step(button) {
    const id = idOf(list.rows[list.at]);
    if (!id) return;
    list.acting = id;
    const target = document.getElementById("modal-content");
    htmx.ajax("GET", button.dataset.url.replace("/0/", `/${id}/`), { source: button, target, select: "#dialog" }).catch(() => {});
  },
};

/* Space and Enter belong to whatever has the focus. */
const focused = () => document.activeElement !== document.body && document.activeElement.matches("a, button, summary, input");
const LIST_KEYS = {
  j: () => list.walk(1),
  k: () => list.walk(-1),
  x: () => list.rows[list.at].querySelector("input.action-select")?.click(),
  enter: () => { if (!focused()) list.rows[list.at].querySelector("th a, td a")?.click(); else return false; },
  " ": () => {
    const row = list.rows[list.at];
    if (focused() || !row.closest("tbody").querySelector(".peek")) return false;
    glance.turn(row, !glance.open(row));
  },
};

document.addEventListener("DOMContentLoaded", () => {
  list.rows = [...document.querySelectorAll("#result_list tr.data-row")];
  if (list.rows.length) {
    const kept = place.read();
    const way = performance.getEntriesByType("navigation")[0]?.type;
    const came = way === "reload" || way === "back_forward" || /\/\d+\/change\/|\/login\//.test(document.referrer);
    const fromEnd = sessionStorage.getItem(FROM_END) !== null;
    sessionStorage.removeItem(FROM_END);
    list.go(fromEnd ? list.rows.length - 1 : 0);
    if (!fromEnd) scrollTo(0, 0);
    if (kept?.url === location.href && came) setTimeout(() => list.back(kept), 0);
    addEventListener("pagehide", list.keep);
  }
  page();
  const roomy = document.getElementById("desk-roomy");
  if (roomy) {
    roomy.checked = localStorage.getItem(ROOMY) !== null;
    roomy.addEventListener("change", () => {
      if (roomy.checked) localStorage.setItem(ROOMY, "1"); else localStorage.removeItem(ROOMY);
      showRoomy();
    });
  }
});
document.addEventListener("change", (event) => { if (event.target.matches("[data-submits]")) event.target.form.requestSubmit(); });
addEventListener("pageshow", (event) => { if (event.persisted) list.acted = null; });

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing() || dialogs.open() || !list.rows.length) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (!lettersOn() && key.length === 1 && key !== " ") return;
  const act = LIST_KEYS[key];
  if (act) {
    if (act() !== false) event.preventDefault();
    return;
  }
  const button = document.querySelector(`[data-row-key="${CSS.escape(key)}"], [data-bulk-key="${CSS.escape(key)}"]`);
  const many = document.querySelector(`.bulk-bar [data-bulk-key="${key === "m" ? "i" : CSS.escape(key)}"]`);
  const ticked = list.boxes().some((box) => box.checked);
  if (!button) return;
  event.preventDefault();
  if (ticked && many) many.click();
  else if (button.dataset.rowKey) list.step(button);
});

/* The page of one row: on to the next and the previous one of the list it was opened from, and back to the place. */
const page = () => {
  const own = location.pathname.match(/\/(\d+)\/change\//)?.[1];
  const kept = place.read();
  for (const link of document.querySelectorAll("[data-back]")) if (kept && new URL(kept.url).pathname === link.pathname) link.href = kept.url;
  const at = kept?.ids.indexOf(own) ?? -1;
  const lists = location.pathname.replace(/\d+\/change\/$/, "");
  if (!own || at < 0 || new URL(kept.url).pathname !== lists) return;
  place.write({ ...kept, at: own, acted: null });
  for (const link of document.querySelectorAll("[data-turn]")) {
    const id = kept.ids[at + Number(link.dataset.turn)];
    const further = Number(link.dataset.turn) > 0 ? kept.next : kept.previous;
    if (id || further) {
      link.href = id ? location.pathname.replace(`/${own}/`, `/${id}/`) : further;
      link.hidden = false;
    }
  }
};
