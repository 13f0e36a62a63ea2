import { type Context, Hono } from "hono";
import type { BridgeName, DomainName } from "../foundation/ids.ts";
import type { RateLimit } from "../foundation/limits.ts";
import type { Timers } from "../foundation/timers.ts";
import type { HandleCache } from "../routing/deliver.ts";
import type { EdgeObjects, OperatorViews } from "../rpc.ts";
import type { Domain } from "../settings/load.ts";
import { receiveDocument } from "./adapter.ts";
import { admitAgent } from "./agents.ts";
import { problem } from "./body.ts";
import { globalNumbers, SiteNumbers } from "./global-numbers.ts";
import { type EdgeEvent, type Metrics, Readiness } from "./monitoring.ts";
import { failureOf, forOneRequest } from "./objects-of-request.ts";
import { hybridData, passthrough } from "./operator-api.ts";
import { listAgents, listConferences, listDomains, showConference, tellStory } from "./operator-views.ts";
import type { Storage } from "./storage.ts";
import { beginProvisioning, showMeeting, showProvisioning } from "./webex-site.ts";

/** Everything that a route may use. */
export interface Edge extends Timers {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly objects: EdgeObjects;
  readonly views: OperatorViews;
  readonly handleCache: HandleCache;
  /** Posts to each domain's adapter URL. */
  readonly posts: RateLimit;
  readonly metrics: Metrics;
  readonly storage: Storage;
  /** What the objects count and measure, as Prometheus reads it. */
  measured(): string;
  /** Empty: nobody is the operator. */
  readonly operatorToken: string;
  now(): number;
  /** One line for operations staff. */
  log(event: EdgeEvent, facts: Readonly<Record<string, unknown>>, level?: "info" | "warn" | "error"): void;
}

/** All routes of the edge, and who may use them. */
export function createApp(edge: Edge): Hono {
  const app = new Hono();

  for (const path of ["/tsp/:domain", "/tsp/:domain/:secret"]) {
    app.all(path, async (context) => {
      const domain = await domainOfAdapterUrl(
        edge.domains,
        context.req.param("domain") ?? "",
        context.req.param("secret"),
      );
      if (domain) return receiveDocument(context.req.raw, domain, forOneRequest(edge));
      edge.metrics.strangers.count();
      return noSuchPage();
    });
  }

  const siteNumbers = new SiteNumbers();
  app.all("/global-numbers/:domain", async (context) => {
    const domain = edge.domains.get(context.req.param("domain"));
    const own = domain?.settings.globalNumbers;
    if (!domain?.settings.webexSite?.globalNumbers) {
      return own ? globalNumbers(context.req.raw, own) : noSuchPage();
    }
    const known = await siteNumbers.of(domain.name, forOneRequest(edge));
    return globalNumbers(context.req.raw, own ?? {}, known);
  });

  // Plain workerd tells no time of its own, and agents compare their clocks with this one.
  app.get("/healthz", async () => {
    const headers = { date: new Date(edge.now()).toUTCString() };
    const disk = await edge.storage.fault();
    if (disk !== null) return Response.json({ status: "failing", disk }, { status: 503, headers });
    return Response.json({ status: "ok" }, { headers });
  });
  const readiness = new Readiness(edge);
  app.get("/readyz", async (context) =>
    readiness.answer(await isOperator(context.req.header("authorization"), edge.operatorToken)),
  );

  app.get("/agent/:domain/:bridge", (context) => {
    if (context.req.header("upgrade")?.toLowerCase() !== "websocket") {
      return problem(426, "upgrade required", "A bridge agent connects here by WebSocket.", { upgrade: "websocket" });
    }
    const { domain, bridge } = context.req.param();
    return admitAgent(
      context.req.raw,
      { domain: domain as DomainName, bridge: bridge as BridgeName },
      forOneRequest(edge),
    );
  });

  for (const path of ["/api/v1/*", "/console/*", "/metrics/*"]) {
    app.use(path, async (context, next) => {
      if (await isOperator(context.req.header("authorization"), edge.operatorToken)) return next();
      edge.metrics.operatorsRefused.count();
      return problem(401, "not authorised", "Send the operator's token as Authorization: Bearer <token>.", {
        "www-authenticate": "Bearer",
      });
    });
  }
  app.get("/metrics", async () => {
    const text = edge.metrics.text(edge.domains.values()) + (await edge.storage.metrics());
    return new Response(text + edge.measured(), { headers: { "content-type": "text/plain; version=0.0.4" } });
  });
  app.post("/api/v1/domains/:domain/conferences/:confKey/passthrough", (context) =>
    forConference(context, edge, passthrough),
  );
  app.put("/api/v1/domains/:domain/conferences/:confKey/hybrid", (context) => forConference(context, edge, hybridData));

  app.get("/api/v1/domains", () => listDomains(edge));
  app.get("/api/v1/domains/:domain/agents", (context) => ofDomain(context, edge, listAgents));
  app.get("/api/v1/domains/:domain/conferences", (context) => ofDomain(context, edge, listConferences));
  app.get("/api/v1/domains/:domain/conferences/:confKey", (context) => forConference(context, edge, showConference));
  app.get("/api/v1/domains/:domain/conferences/:confKey/story", (context) => forConference(context, edge, tellStory));

  app.get("/api/v1/domains/:domain/conferences/:confKey/meeting", (context) =>
    forConference(context, edge, showMeeting),
  );
  app.get("/api/v1/domains/:domain/provisioning-check", (context) => ofDomain(context, edge, showProvisioning));
  app.post("/api/v1/domains/:domain/provisioning-check", (context) => ofDomain(context, edge, beginProvisioning));

  app.notFound(() => noSuchPage());
  app.onError((error) => {
    const { object, objectId, conference, error: why } = failureOf(error);
    edge.log("request-failed", { object, objectId, conference, error: why }, "error");
    return problem(503, "failed for now", "The request could not be carried out. Try it again.");
  });
  return app;
}

/**
 * The domain of an adapter URL: `/tsp/{domain}/{secret}`, or `/tsp/{domain}` where the domain has no secrets. An unknown domain
 * takes the same steps to its `null` as a wrong secret, so that neither bytes nor time tell which it was.
 */
async function domainOfAdapterUrl(
  domains: ReadonlyMap<string, Domain>,
  name: string,
  secret: string | undefined,
): Promise<Domain | null> {
  const domain = domains.get(name);
  const secrets = domain ? domain.settings.adapterSecrets : [];
  if (domain && secrets.length === 0) return secret === undefined ? domain : null;
  // Two texts are always compared, so that nobody learns how many secrets there are. Those of an unknown domain are empty.
  const [first = "", second = first] = secrets;
  const right = await isOneOf([first, second], secret ?? "");
  return domain && right ? domain : null;
}

/** Whether an Authorization header carries the operator's token. Without a configured token nobody is the operator. */
export async function isOperator(authorization: string | undefined, token: string): Promise<boolean> {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  // The given text is never empty, so it never fits an empty token.
  return given !== undefined && isOneOf([token], given);
}

/**
 * Whether a text from a stranger is one of the expected ones. Hashes are of one length and unforeseeable, and all are
 * compared in full: neither length nor time tells how much of a guess was right.
 */
export async function isOneOf(expected: readonly string[], given: string): Promise<boolean> {
  const [actual, ...hashes] = await Promise.all([given, ...expected].map(sha256));
  let found = false;
  for (const hash of hashes) {
    let difference = 0;
    for (const [index, byte] of hash.entries()) difference |= byte ^ (actual?.[index] ?? 0);
    found = difference === 0 || found;
  }
  return found;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

type ConferenceHandler = (request: Request, domain: Domain, confKey: string, edge: Edge) => Promise<Response>;

function forConference(context: Context, edge: Edge, handle: ConferenceHandler): Promise<Response> | Response {
  const { domain: domainName = "", confKey = "" } = context.req.param();
  const domain = edge.domains.get(domainName);
  if (!domain) return problem(404, "no such domain", `There is no domain ${domainName}.`);
  return handle(context.req.raw, domain, confKey, forOneRequest(edge));
}

type DomainHandler = (request: Request, domain: Domain, edge: Edge) => Promise<Response>;

function ofDomain(context: Context, edge: Edge, handle: DomainHandler): Promise<Response> | Response {
  return forConference(context, edge, (request, domain, _, limited) => handle(request, domain, limited));
}

function noSuchPage(): Response {
  return problem(404, "not found", "Nothing is here. Look at the path.");
}
