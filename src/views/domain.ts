import type { WebexHost } from "../foundation/ids.ts";
import { hostText } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import type { AuditEntry } from "../operators/audit.ts";
import { type HostPosts, noPosts, together } from "../records/activity.ts";
import type { DomainActivity, ServerLoad } from "../rpc/directory.ts";
import { conferenceLink } from "./conferences.ts";
import { mark, millisecondsText, type Part, type View } from "./view.ts";

/** A TSP server with its posts of the last hour; `load`: its conferences and backlog. */
export interface ServerRow extends HostPosts {
  readonly load: ServerLoad | undefined;
}

export const tspServers: View<ServerRow> = {
  none: [
    "No conference runs, and nothing was posted in the last hour",
    "TSP servers appear here with what they confirmed, how fast, and what waits for them.",
  ],
  id: ({ host }) => `host-${host ?? ""}`,
  columns: [
    { title: "TSP server", cell: ({ host }) => (host === null ? "all others" : hostText(host)), long: true },
    { title: "Conferences", cell: ({ load }) => load?.conferences ?? 0, number: true },
    { title: "Confirmed", cell: confirmedOf },
    {
      title: "Mean time",
      cell: ({ confirmed, tookMs }) => (confirmed > 0 ? millisecondsText(tookMs / confirmed) : null),
      number: true,
    },
    { title: "Undelivered", cell: ({ givenUp }) => (givenUp > 0 ? mark("bad", String(givenUp)) : 0), number: true },
    {
      title: "Waiting",
      cell: ({ load }) => (load?.documents ? mark("warn", counted(load.documents, "document")) : null),
    },
    { title: "Oldest", cell: ({ load }) => (load?.oldestDocumentAt ? { ago: load.oldestDocumentAt } : null) },
    {
      title: "Last failure",
      cell: ({ lastFailure, load }) =>
        lastFailure ? [{ at: lastFailure.at }, lastFailure.why] : (load?.failure ?? null),
      long: true,
    },
    { title: "Not confirmed to", cell: ({ load }) => load?.affected.map(conferenceLink) ?? null, only: "console" },
  ],
};

/** Never 100 % if something failed. */
function confirmedOf({ confirmed, failed }: ServerRow): readonly Part[] {
  const attempts = confirmed + failed;
  if (attempts === 0) return [];
  const tone = failed === 0 ? "good" : confirmed === 0 ? "bad" : "warn";
  return [mark(tone, `${Math.floor((confirmed / attempts) * 100)} %`), `${confirmed} of ${attempts}`];
}

/** Sorts by backlog, then by posts. */
export function serversOf({ minutes, hosts: loads }: DomainActivity): readonly ServerRow[] {
  const none = loads.map(({ host }) => ({ ...noPosts, host: host as WebexHost }));
  const sums = new Map<WebexHost | null, HostPosts>(none.map((posts) => [posts.host, posts]));
  for (const posts of minutes.flatMap(({ hosts }) => hosts))
    sums.set(posts.host, together(posts, sums.get(posts.host) ?? noPosts));
  const waits = ({ load }: ServerRow) => load?.documents ?? 0;
  const busy = ({ confirmed, failed }: ServerRow) => confirmed + failed;
  return [...sums.values()]
    .map((posts) => ({ ...posts, load: loads.find(({ host }) => host === posts.host) }))
    .sort((one, other) => waits(other) - waits(one) || busy(other) - busy(one));
}

export const audit: View<AuditEntry> = {
  none: ["Nobody has asked for anything yet", "Each action by console, API or command appears here after its answer."],
  id: ({ at, actionId }) => `entry-${at}-${actionId}`,
  columns: [
    { title: "When", cell: ({ at }) => ({ at }) },
    { title: "User", cell: ({ person, role, by }) => [person, mark("dim", `${role}, by ${by}`)], long: true },
    { title: "Action", cell: ({ action, repeat }) => [action, repeat ? mark("dim", "repeated") : null] },
    { title: "About", cell: aboutOf, long: true },
    { title: "Outcome", cell: outcomeOf },
    { title: "From", cell: ({ from }) => from || null },
  ],
};

function aboutOf({ about: { confKey, ...rest } }: AuditEntry): readonly (Part | null)[] {
  const others = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [confKey === undefined ? null : conferenceLink(confKey), ...others];
}

function outcomeOf({ refusal, status }: AuditEntry): Part {
  if (refusal !== null) return mark("bad", refusal);
  return status === 202 ? "accepted" : mark("good", "done");
}
