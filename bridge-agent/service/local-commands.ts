import { textWithin } from "../../src/foundation/limits.ts";
import { type Column, plainTerminal, table } from "../../src/foundation/table.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { codeOf } from "../../src/foundation/text/reason.ts";
import { unfinishedText } from "../core/agent.ts";
import type { CallView } from "../run.ts";
import { type StatusAnswer, signedRequest } from "./health.ts";
import type { AgentSettings } from "./settings.ts";
import { isFolderHeld, missingKey, passingKey, readAgentKey } from "./state-folder.ts";

const ANSWER_WITHIN_MS = 5_000;
/** The calls of a bridge with some 160,000, and more. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Nothing listens at the agent's port, and no agent holds its state folder. */
export class NoAgent extends Error {}

/** The running agent's answer; an error says what to do. */
export async function askAgent(
  { state, listen: { port } }: AgentSettings,
  path: string,
  withinMs = ANSWER_WITHIN_MS,
): Promise<string> {
  if (port === 0) throw new Error("listen.port is 0, so nobody knows the agent's port: set it to a port, such as 8791");
  const headers = path === "/status" ? {} : signedRequest(readAgentKey(state) ?? passingKey(), "GET", path);
  const signal = AbortSignal.timeout(withinMs);
  const [response, text] = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal })
    .then(async (response) => [response, await textOf(response)] as const)
    .catch((error: Error) => {
      if (refused(error) && isFolderHeld(state)) {
        throw new Error(
          `an agent holds ${state}, and nothing listens on 127.0.0.1:${port}: if it was started with another listen.port, set that; else ${restart}`,
        );
      }
      if (refused(error)) throw new NoAgent(`no agent answers on 127.0.0.1:${port}: start it with \`run\``);
      if (signal.aborted && isFolderHeld(state)) {
        throw new Error(
          `an agent holds ${state}, and 127.0.0.1:${port} gave no answer within ${withinMs / 1_000} s: ${restart}`,
        );
      }
      const what = signal.aborted ? `gave no answer within ${withinMs / 1_000} s` : "broke the connection";
      throw new Error(`the agent on 127.0.0.1:${port} ${what}: look at its log, and ask again; ${otherPort}`);
    });
  if (response.ok) return text.trim();
  if (response.status === 403) {
    if (readAgentKey(state) === null) throw new Error(missingKey(state));
    throw new Error(
      `the agent on 127.0.0.1:${port} has another key than ${state}: is it an agent with other settings?`,
    );
  }
  throw new Error(
    `what listens on 127.0.0.1:${port} answers ${response.status}: is it an agent of this version? If not, set listen.port to another port`,
  );
}

/** Another program may listen there, and never end. */
async function textOf(answer: Response): Promise<string> {
  const text = await textWithin(answer, MAX_ANSWER_BYTES);
  if (text === null) throw new Error(`it answers more than ${MAX_ANSWER_BYTES} bytes`);
  return text;
}

const otherPort = "if that is another program, set listen.port to another port";

const restart = "look at its log, and if it hangs, end its process and start it again (calls stay up)";

function refused({ cause }: Error): boolean {
  return codeOf(cause) === "ECONNREFUSED";
}

export async function askStatus(settings: AgentSettings): Promise<StatusAnswer> {
  const status = parsed(await askAgent(settings, "/status"));
  const { port } = settings.listen;
  if (typeof Object(status).role !== "string")
    throw new Error(`the program on 127.0.0.1:${port} is not an agent: set listen.port to another port`);
  const [theirs, ours] = [nameOf(status as StatusAnswer), nameOf(settings)];
  if (theirs === ours) return status as StatusAnswer;
  throw new Error(`the agent on 127.0.0.1:${port} is ${theirs}, not ${ours}: set listen.port to a port of its own`);
}

function nameOf({ agent, bridge, domain }: Pick<AgentSettings, "agent" | "bridge" | "domain">): string {
  return printable(`${agent} for bridge ${bridge} of domain ${domain}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function statusText(status: StatusAnswer): string {
  const { agent, domain, bridge, version, edgeUp, bridgeUp, bridgeTrouble, ports, calls } = status;
  return [
    `agent     ${agent}, for bridge ${bridge} of domain ${domain}; version ${version}`,
    `role      ${roleText(status)}`,
    `edge      ${edgeUp ? "connected" : "not connected: see the log, or `doctor`"}`,
    `bridge    ${bridgeUp ? `answers${portsText(ports)}` : `not there: ${printable(bridgeTrouble ?? "see the log, or `doctor`")}`}`,
    `calls     ${callsUnknown(status) ?? calls}`,
    `commands  ${status.running} at work on the bridge`,
    `reports   ${status.unacknowledged} not acknowledged by the edge`,
  ].join("\n");
}

/** After "answers": how many ports, as far as the bridge or its settings say. */
function portsText(ports: number | null): string {
  if (ports === 0) return ", and takes no new calls: see the log";
  return ports === null ? "" : `, with ${ports} ports`;
}

function roleText(status: StatusAnswer): string {
  if (status.draining) return `${status.role}, and about to end: ${waitsFor(status)}`;
  return roles[status.role];
}

const roles = {
  active: "active: it acts on the bridge",
  standby: "standby: another agent of this bridge acts",
  unknown: "unknown: the edge has not said yet",
};

function waitsFor({ running, unacknowledged, edgeUp }: StatusAnswer): string {
  return `waits for ${unfinishedText({ running, inDoubt: 0, unacknowledged: edgeUp ? unacknowledged : 0 }) ?? "nothing"}`;
}

/** Why this agent does not know the calls of the bridge, and what to do; `null`: it does. */
export function callsUnknown({
  role,
  bridgeUp,
  calls,
}: Pick<StatusAnswer, "role" | "bridgeUp" | "calls">): string | null {
  if (role === "standby") return "not known to a standby: ask the active agent of this bridge";
  if (role === "unknown") return "not known: the edge has not said yet whether this agent acts";
  if (calls !== null) return null;
  return bridgeUp ? "not known: the agent reads the bridge now" : "not known: the bridge does not answer";
}

/** `calls` for people, of an agent that knows them. */
export function callsText(calls: readonly CallView[]): string {
  if (calls.length === 0) return "no calls";
  // Ids and numbers are the bridge's words.
  const column = (title: string, text: (call: CallView) => string): Column<CallView> => ({
    title,
    text: (call) => printable(text(call)),
  });
  const columns = [
    column("SINCE (UTC)", ({ since }) => since.slice(0, 19).replace("T", " ")),
    column("NUMBER", ({ number }) => number || "withheld"),
    column("CONFERENCE", ({ conference }) => conference ?? "-"),
    column("ROOM", ({ room }) => room ?? "-"),
    column("STATE", ({ stage, muted }) => `${stages[stage]}${muted ? ", muted" : ""}`),
    column("CALL", ({ call }) => call),
  ];
  return table(columns, calls, plainTerminal).join("\n");
}

const stages = { prompted: "at the prompt", dialled: "being called", entered: "in" };
