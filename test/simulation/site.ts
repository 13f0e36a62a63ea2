import type { BridgeName, DomainName } from "../../src/foundation/ids.ts";
import type { Domain } from "../../src/settings/load.ts";
import { testDomain } from "../local-domain.ts";
import { AgentProcess } from "./agent-process.ts";
import { Bridge, Bridges } from "./bridge.ts";
import { BridgeOperators } from "./bridge-operators.ts";
import { ClientData } from "./client-data.ts";
import { CommandJudge } from "./command-judge.ts";
import { draws, type WorldContext } from "./context.ts";
import { DeadlineJudge } from "./deadline-judge.ts";
import { Edge, type Shared } from "./edge.ts";
import { judgeLate } from "./late-requests.ts";
import { Meeting } from "./meeting.ts";
import { MuteKeyJudge } from "./mute-key-judge.ts";
import { Operators } from "./operators.ts";
import { PromptJudge } from "./prompt-judge.ts";
import { simulatedKey } from "./relay-host.ts";
import { type Parts, watchMutes, watchRosters } from "./rest-checks.ts";
import { settingBegin } from "./shown-judge.ts";
import { drawSwitches, type Switches } from "./switches.ts";
import { Webex } from "./webex.ts";

export const agentNames = ["agent-1", "agent-2"] as const;

/** By how many agents each bridge has, and by its switches. */
const domains = new Map<string, Domain>();

/** One telephony domain: WebEx's servers and meetings, its part of the edge, its bridges and their agents. */
export function newSite(
  context: WorldContext,
  shared: Shared,
  { spared, done }: { readonly spared: ReadonlySet<string>; readonly done: string[] },
): Parts {
  const own = draws(context, "site");
  const switches = drawSwitches(context);
  const webex = new Webex(context, 2 + own.between(0, 2), switches);
  const agentCounts = [own.chance(0.5) && !context.boosts.has("two agents") ? 1 : 2, ...(own.chance(0.2) ? [1] : [])];
  const domain = { ...domainOf(agentCounts, switches), name: (context.site === "" ? "local" : "other") as DomainName };
  const edge = new Edge(context, shared, domain, async (origin, life, request) =>
    request.url === backEnd
      ? { kind: "answered", status: 204, body: new Uint8Array() }
      : webex.receive(origin, life, request),
  );
  webex.edge = edge;
  // Where there are two, conferences spread by what is free.
  const ports = agentCounts.length > 1 ? 100 : null;
  const bridges = new Bridges(
    domain.settings.bridges.map(
      ({ name }) => new Bridge(context, { name: name as BridgeName, owner: `${domain.name}/${name}` }, ports),
    ),
  );
  const agents = domain.settings.bridges.flatMap((settings, index) =>
    settings.agents.map(({ name }) => {
      const bridge = bridges.all[index] as Bridge;
      return new AgentProcess(name, context, edge.relayOf(bridge.name), bridge);
    }),
  );
  const keys = () => meetings.map(({ key }) => key);
  const meetings: Meeting[] = Array.from(
    { length: own.between(2, 5) },
    (_, index) => new Meeting(index, { context, webex, bridges, switches, spared, done, keys }),
  );
  if (switches.hasOperators) {
    meetings.forEach((meeting, index) => {
      const { resyncs } = switches;
      meeting.operators = new Operators(index, meeting, { context, edge, webex, resyncs, bridges, spared, done });
    });
  }
  if (switches.hasSecretSettings) {
    for (const [index, meeting] of meetings.entries())
      new ClientData(index, meeting, { context, edge, webex, spared, done }).begin();
  }
  if (switches.resyncs) webex.refuseNowAndThen({ spared, done });
  const parts: Parts = { context, edge, webex, bridges, agents, meetings, switches };
  const operators = switches.operatesBridges
    ? new Map(edge.relays.map((relay) => [relay.place.bridge, new BridgeOperators(context, relay, { spared, done })]))
    : new Map<BridgeName, BridgeOperators>();
  connect(parts, operators);
  watchRosters(parts);
  watchMutes(parts);
  return parts;
}

function domainOf(
  agentCounts: readonly number[],
  { protocol, gatherMs, showsPersonal: personal, hasSecretSettings }: Omit<Switches, "sharesDocuments">,
): Domain {
  const name = JSON.stringify([agentCounts, protocol, gatherMs, personal, hasSecretSettings]);
  const known = domains.get(name);
  if (known) return known;
  const bridges = agentCounts.map((agents, index) => ({
    name: `bridge-${index + 1}`,
    agents: agentNames.slice(0, agents).map((name) => {
      const agent = index === 0 ? name : `second-${name}`;
      return { name: agent, publicKey: simulatedKey(agent).publicKey };
    }),
  }));
  const query = hasSecretSettings ? `?token=${settingBegin}100` : "";
  const webhooks = [{ url: `https://voice.example.com/events${query}`, secretFrom: "WEBHOOK_SECRET_WORLD" }];
  const webex = { gatherMs, ...(hasSecretSettings && { paths: ["/tsp"] }) };
  const secret = hasSecretSettings ? secretSettings : {};
  const domain = testDomain({
    bridges,
    protocol,
    webex,
    recordsPersonal: personal ? "full" : "masked",
    webhooks,
    ...secret,
  });
  domains.set(name, domain);
  return domain;
}

const backEnd = `https://voice.example.com/data?key=${settingBegin}101`;
const secretSettings = {
  passthroughUrl: backEnd,
  hybrid: {
    clientUrl: `https://voice.example.com/client?ticket=${settingBegin}102`,
    connectData: `room=${settingBegin}103`,
    appDetection: `voice://app?ticket=${settingBegin}104`,
  },
  recording: { number: { country: "1", area: "212", local: "7770199" }, sequence: `P15D${settingBegin}105#P0` },
};

/** Tells the meetings what they must know of each other's sides. */
function connect(
  { context, edge, webex, bridges, agents, meetings }: Parts,
  operators: ReadonlyMap<BridgeName, BridgeOperators>,
): void {
  const deadlines = new DeadlineJudge(context, edge);
  for (const bridge of bridges.all) {
    const relay = edge.relayOf(bridge.name);
    const { activeAgent } = relay;
    const once = new CommandJudge(context, activeAgent, (key, id) => edge.pendingCommands(key).includes(id));
    const own = agents.filter((agent) => agent.bridge === bridge);
    const muteKeys = new MuteKeyJudge(context, bridge, own);
    const prompts = new PromptJudge(context, bridge);
    bridge.isActive = (agent) => activeAgent.isChosen(agent);
    activeAgent.onChange = () => {
      bridge.agentComes();
      bridge.agentCameAt.push(context.clock.now);
    };
    bridge.onEvent = (event) => {
      once.happened(event);
      muteKeys.happened(event);
      prompts.happened(event);
      operators.get(bridge.name)?.happened();
    };
    bridge.onGiven = (conference, id) => deadlines.given(conference, id, () => relay.activeLink);
    bridge.onConsole = (call) => {
      once.mutedByConsole(call);
      muteKeys.mutedByConsole(call);
    };
    bridge.onAct = (execution) => {
      once.check(execution);
      muteKeys.acted(execution);
      prompts.acted(execution);
      const { command } = execution;
      for (const meeting of meetings) {
        if (meeting.key !== execution.conference) continue;
        if (command.type === "create-conference" && !command.renews && execution.done) meeting.bridgeCreates();
        if (command.type === "end-conference" && !execution.done) meeting.bridgeRefusesEnd();
      }
    };
  }
  webex.onMessage = (server, message, madeAt) => {
    const association = "extConfId" in message && message.extConfId && webex.associations.get(message.extConfId);
    if (!association || "result" in message || association.host !== server.host) return;
    for (const meeting of meetings) if (meeting.owns(association)) meeting.hears(association, message, madeAt);
  };
  edge.ownBridgeOf = (confKey) => bridges.of(confKey).name;
  edge.onEnd = (confKey) => {
    // Another bridge may still hold what it created too late.
    const own = bridges.all.find(({ name }) => name === edge.bridgeOf(confKey));
    if (!own?.machine.world.conferences.has(confKey)) return;
    context.violated("an end is told of a conference that is over", confKey);
  };
  edge.onMailGivenUp = (transId) => webex.mailGivenUp(transId);
  edge.onGivenUp = (confKey, givenUp, all) => {
    webex.givenUp(givenUp, all);
    const isBehind = edge.isBehind(confKey);
    for (const meeting of meetings) if (meeting.key === confKey) meeting.gaveUp(givenUp, isBehind);
  };
  edge.onCaughtUp = (confKey) => {
    for (const meeting of meetings) if (meeting.key === confKey) meeting.association?.catchesUp();
  };
  edge.isReplaced = (extConfId) => {
    const association = webex.associations.get(extConfId);
    return association !== undefined && meetings.every((meeting) => meeting.association !== association);
  };
  edge.onLateRequests = (confKey, requests, changed) => judgeLate(context, edge, { confKey, requests, changed });
}
