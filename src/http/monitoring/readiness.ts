import type { Hono } from "hono";
import type { BridgeName, DomainName, EpochMs } from "../../foundation/ids.ts";
import { differenceText } from "../../foundation/time/difference-text.ts";
import { dayMs, within } from "../../foundation/time/timers.ts";
import { version } from "../../foundation/version.ts";
import { type PairView, pairTrouble } from "../../operators/edge-pair.ts";
import type { Figures } from "../../operators/figures.ts";
import { type Operator, seesDomain } from "../../operators/people.ts";
import { type FoundBridge, type FoundDomain, isDown, troubleOf, unknownKinds } from "../../operators/trouble.ts";
import type { FoundTrouble } from "../../operators/trouble-kinds.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { BridgeHealth } from "../../rpc/relay.ts";
import { type Domain, settingsDigest } from "../../settings/load.ts";
import { addressOf } from "../address.ts";
import type { EdgePorts, LookedAt, PeoplePorts, TroublePorts } from "../edge-ports.ts";
import { admitPerson, saysWho, type Variables } from "../guard.ts";
import { answerOrNull, forOneRequest } from "../objects-of-request.ts";
import { standbyReadiness } from "../pair/standby.tsx";
import type { Storage } from "../storage.ts";
import { figuresOfDomain } from "./figures-of-domain.ts";

/** How long strangers get the same answer: their requests would otherwise cost a call to every relay each. */
const SAME_ANSWER_MS = 1_000;
/** A relay that has not answered by then counts as not ready, so that it does not hold up the answer about the others. */
const ANSWER_WITHIN_MS = 2_000;
/** Who has not been asked for so long may have answered meanwhile. Prometheus asks more often. */
const KNOWN_FOR_MS = 5 * 60_000;
const notAsked = { known: null, mail: null, silent: [] };
const unseenDomain = "A domain has alerts. Sign in as a user of that domain to see them.";
const unseenKinds = "Sign in to see alerts about posts, callers and webhooks.";

/** `takesCalls`: false for a bridge that is about to end, `takesConferences` for one that is drained; what they have goes on. */
type Bridge = {
  readonly ready: boolean;
  readonly takesCalls?: false;
  readonly takesConferences?: false;
} & Partial<Omit<BridgeHealth, "awaySince" | "drainedSince" | "endsSince" | "fullSince" | "trouble">>;

export interface ReadinessPorts extends EdgePorts {
  readonly objects: EdgeObjects;
  readonly storage: Pick<Storage, "fault" | "faultSince">;
}

/** Whether conferences can be held on each bridge of each domain, and if not, what is missing and since when. */
export class Readiness {
  readonly #edge: ReadinessPorts;
  #askedAt = 0;
  #latest: Promise<readonly FoundBridge[]> | undefined;
  /** By `domain/bridge`, or the name of an object, since when it does not answer this process. */
  readonly #unreachable = new Map<string, { readonly since: EpochMs; readonly askedAt: EpochMs }>();

  constructor(edge: ReadinessPorts) {
    this.#edge = edge;
  }

  /** What is wrong in the domains that the person sees, worst first. Strangers see domains whose names are no secret, and nothing of posts. */
  async answer(to: Operator | null): Promise<Response> {
    const { pair: shared } = this.#edge;
    if (shared && !shared.acts) return standbyReadiness(shared);
    const { domains, now } = this.#edge;
    const [bridges, disk, pair] = await Promise.all([this.#look(to), this.#disk(), this.#pair()]);
    const ofEdge = this.#ofEdge(disk, pair).filter(({ kind }) => to || kind !== "operator-token-weak");
    const found = await Promise.all(
      Array.from(domains.values(), async (domain) => {
        const { name } = domain;
        const ofDomain = bridges.filter((one) => one.domain === name);
        if (!to || !seesDomain(to, name))
          return { name, trouble: troubleOf([], ofDomain.map(asStrangersSee), { ...notAsked, domain: name }, now()) };
        const [said, activity] = await Promise.all([
          this.#askDomain(domain),
          this.#inTime(name, "the directory", this.#edge.objects.directory(name).activity()),
        ]);
        const known = { bridges: ofDomain, totals: said.totals, activity };
        const figures = figuresAs(await figuresOfDomain(this.#edge, domain, known));
        const unknown = unknownKinds(ofDomain, said);
        return { name, figures, unknown, trouble: troubleOf([], ofDomain, said, now()) };
      }),
    );
    const all = [
      ...troubleOf(ofEdge, [], { ...notAsked, domain: "" }, now()),
      ...found.flatMap(({ trouble }) => trouble),
    ];
    const trouble = all.filter(({ domain }) => this.#maySee(domain, to));
    const ready = !all.some(isDown);
    const notShown = [...(to ? [] : [unseenKinds]), ...(trouble.length === all.length ? [] : [unseenDomain])];
    const shown = Array.from(domains.keys()).filter((name) => this.#maySee(name, to));
    const body = {
      ...{ ready, ...(this.#edge.pair && { role: "active", edges: pair.view }), trouble },
      ...(disk !== null && { disk: disk.says }),
      ...(notShown.length > 0 && { notShown: notShown.join(" ") }),
      ...(to && {
        figures: Object.fromEntries(found.flatMap(({ name, figures }) => (figures ? [[name, figures]] : []))),
        unknown: Object.fromEntries(found.flatMap(({ name, unknown }) => (unknown ? [[name, unknown]] : []))),
      }),
      domains: Object.fromEntries(
        shown.map((name) => {
          const found = bridges.filter(({ domain }) => domain === name);
          return [name, Object.fromEntries(found.map((one) => [one.bridge, bridgeAs(one)]))];
        }),
      ),
    };
    return Response.json(body, { status: ready ? 200 : 503 });
  }

  readonly lookAt: TroublePorts["lookAt"] = async (domain) => {
    const [bridges, disk, pair, found] = await Promise.all([
      this.#ask([domain]),
      this.#disk(),
      this.#pair(),
      this.#askDomain(domain),
    ]);
    const trouble = troubleOf(this.#ofEdge(disk, pair), bridges, found, this.#edge.now());
    return { bridges, trouble, totals: found.totals, unknown: unknownKinds(bridges, found) };
  };

  /** For strangers, what was seen a moment ago will do. */
  #look(to: Operator | null): Promise<readonly FoundBridge[]> {
    const at = this.#edge.now();
    if (to || !this.#latest || Math.abs(at - this.#askedAt) >= SAME_ANSWER_MS) {
      this.#askedAt = at;
      this.#latest = this.#ask(this.#edge.domains.values());
    }
    return this.#latest;
  }

  async #disk() {
    const { storage } = this.#edge;
    const says = await storage.fault();
    return says === null ? null : { says, since: storage.faultSince };
  }

  /** What keeps the other edge from taking over. A database that does not answer is a trouble of the disk. */
  async #pair(): Promise<{ readonly view: PairView | null; readonly trouble: readonly FoundTrouble[] }> {
    const { pair, now } = this.#edge;
    const view = (await pair?.view().catch(() => null)) ?? null;
    return { view, trouble: view ? pairTrouble(view, now()) : [] };
  }

  #ofEdge(
    disk: { readonly says: string; readonly since: EpochMs | null } | null,
    pair: { readonly trouble: readonly FoundTrouble[] },
  ): readonly FoundTrouble[] {
    const doubtMs = this.#edge.doubt?.ms() ?? 0;
    return [
      ...(disk ? [{ kind: "disk", since: disk.since, why: disk.says } as const] : []),
      ...(doubtMs >= dayMs ? [{ kind: "time-in-doubt", since: null, why: differenceText(doubtMs) } as const] : []),
      ...(this.#edge.isTokenWeak?.() ? [{ kind: "operator-token-weak", since: null } as const] : []),
      ...pair.trouble,
    ];
  }

  #maySee(domain: string | null, to: Operator | null): boolean {
    if (domain === null) return true;
    const isOpen = this.#edge.domains.get(domain)?.settings.adapterSecrets.length === 0;
    return isOpen || (to !== null && seesDomain(to, domain));
  }

  async #inTime<Value>(domain: DomainName, what: string, asked: Promise<Value>): Promise<Value | null> {
    const edge = this.#edge;
    return answerOrNull(within(edge, ANSWER_WITHIN_MS, what, asked), edge, { domain });
  }

  async #askDomain({ name: domain }: Domain): Promise<FoundDomain & Pick<LookedAt, "totals">> {
    const { objects } = this.#edge;
    const [known, mail, directory] = await Promise.all([
      this.#inTime(domain, "the directory", objects.directory(domain).trouble(domain)),
      this.#inTime(domain, "the mailbox", objects.mailbox(domain).waiting()),
      this.#inTime(domain, "the directory", objects.directory(domain).totals()),
    ]);
    const silent = [
      { kind: "directory-unreachable", since: this.#unreachableSince(`directory of ${domain}`, known) },
      { kind: "mailbox-unreachable", since: this.#unreachableSince(`mailbox of ${domain}`, mail) },
    ] as const;
    const found = { domain, known, mail: mail?.servers ?? null, totals: { directory, mail } };
    return { ...found, silent: silent.filter(({ since }) => since !== null) };
  }

  #ask(domains: Iterable<Domain>): Promise<readonly FoundBridge[]> {
    const bridges = Array.from(domains).flatMap(({ name, settings }) =>
      settings.bridges.map((bridge) => this.#askOne(name, bridge.name as BridgeName)),
    );
    return Promise.all(bridges);
  }

  async #askOne(domain: DomainName, bridge: BridgeName): Promise<FoundBridge> {
    const edge = this.#edge;
    const name = `${domain}/${bridge}`;
    const asked = within(edge, ANSWER_WITHIN_MS, "the relay", edge.objects.relay(domain, bridge).health());
    const health = await answerOrNull(asked, edge, { domain, bridge }, "relay-unreachable");
    return { domain, bridge, health, unreachableSince: this.#unreachableSince(name, health) };
  }

  /** Since when this object answers nothing, as far as this process knows; `null`: it answers. */
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

function figuresAs(figures: Figures) {
  return Object.fromEntries(
    Object.values(figures).map(({ name, value, missing, isStale }) => [name, { value, missing, isStale }]),
  );
}

/** Agents and their names are no stranger's business. */
function asStrangersSee(found: FoundBridge): FoundBridge {
  return { ...found, health: found.health && { ...found.health, trouble: [] } };
}

function bridgeAs({ health }: FoundBridge): Bridge {
  if (!health) return { ready: false };
  const { awaySince: _, trouble: __, endsSince: ___, fullSince: ____, drainedSince, ...rest } = health;
  const ready = health.agentConnected && health.bridgeUp;
  const takes = {
    ...(ready && health.ports === 0 && { takesCalls: false as const }),
    ...(drainedSince !== undefined && { takesConferences: false as const }),
  };
  return { ready, ...takes, ...rest };
}
