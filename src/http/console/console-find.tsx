import { FindPage } from "../../console/domain/find.tsx";
import { NumberPage, PromptCallsPage } from "../../console/domain/number.tsx";
import { pathOf, withQuery } from "../../console/paths.ts";
import type { ConfKey } from "../../foundation/ids.ts";
import { spellingsOf } from "../../foundation/text/spelled.ts";
import { isKnown } from "../api/conferences/conferences.ts";
import { findIn, findPlace, numberIn, promptLinesOf } from "../api/find.ts";
import { promptPlaceOf } from "../api/prompt-calls.ts";
import type { AddPage, PageCall } from "./console.tsx";
import { formOf, typedFor } from "./form.ts";
import { keepTyped } from "./typed.ts";

const PAGE_LINES = 50;
const emptyPage = { conferences: [], lines: [], next: null, people: "full" } as const;

export function addFindPages(add: AddPage): void {
  add("/:domain/find", findPage);
  add("/:domain/find", find, "POST");
  add("/:domain/numbers", numberPage);
  add("/:domain/numbers", look, "POST");
  add("/:domain/prompt-calls", promptCallsPage);
}

/** Goes straight to a conference whose key it is; all else is looked for by the page. */
async function find(call: PageCall): Promise<Response> {
  const { context, domain, edge } = call;
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const text = (form.get("find") ?? "").trim();
  for (const key of spellingsOf(text)) {
    if (key !== "" && (await isKnown(domain, key as ConfKey, edge)))
      return context.redirect(pathOf(domain.name, "conferences", key), 303);
  }
  return shown(call, "find", { find: text });
}

async function look(call: PageCall): Promise<Response> {
  const form = await formOf(call);
  if (form instanceof Response) return form;
  return shown(call, "numbers", { number: (form.get("number") ?? "").trim() });
}

/** The page at this path, which gets what was typed from the browser. */
async function shown(
  call: PageCall,
  page: "find" | "numbers",
  typed: Readonly<Record<string, string>>,
): Promise<Response> {
  const kept = await keepTyped(call, page, typed);
  return call.context.redirect(withQuery(pathOf(call.domain.name, page), kept), 303);
}

async function findPage(call: PageCall) {
  const { context, domain, edge } = call;
  const sought = await typedFor(call, "find");
  if (sought instanceof Response) return sought;
  const text = sought.typed.find ?? "";
  const page = pageIn(call);
  const isForJournals = context.req.query("journals") === "1";
  const found = text === "" ? emptyPage : await findIn(domain, text, { ...page, isForJournals }, edge);
  const around = { ...call.frame(null), live: null, cursor: page.cursor ?? null };
  return <FindPage {...around} {...{ text, kept: sought.kept, ...found }} />;
}

async function numberPage(call: PageCall) {
  const { domain, edge } = call;
  const sought = await typedFor(call, "numbers");
  if (sought instanceof Response) return sought;
  const number = sought.typed.number ?? "";
  const page = pageIn(call);
  const { recordsPersonal: people } = domain.settings;
  const isAsked = number !== "" && people !== "none";
  const found = isAsked ? await numberIn(domain, number, page, edge) : emptyPage;
  const around = { ...call.frame(null), live: null, cursor: page.cursor ?? null };
  return <NumberPage {...around} {...found} {...{ number, people, kept: sought.kept }} />;
}

async function promptCallsPage(call: PageCall) {
  const { context, domain, edge } = call;
  const cursor = context.req.query("cursor") ?? null;
  const before = promptPlaceOf(cursor ?? undefined);
  const page = await promptLinesOf(domain, { before, limit: PAGE_LINES }, edge);
  return <PromptCallsPage {...call.frame(null)} {...page} live={null} cursor={before && cursor} />;
}

function pageIn({ context }: PageCall) {
  const cursor = context.req.query("cursor") ?? "";
  return { limit: PAGE_LINES, ...(findPlace.test(cursor) && { cursor }) };
}
