import * as v from "valibot";
import type { BridgeName, ConfKey } from "../../foundation/ids.ts";
import { time } from "../../foundation/schemas.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import { reasonOf } from "../../foundation/text/reason.ts";
import { inPortions } from "../../foundation/time/in-portions.ts";
import { pairView } from "../../operators/edge-pair.ts";
import { figure } from "../../operators/figures.ts";
import { seesDomain } from "../../operators/people.ts";
import { bridgeLoad, domainActivity, webhookView } from "../../rpc/directory.ts";
import { agentView, type HandOver } from "../../rpc/relay.ts";
import { shownSettings } from "../../settings/domain-settings.ts";
import { remindersOf, warningsOf } from "../../settings/warnings.ts";
import { activityOf, figuresOfDomain } from "../monitoring/figures-of-domain.ts";
import { answerOrNull } from "../objects-of-request.ts";
import { problem } from "../problem.ts";
import { type ApiCall, routeOf } from "./route.ts";

const ofDomain = routeOf("Domains");

export const domainRoutes = [
  ofDomain("listDomains", "GET /domains", {
    says: "The domains that you see, and their bridges",
    answer: {
      says: "Domains in the order of the settings.",
      schema: v.object({
        domains: v.array(v.object({ name: v.string(), bridges: v.array(v.string()), timeZone: v.string() })),
      }),
    },
    handle({ edge, signedIn }) {
      const seen = Array.from(edge.domains.values()).filter(({ name }) => seesDomain(signedIn.person, name));
      const domains = seen.map(({ name, settings }) => ({
        name,
        bridges: settings.bridges.map((bridge) => bridge.name),
        timeZone: settings.timeZone,
      }));
      return { domains };
    },
  }),
  ofDomain("showSettings", "GET /domains/{domain}/settings", {
    says: "The settings of a domain as they apply now, with defaults, warnings and reminders",
    more: "Secrets are not shown.",
    answer: {
      says: "Settings by their names in [settings.md](settings.md), and sentences.",
      schema: v.object({
        settings: v.looseObject({}),
        warnings: v.pipe(v.array(v.string()), v.description("Settings that work, but are wrong in production.")),
        reminders: v.pipe(v.array(v.string()), v.description("What staff should keep in mind.")),
      }),
    },
    handle({ domain }) {
      const sentence = (says: string) => `${domain.name} ${says}.`;
      return {
        settings: { ...shownSettings(domain.settings) },
        warnings: warningsOf(domain).map(sentence),
        reminders: remindersOf(domain).map(sentence),
      };
    },
  }),
  ofDomain("getFigures", "GET /domains/{domain}/figures", {
    says: "The stats of a domain, now and for the last hour, as console and metrics show them",
    answer: {
      says: "Stats. An unknown value is null, never 0.",
      schema: v.object({ figures: v.array(figure) }),
    },
    handle: async ({ domain, edge }) => ({ figures: await figuresOfDomain(edge, domain) }),
  }),
  ofDomain("getActivity", "GET /domains/{domain}/activity", {
    says: "Requests and posts of the last hour by minute, posts by TSP server, and what is pending",
    more: "Each post counts once. It appears within a minute, or within five if nothing more happens in its conference. Refusals of the last second before a process was killed are missing.",
    answer: { says: "Minutes and servers.", schema: domainActivity },
    handle: ({ domain, edge }) => activityOf(edge, domain),
  }),
  ofDomain("listWebhooks", "GET /domains/{domain}/webhooks", {
    says: "The receivers of the domain's webhooks, with their state",
    answer: {
      says: "Receivers in the order of the settings.",
      schema: v.object({ webhooks: v.array(webhookView) }),
    },
    async handle({ domain: { name }, edge: { objects } }) {
      return { webhooks: await objects.directory(name).webhooks(name) };
    },
  }),
  ofDomain("resyncServer", "POST /domains/{domain}/servers/resync", {
    says: "Probes a TSP server at once from every conference that could not reach it",
    more: "Without it, unreachable servers are probed at least every five minutes. A server that answers gets all pending notifications once, with the state of that time.",
    body: v.strictObject({
      server: v.pipe(
        v.string(),
        v.nonEmpty("must not be empty"),
        v.maxLength(300, "must have at most 300 characters"),
        v.check((text) => text !== BACK_END, "must be a TSP server: client data is not resent to the back end"),
        v.description("The TSP server, with or without its scheme."),
      ),
    }),
    answer: {
      says: "The conferences have been asked. The backlog of the server drops once it answers.",
      schema: v.object({
        server: v.string(),
        conferences: v.pipe(
          v.number(),
          v.description("Number of conferences with documents for the server; all were asked."),
        ),
        unanswered: v.pipe(v.array(v.string()), v.description("Conferences that did not answer. Ask again for them.")),
      }),
    },
    about: ({ body: { server } }) => ({ server }),
    async handle({ domain: { name }, edge, signedIn: { person }, body: { server } }) {
      const keys = await edge.objects.directory(name).waitingFor(server);
      const unanswered: ConfKey[] = [];
      const ask = async (conference: ConfKey) => {
        const resynced = Promise.resolve(edge.objects.conference(name, conference).resync(server, person.name));
        const isAsked = resynced.then(() => true);
        if (!(await answerOrNull(isAsked, edge, { domain: name, conference }))) unanswered.push(conference);
      };
      const unasked = [...keys];
      const asked: Promise<void>[] = [];
      await inPortions(edge, {
        hasMore: () => unasked.length > 0,
        take: (most) => {
          const portion = unasked.splice(0, most).map(ask);
          asked.push(...portion);
          return portion.map((one) => () => one);
        },
      });
      await Promise.all(asked);
      unanswered.sort();
      return { server, conferences: keys.length, unanswered };
    },
  }),
];

const ofBridge = routeOf("Bridges and agents");

const path = "/domains/{domain}/bridges/{bridge}";
const drained = {
  says: "It is on disk.",
  schema: v.object({
    bridge: v.string(),
    drainedSince: v.pipe(v.nullable(time), v.description("null: it takes new conferences.")),
  }),
};
const load = v.omit(bridgeLoad, ["bridge"]);
const bridgeAgents = v.object({
  bridge: v.string(),
  drainedSince: v.pipe(v.nullable(time), v.description("null: it takes new conferences, or not known.")),
  load: v.pipe(
    v.nullable(load),
    v.description("Conferences that are being created or run there, and their callers; null: not known."),
  ),
  agents: v.nullable(v.array(agentView)),
  missing: v.pipe(
    v.exactOptional(v.array(v.string())),
    v.description("Agents of the settings that are not connected; absent: not known."),
  ),
});

export const bridgeRoutes = [
  ofBridge("listAgents", "GET /domains/{domain}/agents", {
    says: "The connected agents, drain state and load of each bridge",
    answer: {
      says: "Bridges in the order of the settings. `agents` is null for a bridge whose relay does not answer.",
      schema: v.object({ bridges: v.array(bridgeAgents) }),
    },
    async handle({ domain: { name: domain, settings }, edge }) {
      const { directory, relay } = edge.objects;
      const list = answerOrNull(directory(domain).running({ domain, after: null, limit: 0 }), edge, { domain });
      const bridges = settings.bridges.map(async ({ name, agents: expected }) => {
        const bridge = name as BridgeName;
        const asked = Promise.all([relay(domain, bridge).agents(), relay(domain, bridge).health()]);
        const [found, running] = await Promise.all([
          answerOrNull(asked, edge, { domain, bridge }, "relay-unreachable"),
          list,
        ]);
        const [agents = null, health] = found ?? [];
        const { conferences = 0, callers = 0 } = running?.bridges.find((load) => load.bridge === bridge) ?? {};
        const load = running && { conferences, callers };
        const connected = new Set(agents?.map(({ agent }) => agent));
        const missing = expected.flatMap(({ name }) => (connected.has(name) ? [] : name));
        return { bridge, drainedSince: health?.drainedSince ?? null, load, agents, ...(agents && { missing }) };
      });
      return { bridges: await Promise.all(bridges) };
    },
  }),
  ofBridge("drain", `PUT ${path}/drain`, {
    says: "Drains a bridge: it takes no new conferences, and running ones continue",
    more: "New conferences go to other bridges of the domain, or are refused if all are drained. It lasts until you end it. `GET …/agents` has the number of conferences left.",
    answer: drained,
    handle: (call) => drain(call, true),
  }),
  ofBridge("undrain", `DELETE ${path}/drain`, {
    says: "Ends the drain: the bridge takes new conferences again",
    answer: drained,
    handle: (call) => drain(call, false),
  }),
  ofBridge("handOver", `POST ${path}/hand-over`, {
    says: "Makes a standby active instead of the active agent",
    more: "Calls are not interrupted, and nothing is lost or done twice. The other agent reconnects as standby. If another agent is active already, nothing is done.",
    body: v.strictObject({
      from: v.pipe(
        v.string(),
        v.nonEmpty("must not be empty"),
        v.maxLength(256),
        v.description("The agent that should no longer be active."),
      ),
    }),
    answer: {
      says: "Who acts now.",
      schema: v.object({ bridge: v.string(), acts: v.pipe(v.string(), v.description("The name of the agent.")) }),
    },
    refusals: { 409: "No standby reaches the bridge, or no agent is active there. Nothing was done." },
    about: ({ body: { from } }) => ({ from }),
    async handle({ domain: { name }, bridge, body: { from }, edge: { objects } }) {
      const result = await objects.relay(name, bridge).handOver(from);
      if (typeof result === "object") return { bridge, acts: result.acts };
      return problem(409, "refused", handOverRefusals[result], {}, { reason: result });
    },
  }),
];

async function drain({ domain: { name }, bridge, edge: { objects } }: ApiCall, drained: boolean) {
  return { bridge, drainedSince: await objects.relay(name, bridge).drain(name, bridge, drained) };
}

/** Why the active agent stays active, for users. */
const handOverRefusals: Readonly<Record<Exclude<HandOver, object>, string>> = {
  "no-agent":
    "No agent is active on the bridge, so none can hand over. After a restart of the edge, wait until the agents are connected again.",
  "no-standby": "No connected standby reaches the bridge. Start one, or check why its bridge does not answer.",
};

const ofEdge = routeOf("Edges");

export const edgeRoutes = [
  ofEdge("showEdges", "GET /edges", {
    says: "Which edge is active and since when, and the standby edges",
    answer: {
      says: "`active` is null, and `standbys` is empty, if the edge shares its state with no other one.",
      schema: v.object({ ...pairView.entries, active: v.nullable(pairView.entries.active) }),
    },
    async handle({ edge: { pair } }) {
      if (!pair) return { active: null, standbys: [], fault: null };
      try {
        return await pair.view();
      } catch (error) {
        return problem(503, "failed for now", `The database does not answer: ${reasonOf(error)}.`);
      }
    },
  }),
];
