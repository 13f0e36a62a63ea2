import type { Hono } from "hono";
import { version } from "../../foundation/version.ts";
import { seesAll } from "../../operators/people.ts";
import { settingsDigest } from "../../settings/digest.ts";
import { addressOf } from "../address.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { admitPerson, saysWho, type Variables } from "../guard.ts";
import { forOneRequest } from "../objects-of-request.ts";
import { notAllowed } from "../problem.ts";
import type { Storage } from "../storage.ts";
import { type MetricsPorts, metricsText } from "./metrics-text.ts";
import type { Readiness } from "./readiness.ts";

interface HealthPorts extends PeoplePorts {
  readonly storage: Pick<Storage, "fault">;
}

export function addHealth(app: Hono<Variables>, edge: HealthPorts, readiness: Readiness): void {
  // Plain workerd tells no time of its own, and agents compare their clocks with this one.
  app.get("/healthz", async () => {
    const headers = { date: new Date(edge.now()).toUTCString() };
    const disk = await edge.storage.fault();
    if (disk !== null) return Response.json({ status: "failing", disk }, { status: 503, headers });
    // Reports of the conformance kit name by it what was tested.
    return Response.json({ status: "ok", version, settings: await settingsDigest(edge.domains) }, { headers });
  });
  app.get("/readyz", async (context) => {
    if (!saysWho(context)) return readiness.answer(null);
    const admitted = await admitPerson(context, forOneRequest(edge), addressOf(context.req.raw)).catch(() => null);
    return readiness.answer(admitted === null || admitted instanceof Response ? null : admitted.person);
  });
}

/** Behind the guard. */
export function addMetrics(app: Hono<Variables>, edge: MetricsPorts): void {
  app.get("/metrics", async (context) => {
    if (!seesAll(context.var.signedIn.person)) return notAllowed("Metrics are of all domains, and you see some.");
    const text = await metricsText(forOneRequest(edge));
    return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4" } });
  });
}
