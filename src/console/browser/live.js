/**
 * All that runs in the browser. Every page works without it. Its text is served as it stands here, so it uses nothing from outside. While
 * somebody looks at a page with `<main data-live>`, the page is asked for every 2 s, and what differs is taken over. `if-none-match`
 * keeps a poll from counting as use of the session.
 * @param {(ms: number) => string} ageOf
 * @param {Pick<typeof import("idiomorph").Idiomorph, "morph">} Idiomorph
 */
export function live(ageOf, Idiomorph) {
  const [page, typed] = [{ accept: "text/html" }, "input:not([type=hidden])"];
  /** Never updated: an open question, a form in use, typed text, a used copy button, a refusal. */
  const kept = `details[data-asks][open], form:has(:is(${typed}, select):focus), ${typed}, [data-copy], #answer:has(.notice)`;
  const inUse = "tr:is(:hover, :focus-within)";
  const { now, zone = "UTC" } = document.documentElement.dataset;
  /** Lead of this clock over the server's. */
  const clockAheadMs = Date.now() - Number(now);
  let [updatedAt, etag, isPolling] = [Date.now(), '""', false];

  const showState = (/** @type {string} */ text, is = "away") => {
    const status = document.getElementById("link");
    if (!status || status.textContent === text) return;
    status.dataset.is = is;
    status.textContent = text;
  };

  const isLive = () => document.querySelector("main[data-live]") !== null;
  /** A page stops to be live when its conference has ended. */
  const showLive = () => showState(isLive() ? "Live" : "", "live");

  async function poll() {
    if (isPolling || document.hidden || !isLive()) return;
    isPolling = true;
    await renew(location.href, etag).catch(() => {
      const at = new Date(updatedAt - clockAheadMs);
      const since = at.toLocaleTimeString("en-GB", { timeZone: zone, timeStyle: "short" });
      showState(`Not updated since ${since} – retrying`);
    });
    isPolling = false;
  }

  const renew = async (/** @type {string} */ href, /** @type {string} */ known) => {
    const headers = { ...page, "if-none-match": known };
    const response = await fetch(href, { headers, signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    if (response.status >= 500 || response.status === 429) throw new Error("try again");
    // A form has shown a newer page meanwhile.
    if (location.href !== href || etag !== known) return;
    if (response.status !== 304) {
      // The page is gone, or the session has expired.
      if (!response.ok || isSignIn(response)) return location.reload();
      etag = response.headers.get("etag") ?? etag;
      show(text);
    }
    updatedAt = Date.now();
    showLive();
  };

  const isSignIn = (/** @type {Response} */ { url }) => new URL(url).pathname === "/console/sign-in";
  const parsed = (/** @type {string} */ text) => new DOMParser().parseFromString(text, "text/html");

  const show = (/** @type {string} */ text) => {
    const beforeNodeMorphed = (/** @type {Node} */ node) => !(node instanceof Element && node.matches(kept));
    // Keep what the user opened or selected.
    const beforeAttributeUpdated = (/** @type {string} */ name) => name !== "open" && name !== "selected";
    // A removed row stays under the pointer or focus, so that the next row cannot take its place.
    const beforeNodeRemoved = (/** @type {Node} */ node) => {
      if (!(node instanceof Element) || !(node.matches(inUse) || node.querySelector(inUse))) return true;
      node.classList.add("gone");
      return false;
    };
    const held =
      [...document.querySelectorAll("main [id]:hover")].at(-1) ?? document.activeElement?.closest("main [id]");
    const top = held?.getBoundingClientRect().top ?? 0;
    const main = /** @type {HTMLElement} */ (document.querySelector("main"));
    const callbacks = { beforeNodeMorphed, beforeAttributeUpdated, beforeNodeRemoved };
    Idiomorph.morph(main, parsed(text).querySelector("main"), { callbacks });
    showAges();
    const isHeld = held?.isConnected && keepAt(top, held, main);
    // The next poll shows held changes.
    if (isHeld || document.querySelectorAll(".gone").length > 0) etag = '""';
  };

  /** Returns true if the end of the page stopped scrolling. */
  const keepAt = (/** @type {number} */ top, /** @type {Element} */ held, /** @type {HTMLElement} */ main) => {
    const movedPx = () => Math.round(held.getBoundingClientRect().top - top);
    scrollBy(0, movedPx());
    const restPx = movedPx();
    main.style.margin = `${Math.max(0, -restPx)}px 0 ${Math.max(0, restPx)}px`;
    scrollBy(0, movedPx());
    return restPx !== 0;
  };

  function showAges() {
    for (const time of document.querySelectorAll("time[data-age]")) {
      time.textContent = ageOf(Date.now() - clockAheadMs - Date.parse(time.getAttribute("datetime") ?? ""));
    }
  }

  const close = (/** @type {Element | null} */ asking) => {
    asking?.removeAttribute("open");
    asking?.querySelector("summary")?.focus();
  };

  // Forms with `data-stay` are sent without leaving the page.
  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-stay")) return;
    event.preventDefault();
    const body = new URLSearchParams(/** @type {never} */ (new FormData(form, submitter)));
    const response = await fetch(form.action, { method: "POST", body, headers: page }).catch(() => null);
    if (!response) return showState("Not sent: no connection. Try again.");
    if (isSignIn(response)) return location.reload();
    const text = await response.text();
    const answer = document.getElementById("answer");
    if (!response.ok) {
      const refusal = parsed(text).getElementById("answer");
      if (!answer || !refusal) return document.body.replaceWith(parsed(text).body);
      answer.replaceChildren(...refusal.childNodes);
      return answer.scrollIntoView({ block: "nearest" });
    }
    answer?.replaceChildren();
    form.reset();
    close(form.closest("details[data-asks]"));
    // A reload must not send the form again, and the address must match the page.
    history.replaceState(null, "", response.url);
    etag = '"form"';
    show(text);
  });

  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    // At the second click of a double click, the button may already mean the opposite.
    if (event.detail > 1 && target.closest("form[data-stay] button")) event.preventDefault();
    // An opening question gets the focus.
    const asking = target.closest("details[data-asks]:not([open]) > summary")?.parentElement;
    if (asking) {
      event.preventDefault();
      asking.setAttribute("open", "");
      /** @type {HTMLElement | null} */ (asking.querySelector(`[tabindex='-1'], ${typed}, select`))?.focus();
    }
    const button = target.closest("[data-copy]");
    const copied = document.getElementById(button?.getAttribute("data-copy") ?? "");
    if (!button || !copied) return;
    copied.closest("details")?.setAttribute("open", "");
    getSelection()?.selectAllChildren(copied);
    // The newer interface needs HTTPS.
    button.textContent = document.execCommand("copy") ? "Copied" : "Copy what is selected";
  });

  document.addEventListener("keydown", (event) => {
    const { key } = event;
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const asking = target.closest("details[data-asks][open]");
    const search = target.matches("input, select") ? null : document.querySelector("[type=search]");
    if (key === "Escape" && asking) close(asking);
    else if (key === "/" && !asking && search instanceof HTMLInputElement) search.select();
    else return;
    event.preventDefault();
  });

  for (const button of document.querySelectorAll("[data-copy]")) button.removeAttribute("hidden");
  showLive();
  document.addEventListener("visibilitychange", poll);
  setInterval(poll, 2_000);
  setInterval(showAges, 1_000);
}
