import { type Column, type Terminal, table } from "../../src/foundation/table.ts";
import { hostText } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { cut } from "../../src/foundation/text/cut.ts";
import type { AgentView } from "../../src/rpc/relay.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow, items } from "../terminal.ts";
import type { AgentsOfBridge, ConferenceOfDomain, RunningOfDomain, ServerOfDomain } from "./operator-client.ts";

export function conferencesText(
  conferences: readonly ConferenceOfDomain[],
  now: number,
  terminal: Terminal,
): readonly string[] {
  const rows = conferences.map((one) => ({
    ...{
      ...one,
      state: stateOf(one),
      isOver: isOver(one),
      callers: callersText(one.callers.length, one),
      server: one.host,
    },
    ...{ waiting: waitingOf(one), at: one.lastAt },
  }));
  return listText("no conference", conferenceColumns("LAST", now), rows, terminal);
}

/** A line for each conference that runs, as its domain's directory has it. */
export function runningText(
  conferences: readonly RunningOfDomain[],
  now: number,
  terminal: Terminal,
): readonly string[] {
  const rows = conferences.map((one) => ({
    ...{ ...one, state: stateOf({ phase: one.phase, ...one.now }), isOver: false },
    ...{
      callers: callersText(one.now.callers, one),
      server: one.webexHost,
      waiting: troubleOf(one),
      at: one.createdAt,
    },
  }));
  return listText("no conference", conferenceColumns("SINCE", now), rows, terminal);
}

/** While no agent says what the bridge does, the callers are as they were before. */
function callersText(callers: number, { away }: Pick<ConferenceOfDomain, "away">): string {
  return `${away ? "about " : ""}${callers}`;
}

/** A name may be of any length: in a pipe, nothing else cuts it. */
export function topicText({ topic = "" }: { readonly topic?: string | undefined }): string {
  return cut(topic, 60);
}

interface ConferenceRow extends Pick<ConferenceOfDomain, "domain" | "key" | "topic" | "bridge"> {
  readonly state: string;
  readonly isOver: boolean;
  readonly callers: string;
  readonly server: string;
  readonly waiting: string;
  readonly at: number;
}

function conferenceColumns(when: "LAST" | "SINCE", now: number): readonly Column<ConferenceRow>[] {
  return [
    { title: "CONFERENCE", text: ({ key }) => key, style: () => "bold" },
    { title: "STATE", text: ({ state }) => state, style: ({ isOver }) => (isOver ? "dim" : null) },
    { title: "TOPIC", text: topicText, cut: true },
    { title: "CALLERS", text: ({ callers }) => callers },
    { title: "BRIDGE", text: ({ bridge }) => bridge ?? "", cut: true },
    { title: "TSP SERVER", text: ({ server }) => hostText(server), cut: true },
    { title: "WAITING", text: ({ waiting }) => waiting, style: () => "yellow" },
    { title: when, text: ({ at }) => fromNow(at, now) },
  ];
}

/** What a directory is sent of what waits: once an attempt has failed, or a command is late. */
function troubleOf({ now }: RunningOfDomain): string {
  const { trouble, documents } = now;
  return [trouble.includes("commands") && "late cmd", trouble.includes("posts") && `${documents} doc`]
    .filter(Boolean)
    .join(", ");
}

/** Commands without a result, documents that are not confirmed, and messages that a server which is behind is owed. */
function waitingOf({ commands, documents, outages }: ConferenceOfDomain): string {
  const counts = [commands.length > 0 && `${commands.length} cmd`, documents.length > 0 && `${documents.length} doc`];
  return [...counts, ...outages.map(({ messages }) => `owes ${messages}`)].filter(Boolean).join(", ");
}

function isOver({ phase }: ConferenceOfDomain): boolean {
  return phase === "ended" || phase === "not-created";
}

interface State extends Pick<ConferenceOfDomain, "phase" | "attached" | "locked"> {
  readonly orphan?: unknown;
}

function stateOf({ phase, attached, locked, orphan }: State): string {
  if (phase !== "running") return phase.replace("-", " ");
  if (orphan !== undefined) return "found on the bridge"; // The edge had lost it, and WebEx has not created it again.
  if (!attached) return "kept alive"; // WebEx closed it with KeepAlive.
  return locked ? "locked" : "running";
}

export function conferenceText(conference: ConferenceOfDomain, now: number, screen: Screen): readonly string[] {
  const { callers, callOuts, rooms } = conference;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", title, ...indented(lines)];
  return [
    ...conferenceHead(conference, now, screen),
    ...section(
      counted(callers.length, "caller"),
      callers.length === 0 ? [] : table(callerColumns, callers.map(callRowOf(conference)), narrower(screen)),
    ),
    ...section(
      `${counted(callOuts.length, "call")} that we dial`,
      callOuts.map(({ call, number, stage, extCallId }) => {
        const whose = extCallId === "" ? "for an operator" : `ExtCallID ${extCallId}`;
        return `${[number, whose].filter(Boolean).join(", ")}: ${stage} (${call})`;
      }),
    ),
    ...section(
      counted(rooms.length, "further room"),
      rooms.map(({ room, subConfId, name, stage }) => `${name ?? subConfId}: ${stage} (${room})`),
    ),
    ...outstandingText(conference, { now, agents: null, startedAt: new Map() }, screen),
  ];
}

/** What and whose a conference is, in two lines or, with its topic, three. */
export function conferenceHead(conference: ConferenceOfDomain, now: number, { style }: Terminal): readonly string[] {
  const { key, domain, bridge, host, extConfId, lastAt, topic, orphan, away } = conference;
  const of = isOver(conference) ? [] : [`WebEx ${hostText(host) || "not attached"}`, `ExtConfID ${extConfId}`];
  return [
    `${style("bold", `conference ${key}`)} of ${domain}, ${stateOf(conference)}, last input ${fromNow(lastAt, now)}`,
    topic === undefined ? "" : `topic ${topic}`,
    orphan === undefined ? "" : orphanText(orphan, now),
    [...(bridge === null ? [] : [`bridge ${bridge}`]), ...of].join(", "),
    away ? "no agent says now what its bridge does: who is in it may have left" : "",
  ].filter((line) => line !== "");
}

function orphanText({ foundAt, endAt }: NonNullable<ConferenceOfDomain["orphan"]>, now: number): string {
  const end = endAt === null ? "does not end by itself" : `ends by itself ${fromNow(endAt, now)}`;
  return `found on the bridge ${fromNow(foundAt, now)}, and WebEx has not created it again; ${end}`;
}

interface Outstanding {
  readonly now: number;
  /** The agents of the conference's bridge; `null`: they were not asked for. */
  readonly agents: readonly AgentView[] | null;
  /** By the TransID of a document, or the id of a command. */
  readonly startedAt: ReadonlyMap<string, number>;
}

const failureTexts = {
  webex: { coming: "WebEx hears a failure", past: "WebEx was answered with a failure" },
  operator: { coming: "the operator's action fails", past: "the operator's action failed" },
} as const;

export function outstandingText(
  { domain, commands, documents, outages, bridge }: ConferenceOfDomain,
  { now, agents, startedAt }: Outstanding,
  screen: Screen,
): readonly string[] {
  const since = (id: string) => {
    const at = startedAt.get(id);
    return at === undefined ? "" : ` for ${duration(Math.max(0, now - at))}`;
  };
  const active = agents?.find(({ role }) => role === "active");
  const path =
    agents === null ? [] : active === undefined ? [`bridge ${bridge} has no active agent`] : bridgeFault(active);
  const ofCommands = commands.map(({ id, type, sent, taken: isAcked, answerBy, askers }) => {
    const sending =
      sent === 0
        ? "not sent yet"
        : `sent ${sent === 1 ? "once" : `${sent} times`}, ${isAcked ? "the agent has it, the bridge has not answered" : "no agent has acknowledged it"}`;
    const isLate = answerBy !== null && answerBy <= now;
    const failures = askers.map((asker) => failureTexts[asker][isLate ? "past" : "coming"]);
    const deadline = answerBy === null ? [] : failures.map((text) => `${text} ${fromNow(answerBy, now)}`);
    return [`${type} (${id}): no result${since(id)}`, sending, ...path, ...deadline].join("; ");
  });
  const ofDocuments = documents.map(({ transId, host, messages, attempts, dueAt, failure }) => {
    const tries =
      attempts === 0
        ? ["not posted yet"]
        : failure === undefined
          ? [`${counted(attempts, "attempt")}, no answer yet`]
          : [`${counted(attempts, "attempt")}, ${failure}`, `next ${dueAt <= now ? "now" : fromNow(dueAt, now)}`];
    const what = `${messages.join(", ")} (TransID ${transId}) to ${hostText(host)}`;
    return [`${what}: not confirmed${since(transId)}`, ...tries].join("; ");
  });
  const ofOutages = outages.map(({ host, since: at, why, messages, probeAt }) => {
    const probe = probeAt === null || probeAt <= now ? "a probe is under way" : `probed next ${fromNow(probeAt, now)}`;
    return `${hostText(host)}: since ${screen.times.second(at, domain)}; ${why}; is owed ${counted(messages, "message")} once it answers; ${probe}`;
  });
  const part = (title: string, list: readonly string[]) =>
    list.length === 0 ? [] : ["", screen.style("yellow", title), ...items(list, screen.width)];
  const lines = [
    ...part(`${counted(commands.length, "command")} without a result`, ofCommands),
    ...part(`${counted(documents.length, "document")} not confirmed`, ofDocuments),
    ...part(`${counted(outages.length, "server")} behind`, ofOutages),
  ];
  return lines.length === 0 ? ["", screen.style("green", "nothing is outstanding")] : lines;
}

function bridgeFault({ agent, health }: AgentView): string[] {
  return health?.bridgeUp === false ? [`agent ${agent} does not reach the bridge`] : [];
}

type CallRow = ConferenceOfDomain["callers"][number] &
  Pick<ConferenceOfDomain, "domain" | "away"> & { readonly conference: string; readonly roomName: string };

function callRowOf({ domain, key, away, rooms }: ConferenceOfDomain) {
  const names = new Map(rooms.map(({ room, name, subConfId }) => [room, name ?? subConfId]));
  return (caller: ConferenceOfDomain["callers"][number]): CallRow => ({
    ...{ domain, conference: key, ...caller, roomName: names.get(caller.room) ?? caller.room },
    ...(away && { away }),
  });
}

export function callsOf(conferences: readonly ConferenceOfDomain[]): readonly CallRow[] {
  return conferences.flatMap((conference) => conference.callers.map(callRowOf(conference)));
}

const callerColumns: readonly Column<CallRow>[] = [
  { title: "NUMBER", text: ({ number }) => number || "withheld" },
  { title: "ATTENDEE", text: ({ attendeeId }) => attendeeId, cut: true },
  {
    title: "EXTCALLID",
    text: ({ extCallId }) => extCallId || "not named",
    style: ({ extCallId }) => (extCallId ? null : "yellow"),
  },
  { title: "ROOM", text: ({ roomName }) => cut(roomName, 40), cut: true },
  {
    title: "STATE",
    text: ({ muted, speaks, away }) =>
      [muted ? "muted" : speaks ? "speaks" : "", away ? "may have left" : ""].filter(Boolean).join(", "),
    style: ({ muted, away }) => (muted || away ? "yellow" : "green"),
  },
  { title: "CALL", text: ({ call }) => call, style: () => "dim", cut: true },
];

export function callsText(calls: readonly CallRow[], terminal: Terminal): readonly string[] {
  const conference: Column<CallRow> = { title: "CONFERENCE", text: (call) => call.conference, style: () => "bold" };
  return listText("no caller", [conference, ...callerColumns], calls, terminal);
}

/** A line for each TSP server of conferences that run, and for the back end where something waits for it. */
export function serversText(servers: readonly ServerOfDomain[], now: number, terminal: Terminal): readonly string[] {
  return listText<ServerOfDomain>(
    "no conference runs, and nothing waits for a TSP server",
    [
      { title: "TSP SERVER", text: ({ host }) => hostText(host), style: () => "bold", cut: true },
      { title: "CONFERENCES", text: ({ conferences }) => String(conferences) },
      { title: "WAITING", text: ({ documents }) => (documents === 0 ? "-" : counted(documents, "document")) },
      { title: "OLDEST", text: ({ oldestDocumentAt: at }) => (at === null ? "" : fromNow(at, now)) },
      { title: "LAST FAILURE", text: (server) => failureOf(server, now), style: () => "red", cut: true },
    ],
    servers,
    terminal,
  );
}

function failureOf({ failure, lastFailure }: ServerOfDomain, now: number): string {
  if (failure === null || !lastFailure) return failure ?? "";
  return `${lastFailure.why}, ${fromNow(lastFailure.at, now)}`;
}

interface AgentRow {
  readonly domain: string;
  readonly bridge: string;
  /** Of the agent; or why none is known. */
  readonly name: string;
  /** The settings name it, and it is not connected. */
  readonly isMissing?: true;
  /** `null`: it is not connected, or none is known. */
  readonly agent: AgentView | null;
  readonly drained: boolean;
}

/** A line for each agent, connected or not, and for each bridge of which no agent is known. */
export function agentsText(bridges: readonly AgentsOfBridge[], now: number, terminal: Terminal): readonly string[] {
  const rows = bridges.flatMap(({ domain, bridge, agents, missing, drainedSince }): AgentRow[] => {
    const row = { domain, bridge, drained: drainedSince !== null };
    const connected = (agents ?? []).map((agent) => ({ ...row, name: agent.agent, agent }));
    const others = (missing ?? []).map((name) => ({ ...row, name, agent: null, isMissing: true as const }));
    const all = [...connected, ...others];
    if (all.length > 0) return all;
    return [{ ...row, name: agents === null ? "its relay does not answer" : "no agent is connected", agent: null }];
  });
  return listText<AgentRow>(
    "no bridge",
    [
      { title: "BRIDGE", text: ({ bridge }) => bridge, style: () => "bold", cut: true },
      {
        title: "AGENT",
        text: ({ name }) => name,
        style: ({ agent }) => (agent === null ? "red" : null),
      },
      { title: "ROLE", text: ({ agent }) => (agent ? roleOf(agent) : "") },
      {
        title: "LAST SEEN",
        text: ({ agent, isMissing }) => (isMissing ? "not connected" : lastSeen(agent, now)),
        style: ({ agent, isMissing }) => (isMissing || agent?.lastSeen === null ? "red" : null),
      },
      {
        title: "BRIDGE IS",
        text: ({ agent, drained }) =>
          [agent ? bridgeIs(agent) : "", drained ? "drained" : ""].filter(Boolean).join(", "),
        style: ({ agent, drained }) => (!agent || bridgeIs(agent) !== "up" ? "red" : drained ? "yellow" : "green"),
      },
      { title: "PORTS", text: ({ agent }) => portsOf(agent?.health ?? null) },
      { title: "WAITING", text: ({ agent }) => unfinishedOf(agent?.health ?? null) },
      { title: "VERSION", text: ({ agent }) => agent?.health?.version ?? "", cut: true },
    ],
    rows,
    terminal,
  );
}

/** After a restart of the edge, the place of the agent that was active is kept for a while. */
function roleOf({ role, lastSeen }: AgentView): string {
  return lastSeen === null ? `was ${role}` : role;
}

function lastSeen(agent: AgentView | null, now: number): string {
  if (agent === null) return "";
  return agent.lastSeen === null ? "not connected" : fromNow(Math.min(agent.lastSeen, now), now);
}

function bridgeIs({ health, lastSeen }: AgentView): string {
  if (lastSeen === null) return "";
  if (health === null) return "unknown";
  if (!health.bridgeUp) return "down";
  return health.ports === 0 ? "takes no calls" : "up";
}

function portsOf(health: AgentView["health"]): string {
  if (health === null) return "";
  if (health.portsInUse === null) return "?";
  return health.ports === null ? String(health.portsInUse) : `${health.portsInUse} of ${health.ports}`;
}

/** An agent that does not say is older than the field. */
function unfinishedOf(health: AgentView["health"]): string {
  if (!health?.waiting) return "";
  const { commands, reports } = health.waiting;
  const parts = [commands > 0 && counted(commands, "command"), reports > 0 && counted(reports, "report")];
  return parts.filter(Boolean).join(", ") || "nothing";
}

/** A line for each row, with its domain where there is more than one. */
export function listText<Row extends { readonly domain: string }>(
  nothing: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminal: Terminal,
): readonly string[] {
  if (rows.length === 0) return [nothing];
  const isOne = new Set(rows.map(({ domain }) => domain)).size < 2;
  const domain: Column<Row> = { title: "DOMAIN", text: (row) => (isOne ? "" : row.domain), cut: true };
  return table([domain, ...columns], rows, terminal);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function narrower(terminal: Terminal): Terminal {
  return { ...terminal, width: terminal.width - 2 };
}
