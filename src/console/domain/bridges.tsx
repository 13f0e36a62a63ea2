import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import type { Fault, FoundBridge } from "../../operators/faults.ts";
import type { BridgeLoad } from "../../rpc/directory.ts";
import type { AgentView } from "../../rpc/relay.ts";
import { type Frame, Page } from "../page.tsx";
import { Age, Mark, Notice, Table } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { BridgeMark, FaultLine, hasPorts, loadText, Ports } from "./overview.tsx";

interface ShownBridge {
  readonly found: FoundBridge;
  /** Names of those that the settings have. */
  readonly expected: readonly string[];
  /** Those that are connected; `null`: the relay does not answer. */
  readonly agents: readonly AgentView[] | null;
  readonly load: BridgeLoad | undefined;
}

interface BridgesProps extends Frame {
  readonly domain: string;
  readonly bridges: readonly ShownBridge[];
  readonly faults: readonly Fault[];
  /** Why what was just asked was not done. */
  readonly refusal?: string | null;
}

/** The bridges of a domain, and the agents beside them. */
export function BridgesPage({ bridges, faults, refusal = null, ...frame }: BridgesProps) {
  const mayAct = frame.person.role === "operator";
  return (
    <Page {...frame} title="Bridges">
      <div id="answer" data-part="" role="status" aria-label="Answer">
        {refusal !== null && <Notice is="bad">{refusal}</Notice>}
      </div>
      {bridges.map((bridge) => (
        <section class="card" id={`bridge-${bridge.found.bridge}`} data-part="">
          <div class="line">
            <h2>{bridge.found.bridge}</h2>
            <BridgeMark health={bridge.found.health} />
            <p class="dim end">{loadText(bridge.load)}</p>
          </div>
          <ul class="part">
            {faults
              .filter((fault) => fault.bridge === bridge.found.bridge)
              .map((fault) => (
                <FaultLine fault={fault} now={frame.now} />
              ))}
          </ul>
          {hasPorts(bridge.found.health) && (
            <Ports inUse={bridge.found.health.portsInUse} of={bridge.found.health.ports} />
          )}
          {bridge.agents === null ? (
            <Notice is="bad">Its agents cannot be shown: the relay does not answer.</Notice>
          ) : (
            <Agents expected={bridge.expected} agents={bridge.agents} now={frame.now} />
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
  const acts = agents?.find(({ role, lastSeen }) => role === "active" && lastSeen !== null);
  const standby = agents?.find(({ role, health }) => role === "standby" && health?.bridgeUp);
  return (
    <div class="actions whole">
      {found.health.drainedSince === undefined ? (
        <details class="question" id={`drain-${found.bridge}`}>
          <summary class="button">Drain …</summary>
          <div>
            <p>
              {`Shall ${found.bridge} take no new conferences? Those that it has go on. New ones go to other bridges of ${domain}; where there is none, WebEx is told that there is no room.`}
            </p>
            <form method="post" action={path("drain")} data-stay="">
              <button type="submit">Take no new conferences</button>
            </form>
          </div>
        </details>
      ) : (
        <form method="post" action={path("undrain")} data-stay="">
          <button type="submit">Take conferences again</button>
        </form>
      )}
      {acts && standby && (
        <details class="question" id={`hand-over-${found.bridge}`}>
          <summary class="button">Hand over …</summary>
          <div>
            <p>
              Shall <bdi>{standby.agent}</bdi> act from now on, in place of <bdi>{acts.agent}</bdi>? Calls stay, and
              nothing is lost. <bdi>{acts.agent}</bdi> then stands by.
            </p>
            <form method="post" action={path("hand-over")} data-stay="">
              <input type="hidden" name="from" value={acts.agent} />
              <button type="submit">Hand over now</button>
            </form>
          </div>
        </details>
      )}
    </div>
  );
}

interface AgentsProps {
  readonly expected: readonly string[];
  readonly agents: readonly AgentView[];
  readonly now: EpochMs;
}

function Agents({ expected, agents, now }: AgentsProps) {
  const missing = expected.filter((name) => !agents.some(({ agent }) => agent === name));
  const cannot = [...new Set(agents.flatMap(({ health }) => health?.cannot ?? []))];
  return (
    <>
      <Table
        heads={["Agent", "Part", "Last sign of life", "Its bridge", { number: "Ports in use" }, "Waiting", "Version"]}
      >
        {agents.map((agent) => (
          <tr data-row="" tabindex={-1}>
            <th scope="row">
              <bdi>{agent.agent}</bdi>
            </th>
            <td data-label="Part">
              {agent.role === "active" ? <Mark is="good">acts</Mark> : <Mark is="plain">stands by</Mark>}
            </td>
            <td data-label="Last sign of life">
              {agent.lastSeen === null ? (
                <Mark is="warn">its socket is gone</Mark>
              ) : (
                <>
                  <Age since={agent.lastSeen} now={now} /> ago
                </>
              )}
            </td>
            <td data-label="Its bridge">{bridgeOf(agent)}</td>
            <td data-label="Ports in use" class="number">
              {agent.health?.portsInUse ?? "?"}
            </td>
            <td data-label="Waiting">{waitingOf(agent)}</td>
            <td data-label="Version">{agent.health?.version ?? "not told"}</td>
          </tr>
        ))}
        {missing.map((name) => (
          <tr data-row="" tabindex={-1}>
            <th scope="row">
              <bdi>{name}</bdi>
            </th>
            <td data-label="Part">
              <Mark is={agents.length === 0 ? "bad" : "warn"}>not connected</Mark>
            </td>
            <td data-label="Last sign of life">none</td>
            <td data-label="Its bridge">not known</td>
            <td data-label="Ports in use" class="number">
              ?
            </td>
            <td data-label="Waiting">not known</td>
            <td data-label="Version">not known</td>
          </tr>
        ))}
      </Table>
      {cannot.length > 0 && (
        <p class="dim">{`This bridge cannot do: ${cannot.join(", ")}. WebEx is told "not supported".`}</p>
      )}
    </>
  );
}

/** An agent that does not tell is older than the field. */
function waitingOf({ health }: AgentView): string {
  if (!health?.waiting) return "not told";
  const { commands, reports } = health.waiting;
  if (commands + reports === 0) return "nothing";
  return `${counted(commands, "command")}, ${counted(reports, "report")}`;
}

function bridgeOf({ health, role }: AgentView): string {
  if (!health) return "it has not said";
  if (health.bridgeUp) return "answers";
  return role === "standby" ? "not asked while it stands by" : "does not answer";
}
