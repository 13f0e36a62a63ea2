import { setTimeout as pause } from "node:timers/promises";
import { printable } from "../src/foundation/printable.ts";
import { type StatusAnswer, signedRequest } from "./health.ts";
import type { CallView } from "./run.ts";
import type { AgentSettings } from "./settings.ts";
import { agentKey } from "./state-folder.ts";

const ANSWER_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;

/** The running agent's answer; an error says what to do. */
export async function askAgent(
  { state, listen: { port } }: AgentSettings,
  path: string,
  method = "GET",
): Promise<string> {
  if (port === 0) throw new Error("listen.port is 0, so nobody knows the agent's port: set it to a port, such as 8791");
  const headers = path === "/status" ? {} : signedRequest(agentKey(state), method, path);
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, signal }).catch(() => {
    throw new Error(`no agent answers on 127.0.0.1:${port}: start it with \`run\``);
  });
  const text = await response.text();
  if (response.ok) return text.trim();
  if (response.status === 403) {
    throw new Error(
      `the agent on 127.0.0.1:${port} has another key than ${state}: is it an agent with other settings?`,
    );
  }
  throw new Error(`what listens on 127.0.0.1:${port} answers ${response.status}: is it an agent of this version?`);
}

export async function askStatus(settings: AgentSettings): Promise<StatusAnswer> {
  return JSON.parse(await askAgent(settings, "/status"));
}

/** `status` for people. */
export function statusText(status: StatusAnswer): string {
  const { agent, domain, bridge, version, role, edgeUp, bridgeUp, ports, calls, draining } = status;
  const roles = {
    active: "active: it acts on the bridge",
    standby: "standby: another agent of this bridge acts",
    unknown: "unknown: the edge has not said yet",
  };
  return [
    `agent     ${agent}, for bridge ${bridge} of domain ${domain}; version ${version}`,
    `role      ${draining ? `${role}, and about to end: ${waitsFor(status)}` : roles[role]}`,
    `edge      ${edgeUp ? "connected" : "not connected: see the log, or `doctor`"}`,
    `bridge    ${bridgeUp ? `answers, with ${ports ?? "unlimited"} ports` : "not there: see the log, or `doctor`"}`,
    `calls     ${calls}`,
    `commands  ${status.running} at work on the bridge`,
    `reports   ${status.unacknowledged} not acknowledged by the edge`,
  ].join("\n");
}

/** What an agent that is about to end waits for. */
export function waitsFor({ running, unacknowledged, edgeUp }: StatusAnswer): string {
  const commands = running > 0 ? [`${running} commands that the bridge is at work on`] : [];
  const reports = edgeUp && unacknowledged > 0 ? [`${unacknowledged} reports that the edge has not acknowledged`] : [];
  const all = [...commands, ...reports];
  return all.length > 0 ? `waits for ${all.join(" and ")}` : "waits for nothing";
}

/** `calls` for people. */
export function callsText(calls: readonly CallView[], { role }: Pick<StatusAnswer, "role">): string {
  if (role === "standby") return "this agent is standby: ask the active one";
  if (role === "unknown") return "the edge has not said yet whether this agent acts";
  if (calls.length === 0) return "no calls";
  const stages = { prompted: "at the prompt", dialled: "being called", entered: "in" };
  const rows = calls.map(({ since, number, conference, room, stage, muted, call }) => [
    since.slice(0, 19).replace("T", " "),
    number || "withheld",
    conference ?? "-",
    room ?? "-",
    `${stages[stage]}${muted ? ", muted" : ""}`,
    call,
  ]);
  // Ids and numbers are the bridge's words.
  const shown = rows.map((row) => row.map(printable));
  const table = [["SINCE (UTC)", "NUMBER", "CONFERENCE", "ROOM", "STATE", "CALL"], ...shown];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

/** Asks the agent to end, and prints what it waits for until it has. */
export async function drain(settings: AgentSettings, print: (line: string) => void): Promise<void> {
  await askAgent(settings, "/drain", "POST");
  let last = "";
  for (;;) {
    const status = await askStatus(settings).catch(() => null);
    if (!status?.draining) break; // It has ended; what answers now is another process.
    const line = waitsFor(status);
    if (line !== last) print(line);
    last = line;
    await pause(LOOK_AGAIN_MS);
  }
  print("the agent has ended; its calls stay up. `run`, or systemctl start, brings it back");
}
