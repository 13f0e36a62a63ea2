import { pageQuery } from "../../console/conference/callers.tsx";
import { ConferencePage } from "../../console/conference/conference.tsx";
import { conferencePath } from "../../console/conference/conference-frame.tsx";
import { withQuery } from "../../console/paths.ts";
import { pageOfLines, TimelinePage } from "../../console/timeline/timeline.tsx";
import type { ActionId, ConfKey } from "../../foundation/ids.ts";
import { textOfSegment } from "../../foundation/text/path-segment.ts";
import { minuteMs } from "../../foundation/time/timers.ts";
import type { ConferenceRpc } from "../../rpc/conference.ts";
import type { WireRow } from "../../rpc/timeline.ts";
import { goesOn } from "../api/conferences.ts";
import { gathered } from "../api/lists.ts";
import { addSearch, ask } from "./asked-page.tsx";
import type { AddPage, PageCall } from "./console.tsx";
import { actionIdOf, askApi, bodyOf, type Fields, formOf, problemIn, refusedPage } from "./form.ts";

/** Limit of parts of about 200 kB each: nobody reads a longer page. */
const MOST_WIRE_ANSWERS = 5;
const MOST_RECORDS = 200;
/** Records and Confirmations come a little after the end. */
const FOLLOWED_AFTER_END_MS = minuteMs;
/** Each update reads the whole journal, so a page with more lines does not update. */
const MOST_LIVE_LINES = 1_000;

export function addConferencePages(add: AddPage): void {
  const path = "/:domain/conferences/:confKey" as const;
  addSearch(add, path, (call, fields) => conferencePage(call, fields));
  add(`${path}/timeline`, (call) => timelinePage(call, call.context.req.query()));
  const post = async (call: PageCall) => {
    const fields = await formOf(call);
    return fields instanceof Response ? fields : timelinePage(call, Object.fromEntries(fields));
  };
  add(`${path}/timeline`, post, "POST");
  add(`${path}/actions`, act, "POST");
}

type Shown = ReturnType<typeof TimelinePage>;

/** Loads the view of the page's conference from the API. */
async function conferenceOf(call: PageCall) {
  const { context, domain, edge } = call;
  const confKey = textOfSegment(context.req.param("confKey") ?? "") as ConfKey;
  const { answer: view = null, problem } = await ask(call, "GET /domains/{domain}/conferences/{confKey}", {});
  const frame = { domain: domain.name, confKey, topic: view?.topic };
  return { view, problem, frame, conference: edge.objects.conference(domain.name, confKey) };
}

async function conferencePage(call: PageCall, fields: Fields): Promise<Shown | Response> {
  const { context, domain, edge } = call;
  const { view, problem, frame, conference } = await conferenceOf(call);
  if (problem && problem.status !== 404) return refusedPage(call, problem);
  const { confKey } = frame;
  const isRunning = view !== null && goesOn(view);
  const actionId = context.req.query("action") ?? "";
  const asked = { cursor: null, order: "newest", limit: MOST_RECORDS, filter: { conference: confKey } } as const;
  const [action, entered, { records, next }] = await Promise.all([
    view !== null && actionId !== "" ? conference.action(actionId as ActionId) : null,
    isRunning ? conference.entered() : new Map(),
    isRunning
      ? { records: [], next: null }
      : edge.objects.directory(domain.name).records({ domain: domain.name, ...asked }),
  ]);
  if (problem && records.length === 0) return refusedPage(call, problem);
  const isStill = !isRunning && edge.now() - (view?.lastAt ?? 0) > FOLLOWED_AFTER_END_MS;
  return (
    <ConferencePage
      {...{ view, entered, action }}
      frame={{ ...frame, isStill }}
      find={fields.find ?? ""}
      page={numberIn(fields.page) ?? 1}
      records={records.map(({ record }) => record)}
      hasMoreRecords={next !== null}
    />
  );
}

/** A posted call can be a number, which must not be in an address. The ID of a call may be. */
async function timelinePage(call: PageCall, fields: Fields): Promise<Shown | Response> {
  const { context, domain } = call;
  const { problem, frame, conference } = await conferenceOf(call);
  if (problem) return refusedPage(call, problem);
  const wanted = (fields.call ?? "").trim();
  const filter = { call: wanted, why: fields.why === "1" };
  const { page: lines } = await gathered((from) => conference.timeline(from));
  const row = numberIn(fields.row);
  await call.edge.giveWay?.();
  const shown = pageOfLines(lines, filter, { page: numberIn(fields.page), row });
  const isPosted = context.req.method === "POST";
  if (isPosted && (wanted === "" || shown.calls.has(wanted))) {
    const path = conferencePath(domain.name, frame.confKey, "timeline");
    return context.redirect(withQuery(path, { call: wanted, why: filter.why ? "1" : "" }), 303);
  }
  const wire = await wireOf(conference, [...new Set(shown.lines.map(({ seq }) => seq))]);
  const isStill = shown.page !== shown.pages || lines.length > MOST_LIVE_LINES;
  // A page of many lines takes longer than a Confirmation may wait, so let others go first.
  await call.edge.giveWay?.();
  const typed = isPosted ? { call: wanted } : undefined;
  return <TimelinePage frame={{ ...frame, isStill }} {...{ shown, filter, typed, wire }} row={row ?? null} />;
}

/** Each answer has as many rows as fit. */
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

/** Carries out a form of the page and redirects to the page, which shows the outcome. */
async function act(call: PageCall): Promise<Response> {
  const { context, domain, signedIn } = call;
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const body = bodyOf(form);
  const actionId = await actionIdOf(body, signedIn.person.name, form.get("mark") ?? "");
  const asked = await askApi(call, "act", { body, actionId });
  const path = conferencePath(domain.name, textOfSegment(context.req.param("confKey") ?? ""));
  const listed = pageQuery(numberIn(context.req.query("page")) ?? 1);
  if (!asked.ok) return refusedPage(call, await problemIn(asked));
  return context.redirect(withQuery(path, { ...listed, action: actionId }), 303);
}
