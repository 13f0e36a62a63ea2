import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { existsSync, statfsSync, statSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { TLSSocket } from "node:tls";
import { type Finding, findingLine } from "../src/foundation/finding.ts";
import { isLoopback } from "../src/foundation/loopback.ts";
import { reasonOf } from "../src/foundation/reason.ts";
import { REFUSAL_HEADER } from "../src/link/hello.ts";
import { kindOf } from "./drivers/registry.ts";
import { advice, closeReasonOf, helloHeader, linkUrl } from "./edge-link.ts";
import { journalFault } from "./journal.ts";
import { askStatus, NoAgent } from "./local-commands.ts";
import { driverPorts } from "./node-ports.ts";
import type { AgentSettings } from "./settings.ts";
import { journalFile, keyFile, missingKey, passingKey, readAgentKey } from "./state-folder.ts";

const PATIENCE_MS = 5_000;
/** The edge refuses a clock that is minutes off; a minute is already worth a look. */
const MOST_CLOCK_SKEW_MS = 60_000;
/** A busy agent writes some MiB a day. */
const LEAST_FREE_MIB = 100;
const CERTIFICATE_ENDS_SOON_MS = 14 * 24 * 3_600_000;

type Found = Omit<Finding, "about">;

/** What the edge, or a proxy in front of it, answered to the agent's first request for a socket. */
interface EdgeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** When the server's certificate ends; `null` without TLS. */
  readonly certificateEnds: Date | null;
}

/** Looks at everything an agent needs, one line each; whether nothing is wrong. It writes nothing, and disturbs no running agent. */
export async function doctor(settings: AgentSettings, print: (line: string) => void): Promise<boolean> {
  const checks: readonly (readonly [string, () => Promise<Found>])[] = [
    ["key", async () => checkKey(settings)],
    ["disk", async () => checkDisk(settings)],
    ["journal", async () => checkJournal(settings)],
    ["agent", () => checkAgent(settings)],
    ["name", () => checkName(settings)],
    ["tls", () => checkTls(settings, edge)],
    ["proxy", () => checkProxy(edge)],
    ["edge", () => checkEdge(settings, edge)],
    ["clock", () => checkClock(settings, edge)],
    ["bridge", () => checkBridge(settings)],
  ];
  const edge = askEdge(settings).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  let allGood = true;
  print(findingLine({ verdict: "ok", about: "settings", says: "every one is right" }));
  for (const [about, check] of checks) {
    const found = await check().catch((error: unknown) => bad(reasonOf(error)));
    allGood &&= found.verdict !== "WRONG";
    print(findingLine({ about, ...found }));
  }
  for (const finding of await lookAtBridge(settings)) {
    allGood &&= finding.verdict !== "WRONG";
    print(findingLine(finding));
  }
  return allGood;
}

function good(says: string): Found {
  return { verdict: "ok", says };
}

function warn(says: string): Found {
  return { verdict: "warn", says };
}

function bad(says: string): Found {
  return { verdict: "WRONG", says };
}

function checkKey({ state, agent, bridge, domain }: AgentSettings): Found {
  const key = readAgentKey(state);
  return key ? good(`${key.publicKey}, of agent ${agent} for bridge ${bridge} of ${domain}`) : bad(missingKey(state));
}

function checkDisk({ state }: AgentSettings): Found {
  if (!existsSync(state)) return warn("not looked at: see the line about the key");
  const { bavail, bsize } = statfsSync(state);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  return freeMiB < LEAST_FREE_MIB
    ? bad(`${state} has ${freeMiB} MiB left: make room, or the agent stops acting`)
    : good(`${state} has ${freeMiB} MiB left`);
}

function checkJournal({ state }: AgentSettings): Found {
  const file = journalFile(state);
  if (!existsSync(state)) return warn("not looked at: see the line about the key");
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return good(`${file} is made at the first start`);
  const fault = journalFault(file);
  return fault ? bad(fault.sentence) : good(`${file} is whole`);
}

async function checkAgent(settings: AgentSettings): Promise<Found> {
  if (settings.listen.port === 0)
    return warn("listen.port is 0: `status`, `calls` and `drain` cannot find a running agent");
  const status = await askStatus(settings).catch((error: Error) => error);
  if (status instanceof NoAgent) return good("none runs with these settings; `run` starts it");
  if (status instanceof Error) return bad(status.message);
  const { agent, role, edgeUp, bridgeUp, journal } = status;
  if (agent !== settings.agent) return bad(`${agent} runs on port ${settings.listen.port}: set another listen.port`);
  if (journal !== null) return bad(`it runs, but ${journal}`);
  const away = [...(edgeUp ? [] : ["the edge"]), ...(bridgeUp ? [] : ["the bridge"])];
  return away.length === 0
    ? good(`it runs, and is ${role}`)
    : warn(`it runs, and has no connection to ${away.join(" and ")}: see the lines below, and its log`);
}

async function checkName({ edge }: AgentSettings): Promise<Found> {
  const host = hostOf(edge);
  try {
    const { address } = await lookup(host);
    return good(isIP(host) ? `${host} needs no look-up` : `${host} is ${address}`);
  } catch (error) {
    return bad(`${host} is not found (${codeOf(error)}): check \`edge\` in the settings, and this machine's DNS`);
  }
}

async function checkTls({ edge }: AgentSettings, asked: Promise<EdgeAnswer | Error>): Promise<Found> {
  if (edge.startsWith("ws:")) {
    return isLoopback(hostOf(edge))
      ? good("none, and none is needed on this machine")
      : warn("none: who is on the way reads numbers and keys, and may change them; use wss://");
  }
  const answer = await asked;
  if (answer instanceof Error) {
    const code = codeOf(answer);
    if (!tlsFault.test(code)) return warn("not checked: see the line about the edge");
    const ca = "for a certificate authority of your own, set NODE_EXTRA_CA_CERTS to its file";
    return bad(`${answer.message} (${code}): mend the certificate of ${hostOf(edge)}; ${ca}`);
  }
  const ends = answer.certificateEnds;
  if (ends === null) return warn("the certificate could not be read");
  const day = ends.toISOString().slice(0, 10);
  const leftMs = ends.getTime() - Date.now();
  return leftMs < CERTIFICATE_ENDS_SOON_MS
    ? warn(`the certificate ends on ${day}: renew it`)
    : good(`the certificate is right until ${day}`);
}

async function checkProxy(asked: Promise<EdgeAnswer | Error>): Promise<Found> {
  const answer = await asked;
  const name = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].find((name) => process.env[name]);
  const own = name ? `${name} is set, and the agent does not use it` : "none on this side";
  if (answer instanceof Error) {
    return name ? warn(`${own}: let this machine connect to the edge directly`) : good(own);
  }
  const { server, via } = answer.headers;
  const theirs = [server, via].filter((text) => text !== undefined).join(", ");
  const front = theirs ? `; in front of the edge: ${theirs}` : "";
  if (answer.status === 426) return bad(`${own}${front}: it must pass on \`Upgrade: websocket\` under /agent/`);
  return good(`${own}${front}`);
}

async function checkEdge(
  { edge, agent, domain, bridge, state }: AgentSettings,
  asked: Promise<EdgeAnswer | Error>,
): Promise<Found> {
  const answer = await asked;
  if (answer instanceof Error) {
    if (tlsFault.test(codeOf(answer))) return bad("not asked: see the line about TLS");
    return bad(
      `${edge} cannot be reached (${answer.message}): check \`edge\` in the settings, the network and its firewalls`,
    );
  }
  const { status, headers } = answer;
  const [code = ""] = String(headers[REFUSAL_HEADER] ?? "").split(" ");
  const reason = closeReasonOf(Number(code));
  // An agent that is known and may connect is given a challenge; only the answer to that would open a link.
  if (reason === "replayed")
    return good(`it knows this key as agent ${agent} of bridge ${bridge} of ${domain}, and would connect it`);
  if (reason === "wrongKey" && !existsSync(keyFile(state)))
    return warn("it answers, and was not asked about this agent: see the line about the key");
  if (reason === "badMessage") return bad(`${advice[reason]}, and that a proxy passes on the header bridgehead-hello`);
  if (reason !== undefined) return bad(advice[reason]);
  if (status === 426) return bad("it was not asked for a WebSocket: see the line about the proxy");
  if (status >= 500) return bad(`${edge} answers ${status}: look at the edge's log, and at the proxy in front of it`);
  return bad(
    `${edge} answers ${status}, and not as an edge does: check \`edge\` in the settings, and the proxy in front of the edge`,
  );
}

async function checkClock({ edge }: AgentSettings, asked: Promise<EdgeAnswer | Error>): Promise<Found> {
  const answer = await asked;
  if (answer instanceof Error) return warn("not compared: see the line about the edge");
  const date = answer.headers.date ?? (await dateOf(edge));
  if (date === null) return good("not compared, the edge sends no date");
  const skewMs = Date.now() - Date.parse(date);
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) <= MOST_CLOCK_SKEW_MS) return good("agrees with the edge's");
  return bad(`${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the edge's: set it, for example with NTP`);
}

/** Where neither the edge's platform nor a proxy puts a date to each answer, `/healthz` has one. */
async function dateOf(edge: string): Promise<string | null> {
  const url = `${edge.replace(/^ws/, "http").replace(/\/+$/, "")}/healthz`;
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  return response?.headers.get("date") ?? null;
}

/**
 * Begins the handshake as the agent does, and leaves it at that: the edge checks who asks and gives a challenge. The link of a
 * running agent stays.
 */
function askEdge(settings: AgentSettings): Promise<EdgeAnswer> {
  const url = linkUrl(settings).replace(/^ws/, "http");
  const headers = {
    ...helloHeader(settings, readAgentKey(settings.state) ?? passingKey(), Date.now(), ""),
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
  };
  return new Promise((resolve, reject) => {
    const request = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, { headers, agent: false });
    const timer = setTimeout(
      () => request.destroy(new Error(`it does not answer within ${PATIENCE_MS / 1_000} s`)),
      PATIENCE_MS,
    );
    const answered = ({ statusCode = 0, headers, socket }: IncomingMessage) => {
      clearTimeout(timer);
      const ends = socket instanceof TLSSocket ? new Date(socket.getPeerCertificate().valid_to) : null;
      resolve({ status: statusCode, headers, certificateEnds: ends });
      socket.destroy();
    };
    request.on("response", answered);
    request.on("upgrade", answered);
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error.message ? error : new Error(codeOf(error)));
    });
    request.end();
  });
}

const tlsFault = /CERT|TLS|SSL|SIGNED|VERIFY|EPROTO/;

function hostOf(edge: string): string {
  return new URL(edge).hostname.replace(/^\[|\]$/g, "");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** What there is to see at this kind of bridge; nothing where it does not answer: the line about the bridge says why. */
async function lookAtBridge({ driver, domain, bridge, agent, dialIn }: AgentSettings): Promise<readonly Finding[]> {
  const { look } = kindOf(driver).doctor;
  return (await look?.(driver, { owner: `${domain}/${bridge}`, agent, dialIn }, driverPorts.timers)) ?? [];
}

/** As a visitor, for whom the bridge drops no other connection. */
async function checkBridge({ driver: settings }: AgentSettings): Promise<Found> {
  const { create, doctor } = kindOf(settings);
  const driver = create(settings, driverPorts, null);
  const finding = await new Promise<Found>((resolve) => {
    let why = `the bridge does not answer within ${PATIENCE_MS / 1_000} s`;
    const timer = setTimeout(() => resolve(bad([why, doctor.advice(why)].filter(Boolean).join(": "))), PATIENCE_MS);
    driver.start((report) => {
      if (report.type === "disconnected") why = report.why;
      if (report.type !== "connected") return;
      const { ports } = report;
      void driver.state().then((state) => {
        if (state === null) return; // The reason comes as `disconnected`, or never: then it did not answer.
        clearTimeout(timer);
        const held = `${state.callsOfOthers} calls are up`;
        resolve(good(`${doctor.connected}, with ${ports ?? "unlimited"} ports; ${held}`));
      });
    });
  });
  await driver.stop();
  return finding;
}
