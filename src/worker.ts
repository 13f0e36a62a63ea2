import { waitUntil } from "cloudflare:workers";
import type { LogLine } from "../durable-objects/platform/log.ts";
import { objectsOf } from "../durable-objects/platform/object-class.ts";
import {
  activitySenderOf,
  countsSenderOf,
  type Env,
  logAt,
  measures,
  timers,
} from "../durable-objects/platform/platform.ts";
import type { BridgeName } from "./foundation/ids.ts";
import { LogLimit, RateLimit } from "./foundation/limits.ts";
import { isOneOf } from "./foundation/secrets.ts";
import type { LogFacts } from "./foundation/text/log-line.ts";
import { reasonOf } from "./foundation/text/reason.ts";
import { within } from "./foundation/time/timers.ts";
import { version } from "./foundation/version.ts";
import { withWholeUrl } from "./http/address.ts";
import { AgentsToClose } from "./http/agents/agents-to-close.ts";
import { type AppPorts, createApp } from "./http/app.ts";
import { keepAsked, keepAudit } from "./http/audited.ts";
import { Attempts, bearerOf } from "./http/guard.ts";
import { type EdgeEvent, Metrics, processText } from "./http/monitoring/monitoring.ts";
import { problem } from "./http/problem.ts";
import { Storage } from "./http/storage.ts";
import { type People, peopleOf, readOperators } from "./operators/people.ts";
import { HandleCache } from "./routing/deliver.ts";
import { type Domains, domainsOf, replaceDomains, secretsOf } from "./settings/load.ts";
import { secretIn } from "./settings/values.ts";

export { ConferenceObject } from "../durable-objects/conference/conference-object.ts";
export { CountsObject } from "../durable-objects/counts/counts-object.ts";
export { DirectoryObject } from "../durable-objects/directory/directory-object.ts";
export { HandleIndexObject } from "../durable-objects/ids/handle-index-object.ts";
export { IdAllocatorObject } from "../durable-objects/ids/id-allocator-object.ts";
export { MailboxObject } from "../durable-objects/mail/mailbox-object.ts";
export { RelayObject } from "../durable-objects/relay/relay-object.ts";
export { SessionsObject } from "../durable-objects/sessions/sessions-object.ts";
export { WebexSiteObject } from "../durable-objects/webex-site/webex-site-object.ts";

let app: ReturnType<typeof createApp> | undefined;
let agentsToClose: AgentsToClose | undefined;
const metrics = new Metrics(measures.counts);
const logLimit = new LogLimit();

export default {
  async fetch(received, env, context) {
    const request = withWholeUrl(received);
    if (request === null)
      return new Response("The request's target is no path, or its Host no host.\n", { status: 400 });
    const domains = domainsOf(env);
    if (await isReload(request, env, "/reload")) return reload(await request.text(), env, context);
    if (await isReload(request, env, "/reload/operators")) return reloadPeople(await request.text(), env);
    if (!domains.ok) {
      limitedLog(env, "error", "settings-refused", { error: domains.error });
      return problem(
        503,
        "wrong settings",
        "This deployment serves nothing until its settings are right; see its log.",
      );
    }
    wakeSites(domains.value, env, context);
    app ??= createApp(edgeOf(env));
    const answer = await app.fetch(request, env, context);
    if (!measures.counts.isEmpty) context.waitUntil(countsSenderOf(env).afterRequest());
    return answer;
  },
  // The edge is nobody's proxy. Without this, plain workerd logs an error for each CONNECT of a stranger.
  connect: (socket) => socket.close(),
} satisfies ExportedHandler<Env>;

function edgeOf(env: Env): AppPorts {
  const since = Date.now();
  const log: AppPorts["log"] = (event, facts, level = "info") => limitedLog(env, level, event, facts);
  const activity = activitySenderOf(env);
  const { directory } = objectsOf(env);
  return {
    ...timers,
    get domains() {
      return known(env);
    },
    objects: objectsOf(env),
    handleCache: new HandleCache(),
    posts: new RateLimit(),
    metrics,
    storage: new Storage({ ...timers, disk: env.STATE_DISK ?? null, mark: crypto.randomUUID(), now: Date.now, log }),
    measured: (domains, shown) => measures.text(domains, shown),
    flushCounts: () => countsSenderOf(env).flush(),
    processText: () => processText(version, since),
    people: () => peopleIn(env),
    // Empty where nobody has a token: then nobody has a session.
    sessionKey: env.OPERATOR_TOKEN || env.OPERATORS || "",
    attempts: new Attempts(),
    // Workers refuse a fetch that is called as a method.
    fetch: (url, init) => fetch(url, init),
    now: Date.now,
    refused: (domain) => waitUntil(activity.countRefused(domain, Date.now())),
    auditAsked: (domain, entry) => keepAsked({ ...timers, directory }, domain, entry),
    audit: (domain, entry) => {
      logAt(env)({ level: "info", event: "operator-action", domain, ...entry });
      waitUntil(keepAudit({ ...timers, directory, log }, domain, entry));
    },
    log,
  };
}

/** The domains that count now; none while they cannot be read. */
function known(env: Env): Domains {
  const domains = domainsOf(env);
  return domains.ok ? domains.value : new Map();
}

let people: Promise<People> | undefined;

/** All who may sign in. Wrong settings of people stop no conference: then whoever has the operator's token is the only one. */
function peopleIn(env: Env): Promise<People> {
  people ??= peopleFrom(env.OPERATORS ?? "", env);
  return people;
}

async function peopleFrom(json: string, env: Env): Promise<People> {
  const operators = readOperators(json);
  if (!operators.ok) limitedLog(env, "error", "operators-refused", { error: operators.error });
  return peopleOf(operators.ok ? operators.value : { people: [] }, env.OPERATOR_TOKEN ?? "");
}

/** From now on, these people count; the sessions of those who are gone are over. */
async function reloadPeople(json: string, env: Env): Promise<Response> {
  const operators = readOperators(json);
  if (!operators.ok) return problem(422, "wrong settings", operators.error);
  people = peopleFrom(json, env);
  await people;
  return new Response(null, { status: 204 });
}

/** Whether the process that has started plain workerd hands over other settings. At Cloudflare, a deployment does that. */
async function isReload(request: Request, env: Env, path: string): Promise<boolean> {
  if (!request.url.endsWith(path) || request.method !== "POST") return false;
  const token = bearerOf(request.headers.get("authorization") ?? "");
  // What was given is never empty, so it never fits an empty token.
  return token !== null && isOneOf([env.RELOAD_TOKEN ?? ""], token);
}

async function reload(json: string, env: Env, context: ExecutionContext): Promise<Response> {
  const before = known(env);
  const after = replaceDomains(json);
  if (!after.ok) return problem(422, "wrong settings", after.error);
  wakeSites(after.value, env, context);
  // The domains count from here on. So a relay that does not close its agents' links is for the log, and the answer stays.
  agentsToClose ??= agentsToCloseOf(env);
  const closing = agentsToClose;
  const asked = closing.replaced(before, after.value);
  // The platform ends the timers of a request with it, unless it is told to wait.
  context.waitUntil(asked.then(() => closing.retry()));
  await asked;
  return new Response(null, { status: 204 });
}

function agentsToCloseOf(env: Env): AgentsToClose {
  return new AgentsToClose({
    ...timers,
    closeAgents: (domain, bridge, agents) =>
      objectsOf(env)
        .relay(domain, bridge as BridgeName)
        .closeAgents(agents),
    log: (event, facts, level) => limitedLog(env, level, event, facts),
  });
}

/** Of which settings the sites know; `null`: one of them was not reached. */
let sent: { readonly domains: Domains | null; readonly at: number } = { domains: null, at: 0 };
const SEND_AGAIN_MS = 60_000;

/**
 * Tells the objects of WebEx sites that there are settings, or others than before: nothing else would wake them for the night. Once for
 * each isolate and settings, beside the request that comes first; no request waits for it, and no site is asked.
 */
function wakeSites(domains: Domains, env: Env, context: ExecutionContext): void {
  const [before, now] = [sent.domains, Date.now()];
  if (before === domains || (before === null && Math.abs(now - sent.at) < SEND_AGAIN_MS)) return;
  sent = { domains, at: now };
  for (const { domain, secret } of secretsOf(domains, "site")) {
    if (secretIn(env, "site", secret) === undefined)
      limitedLog(env, "warn", "webex-site-without-secret", { domain, secret });
  }
  const withSite = [...(before?.values() ?? []), ...domains.values()].flatMap(({ name, settings }) =>
    settings.webexSite ? name : [],
  );
  for (const domain of new Set(withSite)) {
    const asked = within(
      timers,
      5_000,
      "the object of the WebEx site",
      objectsOf(env).webexSite(domain).settingsRead(domain),
    );
    context.waitUntil(
      asked.catch((error: unknown) => {
        sent = { domains: null, at: Date.now() };
        limitedLog(env, "warn", "webex-site-asleep", { domain, error: reasonOf(error) });
      }),
    );
  }
}

/** Any request can cause a line, so each event of each domain has its limit. */
function limitedLog(env: Env, level: LogLine["level"], event: EdgeEvent, facts: LogFacts): void {
  const dropped = logLimit.admit(event, String(facts.domain ?? ""), Date.now());
  if (dropped === null) metrics.logLinesDropped.count({ event });
  else logAt(env)({ level, event, ...(dropped > 0 && { droppedBefore: dropped }), ...facts });
}
