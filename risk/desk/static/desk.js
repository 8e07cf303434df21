// Keys, and filters that need no button. Without this file everything can be read and done.
(() => {
  "use strict";
  document.documentElement.classList.add("scripted");
  const find = (selector) => document.querySelector(selector);
  const dialog = find("#keys");

  // On a phone the people come first.
  if (matchMedia("(max-width: 40rem)").matches && find("[data-fold]")) find("[data-fold]").open = false;

  const button = find("[data-keys]");
  if (button && dialog) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });

  // The neighbour of the subscriber that has the focus; from nowhere, the first.
  const step = (by) => {
    const people = [...document.querySelectorAll("[data-person]")];
    const now = people.indexOf(document.activeElement);
    const next = people[now < 0 ? 0 : Math.min(Math.max(now + by, 0), people.length - 1)];
    if (!next) return;
    next.focus();
    next.closest("li").scrollIntoView({ block: "nearest" });
  };

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => find("#find") ? find("#find").focus() : location.assign(find(".brand").href),
    u: () => find("[data-back]") && find("[data-back]").click(),
    n: () => find("#note") && find("#note").focus(),
    "?": () => dialog && dialog.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.key === "Escape" && typing && !typing.matches("dialog")) typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  // After a part of the page was replaced, whoever uses keys stands where it happened.
  let more = 0;
  document.addEventListener("htmx:before:request", (event) => {
    more = event.target.closest("#more") ? document.querySelectorAll("[data-person]").length : 0;
  });
  document.addEventListener("htmx:after:swap", () => {
    const people = document.querySelectorAll("[data-person]");
    if (more && people[more]) people[more].focus();
    else if (document.activeElement === document.body && find("#done")) find("#done").focus();
    more = 0;
  });
})();
