import type { Hono } from "hono";
import type { BridgeName, DomainName, EpochMs } from "../../foundation/ids.ts";
import { differenceText } from "../../foundation/time/difference-text.ts";
import { dayMs, within } from "../../foundation/time/timers.ts";
import { version } from "../../foundation/version.ts";
import { type FoundAlert, isDown } from "../../operators/alert-kinds.ts";
import { alertsOf, type FoundBridge, type FoundDomain, unknownKinds } from "../../operators/alerts.ts";
import { type PairView, pairAlerts } from "../../operators/edge-pair.ts";
import { type Operator, seesDomain } from "../../operators/people.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import { type Domain, settingsDigest } from "../../settings/load.ts";
import { addressOf } from "../address.ts";
import type { EdgePorts, LookedAt, PeoplePorts } from "../edge-ports.ts";
import { admitPerson, saysWho, type Variables } from "../guard.ts";
import { answerOrNull, forOneRequest } from "../objects-of-request.ts";
import { standbyReadiness } from "../pair/standby.tsx";
import type { Storage } from "../storage.ts";

/** How long unauthenticated clients get the same answer, so that they cannot have every relay asked at will. */
const SAME_ANSWER_MS = 1_000;
/** An object that has not answered by then is unreachable, and does not delay the answer about others. */
const ANSWER_WITHIN_MS = 2_000;
/** An object that was not asked for so long may have answered meanwhile. Prometheus asks more often. */
const KNOWN_FOR_MS = 5 * 60_000;
const notAsked = { known: null, mail: null, silent: [] };
const unseenDomain = "A domain has alerts. Sign in as a user of that domain to see them.";
const unseenKinds = "Sign in to see alerts about posts, callers and webhooks.";

export interface ReadinessPorts extends EdgePorts {
  readonly objects: EdgeObjects;
  readonly storage: Pick<Storage, "fault" | "faultSince">;
}

/** Looks if conferences can be held on each bridge of each domain, and which alerts there are. */
export class Readiness {
  readonly #edge: ReadinessPorts;
  #askedAt = 0;
  #latest: Promise<readonly FoundBridge[]> | undefined;
  /** By the name of an object, since when it does not answer this process. */
  readonly #unreachable = new Map<string, { readonly since: EpochMs; readonly askedAt: EpochMs }>();

  constructor(edge: ReadinessPorts) {
    this.#edge = edge;
  }

  /** Answers 200 or 503 and the alerts of the domains that the user sees. `null`: an unauthenticated client, which sees only open domains and bridges. */
  async answer(to: Operator | null): Promise<Response> {
    const { pair, domains, now } = this.#edge;
    if (pair && !pair.acts) return standbyReadiness(pair);
    const [bridges, ofEdge] = await Promise.all([this.#look(to), this.#ofEdge()]);
    const found = await Promise.all(
      Array.from(domains.values(), async (domain) => {
        const { name } = domain;
        const ofDomain = bridges.filter((one) => one.domain === name);
        if (to && seesDomain(to, name)) {
          const answers = await this.#askDomain(domain);
          return { name, alerts: alertsOf([], ofDomain, answers, now()), unknown: unknownKinds(ofDomain, answers) };
        }
        return { name, alerts: alertsOf([], ofDomain.map(withoutAgents), { ...notAsked, domain: name }, now()) };
      }),
    );
    const shownOfEdge = ofEdge.alerts.filter(({ kind }) => to || kind !== "operator-token-weak");
    const all = [
      ...alertsOf(shownOfEdge, [], { ...notAsked, domain: "" }, now()),
      ...found.flatMap(({ alerts }) => alerts),
    ];
    const alerts = all.filter(({ domain }) => this.#maySee(domain, to));
    const ready = !all.some(isDown);
    const notShown = [...(to ? [] : [unseenKinds]), ...(alerts.length === all.length ? [] : [unseenDomain])];
    const shown = Array.from(domains.keys()).filter((name) => this.#maySee(name, to));
    const bridgesOf = (name: string) => bridges.filter(({ domain }) => domain === name);
    const body = {
      ready,
      role: pair && "active",
      edges: pair && ofEdge.view,
      alerts,
      disk: ofEdge.disk ?? undefined,
      notShown: notShown.join(" ") || undefined,
      unknown: to
        ? Object.fromEntries(found.flatMap(({ name, unknown }) => (unknown ? [[name, unknown]] : [])))
        : undefined,
      domains: Object.fromEntries(
        shown.map((name) => [name, Object.fromEntries(bridgesOf(name).map((one) => [one.bridge, bridgeAs(one)]))]),
      ),
    };
    return Response.json(body, { status: ready ? 200 : 503 });
  }

  /** Asks through the edge of one request. */
  async lookAt(domain: Domain, edge: EdgePorts): Promise<LookedAt> {
    const asked = [this.#ask([domain], edge), this.#ofEdge(), this.#askDomain(domain, edge)] as const;
    const [bridges, ofEdge, found] = await Promise.all(asked);
    const alerts = alertsOf(ofEdge.alerts, bridges, found, edge.now());
    return { bridges, alerts, totals: found.totals, unknown: unknownKinds(bridges, found) };
  }

  #look(to: Operator | null): Promise<readonly FoundBridge[]> {
    const at = this.#edge.now();
    if (to || !this.#latest || Math.abs(at - this.#askedAt) >= SAME_ANSWER_MS) {
      this.#askedAt = at;
      this.#latest = this.#ask(this.#edge.domains.values());
    }
    return this.#latest;
  }

  /** The alerts of the edge itself. A database that does not answer is an alert of the disk. */
  async #ofEdge(): Promise<{
    readonly disk: string | null;
    readonly view: PairView | null;
    readonly alerts: FoundAlert[];
  }> {
    const { storage, pair, doubt, now } = this.#edge;
    const [disk, view = null] = await Promise.all([storage.fault(), pair?.view().catch(() => null)]);
    const doubtMs = doubt?.ms() ?? 0;
    const alerts: FoundAlert[] = view ? [...pairAlerts(view, now())] : [];
    if (disk !== null) alerts.push({ kind: "disk", since: storage.faultSince, why: disk });
    if (doubtMs >= dayMs) alerts.push({ kind: "time-in-doubt", since: null, why: differenceText(doubtMs) });
    if (this.#edge.isTokenWeak?.()) alerts.push({ kind: "operator-token-weak", since: null });
    return { disk, view, alerts };
  }

  #maySee(domain: string | null, to: Operator | null): boolean {
    if (domain === null) return true;
    const isOpen = this.#edge.domains.get(domain)?.settings.adapterSecrets.length === 0;
    return isOpen || (to !== null && seesDomain(to, domain));
  }

  async #askDomain(
    { name: domain }: Domain,
    edge: EdgePorts = this.#edge,
  ): Promise<FoundDomain & Pick<LookedAt, "totals">> {
    const inTime = <Value>(what: string, asked: Promise<Value>) =>
      answerOrNull(within(edge, ANSWER_WITHIN_MS, what, asked), edge, { domain });
    const ofDomain = edge.objects.directory(domain);
    const [known, mail, directory] = await Promise.all([
      inTime("the directory", ofDomain.alerts(domain)),
      inTime("the mailbox", edge.objects.mailbox(domain).waiting()),
      inTime("the directory", ofDomain.totals()),
    ]);
    const silent = [
      { kind: "directory-unreachable", since: this.#unreachableSince(`directory of ${domain}`, known) },
      { kind: "mailbox-unreachable", since: this.#unreachableSince(`mailbox of ${domain}`, mail) },
    ] as const;
    const totals = { directory, mail };
    return { domain, known, mail: mail?.servers ?? null, silent: silent.filter(({ since }) => since !== null), totals };
  }

  #ask(domains: Iterable<Domain>, edge: EdgePorts = this.#edge): Promise<readonly FoundBridge[]> {
    const bridges = Array.from(domains).flatMap(({ name, settings }) =>
      settings.bridges.map((bridge) => this.#askOne(name, bridge.name as BridgeName, edge)),
    );
    return Promise.all(bridges);
  }

  async #askOne(domain: DomainName, bridge: BridgeName, edge: EdgePorts): Promise<FoundBridge> {
    const asked = within(edge, ANSWER_WITHIN_MS, "the relay", edge.objects.relay(domain, bridge).health());
    const health = await answerOrNull(asked, edge, { domain, bridge }, "relay-unreachable");
    return { domain, bridge, health, unreachableSince: this.#unreachableSince(`${domain}/${bridge}`, health) };
  }

  /** Since when this object does not answer this process; `null`: it answers. */
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
