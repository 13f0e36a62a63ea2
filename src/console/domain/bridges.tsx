import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import type { FoundBridge } from "../../operators/trouble.ts";
import type { DomainTrouble } from "../../operators/trouble-kinds.ts";
import type { BridgeLoad } from "../../rpc/directory.ts";
import type { AgentView } from "../../rpc/relay.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Age, Mark, Notice, Question, Table } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { BridgeFigures, BridgeMark } from "./overview.tsx";
import { TroubleLine } from "./trouble.tsx";

interface ShownBridge {
  readonly found: FoundBridge;
  /** Names of those that the settings have. */
  readonly expected: readonly string[];
  /** Those that are connected; `null`: the relay does not answer. */
  readonly agents: readonly AgentView[] | null;
  /** `null`: the directory does not answer. */
  readonly load: BridgeLoad | null;
}

interface BridgesProps extends DomainFrame {
  readonly bridges: readonly ShownBridge[];
  readonly trouble: readonly DomainTrouble[];
  /** Why what was just asked was not done. */
  readonly refusal?: string | null;
}

/** The bridges of a domain, and the agents beside them. */
export function BridgesPage({ bridges, trouble, refusal = null, ...frame }: BridgesProps) {
  const mayAct = frame.person.role === "operator";
  return (
    <Page {...frame} title="Bridges">
      <div id="answer" role="status" aria-label="Answer">
        {refusal !== null && <Notice is="bad">{refusal}</Notice>}
      </div>
      {bridges.map((bridge) => (
        <section class="card" id={`bridge-${bridge.found.bridge}`}>
          <div class="line">
            <h2>{bridge.found.bridge}</h2>
            <BridgeMark health={bridge.found.health} />
          </div>
          <ul class="part">
            {trouble
              .filter((one) => one.bridge === bridge.found.bridge)
              .map((one) => (
                <TroubleLine trouble={one} now={frame.now} to={null} isOnBridges />
              ))}
          </ul>
          <BridgeFigures bridge={bridge.found.bridge} health={bridge.found.health} load={bridge.load} />
          {bridge.agents === null ? (
            <Notice is="bad">Its agents cannot be shown: the relay does not answer.</Notice>
          ) : (
            <Agents {...bridge} agents={bridge.agents} awaySince={awaySince(bridge, trouble)} now={frame.now} />
          )}
          {mayAct && <BridgeActions domain={frame.domain} bridge={bridge} />}
        </section>
      ))}
    </Page>
  );
}

/** Work that is planned on the bridge, or beside it. */
function BridgeActions({ domain, bridge }: { readonly domain: string; readonly bridge: ShownBridge }) {
  const { found, agents } = bridge;
  if (!found.health) return null;
  const path = (what: string) => pathOf(domain, "bridges", found.bridge, what);
  const active = agents?.find(({ role, lastSeen }) => role === "active" && lastSeen !== null);
  const standby = agents?.find(({ role, health }) => role === "standby" && health?.bridgeUp);
  return (
    <div class="actions whole">
      {found.health.drainedSince === undefined ? (
        <Question
          id={`drain-${found.bridge}`}
          title="Drain"
          asks={`Shall ${found.bridge} take no new conferences? Those that it has go on. New ones go to other bridges of ${domain}; where there is none, WebEx is answered that there is no room.`}
        >
          <form method="post" action={path("drain")} data-stay="">
            <button type="submit">Take no new conferences</button>
          </form>
        </Question>
      ) : (
        <form method="post" action={path("undrain")} data-stay="">
          <button type="submit">Take conferences again</button>
        </form>
      )}
      {active && standby && (
        <Question
          id={`hand-over-${found.bridge}`}
          title="Hand over"
          asks={
            <>
              Shall <bdi>{standby.agent}</bdi> act from now on, in place of <bdi>{active.agent}</bdi>? Calls stay, and
              nothing is lost. <bdi>{active.agent}</bdi> then stands by.
            </>
          }
        >
          <form method="post" action={path("hand-over")} data-stay="">
            <input type="hidden" name="from" value={active.agent} />
            <button type="submit">Hand over now</button>
          </form>
        </Question>
      )}
    </div>
  );
}

/** Since when each agent that is not connected has not been, as far as that is known. */
function awaySince({ found, expected }: ShownBridge, trouble: readonly DomainTrouble[]): ReadonlyMap<string, EpochMs> {
  const { bridge, health } = found;
  const [alone] = expected.length === 1 ? expected : [];
  const ofAlone = alone !== undefined && health?.agentConnected === false ? health.awaySince : undefined;
  // Of several agents, the relay does not say which one was there last.
  return new Map([
    ...trouble.flatMap((one): [string, EpochMs][] => {
      const isOfAgent = one.kind === "standby-away" && one.bridge === bridge;
      return isOfAgent && one.about !== null && one.since !== null ? [[one.about, one.since]] : [];
    }),
    ...(alone !== undefined && ofAlone !== undefined ? ([[alone, ofAlone]] as const) : []),
  ]);
}

interface AgentsProps extends Pick<ShownBridge, "found" | "expected"> {
  readonly agents: readonly AgentView[];
  readonly awaySince: ReadonlyMap<string, EpochMs>;
  readonly now: EpochMs;
}

function Agents({ found: { bridge }, expected, agents, awaySince, now }: AgentsProps) {
  const missing = expected.filter((name) => !agents.some(({ agent }) => agent === name));
  const cannot = [...new Set(agents.flatMap(({ health }) => health?.cannot ?? []))];
  const rows = [
    ...agents.map((agent) => ({ name: agent.agent, agent })),
    ...missing.map((name) => ({ name, agent: null })),
  ];
  return (
    <>
      <Table
        rows={rows}
        id={({ name }) => `agent-${bridge}-${name}`}
        classes={{ "Ports in use": "number" }}
        columns={{
          Agent: ({ name }) => <bdi>{name}</bdi>,
          Part: ({ agent }) => {
            if (!agent) return <Mark is={agents.length === 0 ? "bad" : "warn"}>not connected</Mark>;
            return agent.role === "active" ? <Mark is="good">acts</Mark> : <Mark is="plain">stands by</Mark>;
          },
          "Last sign of life": ({ name, agent }) => {
            const lastSeen = awaySince.get(name);
            if (!agent) return lastSeen === undefined ? "not known" : [<Age since={lastSeen} now={now} />, " ago"];
            if (agent.lastSeen === null) return <Mark is="warn">its socket is gone</Mark>;
            return [<Age since={agent.lastSeen} now={now} />, " ago"];
          },
          "Its bridge": ({ agent }) => (agent ? bridgeOf(agent) : "not known"),
          "Ports in use": ({ agent }) => agent?.health?.portsInUse ?? "not known",
          Waiting: ({ agent }) => (agent ? waitingOf(agent) : "not known"),
          Version: ({ agent }) => agent?.health?.version ?? "not known",
        }}
      />
      {cannot.length > 0 && (
        <p class="dim">{`This bridge cannot do: ${cannot.join(", ")}. WebEx is answered "not supported".`}</p>
      )}
    </>
  );
}

/** An agent that does not say it is older than the field. */
function waitingOf({ health }: AgentView): string {
  if (!health?.waiting) return "not known";
  const { commands, reports } = health.waiting;
  if (commands + reports === 0) return "nothing";
  return `${counted(commands, "command")}, ${counted(reports, "report")}`;
}

function bridgeOf({ health }: AgentView): string {
  if (!health) return "it has not said";
  return health.bridgeUp ? "answers" : "does not answer";
}
