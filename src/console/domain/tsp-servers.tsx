import type { Child } from "hono/jsx";
import type { EpochMs, WebexHost } from "../../foundation/ids.ts";
import { BACK_END, hostText } from "../../foundation/text/bare-host.ts";
import { type HostPosts, noPosts, together } from "../../records/activity.ts";
import type { DomainActivity, ServerLoad } from "../../rpc/directory.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Age, Empty, listed, Mark, millisecondsText, Table, Time } from "../parts.tsx";
import { pathOf } from "../paths.ts";

interface ServersProps extends DomainFrame {
  readonly activity: DomainActivity;
}

interface ShownServer extends HostPosts {
  readonly load: ServerLoad | undefined;
}

/** The TSP servers to which a domain posts: what they confirmed in the last hour, how fast, and what waits for them. */
export function TspServersPage({ activity, ...frame }: ServersProps) {
  const { domain, now } = frame;
  const servers = serversOf(activity);
  return (
    <Page {...frame} title="TSP servers">
      <section id="hosts" class="part">
        {servers.length === 0 ? (
          <Empty title="No conference runs, and nothing was posted in the last hour">
            The TSP servers of WebEx stand here with what they confirmed, how fast, and what waits for them.
          </Empty>
        ) : (
          <>
            <p class="dim">Posts of the last hour, as they are now.</p>
            {activity.missing && <p class="dim">{`What waits in ${activity.missing.join(", ")} is not known.`}</p>}
            <ServerTable {...{ servers, domain, now }} mayAct={frame.person.role === "operator"} />
          </>
        )}
      </section>
    </Page>
  );
}

type ServerTableProps = Pick<ServersProps, "domain" | "now"> & {
  readonly servers: readonly ShownServer[];
  readonly mayAct: boolean;
};

function ServerTable({ servers, domain, now, mayAct }: ServerTableProps) {
  return (
    <Table
      kind="hosts"
      rows={servers}
      id={({ host }) => `host-${host ?? ""}`}
      classes={{ "Mean time": "number short", "Documents given up": "number", "Last failure": "failure" }}
      columns={{
        "TSP server": ({ host }) => (host === null ? "all others" : hostText(host)),
        "Attempts confirmed": attemptsText,
        "Mean time": ({ confirmed, tookMs }) => confirmed > 0 && millisecondsText(tookMs / confirmed),
        "Documents given up": ({ givenUp }) => givenUp,
        "Documents that wait": ({ load }) => waitingText(load, now),
        "Last failure": ({ lastFailure, load }) =>
          lastFailure ? [<Time at={lastFailure.at} now={now} />, ` ${lastFailure.why}`] : (load?.failure ?? "none"),
        Conferences: ({ load }) => conferencesText(load, domain),
        Resync: ({ host, load }) =>
          mayAct &&
          load &&
          load.documents > 0 &&
          host !== BACK_END && <ResyncButton domain={domain} server={load.host} />,
      }}
    />
  );
}

/** Has every conference that could not reach the server probe it now. */
function ResyncButton({ domain, server }: { readonly domain: string; readonly server: string }) {
  return (
    <form method="post" action={pathOf(domain, "servers")} class="inline" data-stay="">
      <input type="hidden" name="server" value={server} />
      <button type="submit">Resync</button>
    </form>
  );
}

function attemptsText({ confirmed, failed }: ShownServer): Child {
  const attempts = confirmed + failed;
  if (attempts === 0) return "none was made";
  const is = failed === 0 ? "good" : confirmed === 0 ? "bad" : "warn";
  // Never 100 % where something failed.
  return [<Mark is={is}>{`${Math.floor((confirmed / attempts) * 100)} %`}</Mark>, ` ${confirmed} of ${attempts}`];
}

function waitingText(load: ServerLoad | undefined, now: EpochMs): Child {
  if (!load || load.documents === 0) return "none";
  const { documents, oldestDocumentAt } = load;
  return [documents, oldestDocumentAt !== null && [", the oldest for ", <Age since={oldestDocumentAt} now={now} />]];
}

function conferencesText(load: ServerLoad | undefined, domain: string): Child {
  const { conferences = 0, troubled = [] } = load ?? {};
  const running = conferences === 0 ? "none runs" : `${conferences} ${conferences === 1 ? "runs" : "run"}`;
  const links = troubled.map((key) => <a href={pathOf(domain, "conferences", key)}>{key}</a>);
  return [running, links.length > 0 && ["; not confirmed to ", listed(links)]];
}

/** Those for which the most waits are the first, then the busiest. */
function serversOf({ minutes, hosts: loads }: DomainActivity): readonly ShownServer[] {
  const none = loads.map(({ host }) => [host as WebexHost, { ...noPosts, host: host as WebexHost }] as const);
  const sums = new Map<WebexHost | null, HostPosts>(none);
  for (const posts of minutes.flatMap(({ hosts }) => hosts)) {
    const before = sums.get(posts.host);
    sums.set(posts.host, before ? together(before, posts) : posts);
  }
  const waits = ({ load }: ShownServer) => load?.documents ?? 0;
  const busy = ({ confirmed, failed }: ShownServer) => confirmed + failed;
  return [...sums.values()]
    .map((posts) => ({ ...posts, load: loads.find(({ host }) => host === posts.host) }))
    .sort((one, other) => waits(other) - waits(one) || busy(other) - busy(one));
}
