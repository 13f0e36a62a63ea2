import { Hono } from "hono";
import type { BridgeName, DomainName } from "../foundation/ids.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import type { Domain } from "../settings/load.ts";
import { addressOf } from "./address.ts";
import { type AgentPorts, admitAgent } from "./agents/agents.ts";
import type { Route } from "./api/route.ts";
import { addApi } from "./api/route.ts";
import { apiRoutes } from "./api/routes.ts";
import { consolePages } from "./console/console.tsx";
import { addConferencePages } from "./console/console-conference.tsx";
import { addDomainPages } from "./console/console-domain.tsx";
import { addEntrance, failedPage, toSignIn } from "./console/entrance.tsx";
import type { PeoplePorts } from "./edge-ports.ts";
import { admitPerson, type Variables } from "./guard.ts";
import { addMetrics, type MetricsPorts } from "./monitoring/metrics-text.ts";
import type { Metrics } from "./monitoring/monitoring.ts";
import { addHealth, Readiness } from "./monitoring/readiness.ts";
import { failureOf, forOneRequest } from "./objects-of-request.ts";
import { failedForNow, noSuchPage, problem, withInstance } from "./problem.ts";
import type { Storage } from "./storage.ts";
import { type PostHooks, type TextAnswer, withUsualHeaders } from "./text-answer.ts";
import { type AdapterPorts, answerAdapter } from "./webex/adapter.ts";
import { addGlobalNumbers } from "./webex/global-numbers.tsx";

export interface AppPorts extends AdapterPorts, AgentPorts, Omit<PeoplePorts & MetricsPorts, "lookAt"> {
  readonly objects: EdgeObjects;
  readonly metrics: Metrics;
  readonly storage: Storage;
}

export interface App {
  readonly routes: Hono<Variables>["routes"];
  fetch(request: Request, hooks?: PostHooks): Promise<Response | TextAnswer>;
}

/** WebEx's documents bypass the router, because hundreds arrive per second. */
export function createApp(ports: AppPorts, routes: readonly Route[] = apiRoutes): App {
  const app = new Hono<Variables>();
  const readiness = new Readiness(ports);
  const edge = {
    ...ports,
    lookAt(domain: Domain) {
      return readiness.lookAt(domain, this);
    },
  };
  addGlobalNumbers(app, edge);
  addHealth(app, edge, readiness);
  // For load balancers: an edge that is not active answers for itself.
  app.get("/active", () => Response.json({ role: "active", name: edge.pair?.name }));
  app.get("/agent/:domain/:bridge", (context) => {
    if (context.req.header("upgrade")?.toLowerCase() !== "websocket") {
      return problem(426, "upgrade required", "A bridge agent connects here by WebSocket.", { upgrade: "websocket" });
    }
    const { domain, bridge } = context.req.param();
    const place = { domain: domain as DomainName, bridge: bridge as BridgeName };
    return admitAgent(context.req.raw, place, forOneRequest(edge), () => context.env.proved?.());
  });
  addEntrance(app, edge);
  addGuard(app, edge);
  addMetrics(app, edge);
  addApi(app, edge, routes);
  app.route(
    "/console",
    consolePages(edge, (add) => {
      addDomainPages(add);
      addConferencePages(add);
    }),
  );
  app.notFound(() => noSuchPage());
  const failed = (error: unknown) => {
    edge.log("request-failed", { ...failureOf(error) }, "error");
    return failedForNow();
  };
  app.onError((error, context) => {
    const answer = failed(error);
    return failedPage(context) ?? answer;
  });
  const answered = async (request: Request, hooks?: PostHooks): Promise<Response | TextAnswer> => {
    const answer = answerAdapter(request, edge, hooks);
    if (answer !== null) return answer.catch(failed);
    const limit = () => edge.rates.ofAddress(addressOf(request), edge.now());
    if (!new URL(request.url).pathname.startsWith("/agent/")) return limit() ?? app.fetch(request, {});
    // An agent with the right key is never limited by other clients of its address.
    let isAgent = false;
    const proved = () => {
      isAgent = true;
    };
    const admitted = await app.fetch(request, { proved });
    return (isAgent ? null : limit()) ?? admitted;
  };
  return {
    routes: app.routes,
    fetch: async (request, hooks) =>
      withUsualHeaders(request, await withInstance(await answered(request, hooks), request)),
  };
}

/** Routes added after this have a signed-in user. */
function addGuard(app: Hono<Variables>, edge: PeoplePorts): void {
  for (const path of ["/api/v1/*", "/console/*", "/metrics/*"]) {
    app.use(path, async (context, next) => {
      const admitted = await admitPerson(context, forOneRequest(edge), addressOf(context.req.raw));
      if (admitted instanceof Response) return (admitted.status === 401 && toSignIn(context)) || admitted;
      context.set("signedIn", admitted);
      return next();
    });
  }
}
