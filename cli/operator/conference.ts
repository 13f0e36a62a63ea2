import type { Terminal } from "../../src/foundation/table.ts";
import { hostText } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { AgentView } from "../../src/rpc/relay.ts";
import { activeOf } from "../../src/views/bridges.ts";
import { callers, callersOf } from "../../src/views/calls.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow, items } from "../terminal.ts";
import { listText } from "./list-text.ts";
import type { ConferenceOfDomain } from "./operator-client.ts";

/** One conference as it is now. */
export function conferenceText(conference: ConferenceOfDomain, now: number, screen: Screen): readonly string[] {
  const { callOuts, rooms, domain } = conference;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
  const rows = callersOf(conference).map((caller) => ({ domain, ...caller }));
  const columns = callers.columns.filter(({ title }) => title !== "Conference");
  const narrower = { ...screen, width: screen.width - 2 };
  return [
    ...conferenceHead(conference, now, screen),
    ...section(counted(rows.length, "caller"), listText({ ...callers, columns }, null)(rows, now, narrower)),
    ...section(
      counted(callOuts.length, "call-out"),
      callOuts.map(({ call, number, stage, extCallId }) => {
        const whose = extCallId === "" ? "for an operator" : `ExtCallID ${extCallId}`;
        return `${[number, whose].filter(Boolean).join(", ")}: ${stage} (${call})`;
      }),
    ),
    ...section(
      counted(rooms.length, "further room"),
      rooms.map(({ room, subConfId, name, stage }) => `${name ?? subConfId}: ${stage} (${room})`),
    ),
    ...outstandingText(conference, now, screen),
  ];
}

function stateOf({ phase, attached, locked, orphan }: ConferenceOfDomain): string {
  if (phase !== "running") return phase.replace("-", " ");
  if (orphan !== undefined) return "found on the bridge"; // WebEx has not created it again.
  if (!attached) return "without WebEx"; // WebEx closed it with KeepAlive.
  return locked ? "locked" : "running";
}

export function conferenceHead(conference: ConferenceOfDomain, now: number, { style }: Terminal): readonly string[] {
  const { key, domain, phase, bridge, host, extConfId, lastAt, topic, orphan } = conference;
  const isOver = phase === "ended" || phase === "not-created";
  const of = [
    bridge && `bridge ${bridge}`,
    !isOver && `WebEx ${hostText(host) || "not attached"}, ExtConfID ${extConfId}`,
  ];
  return [
    `${style("bold", `conference ${key}`)} of ${domain}, ${stateOf(conference)}, last input ${fromNow(lastAt, now)}`,
    topic ? `name ${topic}` : "",
    orphan ? orphanText(orphan, now) : "",
    of.filter(Boolean).join(", "),
  ].filter((line) => line !== "");
}

function orphanText({ foundAt, endAt }: NonNullable<ConferenceOfDomain["orphan"]>, now: number): string {
  const end = endAt === null ? "it does not end by itself" : `it ends by itself ${fromNow(endAt, now)}`;
  return `found on the bridge ${fromNow(foundAt, now)}; WebEx has not created it again, and ${end}`;
}

/** Facts about outstanding work from the timeline and the relay. */
interface More {
  /** `null`: the relay did not answer, or was not asked. */
  readonly agents: readonly AgentView[] | null;
  /** By the id of a command. */
  readonly issuedAt: ReadonlyMap<string, number>;
}

/** Commands without a result, documents that are not confirmed, and servers that are behind. */
export function outstandingText(
  { domain, commands, documents, outages, bridge }: ConferenceOfDomain,
  now: number,
  { style, times, width }: Screen,
  { agents, issuedAt }: More = { agents: null, issuedAt: new Map() },
): readonly string[] {
  const since = (at: number | undefined) => (at === undefined ? "" : ` for ${duration(Math.max(0, now - at))}`);
  const path = agents === null ? [] : pathFault(bridge, agents);
  const ofCommands = commands.map(({ id, type, sent, taken, answerBy, askers }) => {
    const reached = taken ? "the agent has it, the bridge has not answered" : "no agent has acknowledged it";
    const sending = sent === 0 ? "not sent yet" : `sent ${sent === 1 ? "once" : `${sent} times`}, ${reached}`;
    const failures = askers.flatMap((asker) => {
      const asked = asker === "webex" ? "WebEx's request" : "the operator's action";
      return answerBy === null ? [] : `${asked} ${answerBy <= now ? "failed" : "fails"} ${fromNow(answerBy, now)}`;
    });
    return [`${type} (${id}): no result${since(issuedAt.get(id))}`, sending, ...path, ...failures].join("; ");
  });
  const ofDocuments = documents.map(({ transId, host, messages, queuedAt, attempts, dueAt, failure }) => {
    const what = `${messages.join(", ")} (TransID ${transId}) to ${hostText(host)}: not confirmed${since(queuedAt)}`;
    if (attempts === 0) return `${what}; not posted yet`;
    const next = dueAt <= now ? "now" : fromNow(dueAt, now);
    const last = failure === undefined ? "no answer yet" : `${failure}; next ${next}`;
    return `${what}; ${counted(attempts, "attempt")}, ${last}`;
  });
  const ofOutages = outages.map(({ host, since: at, why, messages, probeAt }) => {
    const probe = probeAt === null || probeAt <= now ? "being probed" : `next probe ${fromNow(probeAt, now)}`;
    const pending = `${counted(messages, "message")} pending`;
    return `${hostText(host)}: since ${times.second(at, domain)}; ${why}; ${pending}; ${probe}`;
  });
  const part = (title: string, list: readonly string[]) =>
    list.length === 0 ? [] : ["", style("yellow", title), ...items(list, width)];
  const lines = [
    ...part(`${counted(commands.length, "command")} without a result`, ofCommands),
    ...part(`${counted(documents.length, "document")} not confirmed`, ofDocuments),
    ...part(`${counted(outages.length, "server")} behind`, ofOutages),
  ];
  return lines.length === 0 ? ["", style("green", "nothing is outstanding")] : lines;
}

function pathFault(bridge: string | null, agents: readonly AgentView[]): readonly string[] {
  const active = activeOf({ agents });
  if (active === null) return [`bridge ${bridge} has no active agent`];
  return active.health?.bridgeUp === false ? [`agent ${active.agent} does not reach the bridge`] : [];
}
