/**
 * All that runs in the browser: it keeps a page up to date, and lets people work by keys. Every page works without it. Its text is
 * served as it stands here, so it uses nothing from outside.
 *
 * A page with `<main data-live="ADDRESS">` opens a WebSocket there, by which it hears that something has changed. It then asks for its own
 * address again, and takes over what differs in each element with `data-part` and an id.
 *
 * @param {(ms: number) => string} ageOf
 */
export function live(ageOf) {
  const REFRESH_EVERY_MS = 250;
  const PING_EVERY_MS = 5_000;
  const AGES_EVERY_MS = 1_000;
  const LONGEST_PAUSE_MS = 30_000;
  const AGAIN_MS = 3_000;
  /** The server's sign that the socket has lived long enough, and may be made anew. */
  const TIME_IS_UP = 4000;
  /** The server's sign that newer pages of the person have its place. A new socket would take it from one of them. */
  const TOO_MANY_VIEWS = 4001;
  /** How far the clock here is from the server's. */
  const clockAheadMs = Date.now() - Number(document.documentElement.dataset.now);
  const { live: address, every } = document.querySelector("main")?.dataset ?? {};
  const status = document.getElementById("link");

  /**
   * @param {"live" | "away"} is
   * @param {string} text
   */
  function say(is, text) {
    if (!status || status.textContent === text) return;
    status.dataset.is = is;
    status.textContent = text;
  }

  /** @param {Date} at */
  function clock(at) {
    return at.toLocaleTimeString("en-GB", { timeZone: document.documentElement.dataset.zone ?? "UTC" });
  }

  // What has changed.

  /** When the last look was over, by a clock that nobody sets: a server that is slow gets the pause, too. */
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let isRefreshing = false;
  let isStale = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let refreshTimer;

  /** Soon, and not too often; where nobody looks, when somebody looks again. */
  function refresh() {
    isStale = true;
    if (isRefreshing || document.hidden || refreshTimer !== undefined) return;
    refreshTimer = setTimeout(refreshNow, Math.max(0, refreshedAt + REFRESH_EVERY_MS - performance.now()));
  }

  async function refreshNow() {
    refreshTimer = undefined;
    isRefreshing = true;
    isStale = false;
    const { href } = location;
    try {
      const response = await fetch(href, {
        headers: { accept: "text/html" },
        signal: AbortSignal.timeout(LONGEST_PAUSE_MS),
      });
      // A form may have led to another page meanwhile.
      if (location.href === href) await renew(response);
    } catch {
      // Where the socket is lost too, it says when the server is there again.
      if (isConnected) setTimeout(refresh, AGAIN_MS);
    }
    refreshedAt = performance.now();
    isRefreshing = false;
    if (isStale) refresh();
  }

  /** @param {Response} response */
  async function renew(response) {
    if (response.ok && !isSignIn(response)) {
      await show(response);
      if (isConnected) say("live", "live");
      return;
    }
    // What is so for good is a page of its own: the page is gone, or the session is over.
    if (response.status < 500 && response.status !== 429) return location.reload();
    say("away", `not renewed since ${clock(new Date(Date.now() - clockAheadMs))}; it is tried again`);
    setTimeout(refresh, AGAIN_MS);
  }

  /** @param {Response} response */
  function isSignIn(response) {
    return new URL(response.url).pathname === "/console/sign-in";
  }

  /**
   * Takes over what differs in a newer answer of this page.
   *
   * @param {Response} response
   */
  async function show(response) {
    if (!(response.headers.get("content-type") ?? "").startsWith("text/html")) return;
    const text = await response.text();
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const newer = page.getElementById(part.id);
      if (newer) morph(part, newer);
    }
    showAges();
  }

  /**
   * Makes an element like another one, and leaves alone what is alike: so focus, selection and what was opened stay. Children are found
   * again by their ids.
   *
   * @param {Element} here
   * @param {Element} wanted
   */
  function morph(here, wanted) {
    if (here.isEqualNode(wanted)) return;
    for (const { name } of [...here.attributes]) {
      if (!wanted.hasAttribute(name) && !isOpening(here, name)) here.removeAttribute(name);
    }
    for (const { name, value } of wanted.attributes) {
      if (here.getAttribute(name) !== value && !isOpening(here, name)) here.setAttribute(name, value);
    }
    const ids = new Set([...wanted.children].map(({ id }) => id));
    /** @type {Map<string, Element>} */
    const known = new Map();
    for (const child of [...here.children]) {
      if (child.id === "") continue;
      if (ids.has(child.id)) known.set(child.id, child);
      else child.remove();
    }
    let next = here.firstChild;
    for (const child of [...wanted.childNodes]) {
      const same = child instanceof Element && child.id !== "" ? known.get(child.id) : likeness(next, child);
      if (!same) {
        here.insertBefore(document.importNode(child, true), next);
        continue;
      }
      if (same === next) next = next.nextSibling;
      else here.insertBefore(same, next);
      if (same instanceof Element && child instanceof Element) morph(same, child);
      else if (same.nodeValue !== child.nodeValue) same.nodeValue = child.nodeValue;
    }
    while (next) {
      const rest = next.nextSibling;
      next.remove();
      next = rest;
    }
  }

  /**
   * The node here, if it can become the wanted one, which has no id.
   *
   * @param {ChildNode | null} here
   * @param {ChildNode} wanted
   */
  function likeness(here, wanted) {
    if (here?.nodeName !== wanted.nodeName) return undefined;
    return here instanceof Element && here.id !== "" ? undefined : here;
  }

  /**
   * What people open stays open.
   *
   * @param {Element} element
   * @param {string} attribute
   */
  function isOpening(element, attribute) {
    return attribute === "open" && /^(?:details|dialog)$/i.test(element.tagName);
  }

  // The socket.

  let isConnected = false;
  let pauseMs = 1_000;
  /** @type {number | null} */
  let lostAt = null;

  /** @param {string} to */
  function connect(to) {
    const url = new URL(to, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    let wasOpen = false;
    let isHeard = true;
    let heardAt = Date.now();
    const pings = setInterval(() => {
      if (!isHeard) {
        // Of a server that hangs, or a link that is dead, no close comes.
        lostAt ??= heardAt;
        return ended(0);
      }
      isHeard = false;
      if (wasOpen) socket.send("ping");
    }, PING_EVERY_MS);
    socket.onopen = () => {
      wasOpen = true;
      // Something in between may take the socket while the server hangs.
      socket.send("ping");
    };
    socket.onmessage = ({ data }) => {
      isHeard = true;
      heardAt = Date.now();
      const isFirst = !isConnected;
      isConnected = true;
      pauseMs = 1_000;
      lostAt = null;
      if (isFirst) say("live", "live");
      // Of a page that is looked at anew: what happened meanwhile.
      if (isFirst || data !== "pong") refresh();
    };
    socket.onclose = ({ code }) => ended(code);

    /** @param {number} code */
    function ended(code) {
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      clearInterval(pings);
      isConnected = false;
      if (code === TIME_IS_UP) return connect(to);
      if (code === TOO_MANY_VIEWS)
        return say("away", "not renewed: too many pages are open under this name. Reload it to go on here");
      lostAt ??= Date.now();
      say("away", `connecting again since ${clock(new Date(lostAt - clockAheadMs))}`);
      // Where a session is over, no socket is had, and the page leads to the sign-in.
      if (!wasOpen) refresh();
      setTimeout(() => connect(to), pauseMs * (0.5 + Math.random() / 2));
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isStale) refresh();
  });

  // How long things have lasted.

  function showAges() {
    for (const time of document.querySelectorAll("time[data-age]")) {
      const since = Date.parse(time.getAttribute("datetime") ?? "");
      const text = ageOf(Date.now() - clockAheadMs - since);
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // Forms that stay on their page.

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-stay") || event.defaultPrevented) return;
    event.preventDefault();
    const button = submitter instanceof HTMLButtonElement ? submitter : null;
    const body = new URLSearchParams(/** @type {never} */ (new FormData(form, button)));
    const headers = { accept: "text/html" };
    const response = await fetch(form.action, { method: "POST", body, headers }).catch(() => null);
    if (!response) return say("away", "not sent: there is no connection. Try it again");
    if (isSignIn(response)) return location.reload();
    // What went wrong is a page of its own.
    if (!response.ok)
      return morph(document.body, new DOMParser().parseFromString(await response.text(), "text/html").body);
    const asked = form.closest("details[data-asks]");
    if (asked instanceof HTMLDetailsElement) {
      asked.open = false;
      asked.querySelector("summary")?.focus();
    }
    // A reload must not ask for it again, and the address shows what is seen.
    history.replaceState(null, "", response.url);
    await show(response);
  });

  // What asks for something: as it opens, the focus goes in, at once, so that the next letter is typed there.

  document.addEventListener("click", (event) => {
    const summary = event.target instanceof Element ? event.target.closest("summary") : null;
    const asking = summary?.parentElement;
    if (!(asking instanceof HTMLDetailsElement) || !asking.hasAttribute("data-asks") || asking.open) return;
    event.preventDefault();
    asking.open = true;
    const first = asking.querySelector("[tabindex='-1'], input:not([type=hidden]), select, textarea");
    if (first instanceof HTMLElement) first.focus();
  });

  // By the second click of a double click the button may ask for the opposite.
  document.addEventListener("click", (event) => {
    const { target, detail } = event;
    if (detail > 1 && target instanceof Element && target.closest("form[data-stay] button")) event.preventDefault();
  });

  // What can be copied: the text of the element that a button with `data-copy` names, which is opened for that.

  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copy]"))) {
    button.hidden = false;
    button.onclick = () => {
      const text = document.getElementById(button.dataset.copy ?? "");
      const holder = text?.closest("details");
      if (!text) return;
      if (holder) holder.open = true;
      getSelection()?.selectAllChildren(text);
      // The newer interface is only there by HTTPS.
      button.textContent = document.execCommand("copy") ? "Copied" : "Copy what is marked";
    };
  }

  // Keys.

  const keys = document.getElementById("keys");
  const switchKeys = document.getElementById("keys-act");
  const storedAs = "bridgehead-keys";
  const keysAct = () => localStorage.getItem(storedAs) !== "off";
  if (switchKeys instanceof HTMLInputElement) {
    switchKeys.checked = keysAct();
    switchKeys.onchange = () => localStorage.setItem(storedAs, switchKeys.checked ? "on" : "off");
  }
  document.getElementById("keys-button")?.addEventListener("click", showKeys);

  function showKeys() {
    if (!(keys instanceof HTMLDialogElement) || keys.open) return;
    const list = keys.querySelector("dl");
    for (const old of keys.querySelectorAll("[data-of-page]")) old.remove();
    /** @type {Map<string, string>} */
    const ofPage = new Map();
    for (const { dataset, textContent } of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("[data-key]")
    )) {
      if (dataset.key) ofPage.set(dataset.key, dataset.says ?? textContent ?? "");
    }
    for (const [key, says] of ofPage) {
      const line = document.createElement("div");
      line.dataset.ofPage = "";
      const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
      term.append(document.createElement("kbd"));
      if (term.firstElementChild) term.firstElementChild.textContent = key;
      meaning.textContent = says;
      line.append(term, meaning);
      list?.append(line);
    }
    keys.showModal();
  }

  /**
   * To the row so many further.
   *
   * @param {number} by
   */
  function moveBy(by) {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
    const target = row?.querySelector("a, button") ?? row;
    if (target instanceof HTMLElement) target.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!(target instanceof Element)) return;
    const asking = target.closest("details[data-asks][open]");
    if (asking instanceof HTMLDetailsElement && key === "Escape") {
      event.preventDefault();
      asking.open = false;
      return asking.querySelector("summary")?.focus();
    }
    // What is typed where something is asked presses nothing.
    if (target.closest("input, textarea, select, dialog, [contenteditable], details[data-asks][open] > :not(summary)"))
      return;
    if (key === "?") {
      event.preventDefault();
      return showKeys();
    }
    if (!keysAct()) return;
    const search = document.querySelector("[type=search]");
    const letter = `[data-key="${CSS.escape(key)}"]`;
    const inRow = target.closest("[data-row]")?.querySelector(letter);
    // Without a row, a letter leads to another page or opens what asks. It never does anything.
    const ofPage = [...document.querySelectorAll(`a${letter}, details[data-asks] > summary${letter}`)].find(
      (one) => !one.closest("[data-row]"),
    );
    const pressed = inRow ?? ofPage;
    // A key that is held down presses once.
    if (pressed instanceof HTMLElement) event.repeat || pressed.click();
    else if (key === "/" && search instanceof HTMLInputElement) search.select();
    else if (key === "j") moveBy(1);
    else if (key === "k") moveBy(-1);
    else return;
    event.preventDefault();
  });

  setInterval(showAges, AGES_EVERY_MS);
  if (every) setInterval(() => document.hidden || refresh(), Number(every));
  if (address) connect(address);
}
