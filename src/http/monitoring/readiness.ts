import type { Hono } from "hono";
import { differenceText } from "../../foundation/time/difference-text.ts";
import { version } from "../../foundation/version.ts";
import { type FoundAlert, kindOf, showAlert } from "../../operators/alert-kinds.ts";
import { alertsOf, bridgeAlerts, type FoundBridge } from "../../operators/alerts.ts";
import { pairAlerts } from "../../operators/edge-pair.ts";
import { type Operator, seesDomain } from "../../operators/people.ts";
import type { CreatesUnderWay } from "../../routing/creates-under-way.ts";
import { type Domain, settingsDigest } from "../../settings/load.ts";
import { addressOf } from "../address.ts";
import type { EdgePorts, LookedAt, PeoplePorts } from "../edge-ports.ts";
import { admitPerson, saysWho, type Variables } from "../guard.ts";
import { answerOrNull, forOneRequest } from "../objects-of-request.ts";
import type { Storage } from "../storage.ts";
import { bridgesOf } from "./figures-of-domain.ts";

/** How long unauthenticated clients get the same answer, so that they cannot flood the relays. */
const SAME_ANSWER_MS = 1_000;

export interface ReadinessPorts extends EdgePorts {
  readonly storage: Pick<Storage, "fault" | "faultSince">;
  readonly creates: Pick<CreatesUnderWay, "overload">;
}

/** Checks if every bridge of every domain can hold conferences, and collects alerts. */
export class Readiness {
  readonly #edge: ReadinessPorts;
  #askedAt = 0;
  #latest: Promise<{ readonly ready: boolean }> | undefined;

  constructor(edge: ReadinessPorts) {
    this.#edge = edge;
  }

  /** Answers 200 or 503 and the alerts that the user sees. `null`: an unauthenticated client. */
  async answer(to: Operator | null): Promise<Response> {
    const { now } = this.#edge;
    const isOld = !this.#latest || Math.abs(now() - this.#askedAt) >= SAME_ANSWER_MS;
    if (!to && isOld) {
      this.#askedAt = now();
      this.#latest = this.#found(null);
    }
    const found = await (to ? this.#found(to) : this.#latest);
    return Response.json(found, { status: found?.ready ? 200 : 503 });
  }

  /** Unauthenticated clients learn whether all bridges are ready, and which are not where a domain has no secret. */
  async #found(to: Operator | null) {
    const edge = forOneRequest(this.#edge, true);
    const { pair } = edge;
    const domains = Array.from(edge.domains.values(), async (domain) => {
      const { name } = domain;
      const isShown = to ? seesDomain(to, name) : domain.settings.adapterSecrets.length === 0;
      if (to && isShown) return { name, isShown, ...(await this.#look(domain, edge)) };
      // What these lack is nothing for this user.
      return { name, isShown, bridges: await bridgesOf(forOneRequest(this.#edge), domain), alerts: [] };
    });
    const [{ view, alerts: ofEdge }, found] = await Promise.all([this.#ofEdge(), Promise.all(domains)]);
    const all = [...ofEdge, ...found.flatMap(({ bridges }) => bridges.flatMap(bridgeAlerts))];
    const seen = found.filter(({ isShown }) => isShown);
    const state = {
      ready: !all.some(({ kind }) => kindOf(kind).severity === "down"),
      role: pair && "active",
      domains: Object.fromEntries(
        seen.map(({ name, bridges }) => [name, Object.fromEntries(bridges.map((one) => [one.bridge, bridgeAs(one)]))]),
      ),
    };
    if (!to) return state;
    return {
      ...state,
      edges: pair && view,
      alerts: [...ofEdge.map((alert) => showAlert(alert, null)), ...seen.flatMap(({ alerts }) => alerts)],
      incomplete: edge.incomplete?.length ? edge.incomplete : undefined,
    };
  }

  /** The bridges and alerts of a domain for its users, asked through the edge of one request. */
  async lookAt(domain: Domain, edge: EdgePorts): Promise<LookedAt> {
    return this.#look(domain, edge, (await this.#ofEdge()).alerts);
  }

  async #look(domain: Domain, edge: EdgePorts, ofEdge: readonly FoundAlert[] = []): Promise<LookedAt> {
    const { name } = domain;
    const [bridges, known, mail] = await Promise.all([
      bridgesOf(edge, domain),
      answerOrNull(edge.objects.directory(name).alerts(name), edge, { domain: name }),
      answerOrNull(edge.objects.mailbox(name).waiting(), edge, { domain: name }),
    ]);
    const found = { domain: name, known, mail: mail?.servers ?? null };
    return { bridges, alerts: alertsOf(ofEdge, bridges, found, edge.now()) };
  }

  /** The alerts of the edge itself. A database that does not answer is an alert of the disk. */
  async #ofEdge() {
    const { storage, creates, pair, clockAheadMs, now } = this.#edge;
    const [disk, view = null] = await Promise.all([storage.fault(), pair?.view().catch(() => null)]);
    const aheadMs = clockAheadMs?.() ?? null;
    const alerts: FoundAlert[] = view ? [...pairAlerts(view, now())] : [];
    const overload = creates.overload(now());
    if (overload) alerts.push({ kind: "creates-refused", since: overload.since, count: overload.count });
    if (disk !== null) alerts.push({ kind: "disk", since: storage.faultSince, why: disk });
    if (aheadMs !== null) alerts.push({ kind: "clock-not-believed", since: null, why: differenceText(aheadMs) });
    if (this.#edge.isTokenWeak?.()) alerts.push({ kind: "operator-token-weak", since: null });
    return { view, alerts };
  }
}

export function addHealth(app: Hono<Variables>, edge: PeoplePorts & ReadinessPorts, readiness: Readiness): void {
  // Plain workerd sends no Date header, and agents compare their clocks with it.
  app.get("/healthz", async () => {
    const headers = { date: new Date(edge.now()).toUTCString() };
    const disk = await edge.storage.fault();
    if (disk !== null) return Response.json({ status: "failing", disk }, { status: 503, headers });
    // The conformance kit's reports have this version.
    return Response.json({ status: "ok", version, settings: await settingsDigest(edge.domains) }, { headers });
  });
  app.get("/readyz", async (context) => {
    if (!saysWho(context)) return readiness.answer(null);
    const admitted = await admitPerson(context, forOneRequest(edge), addressOf(context.req.raw)).catch(() => null);
    return readiness.answer(admitted === null || admitted instanceof Response ? null : admitted.person);
  });
}

/** `takesCalls`: false for a bridge that is about to stop, `takesConferences` for a drained one; what they have continues. */
function bridgeAs({ health }: FoundBridge) {
  if (!health) return { ready: false };
  const { awaySince: _, alerts: __, endsSince: ___, fullSince: ____, drainedSince, ...rest } = health;
  const ready = health.agentConnected && health.bridgeUp;
  const takesCalls = ready && health.ports === 0 ? false : undefined;
  return { ready, takesCalls, takesConferences: drainedSince === undefined ? undefined : false, ...rest };
}
