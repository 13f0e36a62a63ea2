import { listQuery } from "../../console/conference/callers.tsx";
import { ConferencePage } from "../../console/conference/conference.tsx";
import type { WrongForm } from "../../console/conference/conference-actions.tsx";
import type { ConferenceFrame } from "../../console/conference/conference-frame.tsx";
import { conferencePath } from "../../console/conference/conference-frame.tsx";
import { type Typed, withQuery } from "../../console/paths.ts";
import {
  pageOfLines,
  sides,
  type TimelineFilter,
  TimelinePage,
  type TimelineTab,
} from "../../console/timeline/timeline.tsx";
import type { ActionId, ConfKey } from "../../foundation/ids.ts";
import { textOfSegment } from "../../foundation/text/path-segment.ts";
import type { ConferenceRpc } from "../../rpc/conference.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import type { WireRow } from "../../rpc/timeline.ts";
import { goesOn, isRefusal, refusalText, viewWithAway } from "../api/conferences.ts";
import { gathered } from "../api/lists.ts";
import { isKnown } from "../api/route.ts";
import { bridgesOf } from "../monitoring/figures-of-domain.ts";
import { type AddPage, answer, type PageCall, trouble } from "./console.tsx";
import {
  actionIdOf,
  addSearch,
  askApi,
  bodyOf,
  type Fields,
  fieldOf,
  fieldsOf,
  formOf,
  problemIn,
  refusalIn,
  refusedNow,
  refusedPage,
} from "./form.ts";

/** Of some 200 kB each: more makes no page that anybody reads. */
const MOST_WIRE_ANSWERS = 5;
const MOST_RECORDS = 200;
/** Each look at the timeline reads the whole journal: a longer one is not followed as it grows. */
const MOST_LIVE_LINES = 1_000;

export function addConferencePages(add: AddPage): void {
  const path = "/:domain/conferences/:confKey" as const;
  addSearch(add, path, (call, fields) => conferencePage(call, fields, null));
  for (const tab of ["timeline", "why"] as const) {
    const history = (method: "GET" | "POST", shown: Parameters<typeof withConference>[1]) =>
      add(`${path}/${tab}`, (call) => withConference(call, shown), method);
    history("GET", (call, frame) => timelinePage(call, frame, call.context.req.query(), tab));
    history("POST", (call, frame) => lookAt(call, frame, tab));
  }
  add(`${path}/actions`, act, "POST");
}

function keyOf({ context }: PageCall): ConfKey {
  return textOfSegment(context.req.param("confKey") ?? "") as ConfKey;
}

type Shown = ReturnType<typeof TimelinePage>;

/** Only where something is kept of the conference: an object that never was would be made by the question, and stay. */
async function withConference(
  call: PageCall,
  page: (call: PageCall, frame: ConferenceFrame) => Promise<Shown | Response>,
): Promise<Shown | Response> {
  const confKey = keyOf(call);
  if (!(await isKnown(call.domain, confKey, call.edge))) return unknownConference(call, confKey);
  const view = await call.edge.objects.conference(call.domain.name, confKey).view();
  return page(call, await frameOf(call, confKey, view));
}

function unknownConference(call: PageCall, confKey: ConfKey): Response {
  const says = `Nothing is kept of a conference with the key ${confKey} in ${call.domain.name}. Look at the key.`;
  return trouble(call, 404, "No such conference", says);
}

/** `view`: `null`, where it is not known whether anything is kept. */
async function frameOf(
  call: PageCall,
  confKey: ConfKey,
  view: ConferenceView | null,
  live = false,
): Promise<ConferenceFrame> {
  const { domain, frame } = call;
  const around = frame("conferences");
  return { ...around, domain: domain.name, confKey, topic: view?.topic, live: live && around.live };
}

/** `fault`: what was wrong with an action; `wrong`: the wrong field. */
async function conferencePage(
  call: PageCall,
  fields: Fields,
  fault: string | null,
  wrong: WrongForm | null = null,
): Promise<Shown | Response> {
  const { context, domain, edge } = call;
  const list = { find: (fields.find ?? "").trim(), page: numberIn(fields.page) ?? 1 };
  const { objects } = edge;
  const confKey = keyOf(call);
  const known = await isKnown(domain, confKey, edge);
  const conference = objects.conference(domain.name, confKey);
  const actionId = context.req.query("action") ?? "";
  const [view, action] = await Promise.all([
    known ? conference.view() : null,
    known && actionId !== "" ? conference.action(actionId as ActionId) : null,
  ]);
  const isRunning = view !== null && goesOn(view);
  const refusal = fault ?? refusalIn(call, (reason) => (isRefusal(reason) ? refusalText(reason, confKey) : null));
  const [frame, entered, bridges, { records }] = await Promise.all([
    frameOf(call, confKey, view, isRunning || action !== null),
    isRunning ? conference.entered() : new Map(),
    bridgesOf(edge, domain, isRunning ? [view.bridge] : []),
    // Of one that runs, they are looked for once it is over.
    isRunning ? { records: [] } : objects.directory(domain.name).records(recordsOf(call, confKey)),
  ]);
  if (view === null && records.length === 0) return unknownConference(call, confKey);
  return (
    <ConferencePage
      {...{ frame, entered, action, refusal }}
      view={view && viewWithAway(view, bridges)}
      {...{ list, wrong }}
      records={records.map(({ record }) => record)}
    />
  );
}

function recordsOf({ domain }: PageCall, conference: ConfKey) {
  const filter = { conference };
  return { domain: domain.name, cursor: null, order: "newest", limit: MOST_RECORDS, filter } as const;
}

/** Returns the call of a page. Typed personal data is posted again; an id may stand in an address. */
function callIn({ context }: PageCall, { call = "" }: Fields): { readonly call: string; readonly typed?: Typed } {
  const wanted = call.trim();
  return { call: wanted, ...(context.req.method === "POST" && wanted !== "" && { typed: { call: wanted } }) };
}

/** Redirects to the page of a chosen call, or answers the posted form. */
async function lookAt(call: PageCall, frame: ConferenceFrame, tab: TimelineTab): Promise<Shown | Response> {
  const fields = await fieldsOf(call);
  if (fields instanceof Response) return fields;
  const { context, domain, edge } = call;
  const { page: lines } = await gathered((from) => edge.objects.conference(domain.name, frame.confKey).timeline(from));
  const typed = (fields.call ?? "").trim();
  const isId = pageOfLines(lines, { call: "", side: "", tab }, {}).calls.has(typed);
  if (typed !== "" && !isId) return timelinePage(call, frame, fields, tab);
  const path = conferencePath(domain.name, frame.confKey, tab);
  return context.redirect(withQuery(path, { side: fields.side, call: typed }), 303);
}

async function timelinePage(
  call: PageCall,
  frame: ConferenceFrame,
  fields: Fields,
  tab: TimelineTab,
): Promise<Shown | Response> {
  const { domain, edge } = call;
  const wanted = callIn(call, fields);
  const conference = edge.objects.conference(domain.name, frame.confKey);
  const { side = "" } = fields;
  const filter: TimelineFilter = {
    call: wanted.call,
    side: Object.hasOwn(sides, side) ? (side as TimelineFilter["side"]) : "",
    tab,
  };
  const row = numberIn(fields.row);
  const { page: lines } = await gathered((from) => conference.timeline(from));
  const shown = pageOfLines(lines, filter, { page: numberIn(fields.page), row });
  const rows = [...new Set(shown.lines.map(({ seq }) => seq))];
  const wire = await wireOf(conference, rows);
  const live = call.frame("conferences").live && shown.page === shown.pages && lines.length <= MOST_LIVE_LINES;
  return (
    <TimelinePage
      frame={{ ...frame, live }}
      shown={shown}
      filter={filter}
      typed={wanted.typed}
      wire={wire}
      row={row ?? null}
    />
  );
}

/** Each answer has as many rows as it holds. */
async function wireOf(conference: Pick<ConferenceRpc, "wire">, rows: readonly number[]): Promise<readonly WireRow[]> {
  const found: WireRow[] = [];
  let left = rows;
  for (let answers = 0; left.length > 0 && answers < MOST_WIRE_ANSWERS; answers += 1) {
    const page: readonly WireRow[] = JSON.parse(await conference.wire(left));
    found.push(...page);
    const last = page.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
    left = left.filter((seq) => seq > last);
  }
  return found;
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Does what a form of the page asks, and leads back to the page, which shows what becomes of it. */
async function act(call: PageCall): Promise<Response> {
  const { context, domain, signedIn } = call;
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const body = bodyOf(form);
  const actionId = await actionIdOf(body, signedIn.person.name, form.get("mark") ?? "");
  const asked = await askApi(call, "act", { body, actionId });
  const path = conferencePath(domain.name, keyOf(call));
  const listed = listQuery({ page: numberIn(context.req.query("page")) ?? 1 });
  const backTo = (shown: Readonly<Record<string, string>>) =>
    context.redirect(withQuery(path, { ...listed, ...shown }), 303);
  if (asked.ok) return backTo({ action: actionId });
  const problem = await problemIn(asked);
  if (problem.reason !== undefined) return backTo(refusedNow(call, problem.reason));
  const [wrong] = problem.errors ?? [];
  if (!wrong) return refusedPage(call, problem);
  const field = fieldOf(body.type, wrong.name);
  const says = `${field.says} ${wrong.detail}. Nothing was done.`;
  const page = field.isTyped
    ? await conferencePage(call, context.req.query(), null, {
        typed: Object.fromEntries(form),
        field: wrong.name,
        says,
      })
    : await conferencePage(call, context.req.query(), says);
  return page instanceof Response ? page : answer(context, page, 409);
}
