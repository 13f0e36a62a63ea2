import type { EpochMs, WebexHost } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import { type HostPosts, noPosts, together } from "../../records/activity.ts";
import type { DomainActivity, GivenUpPage, HostLoad } from "../../rpc/directory.ts";
import { GivenUpList } from "../conference/given-up-post.tsx";
import { type Frame, Page } from "../page.tsx";
import { Age, Empty, hostText, Mark, millisecondsText, Table, Time } from "../parts.tsx";
import { pathOf } from "../paths.ts";

interface HostsProps extends Frame {
  readonly domain: string;
  readonly activity: DomainActivity;
  readonly givenUp: GivenUpPage;
  /** Those that were given up before this one alone. */
  readonly before: string | null;
}

interface ShownHost {
  readonly posts: HostPosts;
  readonly load: HostLoad | undefined;
}

/** The TSP servers to which a domain posts: what they confirmed in the last hour, how fast, what waits for them, and what was given up. */
export function WebexHostsPage({ activity, givenUp, before, ...frame }: HostsProps) {
  const { domain, now } = frame;
  const hosts = hostsOf(activity);
  return (
    <Page {...frame} title="WebEx hosts">
      <section id="hosts" data-part="" class="part">
        {hosts.length === 0 ? (
          <Empty title="No conference runs, and nothing was posted in the last hour">
            The TSP servers of WebEx stand here with what they confirmed, how fast, and what waits for them.
          </Empty>
        ) : (
          <>
            <p class="dim">Posts of the last hour. A minute is whole once something is posted in a later one.</p>
            {activity.unknown > 0 && (
              <p class="dim">
                {`What waits is not all: ${counted(activity.unknown, "conference")} did not tell yet, and were asked.`}
              </p>
            )}
            <Table
              kind="hosts"
              heads={[
                "WebEx host",
                "Attempts confirmed",
                { number: "Mean time" },
                { number: "Given up" },
                "Documents that wait",
                "Last failure",
                "Conferences",
              ]}
            >
              {hosts.map((host) => (
                <HostRow of={host} domain={domain} now={now} />
              ))}
            </Table>
          </>
        )}
      </section>
      <section id="given-up" data-part="" class="part">
        <h2>Given up</h2>
        <GivenUpList domain={domain} page={givenUp} before={before} now={now} />
      </section>
    </Page>
  );
}

function HostRow({ of, domain, now }: { readonly of: ShownHost; readonly domain: string; readonly now: EpochMs }) {
  const { posts, load } = of;
  const { host, confirmed, failed, givenUp, tookMs, lastFailure } = posts;
  const attempts = confirmed + failed;
  return (
    <tr id={`host-${host ?? ""}`} data-row="" tabindex={-1}>
      <th scope="row">{host === null ? "all others" : hostText(host)}</th>
      <td data-label="Confirmed">
        {attempts === 0 ? (
          "none was made"
        ) : (
          <>
            <Mark is={failed === 0 ? "good" : confirmed === 0 ? "bad" : "warn"}>{percentOf(confirmed, attempts)}</Mark>{" "}
            {`${confirmed} of ${attempts}`}
          </>
        )}
      </td>
      <td data-label="Mean time" class="number short">
        {confirmed > 0 && millisecondsText(tookMs / confirmed)}
      </td>
      <td data-label="Given up" class="number">
        {givenUp}
      </td>
      <td data-label="Documents that wait">
        {load && load.documents > 0 ? (
          <>
            {load.documents}
            {load.oldestDocumentAt !== null && (
              <>
                , the oldest for <Age since={load.oldestDocumentAt} now={now} />
              </>
            )}
          </>
        ) : (
          "none"
        )}
      </td>
      <td data-label="Last failure" class="failure">
        {lastFailure === null ? (
          (load?.failure ?? "none")
        ) : (
          <>
            <Time at={lastFailure.at} now={now} /> {lastFailure.why}
          </>
        )}
      </td>
      <td data-label="Conferences">
        {load === undefined || load.conferences === 0
          ? "none runs"
          : `${load.conferences} ${load.conferences === 1 ? "runs" : "run"}`}
        {load !== undefined && load.troubled.length > 0 && (
          <>
            ; not confirmed to{" "}
            {load.troubled.map((key, index) => (
              <>
                {index > 0 && ", "}
                <a href={pathOf(domain, "conferences", key)}>{key}</a>
              </>
            ))}
          </>
        )}
      </td>
    </tr>
  );
}

/** Those for which the most waits are the first, then the busiest. */
function hostsOf({ minutes, hosts: loads }: DomainActivity): readonly ShownHost[] {
  // Posts to the back end are not counted.
  const none = loads.map(({ host }) => [host as WebexHost, { ...noPosts, host: host as WebexHost }] as const);
  const sums = new Map<WebexHost | null, HostPosts>(none);
  for (const posts of minutes.flatMap(({ hosts }) => hosts)) {
    const before = sums.get(posts.host);
    sums.set(posts.host, before ? together(before, posts) : posts);
  }
  const waits = ({ load }: ShownHost) => load?.documents ?? 0;
  const busy = ({ posts }: ShownHost) => posts.confirmed + posts.failed;
  return [...sums.values()]
    .map((posts) => ({ posts, load: loads.find(({ host }) => host === posts.host) }))
    .sort((one, other) => waits(other) - waits(one) || busy(other) - busy(one));
}

/** Never 100 % where something failed. */
function percentOf(part: number, all: number): string {
  return `${Math.floor((part / all) * 100)} %`;
}
