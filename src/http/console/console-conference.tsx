import { type CallerList, listQuery } from "../../console/conference/callers.tsx";
import { ConferencePage } from "../../console/conference/conference.tsx";
import type { WrongForm } from "../../console/conference/conference-actions.tsx";
import type { ConferenceFrame } from "../../console/conference/conference-frame.tsx";
import { conferencePath } from "../../console/conference/conference-frame.tsx";
import { type KeptSearch, withQuery } from "../../console/paths.ts";
import { type StoryFilter, sides, storyPage } from "../../console/story/story-lines.ts";
import { TimelinePage } from "../../console/story/timeline.tsx";
import { WhyPage } from "../../console/story/why.tsx";
import type { ActionId, ConfKey } from "../../foundation/ids.ts";
import { textOfSegment } from "../../foundation/text/path-segment.ts";
import type { ConferenceRpc } from "../../rpc/conference.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import type { WireRow } from "../../rpc/story.ts";
import { goesOn, isKnown, viewWithAway } from "../api/conferences/conferences.ts";
import { isRefusal, refusalText } from "../api/conferences/operate.ts";
import { gathered } from "../api/paging.ts";
import { bridgesOf } from "../monitoring/figures-of-domain.ts";
import { type AddPage, answer, EVERY_MS, type PageCall, trouble } from "./console.tsx";
import {
  actionIdOf,
  askApi,
  bodyOf,
  byPerson,
  fieldOf,
  formOf,
  problemIn,
  refusalIn,
  refusedNow,
  refusedPage,
  typedFor,
} from "./form.ts";
import { keepTyped } from "./typed.ts";

/** Of some 200 kB each: more makes no page that anybody reads. */
const MOST_WIRE_ANSWERS = 5;
const MOST_RECORDS = 200;
/** Each look at the timeline reads the whole journal: a longer one is not followed as it grows. */
const MOST_LIVE_LINES = 1_000;

export function addConferencePages(add: AddPage): void {
  const path = "/:domain/conferences/:confKey" as const;
  add(path, (call) => conferencePage(call, null));
  add(path, find, "POST");
  const history = (tab: string, page: typeof timelinePage, method: "GET" | "POST" = "GET") =>
    add(`${path}/${tab}`, (call) => withConference(call, page), method, "history");
  history("timeline", timelinePage);
  history("why", whyPage);
  for (const tab of ["timeline", "why"] as const)
    history(tab, (call, { confKey }) => lookAt(call, confKey, tab), "POST");
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

/** Where `live` is false the page stays as it is. `view`: `null`, where it is not known whether anything is kept. */
async function frameOf(
  call: PageCall,
  confKey: ConfKey,
  view: ConferenceView | null,
  live = false,
): Promise<ConferenceFrame> {
  const { domain, frame } = call;
  const around = frame("conferences", confKey);
  return {
    ...{ ...around, domain: domain.name, confKey, topic: view?.topic },
    live: live ? around.live : null,
  };
}

async function conferencePage(call: PageCall, fault: string | null): Promise<Shown | Response> {
  const { context, domain, edge } = call;
  const list = await listOf(call);
  if (list instanceof Response) return list;
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
  const [frame, wrong, entered, bridges, { records }] = await Promise.all([
    // The address of an answer to a form is no page's.
    frameOf(call, confKey, view, fault === null && (isRunning || action !== null)),
    wrongForm(call),
    isRunning ? conference.entered() : new Map(),
    bridgesOf(edge, domain, isRunning ? [view.bridge] : []),
    // Of one that runs, they are looked for once it is over.
    isRunning ? { records: [] } : objects.directory(domain.name).records(recordsOf(call, confKey)),
  ]);
  if (view === null && records.length === 0) return unknownConference(call, confKey);
  return (
    <ConferencePage
      {...{ entered, action, refusal }}
      frame={isRunning && frame.live !== null ? { ...frame, everyMs: EVERY_MS } : frame}
      view={view && viewWithAway(view, bridges)}
      {...{ list, wrong }}
      records={records.map(({ record }) => record)}
    />
  );
}

/** What somebody filled in just now, and what is wrong with it. */
async function wrongForm(call: PageCall): Promise<WrongForm | null> {
  const filled = await typedFor(call, "form");
  if (filled instanceof Response) return null;
  const { field, says, ...typed } = filled.typed;
  return field !== undefined && says !== undefined ? { typed, field, says } : null;
}

/** Forms keep it in their address, and lead back to it. */
async function listOf(call: PageCall): Promise<CallerList | Response> {
  const sought = await typedFor(call, "callers");
  if (sought instanceof Response) return sought;
  const { typed, kept } = sought;
  return { find: (typed.find ?? "").trim(), kept, page: numberIn(call.context.req.query("page")) ?? 1 };
}

function recordsOf({ domain }: PageCall, conference: ConfKey) {
  const filter = { conference };
  return { domain: domain.name, cursor: null, order: "newest", limit: MOST_RECORDS, filter } as const;
}

/** The call that a page is about, by its id in the address or as somebody has typed it; empty: all. */
async function callIn(page: PageCall): Promise<{ readonly call: string; readonly kept: KeptSearch } | Response> {
  const call = (page.context.req.query("call") ?? "").trim();
  if (call !== "") return { call, kept: { call } };
  const sought = await typedFor(page, "typed");
  return sought instanceof Response ? sought : { call: sought.typed.call ?? "", kept: sought.kept };
}

/** The page about a call that somebody has chosen, or typed. Its id is a name, and leads there from everywhere. */
async function lookAt(call: PageCall, confKey: ConfKey, tab: "timeline" | "why"): Promise<Response> {
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const { context, domain, edge } = call;
  const { page: lines } = await gathered((from) => edge.objects.conference(domain.name, confKey).story(from));
  const typed = (form.get("call") ?? "").trim();
  const isId = storyPage(lines, { call: "", side: "" }, {}).calls.some((one) => one.call === typed);
  const path = conferencePath(domain.name, confKey, tab);
  const kept = isId ? { call: typed } : await keepTyped(call, "typed", { call: typed });
  return context.redirect(withQuery(path, { side: form.get("side"), ...kept }), 303);
}

async function timelinePage(call: PageCall, frame: ConferenceFrame): Promise<Shown | Response> {
  const { context, domain, edge } = call;
  const wanted = await callIn(call);
  if (wanted instanceof Response) return wanted;
  const conference = edge.objects.conference(domain.name, frame.confKey);
  const side = context.req.query("side") ?? "";
  const filter: StoryFilter = {
    call: wanted.call,
    side: Object.hasOwn(sides, side) ? (side as StoryFilter["side"]) : "",
  };
  const row = numberIn(context.req.query("row"));
  const { page: lines } = await gathered((from) => conference.story(from));
  await edge.histories.giveWay();
  const story = storyPage(lines, filter, { page: numberIn(context.req.query("page")), row });
  const rows = [...new Set(story.lines.map(({ seq }) => seq))];
  const wire = await wireOf(conference, rows);
  const { live } = call.frame("conferences", frame.confKey);
  const isFollowed = story.page === story.pages && lines.length <= MOST_LIVE_LINES;
  return (
    <TimelinePage
      frame={{ ...frame, live: isFollowed ? live : null }}
      {...{ story, filter, kept: wanted.kept, wire }}
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

async function whyPage(about: PageCall, frame: ConferenceFrame): Promise<Shown | Response> {
  const { context, domain, edge } = about;
  const wanted = await callIn(about);
  if (wanted instanceof Response) return wanted;
  const conference = edge.objects.conference(domain.name, frame.confKey);
  const { call } = wanted;
  const page = numberIn(context.req.query("page"));
  const { page: answers } = await gathered((from) => conference.explain(call || undefined, from));
  return <WhyPage {...{ frame, ...wanted, answers, page }} />;
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function find(call: PageCall): Promise<Response> {
  const { context, domain } = call;
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const [typed] = byPerson(form);
  const path = conferencePath(domain.name, keyOf(call));
  return context.redirect(withQuery(path, await keepTyped(call, "callers", typed)), 303);
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
  const list = await listOf(call);
  const listed = list instanceof Response ? {} : listQuery(list);
  const backTo = (shown: Readonly<Record<string, string>>) =>
    context.redirect(withQuery(path, { ...listed, ...shown }), 303);
  if (asked.ok) return backTo({ action: actionId });
  const problem = await problemIn(asked);
  if (problem.reason !== undefined) return backTo(refusedNow(call, problem.reason));
  const [wrong] = problem.errors ?? [];
  if (!wrong) return refusedPage(call, problem);
  const field = fieldOf(body.type, wrong.name);
  const says = `${field.says} ${wrong.detail}. Nothing was done.`;
  // The page that it leads to has an address of its own, so that it stays live.
  if (field.isTyped)
    return backTo(await keepTyped(call, "form", { ...Object.fromEntries(form), field: wrong.name, says }));
  const page = await conferencePage(call, says);
  return page instanceof Response ? page : answer(context, page, 409);
}
