import { AuditPage } from "../../console/domain/audit.tsx";
import { BridgesPage } from "../../console/domain/bridges.tsx";
import { ConferencesPage } from "../../console/domain/conferences.tsx";
import { OverviewPage } from "../../console/domain/overview.tsx";
import { dayAfter, type RecordFilters, RecordsPage, recordFilters } from "../../console/domain/record-list.tsx";
import { SettingsPage } from "../../console/domain/settings.tsx";
import { WebexHostsPage } from "../../console/domain/webex-hosts.tsx";
import { pathOf, withQuery } from "../../console/paths.ts";
import type { BridgeName, ConfKey } from "../../foundation/ids.ts";
import { type Ender, enders } from "../../records/call-record.ts";
import type { RecordPage, RunningPage } from "../../rpc/directory.ts";
import { shownSettings } from "../../settings/domain-settings.ts";
import type { Domain } from "../../settings/load.ts";
import { remindersOf, warningsOf } from "../../settings/warnings.ts";
import { handOverRefusals, isHandOverRefusal } from "../api/bridges.ts";
import { topicsOf } from "../api/conferences/conferences.ts";
import { digitsOfNumber } from "../api/values.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { Readiness } from "../monitoring/readiness.ts";
import { failureOf } from "../objects-of-request.ts";
import { addPage, type PageCall, type Pages } from "./console.tsx";
import { addForm, formOf } from "./form.ts";
import { apart, keepTyped, typedIn } from "./typed.ts";

const PAGE_ROWS = 100;
const MOST_TROUBLED = 20;
/** Agents come and go, and calls take ports, without a word to the directory. */
const everyMs = 5_000;

/** The pages of a domain as a whole. */
export function addDomainPages(pages: Pages, edge: PeoplePorts, readiness: Readiness): void {
  addPage(pages, edge, "/:domain", async ({ edge, domain, frame }) => {
    const { objects } = edge;
    const query = { domain: domain.name, after: null, limit: MOST_TROUBLED, troubled: true, isWatched: true };
    const directory = objects.directory(domain.name);
    const [running, activity, found] = await Promise.all([
      directory.running(query),
      directory.activity(),
      readiness.lookAt(domain),
    ]);
    const topics = await topicsIn(running, domain, edge);
    return <OverviewPage {...frame("overview")} {...{ everyMs, running, topics, activity }} {...found} />;
  });

  addPage(pages, edge, "/:domain/conferences", async ({ context, edge, domain, frame }) => {
    const { objects } = edge;
    const { begins = "", after = null } = context.req.query();
    const { number = "", attendeeId = "" } = typedIn(context, "conferences");
    const search = { begins: begins.trim(), number: number.trim(), attendeeId: attendeeId.trim() };
    const running = await objects.directory(domain.name).running({
      ...{ domain: domain.name, after: after as ConfKey | null, limit: PAGE_ROWS, begins: search.begins },
      number: search.number === "" ? undefined : digitsOfNumber(search.number),
      attendeeId: search.attendeeId || undefined,
      isWatched: true,
    });
    const topics = await topicsIn(running, domain, edge);
    const people = domain.settings.recordsPersonal;
    return <ConferencesPage {...frame("conferences")} {...{ running, topics, after, people, ...search }} />;
  });

  addPage(pages, edge, "/:domain/records", recordsPage);
  for (const page of ["conferences", "records"] as const) {
    addPage(pages, edge, `/:domain/${page}`, (call) => search(call, edge, page), "POST");
  }

  addPage(pages, edge, "/:domain/bridges", async ({ context, edge: { objects, log }, domain, frame }) => {
    const { name, settings } = domain;
    const agentsOf = (bridge: string) =>
      objects
        .relay(name, bridge as BridgeName)
        .agents()
        .catch((error: unknown) => {
          const { object, error: why } = failureOf(error);
          log("relay-unreachable", { domain: name, bridge, object, error: why }, "error");
          return null;
        });
    const [{ bridges: loads }, { bridges, faults }, agents] = await Promise.all([
      objects.directory(name).running({ domain: name, after: null, limit: 0 }),
      readiness.lookAt(domain),
      Promise.all(settings.bridges.map(({ name }) => agentsOf(name))),
    ]);
    const shown = bridges.map((found, index) => ({
      found,
      expected: settings.bridges[index]?.agents.map((agent) => agent.name) ?? [],
      agents: agents[index] ?? null,
      load: loads.find(({ bridge }) => bridge === found.bridge),
    }));
    const refused = context.req.query("refused");
    const refusal = isHandOverRefusal(refused) ? handOverRefusals[refused] : null;
    return <BridgesPage {...{ ...frame("bridges"), everyMs, bridges: shown, faults, refusal }} />;
  });

  // Sent twice, each does the same once.
  const bridge = "/:domain/bridges/:bridge";
  const back = { to: ({ domain }: PageCall) => pathOf(domain.name, "bridges"), saysWhy: true } as const;
  addForm(pages, edge, `${bridge}/drain`, { ...back, asks: "drainBridge" });
  addForm(pages, edge, `${bridge}/undrain`, { ...back, asks: "undrainBridge" });
  addForm(pages, edge, `${bridge}/hand-over`, { ...back, asks: "handOver", fields: ["from"] });

  addPage(pages, edge, "/:domain/audit", async ({ context, edge: { objects }, domain, frame }) => {
    const before = placeOf(context.req.query("before"));
    const entries = await objects.directory(domain.name).audit(before === null ? null : Number(before), PAGE_ROWS);
    return <AuditPage {...frame("audit")} entries={entries} before={before} />;
  });

  addPage(pages, edge, "/:domain/hosts", async ({ context, edge: { objects }, domain, frame }) => {
    const before = context.req.query("before") ?? null;
    const directory = objects.directory(domain.name);
    const [activity, givenUp] = await Promise.all([directory.activity(), directory.givenUp(before, PAGE_ROWS)]);
    return <WebexHostsPage {...frame("hosts")} {...{ activity, givenUp, before }} />;
  });

  addPage(pages, edge, "/:domain/settings", ({ domain, frame }) => {
    const settings = shownSettings(domain.settings);
    const [warnings, reminders] = [warningsOf(domain), remindersOf(domain)];
    // Another set of them comes without a word.
    const still = { ...frame("settings"), live: null };
    return <SettingsPage {...still} settings={settings} warnings={warnings} reminders={reminders} />;
  });
}

/** A form of a search leads to the page that shows what it finds. */
async function search(
  { context, domain }: PageCall,
  edge: PeoplePorts,
  page: "conferences" | "records",
): Promise<Response> {
  const [typed, others] = apart(await formOf(context, edge));
  const path = pathOf(domain.name, page);
  keepTyped(context, page, path, typed);
  return context.redirect(withQuery(path, others), 303);
}

async function recordsPage({ context, edge, domain, frame }: PageCall) {
  const { objects } = edge;
  const { number: _, attendeeId: __, ...query } = context.req.query();
  const kind = query.kind === "call" ? "call" : "conference";
  const given: Readonly<Record<string, string>> = { ...query, ...(kind === "call" && typedIn(context, "records")) };
  const filters: RecordFilters = Object.fromEntries(
    recordFilters.flatMap((name) => (given[name] ? [[name, given[name].trim()]] : [])),
  );
  const { since, until, endedBy, number, conference, ...texts } = filters;
  const cursor = placeOf(given.cursor);
  const from = since === undefined ? undefined : Date.parse(`${since}T00:00Z`);
  const to = until === undefined ? undefined : dayAfter(until);
  const wrong =
    Number.isNaN(from) || Number.isNaN(to)
      ? "A day is written as 2026-11-01. All days are shown."
      : endedBy !== undefined && !isEnder(endedBy)
        ? `Nothing is ended by ${endedBy}: there are ${enders.join(", ")}. All are shown.`
        : null;
  const filter = {
    ...texts,
    conference: conference as ConfKey | undefined,
    number: number === undefined ? undefined : digitsOfNumber(number),
    endedBy: endedBy !== undefined && isEnder(endedBy) ? endedBy : undefined,
  };
  const records: RecordPage = await objects.directory(domain.name).records({
    ...{ domain: domain.name, cursor: cursor === null ? null : Number(cursor), order: "newest", limit: PAGE_ROWS },
    ...{ kind, since: from || undefined, until: to || undefined, filter },
  });
  const bridges = domain.settings.bridges.map(({ name }) => name);
  const keys = records.records.map(({ record }) => record.conference as ConfKey);
  const topics = await topicsOf(domain, kind === "conference" ? [...new Set(keys)] : [], edge);
  return <RecordsPage {...frame("conferences")} {...{ kind, filters, wrong, records, topics, cursor, bridges }} />;
}

function topicsIn({ conferences }: RunningPage, domain: Domain, edge: PeoplePorts): ReturnType<typeof topicsOf> {
  const keys = conferences.map(({ key }) => key);
  return topicsOf(domain, keys, edge);
}

/** The place that another page has named; `null`: none, or none that there can be. */
function placeOf(text = ""): string | null {
  return /^\d{1,15}$/.test(text) ? text : null;
}

function isEnder(text: string): text is Ender {
  return (enders as readonly string[]).includes(text);
}
