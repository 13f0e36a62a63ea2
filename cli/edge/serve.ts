import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { notifySystemd, watchdogMs } from "../../bridge-agent/service/service-manager.ts";
import { version } from "../../src/foundation/version.ts";
import { loadDomains } from "../../src/settings/load.ts";
import { secretsIn } from "../../src/settings/values.ts";
import { systemReason } from "../system-reason.ts";
import { lengthFault, missingSecretsOf, warningsOf } from "./check.ts";
import { type EdgeSettings, loadEdgeSettings } from "./edge-settings.ts";
import { holdEdgeState, operatorTokenIn, requireFreePort, requireOwnHost } from "./edge-state.ts";
import { give, type Launch, Part, StartError, startGuard } from "./supervise.ts";
import { extraAuthorities, prepareWorkerd, urlHere } from "./workerd.ts";

export interface EdgeParts {
  readonly workerd: () => string;
  readonly worker: () => Promise<Uint8Array>;
}

const ASK_WITHIN_MS = 5_000;

/** Serves the edge alone, on plain workerd, and says how to stop it. SIGHUP reads the domains again: a restart would cost every agent its link. */
export async function serve(file: string, parts: EdgeParts): Promise<() => Promise<void>> {
  const settings = settingsIn(file);
  const { host, port, state } = settings;
  // Before all that takes time: a SIGHUP while the edge starts is acted on once it serves.
  const running = Promise.withResolvers<RunningEdge>();
  let reloads = running.promise.then(() => {});
  process.on("SIGHUP", () => {
    reloads = reloads.then(async () => reload(file, await running.promise)); // One after the other.
  });
  giveWarnings(settings.domains, process.env);
  await requireOwnHost(`host in ${file}`, host);
  await requireFreePort(`port in ${file}`, port, host);
  holdEdgeState(state, `state in ${file}`);
  const reloadToken = randomBytes(24).toString("base64url");
  const variables = {
    DOMAINS: settings.domains,
    OPERATORS: settings.operators,
    OPERATOR_TOKEN: operatorTokenIn(settings.operatorTokenFile, `operatorTokenFile in ${file}`),
    RELOAD_TOKEN: reloadToken,
    ...secretsIn(process.env),
  };
  const launch = prepareWorkerd({
    workerd: parts.workerd(),
    worker: await parts.worker(),
    folder: join(state, "edge"),
    host,
    port,
    variables,
    authorities: extraAuthorities(process.env),
  });
  const guard = startGuard();
  const url = urlHere(host, port);
  const stopping = new AbortController();
  const { signal } = stopping;
  let ended = new AbortController();
  const edge = new Part({
    name: "edge",
    launch,
    logFile: null,
    onStart: (pid) => {
      guard.watch([pid]);
      ended.abort();
      ended = new AbortController();
      const onReady = () => running.resolve({ begun: settings, edge, launch, url, reloadToken, signal });
      void reportWhenReady(url, AbortSignal.any([signal, ended.signal]), onReady);
    },
  });
  edge.start();
  const { operatorTokenFile } = settings;
  give("token", { level: "info", event: "token", msg: `the operator's bearer token is in ${operatorTokenFile}` });
  return async () => {
    stopping.abort();
    give("edge", { level: "info", event: "edge-stops", msg: "stops", facts: { version } });
    await edge.stop(500);
    guard.watch([]);
  };
}

function settingsIn(file: string): EdgeSettings {
  const settings = loadEdgeSettings(file);
  if (!settings.ok) throw new StartError(settings.error);
  const checked = loadDomains(settings.value.domains);
  const fault = checked.ok ? lengthFault(settings.value.domains) : checked.error;
  const peopleFault = lengthFault(settings.value.operators, "people");
  if (peopleFault !== null) throw new StartError(`operators in ${file}: ${peopleFault}`);
  if (fault !== null) throw new StartError(`${settings.value.domainsFile}: ${fault}`);
  return settings.value;
}

/** Says when the edge answers after a start of its process; from then on, systemd is notified as long as it does: of a full disk too, which no restart would help. */
async function reportWhenReady(url: string, stop: AbortSignal, onReady: () => void): Promise<void> {
  const answers = () =>
    fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ASK_WITHIN_MS) })
      .then(async ({ body }) => {
        await body?.cancel(); // Unread, it would keep its connection.
        return true;
      })
      .catch(() => false);
  while (!stop.aborted && !(await answers())) await pause(20);
  if (stop.aborted) return;
  give("edge", { level: "info", event: "edge-serves", msg: `serves ${url}`, facts: { version } });
  notifySystemd("READY=1");
  onReady();
  const every = watchdogMs();
  while (every !== null && !stop.aborted) {
    if (await answers()) notifySystemd("WATCHDOG=1");
    await pause(every, undefined, { ref: false });
  }
}

interface RunningEdge {
  readonly begun: EdgeSettings;
  readonly edge: Part;
  readonly launch: Launch;
  readonly url: string;
  readonly reloadToken: string;
  readonly signal: AbortSignal;
}

/** The domains of the file as it is now, if it is right. Everything else in it waits for a restart. */
async function reload(file: string, { begun, edge, launch, url, reloadToken, signal }: RunningEdge): Promise<void> {
  if (signal.aborted) return;
  let now: EdgeSettings;
  try {
    now = settingsIn(file);
  } catch (error) {
    const msg = `settings stay as they were: ${systemReason(error)}`;
    return give("reload", { level: "error", event: "reload-refused", msg });
  }
  giveWarnings(now.domains, launch.env); // Secrets of the start: a process gets no new environment.
  edge.launch = { ...launch, env: { ...launch.env, DOMAINS: now.domains, OPERATORS: now.operators } }; // For the start after a crash.
  const headers = { authorization: `Bearer ${reloadToken}` };
  const hand = async (path: string, body: string) => {
    const request = { method: "POST", headers, body, signal: AbortSignal.timeout(ASK_WITHIN_MS) };
    const answer = await fetch(`${url}${path}`, request).catch((error: unknown) => systemReason(error));
    if (typeof answer !== "string") await answer.body?.cancel().catch(() => {});
    return answer;
  };
  // People first: who was taken out must not wait for agents that are slow to go.
  const people = await hand("/reload/operators", now.operators);
  const answer = typeof people === "string" || !people.ok ? people : await hand("/reload", now.domains);
  if (typeof answer === "string" || !answer.ok) {
    const why = typeof answer === "string" ? answer : `status ${answer.status}`;
    const msg = `the edge did not take the settings (${why}); they count when it starts again, or with the next reload`;
    return give("reload", { level: "error", event: "reload-failed", msg });
  }
  const waits = (["host", "port", "state", "operatorTokenFile"] as const).filter((name) => now[name] !== begun[name]);
  const rest = waits.length > 0 ? `; ${listOf(waits)} ${waits.length === 1 ? "counts" : "count"} after a restart` : "";
  give("reload", { level: "info", event: "reload", msg: `domains read again from ${now.domainsFile}${rest}` });
}

/** Conferences do without a WebEx site, so that its secret may be missing. */
function giveWarnings(domains: string, variables: NodeJS.ProcessEnv): void {
  for (const { about, says } of [...warningsOf(domains), ...missingSecretsOf(domains, variables)])
    give("warning", { level: "warn", event: "settings-warning", msg: `${about} ${says}` });
}

/** As "host", "host and port" or "host, port and state". */
function listOf(names: readonly string[]): string {
  return names.join(", ").replace(/, (?=[^,]*$)/, " and ");
}
