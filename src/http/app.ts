import { type Context, Hono } from "hono";
import type { BridgeName, DomainName } from "../foundation/ids.ts";
import type { RateLimit } from "../foundation/limits.ts";
import type { Counts } from "../foundation/metrics.ts";
import { isOneOf } from "../foundation/secrets.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { textOfSegment } from "../foundation/text/path-segment.ts";
import type { Timers } from "../foundation/time/timers.ts";
import { version } from "../foundation/version.ts";
import type { AuditEntry } from "../operators/audit.ts";
import { seesAll } from "../operators/people.ts";
import type { Requests } from "../records/activity.ts";
import type { HandleCache } from "../routing/deliver.ts";
import type { EdgeObjects, OperatorViews } from "../rpc/edge-objects.ts";
import { settingsDigest } from "../settings/digest.ts";
import type { Domain } from "../settings/load.ts";
import { addressOf } from "./address.ts";
import { admitAgent } from "./agents/agents.ts";
import { answerRoute, notAllowed } from "./api/answer-route.ts";
import { type Route, routerPath } from "./api/route.ts";
import { apiRoutes } from "./api/routes.ts";
import { addEntrance, consolePages, failedPage, toSignIn } from "./console/console.tsx";
import { addConferencePages } from "./console/console-conference.tsx";
import { addDomainPages } from "./console/console-domain.tsx";
import { addGivenUpPages } from "./console/console-given-up.tsx";
import { signIn, signOut } from "./console/console-session.ts";
import { addWebexSitePages } from "./console/console-webex-site.tsx";
import { admitPerson, type GuardPorts, type SignedIn, saysWho } from "./guard.ts";
import { metricsText } from "./monitoring/metrics-text.ts";
import type { EdgeEvent, Metrics } from "./monitoring/monitoring.ts";
import { Readiness } from "./monitoring/readiness.ts";
import { failureOf, forOneRequest } from "./objects-of-request.ts";
import { problem, withInstance } from "./problem.ts";
import type { Storage } from "./storage.ts";
import { receiveDocument } from "./webex/adapter.ts";
import { globalNumbers, SiteNumbers } from "./webex/global-numbers.ts";

/** What the guard leaves for the routes behind it. */
export interface Variables {
  readonly Variables: { signedIn: SignedIn };
}

/** Everything that a route may use. */
export interface Edge extends Timers, GuardPorts {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly objects: EdgeObjects;
  readonly views: OperatorViews;
  readonly handleCache: HandleCache;
  /** Posts to each domain's adapter URL. */
  readonly posts: RateLimit;
  readonly metrics: Metrics;
  readonly storage: Storage;
  /** What the objects of all processes counted, as Prometheus reads it. */
  measured(domains: Iterable<Domain>, shown: Counts): string;
  /** Resolves when what this process has counted so far is among the counts of all. */
  flushCounts(): Promise<void>;
  /** What runs here, as Prometheus reads it. */
  processText(): string;
  now(): number;
  /** Counts a document of WebEx, for the plots of a domain. The answer does not wait for it. */
  requested(domain: DomainName, outcome: keyof Requests): void;
  /** Writes down that a person asks this of a domain, before it is done; `false`, after two seconds: it could not. */
  auditAsked(domain: DomainName, entry: AuditEntry): Promise<boolean>;
  /** Writes down what has become of it, in the place of that. The answer does not wait for it. */
  audit(domain: DomainName, entry: AuditEntry): void;
  /** One line for operations staff. */
  log(event: EdgeEvent, facts: LogFacts, level?: "info" | "warn" | "error"): void;
}

/** All routes of the edge, and who may use them. */
export function createApp(edge: Edge, routes: readonly Route[] = apiRoutes): Hono<Variables> {
  const app = new Hono<Variables>();

  // Whoever writes down a URL may put a slash behind it.
  for (const path of ["/tsp/:domain", "/tsp/:domain/", "/tsp/:domain/:secret", "/tsp/:domain/:secret/"]) {
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
    // Reports of the conformance kit name by it what was tested.
    return Response.json({ status: "ok", version, settings: await settingsDigest(edge.domains) }, { headers });
  });
  const readiness = new Readiness(edge);
  app.get("/readyz", async (context) => {
    if (!saysWho(context)) return readiness.answer(null);
    const admitted = await admitPerson(context, forOneRequest(edge), addressOf(context.req.raw)).catch(() => null);
    return readiness.answer(admitted === null || admitted instanceof Response ? null : admitted.person);
  });

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

  app.post("/console/session", (context) => signIn(context, forOneRequest(edge)));
  app.delete("/console/session", (context) => signOut(context, forOneRequest(edge)));
  addEntrance(app, edge);
  for (const path of ["/api/v1/*", "/console/*", "/metrics/*"]) {
    app.use(path, async (context, next) => {
      const admitted = await admitPerson(context, forOneRequest(edge), addressOf(context.req.raw));
      if (admitted instanceof Response) {
        const way = admitted.status === 401 ? toSignIn(context) : null;
        return way ?? instanceOf(context, admitted);
      }
      context.set("signedIn", admitted);
      await next();
      context.res = await instanceOf(context, context.res);
      return undefined;
    });
  }
  app.get("/metrics", async (context) => {
    if (!seesAll(context.var.signedIn.person)) return notAllowed("Metrics are of all domains, and you see some.");
    const text = (await metricsText(forOneRequest(edge))) + edge.processText();
    return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4" } });
  });
  for (const route of routes) {
    app.on(route.method, routerPath(route), (context) => {
      const { raw: request } = context.req;
      const parts = Object.entries<string>(context.req.param()).map(([name, part]) => [name, textOfSegment(part)]);
      const path: Readonly<Record<string, string>> = Object.fromEntries(parts);
      return answerRoute(route, { request, signedIn: context.var.signedIn, from: addressOf(request), path }, edge);
    });
  }
  for (const [path, ofPath] of Map.groupBy(routes, routerPath)) {
    const allow = ofPath.map(({ method }) => method).join(", ");
    app.all(path, () => problem(405, "method not allowed", `This path is there for ${allow}.`, { allow }));
  }
  app.route(
    "/console",
    consolePages(edge, (pages) => {
      addDomainPages(pages, edge, readiness);
      addConferencePages(pages, edge);
      addWebexSitePages(pages, edge);
      addGivenUpPages(pages, edge);
    }),
  );

  app.notFound(() => noSuchPage());
  app.onError((error, context) => {
    const { object, objectId, conference, error: why } = failureOf(error);
    edge.log("request-failed", { object, objectId, conference, error: why }, "error");
    const page = failedPage(context);
    if (page) return page;
    return instanceOf(context, problem(503, "failed for now", "The request could not be carried out. Try it again."));
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

/** A problem of the API says which request it was. */
function instanceOf(context: Context, response: Response): Promise<Response> | Response {
  const { path } = context.req;
  return path.startsWith("/api/v1") ? withInstance(response, path) : response;
}

function noSuchPage(): Response {
  return problem(404, "not found", "Nothing is here. Look at the path.");
}
