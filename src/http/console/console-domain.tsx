import { BridgesPage } from "../../console/domain/bridges.tsx";
import {
  AuditPage,
  ConferencesPage,
  FindPage,
  PromptCallsPage,
  RecordsPage,
  TspServersPage,
} from "../../console/domain/lists.tsx";
import { OverviewPage } from "../../console/domain/overview.tsx";
import { SettingsPage } from "../../console/domain/settings.tsx";
import { pathOf } from "../../console/paths.ts";
import { nextDay } from "../../foundation/time/zone.ts";
import { addAsked } from "./asked-page.tsx";
import type { AddPage, PageCall } from "./console.tsx";
import { addForm, askApi, formOf, problemIn, refusedPage } from "./form.ts";

const PAGE_ROWS = "100";
const PAGE_LINES = "50";
const MOST_AFFECTED = "20";

export function addDomainPages(add: AddPage): void {
  addAsked(add, "/:domain", {
    asks: "GET /domains/{domain}/alerts",
    also: {
      figures: "GET /domains/{domain}/figures",
      running: "POST /domains/{domain}/running-conferences",
      bridges: "GET /domains/{domain}/agents",
      activity: "GET /domains/{domain}/activity",
    },
    alsoQueries: { running: { affected: "1", watched: "1", limit: MOST_AFFECTED } },
    render: ({ answer, also }) => <OverviewPage {...also} {...answer} />,
  });
  addForm(add, "/:domain/alerts/:alert", {
    asks: "acknowledge",
    fields: ["note", "upTo"],
    to: ({ domain }) => pathOf(domain.name),
  });
  addAsked(add, "/:domain/conferences", {
    asks: "POST /domains/{domain}/running-conferences",
    query: (fields) => ({ ...fields, limit: PAGE_ROWS, watched: "1" }),
    none: { conferences: [], next: null, total: 0, bridges: [] },
    render: (asked, { domain }) => <ConferencesPage {...asked} people={domain.settings.recordsPersonal} />,
  });
  addAsked(add, "/:domain/records", {
    asks: "POST /domains/{domain}/records",
    query: ({ kind = "conference", until, ...fields }) => ({
      ...fields,
      kind,
      until: until && (nextDay(until) ?? until),
      order: "newest",
      limit: PAGE_ROWS,
    }),
    none: { records: [], next: null },
    render: (asked, { domain }) => <RecordsPage {...asked} bridges={domain.settings.bridges.map(({ name }) => name)} />,
  });
  add("/:domain/records/export", exportRecords, "POST");
  addAsked(add, "/:domain/find", {
    asks: "POST /domains/{domain}/find",
    query: ({ find: text, cursor }) => (text ? { text, cursor, limit: PAGE_LINES } : null),
    none: { conferences: [], lines: [], next: null, people: "full" },
    render: (asked, { context, domain }) => {
      const key = asked.answer.conferences.find(({ by }) => by === "key")?.key;
      if (key !== undefined) return context.redirect(pathOf(domain.name, "conferences", key), 303);
      return <FindPage {...asked} />;
    },
  });
  addAsked(add, "/:domain/prompt-calls", {
    asks: "POST /domains/{domain}/prompt-calls",
    query: ({ cursor }) => ({ cursor, limit: PAGE_LINES }),
    none: { calls: [], next: null },
    render: (asked) => <PromptCallsPage {...asked} />,
  });
  addAsked(add, "/:domain/bridges", {
    asks: "GET /domains/{domain}/agents",
    also: { alerts: "GET /domains/{domain}/alerts" },
    render: ({ answer, also }) => <BridgesPage bridges={answer.bridges} alerts={also.alerts?.alerts ?? []} />,
  });
  // A repeat of these actions changes nothing.
  const bridge = "/:domain/bridges/:bridge";
  const back = { to: ({ domain }: PageCall) => pathOf(domain.name, "bridges") };
  addForm(add, `${bridge}/drain`, { ...back, asks: "drain" });
  addForm(add, `${bridge}/undrain`, { ...back, asks: "undrain" });
  addForm(add, `${bridge}/hand-over`, { ...back, asks: "handOver", fields: ["from"] });
  addAsked(add, "/:domain/audit", {
    asks: "GET /domains/{domain}/audit",
    query: ({ cursor }) => ({ cursor, limit: PAGE_ROWS }),
    none: { entries: [], next: null },
    render: (asked) => <AuditPage {...asked} />,
  });
  addAsked(add, "/:domain/servers", {
    asks: "GET /domains/{domain}/activity",
    render: ({ answer }) => <TspServersPage answer={answer} />,
  });
  const servers = ({ domain }: PageCall) => pathOf(domain.name, "servers");
  addForm(add, "/:domain/servers/resync", { asks: "resyncServer", fields: ["server"], to: servers });
  addAsked(add, "/:domain/settings", {
    asks: "GET /domains/{domain}/settings",
    render: ({ answer }) => <SettingsPage {...answer} />,
  });
}

/** Exports all matching records through the API. */
async function exportRecords(call: PageCall): Promise<Response> {
  const form = await formOf(call);
  if (form instanceof Response) return form;
  const answer = await askApi(call, "listRecords", { query: { ...Object.fromEntries(form), format: "csv" } });
  if (!answer.ok) return refusedPage(call, await problemIn(answer));
  const headers = {
    "content-type": answer.headers.get("content-type") ?? "",
    "content-disposition": `attachment; filename="${form.get("kind") ?? "call"}s.csv"`,
  };
  return new Response(answer.body, { headers });
}
