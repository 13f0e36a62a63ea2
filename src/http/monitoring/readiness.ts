import type { Hono } from "hono";
import type { EpochMs } from "../../foundation/ids.ts";
import { differenceText } from "../../foundation/time/difference-text.ts";
import { dayMs } from "../../foundation/time/timers.ts";
import { version } from "../../foundation/version.ts";
import { type FoundAlert, showAlert } from "../../operators/alert-kinds.ts";
import { alertsOf, type FoundBridge, type FoundDomain } from "../../operators/alerts.ts";
import { pairAlerts } from "../../operators/edge-pair.ts";
import { type Operator, seesDomain } from "../../operators/people.ts";
import { type Domain, settingsDigest } from "../../settings/load.ts";
import { addressOf } from "../address.ts";
import type { EdgePorts, LookedAt, PeoplePorts } from "../edge-ports.ts";
import { admitPerson, saysWho, type Variables } from "../guard.ts";
import { answerOrNull, forOneRequest } from "../objects-of-request.ts";
import { standbyReadiness } from "../pair/standby.tsx";
import type { Storage } from "../storage.ts";
import { bridgesOf } from "./figures-of-domain.ts";

/** How long unauthenticated clients get the same answer, so that they cannot flood the relays. */
const SAME_ANSWER_MS = 1_000;
/** After this time without a request, an object counts as answering again. Prometheus asks more often. */
const KNOWN_FOR_MS = 5 * 60_000;
const notShown = "There may be more alerts. Sign in as a user of each domain to see them all.";

export interface ReadinessPorts extends EdgePorts {
  readonly storage: Pick<Storage, "fault" | "faultSince">;
}

/** Checks if every bridge of every domain can hold conferences, and collects alerts. */
export class Readiness {
  readonly #edge: ReadinessPorts;
  #askedAt = 0;
  #latest: Promise<{ readonly ready: boolean }> | undefined;
  /** Start of the silence of each object that does not answer this process, by name. */
  readonly #unreachable = new Map<string, { readonly since: EpochMs; readonly askedAt: EpochMs }>();

  constructor(edge: ReadinessPorts) {
    this.#edge = edge;
  }

  /** Answers 200 or 503 and the alerts that the user sees. `null`: an unauthenticated client. */
  async answer(to: Operator | null): Promise<Response> {
    const { pair, now } = this.#edge;
    if (pair && !pair.acts) return standbyReadiness(pair);
    const isOld = !this.#latest || Math.abs(now() - this.#askedAt) >= SAME_ANSWER_MS;
    if (!to && isOld) {
      this.#askedAt = now();
      this.#latest = this.#found(null);
    }
    const found = await (to ? this.#found(to) : this.#latest);
    return Response.json(found, { status: found?.ready ? 200 : 503 });
  }

  async #found(to: Operator | null) {
    const edge = forOneRequest(this.#edge, true);
    const domains = Array.from(edge.domains.values(), async (domain) => {
      const isOfUser = to !== null && seesDomain(to, domain.name);
      const isShown = isOfUser || domain.settings.adapterSecrets.length === 0;
      return { name: domain.name, isOfUser, isShown, ...(await this.#look(domain, edge, isOfUser)) };
    });
    const [ofEdge, found] = await Promise.all([this.#ofEdge(), Promise.all(domains)]);
    const alertsOfEdge = ofEdge.alerts
      .filter(({ kind }) => to || kind !== "operator-token-weak")
      .map((alert) => showAlert(alert, null));
    const shown = found.filter(({ isShown }) => isShown);
    const isHidden = found.some(({ isShown, alerts }) => !isShown && alerts.length > 0);
    const all = [...alertsOfEdge, ...found.flatMap(({ alerts }) => alerts)];
    return {
      ready: !all.some(({ severity }) => severity === "down"),
      role: edge.pair && "active",
      edges: edge.pair && ofEdge.view,
      alerts: [...alertsOfEdge, ...shown.flatMap(({ alerts }) => alerts)],
      notShown: !to || isHidden ? notShown : undefined,
      incomplete: to && edge.incomplete?.length ? edge.incomplete : undefined,
      domains: Object.fromEntries(
        shown.map(({ name, bridges }) => [name, Object.fromEntries(bridges.map((one) => [one.bridge, bridgeAs(one)]))]),
      ),
    };
  }

  /** The bridges and alerts of a domain for its users, asked through the edge of one request. */
  async lookAt(domain: Domain, edge: EdgePorts): Promise<LookedAt> {
    return this.#look(domain, edge, true, (await this.#ofEdge()).alerts);
  }

  /** `isOfUser`: only users of the domain see its documents, callers and agents. */
  async #look(domain: Domain, edge: EdgePorts, isOfUser: boolean, ofEdge: readonly FoundAlert[] = []) {
    const [bridges, found] = await Promise.all([this.#bridges(domain, edge), this.#directory(domain, edge, isOfUser)]);
    const shown = isOfUser ? bridges : bridges.map(withoutAgents);
    return { bridges, alerts: alertsOf(ofEdge, shown, found, edge.now()) };
  }

  /** The alerts of the edge itself. A database that does not answer is an alert of the disk. */
  async #ofEdge() {
    const { storage, pair, doubt, now } = this.#edge;
    const [disk, view = null] = await Promise.all([storage.fault(), pair?.view().catch(() => null)]);
    const doubtMs = doubt?.ms() ?? 0;
    const alerts: FoundAlert[] = view ? [...pairAlerts(view, now())] : [];
    if (disk !== null) alerts.push({ kind: "disk", since: storage.faultSince, why: disk });
    if (doubtMs >= dayMs) alerts.push({ kind: "time-in-doubt", since: null, why: differenceText(doubtMs) });
    if (this.#edge.isTokenWeak?.()) alerts.push({ kind: "operator-token-weak", since: null });
    return { view, alerts };
  }

  async #directory({ name: domain }: Domain, edge: EdgePorts, isAsked: boolean): Promise<FoundDomain> {
    if (!isAsked) return { domain, known: null, mail: null, silent: [] };
    const [known, mail] = await Promise.all([
      answerOrNull(edge.objects.directory(domain).alerts(domain), edge, { domain }),
      answerOrNull(edge.objects.mailbox(domain).waiting(), edge, { domain }),
    ]);
    const silent = Object.entries({ directory: known, mailbox: mail }).flatMap(([about, answer]): FoundAlert[] => {
      const since = this.#unreachableSince(`${about} of ${domain}`, answer);
      return since === null ? [] : [{ kind: "state-unreachable", about, since }];
    });
    return { domain, known, mail: mail?.servers ?? null, silent };
  }

  async #bridges(domain: Domain, edge: EdgePorts): Promise<readonly FoundBridge[]> {
    return (await bridgesOf(edge, domain)).map(({ bridge, health }) => {
      return { bridge, health, unreachableSince: this.#unreachableSince(`${domain.name}/${bridge}`, health) };
    });
  }

  /** Start of this object's silence; `null`: it answers. */
  #unreachableSince(name: string, answer: object | null): EpochMs | null {
    const askedAt = this.#edge.now();
    const known = this.#unreachable.get(name);
    this.#unreachable.delete(name);
    if (answer) return null;
    const since = known && Math.abs(askedAt - known.askedAt) < KNOWN_FOR_MS ? known.since : askedAt;
    this.#unreachable.set(name, { since, askedAt });
    return since;
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

/** Agents and their names are for users only. */
function withoutAgents(found: FoundBridge): FoundBridge {
  return { ...found, health: found.health && { ...found.health, alerts: [] } };
}

/** `takesCalls`: false for a bridge that is about to stop, `takesConferences` for a drained one; what they have continues. */
function bridgeAs({ health }: FoundBridge) {
  if (!health) return { ready: false };
  const { awaySince: _, alerts: __, endsSince: ___, fullSince: ____, drainedSince, ...rest } = health;
  const ready = health.agentConnected && health.bridgeUp;
  const takesCalls = ready && health.ports === 0 ? false : undefined;
  return { ready, takesCalls, takesConferences: drainedSince === undefined ? undefined : false, ...rest };
}
