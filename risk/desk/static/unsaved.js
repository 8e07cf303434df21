// What was typed is kept until it is saved, and an answer that does not come is said where it was
// asked for. Without this file the page of the answer says it.
(() => {
  "use strict";
  const PREFIX = "perdura-note:";
  const DOUBLE_CLICK_MS = 700;
  const find = (selector, within = document) => within.querySelector(selector);

  // Storage may be switched off: then notes live as long as the page.
  const storage = (use) => {
    try { return use(sessionStorage); } catch { return null; }
  };
  const draft = (note) => PREFIX + note.dataset.draft;
  const remember = (note) => storage((kept) =>
    note.value ? kept.setItem(draft(note), note.value) : kept.removeItem(draft(note)));
  const forgetAll = () => storage((kept) =>
    Object.keys(kept).filter((key) => key.startsWith(PREFIX)).forEach((key) => kept.removeItem(key)));

  // A page that says the note is logged leaves no draft of it.
  const forgetSaved = (page) => {
    const note = find("[data-draft]", page);
    if (note && !note.value && find("#done[data-saved]", page)) storage((kept) => kept.removeItem(draft(note)));
  };

  const restore = () => {
    const note = find("[data-draft]");
    if (!note) return;
    forgetSaved(document);
    const text = note.value || storage((kept) => kept.getItem(draft(note)));
    if (!text || note.value === text) return;
    note.value = text;
    find("[data-restored]").hidden = false;
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-draft]")) remember(event.target);
  });

  // The second click of two meets the form that the first one's answer brought.
  let logged = -Infinity;
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".log") && performance.now() - logged < DOUBLE_CLICK_MS) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    if (event.target.matches("[data-sign-out]")) forgetAll();
  }, true);

  const placeOf = (source) => source.closest("li") || source.closest("form");
  const whyOf = (response) => {
    const named = response.headers.get("Perdura-Problem");
    if (named && find(`template[data-why="${CSS.escape(named)}"]`)) return named;
    const signIn = response.raw.redirected && new URL(response.raw.url).pathname.endsWith("/sign-in");
    if (signIn) return "session_ended";
    return { 413: "too_large", 429: "too_many", 503: "unavailable" }[response.status] || "other";
  };
  const copy = (selector) => find(selector).content.cloneNode(true);

  const complain = (source, why, status) => {
    const place = placeOf(source);
    if (!place) return;
    const said = document.createElement("p");
    said.className = "warning";
    said.setAttribute("role", "alert");
    said.dataset.problem = "";
    const saving = source.matches("form[method=post]");
    said.append(copy(saving ? "#not-saved" : "#not-loaded"), " ", copy(`template[data-why="${why}"]`));
    if (saving && why === "no_connection") said.append(" ", copy("#not-twice"));
    const note = find("[data-draft]", place);
    if (note && note.value) said.append(" ", copy("#note-stays"));
    const link = find("[data-sign-in]", said);
    if (link) link.search = new URLSearchParams({ to: location.pathname + location.search });
    if (find("[data-status]", said)) find("[data-status]", said).textContent = status;
    place.append(said);
  };

  document.addEventListener("htmx:before:request", (event) => {
    const place = placeOf(event.target);
    if (place) place.querySelectorAll("[data-problem]").forEach((old) => old.remove());
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, select, text, response } = event.detail.ctx;
    const answer = new DOMParser().parseFromString(text, "text/html");
    if (find(select, answer)) {
      forgetSaved(answer); // before the answer is shown: who reads "logged" may leave at once
      if (find("#done[data-saved]", answer)) logged = performance.now();
      return;
    }
    event.preventDefault();
    complain(sourceElement, whyOf(response), response.status);
  });
  document.addEventListener("htmx:error", (event) => {
    const ctx = event.detail.ctx;
    if (ctx && ctx.text === undefined) complain(ctx.sourceElement, "no_connection");
  });
  document.addEventListener("htmx:after:swap", restore);
  restore();
})();
