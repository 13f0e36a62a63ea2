import { counted } from "../../foundation/text/counted.ts";
import type { Alert } from "../../operators/alert-kinds.ts";
import { activeOf, agentsOf, type BridgeAgents, bridgeAgents, bridgeState } from "../../views/bridges.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { List, Mark, Notice, Question } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { AlertLine } from "./alerts.tsx";
import { loadText } from "./lists.tsx";

/** A bridge as the API has it. */
export interface ShownBridge extends BridgeAgents {
  /** `null`: not known. */
  readonly load: { readonly conferences: number; readonly callers: number; readonly away?: true | undefined } | null;
}

interface BridgesProps extends DomainFrame {
  readonly bridges: readonly ShownBridge[];
  readonly alerts: readonly Alert[];
  /** Why what was just asked was not done. */
  readonly refusal: string | null;
}

/** The bridges of a domain and their agents. */
export function BridgesPage({ bridges, alerts, refusal, ...frame }: BridgesProps) {
  const { domain, now, person } = frame;
  return (
    <Page {...frame} title="Bridges">
      <div id="answer" role="status" aria-label="Answer">
        {refusal !== null && <Notice is="bad">{refusal}</Notice>}
      </div>
      {bridges.map((bridge) => (
        <section class="card" id={`bridge-${bridge.bridge}`}>
          <div class="line">
            <h2>{bridge.bridge}</h2>
            <BridgeMark of={bridge} />
          </div>
          <ul class="part">
            {alerts
              .filter((one) => one.bridge === bridge.bridge)
              .map((one) => (
                <AlertLine alert={one} now={now} to={null} isOnBridges />
              ))}
          </ul>
          <BridgeLoad of={bridge} />
          <List view={bridgeAgents} rows={agentsOf(bridge)} domain={domain} now={now} />
          <Lacks of={bridge} />
          {person.role === "operator" && <BridgeActions domain={domain} bridge={bridge} />}
        </section>
      ))}
    </Page>
  );
}

function Lacks({ of: { agents } }: { readonly of: ShownBridge }) {
  const cannot = [...new Set(agents?.flatMap(({ health }) => health?.cannot ?? []))];
  if (cannot.length === 0) return null;
  return <p class="dim">{`This bridge cannot do: ${cannot.join(", ")}. WebEx is answered "not supported".`}</p>;
}

export function BridgeMark({ of }: { readonly of: ShownBridge }) {
  const { text, tone = "plain" } = bridgeState(of);
  return <Mark is={tone === "dim" ? "plain" : tone}>{text}</Mark>;
}

/** How full a bridge is, and what it carries. */
export function BridgeLoad({ of: bridge }: { readonly of: ShownBridge }) {
  const health = activeOf(bridge)?.health;
  const inUse = health?.portsInUse ?? null;
  const ports = health?.ports ?? null;
  const free = inUse === null || ports === null ? 0 : Math.max(0, ports - inUse);
  return (
    <>
      {inUse !== null && ports !== null && (
        <meter
          aria-label="Ports in use"
          min={0}
          max={Math.max(ports, 1)}
          low={ports * 0.7}
          high={ports * 0.9}
          optimum={0}
          value={inUse}
        />
      )}
      <p>
        {inUse === null
          ? "Ports in use: not known"
          : ports === null
            ? `${counted(inUse, "port")} in use, no limit`
            : `${inUse} of ${counted(ports, "port")} in use, ${free} free`}
      </p>
      <p class="dim">{bridge.load ? loadText([{ bridge: null, ...bridge.load }]) : "Conferences: not known"}</p>
    </>
  );
}

interface ActionsProps {
  readonly domain: string;
  readonly bridge: ShownBridge;
}

/** Planned work on the bridge. */
function BridgeActions({ domain, bridge: of }: ActionsProps) {
  const { bridge, agents, drainedSince } = of;
  if (agents === null) return null;
  const path = (what: string) => pathOf(domain, "bridges", bridge, what);
  const active = activeOf(of);
  const standby = agents.find(({ role, health }) => role === "standby" && health?.bridgeUp);
  return (
    <div class="actions whole">
      {drainedSince === null ? (
        <Question
          id={`drain-${bridge}`}
          title="Drain"
          asks={`Stop new conferences on ${bridge}? Running ones go on. New ones go to other bridges of ${domain}; without one, WebEx is answered that there is no room.`}
        >
          <form method="post" action={path("drain")} data-stay="">
            <button type="submit">Stop new conferences</button>
          </form>
        </Question>
      ) : (
        <form method="post" action={path("undrain")} data-stay="">
          <button type="submit">Resume: accept new conferences</button>
        </form>
      )}
      {active && standby && (
        <Question
          id={`hand-over-${bridge}`}
          title="Hand over"
          asks={
            <>
              Make <bdi>{standby.agent}</bdi> active instead of <bdi>{active.agent}</bdi>? Calls are not interrupted.{" "}
              <bdi>{active.agent}</bdi> becomes the standby.
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
