import { FindPage } from "../../console/domain/find.tsx";
import { NumberPage, PromptCallsPage } from "../../console/domain/number.tsx";
import { pathOf } from "../../console/paths.ts";
import type { ConfKey } from "../../foundation/ids.ts";
import { spellingsOf } from "../../foundation/text/spelled.ts";
import { findIn, findPlace, numberIn, promptLinesOf } from "../api/find.ts";
import { isKnown } from "../api/route.ts";
import type { AddPage, PageCall } from "./console.tsx";
import { addSearch, type Fields, fieldsOf } from "./form.ts";

const PAGE_LINES = 50;
const emptyPage = { conferences: [], lines: [], next: null, people: "full" } as const;

export function addFindPages(add: AddPage): void {
  add("/:domain/find", (call) => findPage(call));
  add("/:domain/find", find, "POST");
  addSearch(add, "/:domain/numbers", numberPage);
  add("/:domain/prompt-calls", promptCallsPage);
}

/** Goes straight to a conference whose key it is; all else is looked for by the page. */
async function find(call: PageCall) {
  const { context, domain, edge } = call;
  const fields = await fieldsOf(call);
  if (fields instanceof Response) return fields;
  for (const key of spellingsOf((fields.find ?? "").trim())) {
    if (key !== "" && (await isKnown(domain, key as ConfKey, edge)))
      return context.redirect(pathOf(domain.name, "conferences", key), 303);
  }
  return findPage(call, fields);
}

async function findPage(call: PageCall, fields: Fields = {}) {
  const { domain, edge } = call;
  const text = (fields.find ?? "").trim();
  const page = pageIn(fields);
  const isForJournals = fields.journals === "1";
  const found = text === "" ? emptyPage : await findIn(domain, text, { ...page, isForJournals }, edge);
  const around = { ...call.frame(null), live: false, cursor: page.cursor ?? null };
  return <FindPage {...around} {...{ text, ...found }} />;
}

async function numberPage(call: PageCall, fields: Fields) {
  const { domain, edge } = call;
  const number = (fields.number ?? "").trim();
  const page = pageIn(fields);
  const { recordsPersonal: people } = domain.settings;
  const isAsked = number !== "" && people !== "none";
  const found = isAsked ? await numberIn(domain, number, page, edge) : emptyPage;
  const around = { ...call.frame(null), live: false, cursor: page.cursor ?? null };
  return <NumberPage {...around} {...found} {...{ number, people }} />;
}

async function promptCallsPage(call: PageCall) {
  const { context, domain, edge } = call;
  const asked = context.req.query("cursor") ?? "";
  const cursor = findPlace.test(asked) ? asked : null;
  const before = cursor === null ? null : Number(cursor);
  const page = await promptLinesOf(domain, { before, limit: PAGE_LINES }, edge);
  return <PromptCallsPage {...call.frame(null)} {...page} cursor={cursor} />;
}

function pageIn({ cursor = "" }: Fields) {
  return { limit: PAGE_LINES, ...(findPlace.test(cursor) && { cursor }) };
}
