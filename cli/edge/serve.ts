import { setTimeout as pause } from "node:timers/promises";
import { notifySystemd, watchdogMs } from "../../bridge-agent/service/service-manager.ts";
import { keepHeapSmall } from "../../bridge-agent/service/small-heap.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { surelyWrong } from "../../src/foundation/time/clock-jump.ts";
import { version } from "../../src/foundation/version.ts";
import type { serveNode } from "../../src/node.ts";
import { loadDomains } from "../../src/settings/load.ts";
import { secretsIn } from "../../src/settings/values.ts";
import type { Notice } from "../log-line.ts";
import { asInFile, closedDomains, missingSecretsOf, warningsOf } from "./check.ts";
import { isDatabase } from "./database.ts";
import { type EdgeSettings, loadEdgeSettings, urlHere } from "./edge-settings.ts";
import { holdEdgeState, operatorTokenIn, requireListening, requireStrongToken, stateFile } from "./edge-state.ts";
import { countLostLines, exitNow, give, printLine, StartError } from "./program.ts";

/** What `src/node.ts` exports, bundled: Node cannot read its pages as they are. */
export interface EdgeModule {
  readonly serveNode: typeof serveNode;
}

export interface EdgeParts {
  readonly edge: () => Promise<EdgeModule>;
}

const ASK_WITHIN_MS = 5_000;

/** Serves the edge in this process. Returns the function that stops it. */
export async function serve(file: string, parts: EdgeParts): Promise<() => Promise<void>> {
  const settings = settingsIn(file);
  const { host, port, trustedProxies, state, name, url, operatorTokenFile, domains, operators } = settings;
  const stopping = new AbortController();
  giveWarnings(settings);
  await requireListening(host, port, `host and port in ${file} to others`);
  requireSetClock(Date.now());
  if (!isDatabase(state)) holdEdgeState(state, `state in ${file}`);
  const token = process.env.OPERATOR_TOKEN || strongTokenIn(operatorTokenFile, `operatorTokenFile in ${file}`);
  logFaults();
  const { serveNode } = await parts.edge();
  const edge = await serveNode({
    variables: { DOMAINS: domains, OPERATORS: operators, OPERATOR_TOKEN: token, ...secretsIn(process.env) },
    state: isDatabase(state) ? { database: state, name, url } : { file: stateFile(state) },
    ...{ host, port, trustedProxies, trustsClock: process.env.BRIDGEHEAD_TRUST_CLOCK === "yes" },
    write: (_, line) => printLine(line),
    ended: ({ message }) =>
      exitNow(1, "edge", { level: "error", event: "edge-ended", msg: `ends: ${message}`, facts: { version } }),
  }).catch((error: unknown) => {
    if (error instanceof Error && error.name === "NoState") throw new StartError(error.message);
    throw error;
  });
  countLostLines((lines) => edge.countLostLines(lines));
  void reportReady(urlHere(host, port), stopping.signal);
  return async () => {
    stopping.abort();
    give("edge", { level: "info", event: "edge-stops", msg: "stops", facts: { version } });
    await edge.stop();
  };
}

/** Lines of the log for what nobody catches. An error ends the process, since nobody knows what it has left behind; a promise that nobody waits for does not. */
function logFaults(): void {
  const fault = (event: string, msg: string, error: unknown): Notice => {
    const stack = error instanceof Error ? error.stack : undefined;
    return { level: "error", event, msg: `${msg} (${reasonOf(error)})`, facts: { version, stack } };
  };
  process.on("uncaughtException", (error) =>
    exitNow(1, "edge", fault("edge-ended", "ends of an error of its own", error)),
  );
  process.on("unhandledRejection", (error) =>
    give("edge", fault("unhandled-rejection", "work of the edge failed", error)),
  );
}

/** Throws where a machine's clock was surely never set, such as that of one without a battery. */
export function requireSetClock(now: number): void {
  if (now < surelyWrong)
    throw new StartError(`this machine's clock shows ${new Date(now).toISOString()}: set it right first`);
}

function strongTokenIn(file: string, setting: string): string {
  const token = operatorTokenIn(file, setting);
  requireStrongToken(token, file);
  give("token", { level: "info", event: "token", msg: `the operator's bearer token is in ${file}` });
  return token;
}

function settingsIn(file: string): EdgeSettings {
  const settings = loadEdgeSettings(file);
  if (!settings.ok) throw new StartError(settings.error);
  const checked = loadDomains(settings.value.domains);
  if (!checked.ok) throw new StartError(`${settings.value.domainsFile}: ${asInFile(checked.error)}`);
  return settings.value;
}

/** Says when the edge answers; from then on, systemd is notified as long as it does: of a full disk too, which no restart would help. */
async function reportReady(url: string, stop: AbortSignal): Promise<void> {
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
  keepHeapSmall();
  const every = watchdogMs();
  while (every !== null && !stop.aborted) {
    if (await answers()) notifySystemd("WATCHDOG=1");
    await pause(every, undefined, { ref: false });
  }
}

function giveWarnings(settings: EdgeSettings): void {
  const { domains } = settings;
  const all = [...warningsOf(domains), ...closedDomains(settings), ...missingSecretsOf(domains, process.env)];
  for (const { about, says } of all)
    give("warning", { level: "warn", event: "settings-warning", msg: `${about} ${says}` });
}
