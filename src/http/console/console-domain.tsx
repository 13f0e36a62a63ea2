import { AuditPage } from "../../console/domain/audit.tsx";
import { BridgesPage } from "../../console/domain/bridges.tsx";
import { ConferencesPage } from "../../console/domain/conferences.tsx";
import { loadOf, OverviewPage } from "../../console/domain/overview.tsx";
import { type RecordFilters, RecordsPage, recordFilters } from "../../console/domain/record-list.tsx";
import { SettingsPage } from "../../console/domain/settings.tsx";
import { TspServersPage } from "../../console/domain/tsp-servers.tsx";
import { pathOf } from "../../console/paths.ts";
import type { BridgeName, ConfKey } from "../../foundation/ids.ts";
import { momentIn, nextDay } from "../../foundation/time/zone.ts";
import { type Ender, enders } from "../../records/call-record.ts";
import type { RecordPage } from "../../rpc/directory.ts";
import { shownSettings } from "../../settings/domain-settings.ts";
import { remindersOf, warningsOf } from "../../settings/warnings.ts";
import { shownList } from "../api/conferences.ts";
import { handOverRefusals, isHandOverRefusal } from "../api/domains.ts";
import { activityOf, bridgesOf, figuresOfDomain } from "../monitoring/figures-of-domain.ts";
import { answerOrNull } from "../objects-of-request.ts";
import type { AddPage, PageCall } from "./console.tsx";
import { addForm, addSearch, askApi, type Fields, formOf, problemIn, refusalIn, refusedPage } from "./form.ts";

const PAGE_ROWS = 100;
const MOST_TROUBLED = 20;

export function addDomainPages(add: AddPage): void {
  add("/:domain", overviewPage);
  addForm(add, "/:domain/trouble/:trouble", {
    ...{ asks: "acknowledge", fields: ["word", "place", "since"] },
    to: ({ domain }) => pathOf(domain.name),
  });
  addSearch(add, "/:domain/conferences", conferencesPage);
  addSearch(add, "/:domain/records", recordsPage);
  add("/:domain/records/export", exportRecords, "POST");

  add("/:domain/bridges", bridgesPage);
  // Sent twice, each does the same once.
  const bridge = "/:domain/bridges/:bridge";
  const back = { to: ({ domain }: PageCall) => pathOf(domain.name, "bridges"), saysWhy: true } as const;
  addForm(add, `${bridge}/drain`, { ...back, asks: "drain" });
  addForm(add, `${bridge}/undrain`, { ...back, asks: "undrain" });
  addForm(add, `${bridge}/hand-over`, { ...back, asks: "handOver", fields: ["from"] });

  add("/:domain/audit", async ({ context, edge: { objects }, domain, frame }) => {
    const before = placeIn(context.req.query("before"));
    const place = before === null ? null : Number(before);
    const { entries, next } = await objects.directory(domain.name).audit(place, PAGE_ROWS);
    return <AuditPage {...frame("audit")} entries={{ entries, next }} before={before} />;
  });
  add("/:domain/servers", async ({ edge, domain, frame }) => (
    <TspServersPage {...frame("servers")} activity={await activityOf(edge, domain)} />
  ));
  const servers = ({ domain }: PageCall) => pathOf(domain.name, "servers");
  addForm(add, "/:domain/servers", { asks: "resyncServer", fields: ["server"], to: servers });
  add("/:domain/settings", ({ domain, frame }) => {
    const settings = shownSettings(domain.settings);
    const [warnings, reminders] = [warningsOf(domain), remindersOf(domain)];
    return <SettingsPage {...frame("settings")} settings={settings} warnings={warnings} reminders={reminders} />;
  });
}

async function overviewPage({ edge, domain, frame }: PageCall) {
  const directory = edge.objects.directory(domain.name);
  const query = { domain: domain.name, after: null, limit: MOST_TROUBLED, troubled: true, isWatched: true };
  const { pair } = edge;
  const [said, activity, { bridges, trouble, unknown, totals }, edges] = await Promise.all([
    answerOrNull(directory.running(query), edge, { domain: domain.name }),
    answerOrNull(directory.activity(), edge, { domain: domain.name }),
    edge.lookAt(domain),
    pair?.view().catch(() => null),
  ]);
  const figures = await figuresOfDomain(edge, domain, { bridges, activity, totals });
  const running = said && { ...said, conferences: shownList(said.conferences, bridges) };
  const own = { running, figures, activity, bridges, trouble, unknown };
  const shown = { ...own, ...(edges !== undefined && { edges }) };
  return <OverviewPage {...frame("overview")} {...shown} />;
}

async function conferencesPage(call: PageCall, fields: Fields) {
  const { edge, domain, frame } = call;
  const { begins = "", after = null, number = "", attendeeId = "" } = fields;
  const search = { begins: begins.trim(), number: number.trim(), attendeeId: attendeeId.trim() };
  const query = {
    ...{ domain: domain.name, after: after as ConfKey | null, limit: PAGE_ROWS, begins: search.begins },
    number: search.number || undefined,
    attendeeId: search.attendeeId || undefined,
    isWatched: true,
  };
  const [running, bridges] = await Promise.all([
    edge.objects.directory(domain.name).running(query),
    bridgesOf(edge, domain),
  ]);
  const conferences = shownList(running.conferences, bridges);
  const people = domain.settings.recordsPersonal;
  return (
    <ConferencesPage
      {...frame("conferences")}
      {...{ running: { ...running, conferences }, bridges, after, people, ...search }}
    />
  );
}

async function bridgesPage(call: PageCall) {
  const { edge, domain, frame } = call;
  const { name, settings } = domain;
  const { directory, relay } = edge.objects;
  const agentsOf = (bridge: string) =>
    answerOrNull(relay(name, bridge as BridgeName).agents(), edge, { domain: name, bridge }, "relay-unreachable");
  const [running, { bridges, trouble }, agents] = await Promise.all([
    answerOrNull(directory(name).running({ domain: name, after: null, limit: 0 }), edge, { domain: name }),
    edge.lookAt(domain),
    Promise.all(settings.bridges.map(({ name }) => agentsOf(name))),
  ]);
  const shown = bridges.map((found, index) => ({
    found,
    expected: settings.bridges[index]?.agents.map((agent) => agent.name) ?? [],
    agents: agents[index] ?? null,
    load: loadOf(running, found.bridge),
  }));
  const refusal = refusalIn(call, (reason) => (isHandOverRefusal(reason) ? handOverRefusals[reason] : null));
  return <BridgesPage {...{ ...frame("bridges"), bridges: shown, trouble, refusal }} />;
}

/** Exports all matching records through the API. */
async function exportRecords(call: PageCall): Promise<Response> {
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const answer = await askApi(call, "listRecords", { body: { ...Object.fromEntries(form), format: "csv" } });
  if (!answer.ok) return refusedPage(call, await problemIn(answer));
  const headers = {
    "content-type": answer.headers.get("content-type") ?? "",
    "content-disposition": `attachment; filename="${form.get("kind") ?? "call"}s.csv"`,
  };
  return new Response(answer.body, { headers });
}

/** What may stand in the address of records: filters, place, and what is typed by hand, by its key. */
const pageWords: ReadonlySet<string> = new Set([...recordFilters, "kind", "cursor"]);

async function recordsPage(call: PageCall, given: Fields) {
  const { edge, domain, frame } = call;
  const { objects } = edge;
  const kind = given.kind === "call" ? "call" : "conference";
  const filters: RecordFilters = Object.fromEntries(
    recordFilters.flatMap((name) => (given[name]?.trim() ? [[name, given[name].trim()]] : [])),
  );
  const { since, until, endedBy, number, conference, ...texts } = filters;
  const cursor = placeIn(given.cursor);
  const { timeZone } = domain.settings;
  const startOf = (day: string | null) => (day === null ? null : momentIn(day, timeZone));
  const from = since === undefined ? undefined : startOf(since);
  const to = until === undefined ? undefined : startOf(nextDay(until));
  const unknown = Object.keys(given).find((name) => !pageWords.has(name));
  const [wrong = null] = [
    unknown !== undefined && `Records are not looked for by ${unknown}: there are ${recordFilters.join(", ")}.`,
    (from === null || to === null) && "A day is written as 2026-11-01. All days are shown.",
    endedBy !== undefined &&
      !isEnder(endedBy) &&
      `Nothing is ended by ${endedBy}: there are ${enders.join(", ")}. All are shown.`,
  ].filter((fault) => fault !== false);
  const filter = {
    ...texts,
    conference: conference as ConfKey | undefined,
    number,
    endedBy: endedBy !== undefined && isEnder(endedBy) ? endedBy : undefined,
  };
  const records: RecordPage = await objects.directory(domain.name).records({
    ...{ domain: domain.name, cursor: cursor === null ? null : Number(cursor), order: "newest", limit: PAGE_ROWS },
    ...{ kind, since: from ?? undefined, until: to ?? undefined, filter },
  });
  const bridges = domain.settings.bridges.map(({ name }) => name);
  // A search is too dear to be repeated.
  const live = cursor === null && Object.keys(filters).length === 0;
  return <RecordsPage {...{ ...frame("conferences"), live, kind, filters, wrong, records, cursor, bridges }} />;
}

/** The place that another page has named; `null`: none, or none that there can be. */
function placeIn(text = ""): string | null {
  return /^\d{1,17}$/.test(text) ? text : null;
}

function isEnder(text: string): text is Ender {
  return (enders as readonly string[]).includes(text);
}
