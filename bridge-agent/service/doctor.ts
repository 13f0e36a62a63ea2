import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { isLoopback } from "../../src/foundation/loopback.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import {
  type CheckResult,
  type Finding,
  findingLine,
  findingsOf,
  right,
  warn,
  wrong,
} from "../../src/foundation/text/finding.ts";
import { codeOf } from "../../src/foundation/text/reason.ts";
import { renewAt } from "../../src/foundation/time/renew-at.ts";
import { REFUSAL_HEADER } from "../../src/link/hello.ts";
import { journalFault } from "../core/journal.ts";
import { kindOf } from "../drivers/registry.ts";
import { askEdge, type EdgeAnswer } from "../link/edge-answer.ts";
import { advice, closeReasonOf, helloHeader, linkUrl } from "../link/edge-link.ts";
import { edgeAddresses, hostOf, proxyFor, readCa, shownProxy, throughProxy } from "../link/edge-route.ts";
import { driverPorts } from "../node-ports.ts";
import { askStatus, NoAgent } from "./local-commands.ts";
import type { AgentSettings } from "./settings.ts";
import {
  type AgentKey,
  journalFile,
  keyFile,
  missingKey,
  otherUser,
  passingKey,
  readAgentKey,
  secretFile,
} from "./state-folder.ts";

const PATIENCE_MS = 5_000;
/** A bridge that refuses a connection may be about to start again: how long another attempt may take. */
const PATIENCE_AFTER_REFUSAL_MS = 1_000;
/** From there on the edge shows that the clocks differ. */
const MAX_CLOCK_SKEW_MS = 60_000;
/** A busy agent writes some MiB a day. */
const LEAST_FREE_MIB = 100;

const NOBODY_DIALS_IN =
  "it is empty, so nobody can dial in: right where this domain only dials out; else name its numbers, or leave it out for all of the bridge";

/** One address of the edge, and what was answered there, or why nothing was. */
interface Asked {
  readonly address: string;
  readonly answer: EdgeAnswer | Error;
  readonly others: readonly Omit<Asked, "others">[];
}

const verdicts: readonly CheckResult["verdict"][] = ["ok", "warn", "WRONG"];

/** Looks at everything an agent needs, one line each; whether nothing is wrong. It writes nothing, and disturbs no running agent. */
export async function doctor(
  settings: AgentSettings,
  print: (line: string) => void,
  settingsFile: string,
): Promise<boolean> {
  const asked = askEdges(settings);
  asked.catch(() => {}); // The lines that need it say so.
  const checks = {
    settings: () => secretFile(settingsFile, "every one is right"),
    key: () => checkKey(settings),
    disk: () => checkDisk(settings),
    journal: () => checkJournal(settings),
    agent: () => checkAgent(settings),
    name: async () => checkName(await asked),
    tls: async () => checkTls(settings, await asked),
    proxy: async () => checkProxy(await asked),
    edge: async () => checkEdge(settings, await asked),
    clock: async () => checkClock(settings, await asked),
    bridge: () => checkBridge(settings),
    policy: () => checkPolicy(settings),
    ...(settings.dialIn?.length === 0 && { dialIn: () => warn(NOBODY_DIALS_IN) }),
  };
  let allGood = true;
  const show = (finding: Finding) => {
    allGood &&= finding.verdict !== "WRONG";
    print(findingLine(finding));
  };
  for await (const finding of findingsOf(checks)) show(finding);
  for (const finding of await inspectBridge(settings)) show(finding);
  return allGood;
}

function checkKey({ state, agent, bridge, domain }: AgentSettings): CheckResult {
  const key = readAgentKey(state);
  return key
    ? secretFile(keyFile(state), `${key.publicKey}, of agent ${agent} for bridge ${bridge} of ${domain}`)
    : wrong(missingKey(state));
}

function checkDisk({ state }: AgentSettings): CheckResult {
  if (!existsSync(state)) return warn("not looked at: see the line about the key");
  const { bavail, bsize } = statfsSync(state);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  return freeMiB < LEAST_FREE_MIB
    ? wrong(`${state} has ${freeMiB} MiB left: make room, or the agent stops acting`)
    : right(`${state} has ${freeMiB} MiB left`);
}

function checkJournal({ state }: AgentSettings): CheckResult {
  const file = journalFile(state);
  if (!existsSync(state)) return warn("not looked at: see the line about the key");
  try {
    accessSync(state, constants.W_OK | constants.X_OK);
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    else readdirSync(state); // It exists for nobody who may not look.
  } catch (error) {
    return wrong(`${file} cannot be used by this user (${codeOf(error)}): ${otherUser}`);
  }
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return right(`${file} is made at the first start`);
  const fault = journalFault(file);
  return fault ? wrong(fault.sentence) : secretFile(file, `${file} is whole`);
}

async function checkAgent(settings: AgentSettings): Promise<CheckResult> {
  if (settings.listen.port === 0) return warn("listen.port is 0: `status` and `calls` cannot find a running agent");
  const status = await askStatus(settings).catch((error: Error) => error);
  if (status instanceof NoAgent) return right("none runs with these settings; `run` starts it");
  if (status instanceof Error) return wrong(status.message);
  const { role, edgeUp, bridgeUp, ports } = status;
  if (bridgeUp && ports === 0) return wrong("it runs, and its bridge takes no new calls: see its log");
  const away = [...(edgeUp ? [] : ["the edge"]), ...(bridgeUp ? [] : ["the bridge"])];
  return away.length === 0
    ? right(`it runs, and is ${role}`)
    : warn(`it runs, and has no connection to ${away.join(" and ")}: see the lines below, and its log`);
}

async function checkName({ address }: Asked): Promise<CheckResult> {
  const host = hostOf(address);
  const proxy = proxyFor(address);
  const ours = proxy ? proxy.hostname.replace(/^\[|\]$/g, "") : host;
  const theirs = proxy ? `${host} is looked up by the proxy, and ` : "";
  try {
    const found = await lookup(ours);
    return right(isIP(ours) ? `${theirs}${ours} needs no look-up` : `${theirs}${ours} is ${found.address}`);
  } catch (error) {
    const what = proxy ? "HTTPS_PROXY or ALL_PROXY in this environment" : "`edge` in the settings";
    return wrong(`${ours} is not found (${codeOf(error)}): check ${what}, and this machine's DNS`);
  }
}

function checkTls({ ca }: AgentSettings, { address, answer }: Asked): CheckResult {
  if (address.startsWith("ws:")) {
    return isLoopback(hostOf(address))
      ? right("none, and none is needed on this machine")
      : warn("none: who is on the way reads numbers and keys, and may change them; use wss://");
  }
  if (ca !== undefined) readCa(ca);
  if (answer instanceof Error) {
    const code = codeOf(answer);
    if (/wrong version number/i.test(answer.message))
      return wrong(`no TLS is spoken at ${address}: use the port of its proxy, or ws://`);
    if (code === "EPROTO")
      return wrong(`${hostOf(address)} breaks off TLS: see the name in \`edge\`, and the log of what listens there`);
    if (!tlsFault.test(code)) return warn("not checked: see the line about the edge");
    const own =
      ca === undefined
        ? "for an authority of your own, set `ca` in the settings to its file"
        : `or put its authority into ${ca}`;
    return wrong(`${answer.message} (${code}): mend the certificate of ${hostOf(address)}; ${own}`);
  }
  const { certificate } = answer;
  if (certificate === null) return warn("the certificate could not be read");
  const day = new Date(certificate.ends).toISOString().slice(0, 10);
  const by = ca === undefined ? "" : `, by ${ca}`;
  return Date.now() > renewAt(certificate)
    ? warn(`the certificate ends on ${day}: renew it`)
    : right(`the certificate is right until ${day}${by}`);
}

function checkProxy({ address, answer }: Asked): CheckResult {
  const proxy = proxyFor(address);
  const name = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].find((name) => process.env[name]);
  const unused = name ? `: ${name} is set, and not for ${hostOf(address)} (this machine, no TLS, or NO_PROXY)` : "";
  const own = proxy ? `${shownProxy(proxy)} on this side` : `none on this side${unused}`;
  if (answer instanceof Error) {
    if (codeOf(answer) === "ERR_PROXY_TUNNEL")
      return wrong(`${answer.message}: look at what ${own} allows, and at user and password in ${name}`);
    return proxy ? warn(`${own}: see the line about the edge`) : right(own);
  }
  const { server, via } = answer.headers;
  const theirs = [server, via].filter((text) => text !== undefined).join(", ");
  const front = theirs ? `; in front of the edge: ${theirs}` : "";
  if (answer.status === 426) return wrong(`${own}${front}: it must pass on \`Upgrade: websocket\` under /agent/`);
  return right(`${own}${front}`);
}

/** The address that answers; of several, with what is wrong with the others. */
function checkEdge(settings: AgentSettings, { address, answer, others }: Asked): CheckResult {
  const found = checkAnswer(settings, address, answer);
  if (others.length === 0) return found;
  const faults = others.flatMap((other) => {
    const { verdict, says } = checkAnswer(settings, other.address, other.answer);
    return verdict === "ok" ? [] : [`${other.address}: ${says}`];
  });
  const says = [`at ${address}${throughProxy(address)}: ${found.says}`, ...faults].join("; ");
  return { verdict: found.verdict === "ok" && faults.length > 0 ? "warn" : found.verdict, says };
}

function checkAnswer(
  { agent, domain, bridge, state }: AgentSettings,
  edge: string,
  answer: EdgeAnswer | Error,
): CheckResult {
  if (answer instanceof Error) {
    if (tlsFault.test(codeOf(answer))) return wrong("not asked: see the line about TLS");
    const through = throughProxy(edge);
    const look = `check \`edge\` in the settings, ${through ? "the proxy, " : ""}the network and its firewalls`;
    return wrong(`${edge} cannot be reached${through} (${answer.message}): ${look}`);
  }
  const { status, headers } = answer;
  const [code = ""] = String(headers[REFUSAL_HEADER] ?? "").split(" ");
  const reason = closeReasonOf(Number(code));
  // An agent that is known and may connect is given a challenge; only the answer to that would open a link.
  if (reason === "replayed")
    return right(`it knows this key as agent ${agent} of bridge ${bridge} of ${domain}, and would connect it`);
  if (reason === "wrongKey" && ownKey(state) === null)
    return warn("it answers, and was not asked about this agent: see the line about the key");
  if (reason === "badMessage")
    return wrong(`${advice[reason]}, and that a proxy passes on the header bridgehead-hello`);
  if (reason !== undefined) return wrong(advice[reason]);
  if (status === 426) return wrong("it was not asked for a WebSocket: see the line about the proxy");
  if (status >= 500) return wrong(`${edge} answers ${status}: look at the edge's log, and at the proxy in front of it`);
  return wrong(
    `${edge} answers ${status}, and not as an edge does: check \`edge\` in the settings, and the proxy in front of the edge`,
  );
}

async function checkClock(settings: AgentSettings, { address, answer }: Asked): Promise<CheckResult> {
  if (answer instanceof Error) return warn("not compared: see the line about the edge");
  const date = answer.headers.date ?? (await dateOf(settings, address));
  if (date === null) return right("not compared, the edge sends no date");
  const skewMs = Date.now() - Date.parse(date);
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return right("agrees with the edge's");
  return warn(`${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the edge's: set it, for example with NTP`);
}

/** Where neither the edge's platform nor a proxy puts a date to each answer, `/healthz` has one. */
async function dateOf(settings: AgentSettings, address: string): Promise<string | null> {
  const answer = await askEdge(`${address.replace(/\/+$/, "")}/healthz`, {}, settings).catch(() => null);
  return answer?.headers.date ?? null;
}

/** Begins the agent's handshake at each address: the edge checks who asks and gives a challenge. A running agent's link stays. */
async function askEdges(settings: AgentSettings): Promise<Asked> {
  const key = ownKey(settings.state) ?? passingKey();
  const all = await Promise.all(
    edgeAddresses(settings).map(async (address) => {
      const headers = {
        ...helloHeader(settings, key, Date.now(), ""),
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
      };
      const answer = await askEdge(linkUrl(settings, address), headers, settings).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
      return { address, answer };
    }),
  );
  const rank = ({ address, answer }: (typeof all)[number]) =>
    verdicts.indexOf(checkAnswer(settings, address, answer).verdict);
  const [best, ...others] = all.toSorted((one, other) => rank(one) - rank(other));
  if (!best) throw new Error("edge has no address");
  return { ...best, others };
}

/** `null`: there is none, or it cannot be read. */
function ownKey(state: string): AgentKey | null {
  try {
    return readAgentKey(state);
  } catch {
    return null; // See the line about the key.
  }
}

const tlsFault = /CERT|TLS|SSL|SIGNED|VERIFY|EPROTO/;

/** What there is to see at this kind of bridge; nothing where it does not answer: the line about the bridge says why. */
async function inspectBridge({ driver, domain, bridge, agent, dialIn }: AgentSettings): Promise<readonly Finding[]> {
  const { inspect } = kindOf(driver).doctor;
  return (await inspect?.(driver, { owner: `${domain}/${bridge}`, agent, dialIn }, driverPorts.timers)) ?? [];
}

/** As a visitor, for whom the bridge drops no other connection. */
async function checkBridge({ driver: settings, domain, bridge, dialIn }: AgentSettings): Promise<CheckResult> {
  const { create, doctor } = kindOf(settings);
  const driver = create(settings, driverPorts, null);
  const finding = await new Promise<CheckResult>((resolve) => {
    let why = `the bridge does not answer within ${PATIENCE_MS / 1_000} s`;
    const giveUp = () => resolve(wrong([why, doctor.advice(why)].filter(Boolean).join(": ")));
    let timer = setTimeout(giveUp, PATIENCE_MS);
    const waitAgain = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, ms);
    };
    driver.start((report) => {
      if (report.type === "disconnected") {
        why = report.why;
        waitAgain(PATIENCE_AFTER_REFUSAL_MS);
      }
      if (report.type !== "connected") return;
      waitAgain(PATIENCE_MS);
      const { ports } = report;
      void driver.state().then((state) => {
        if (state === null) return; // The reason comes as `disconnected`, or never: then it did not answer.
        clearTimeout(timer);
        const others = dialIn ? [] : state.sharedWith.filter((owner) => owner !== `${domain}/${bridge}`);
        if (others.length > 0)
          return resolve(
            warn(
              `${others.join(" and ")} also uses it, so callers of one can get into records of the other: set dialIn in the agents of both`,
            ),
          );
        resolve(
          right(
            `${doctor.connected}${ports === null ? "" : `, with ${ports} ports`}; ${counted(state.callsOfOthers, "call")} up`,
          ),
        );
      });
    });
  });
  await driver.stop();
  return finding;
}

/** Of the islands within +1, two that are dear. */
const dearBegins = ["+1242", "+1876"];

function checkPolicy({ policy }: AgentSettings): CheckResult {
  const { allow, deny, callsPerMinute, callsAtOnce, longestCallMinutes } = policy;
  if (allow.length === 0) return warn("no number may be dialled: name the begins of those that may in policy.allow");
  if (allow.every((begin) => deny.includes(begin)))
    return warn("no number may be dialled, since all of policy.allow stands in policy.deny, too: change one of them");
  const numbers = allow.includes("+") ? "any number" : `numbers that begin with ${allow.join(", ")}`;
  const but = deny.length === 0 ? "" : `, but for ${deny.join(", ")}`;
  const limits = [
    ["callsPerMinute", callsPerMinute, `${callsPerMinute} calls a minute`, "any number of calls a minute"],
    ["callsAtOnce", callsAtOnce, `${callsAtOnce} at once`, "any number at once"],
    ["longestCallMinutes", longestCallMinutes, `${longestCallMinutes} minutes each`, "without an end"],
  ] as const;
  const said = limits.map(([, limit, some, any]) => (limit === undefined ? any : some)).join(", ");
  const missing = limits.flatMap(([name, limit]) => (limit === undefined ? [`policy.${name}`] : []));
  const advice = missing.length > 0 ? [`set ${missing.join(", ")}`] : [];
  const isDear =
    allow.some((begin) => ["+", "+1"].includes(begin)) && !dearBegins.some((begin) => deny.includes(begin));
  if (isDear)
    advice.push(`+1 has costly islands (${dearBegins.join(", ")} and more: see docs/settings.md), so deny them`);
  const may = `${numbers} may be dialled${but}; ${said}`;
  return advice.length === 0 ? right(may) : warn(`${may}: ${advice.join("; ")}`);
}
