/* A cursor over the cards: the keys of the card it is on open that card's dialogs. */
const AT = "desk.approvals.at";
document.addEventListener("DOMContentLoaded", () => {
  const cards = [...document.querySelectorAll(".approval")];
  let at = -1;
  const go = (to, scroll) => {
    if (!cards.length) return;
    for (const button of document.querySelectorAll("[data-approval]")) button.removeAttribute("data-key");
    cards[at]?.classList.remove("cursor");
    at = Math.max(0, Math.min(cards.length - 1, to));
    cards[at].classList.add("cursor");
    for (const button of cards[at].querySelectorAll("[data-approval]")) button.dataset.key = button.dataset.approval;
    if (scroll) cards[at].scrollIntoView({ block: "nearest" });
  };
  // After a step the next card has moved up to where the one stood that is gone.
  const kept = Number(sessionStorage.getItem(AT) ?? 0);
  const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
  go(again ? kept : 0, again && kept > 0);
  addEventListener("pagehide", () => sessionStorage.setItem(AT, String(Math.max(0, at))));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing() || dialogs.open() || !lettersOn()) return;
    if (event.key === "j") go(at + 1, true);
    else if (event.key === "k") go(at - 1, true);
  });
});
