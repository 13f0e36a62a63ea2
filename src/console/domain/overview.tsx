import { counted } from "../../foundation/text/counted.ts";
import type { DomainTrouble, FoundBridge } from "../../operators/trouble.ts";
import type { BridgeLoad, DomainActivity, RunningPage } from "../../rpc/directory.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Facts, Mark } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { hourOf, MinuteTable, Plots } from "./plot.tsx";
import { TroublePart } from "./trouble.tsx";

interface OverviewProps extends DomainFrame {
  /** All that run; its own page is that of the troubled ones. */
  readonly running: RunningPage;
  readonly bridges: readonly FoundBridge[];
  readonly trouble: readonly DomainTrouble[];
  readonly activity: DomainActivity;
}

/** A domain at a glance: how much there is, what is wrong, and how much room is left. */
export function OverviewPage({ running, bridges, trouble, activity, ...frame }: OverviewProps) {
  const { domain } = frame;
  const hour = hourOf(activity.minutes, frame.now);
  const figures = {
    "Conferences now": running.total,
    "Callers now": running.bridges.reduce((sum, { callers }) => sum + callers, 0),
    "Ports in use": bridges.reduce((sum, { health }) => sum + (health?.portsInUse ?? 0), 0),
    "Ports free": freePorts(bridges),
  };
  return (
    <Page {...frame} title="Overview">
      <Facts part="figures" kind="figures" of={figures} />
      <section id="wrong" data-part="" class="part">
        <h2>What is wrong</h2>
        <TroublePart {...{ running, trouble, domain, person: frame.person, now: frame.now }} />
      </section>
      <section id="bridges" data-part="" class="part">
        <h2>Bridges</h2>
        <div class="cards">
          {bridges.map((found) => (
            <BridgeCard
              found={found}
              load={running.bridges.find(({ bridge }) => bridge === found.bridge)}
              domain={domain}
            />
          ))}
        </div>
      </section>
      <section id="posts" data-part="" class="part">
        <div class="line">
          <h2>To and from WebEx in the last hour</h2>
          <a class="end" href={pathOf(domain, "servers")}>
            Posts by TSP server
          </a>
        </div>
        <Plots hour={hour} />
        <MinuteTable hour={hour} />
      </section>
    </Page>
  );
}

interface CardProps {
  readonly found: FoundBridge;
  readonly load: BridgeLoad | undefined;
  readonly domain: string;
}

function BridgeCard({ found: { bridge, health }, load, domain }: CardProps) {
  return (
    <article class="card" id={`bridge-${bridge}`} data-row="">
      <div class="line">
        <h3>
          <a href={`${pathOf(domain, "bridges")}#bridge-${bridge}`}>{bridge}</a>
        </h3>
        <span class="end">
          <BridgeMark health={health} />
        </span>
      </div>
      {hasPorts(health) && <Ports inUse={health.portsInUse} of={health.ports} />}
      <p class="dim">{loadText(load)}</p>
    </article>
  );
}

/** In a word how a bridge is. */
export function BridgeMark({ health }: Pick<FoundBridge, "health">) {
  if (!health) return <Mark is="bad">relay does not answer</Mark>;
  if (!health.agentConnected) return <Mark is="bad">no agent</Mark>;
  if (!health.bridgeUp) return <Mark is="bad">bridge away</Mark>;
  if (health.ports === 0) return <Mark is="warn">takes no calls</Mark>;
  return health.drainedSince === undefined ? <Mark is="good">answers</Mark> : <Mark is="warn">drained</Mark>;
}

/** What a bridge carries. */
export function loadText(load: BridgeLoad | undefined): string {
  return `${counted(load?.conferences ?? 0, "conference")}, ${counted(load?.callers ?? 0, "caller")}`;
}

/** Of a bridge that is away, nobody knows how full it is. */
export function hasPorts(health: FoundBridge["health"]): health is NonNullable<FoundBridge["health"]> {
  return health?.agentConnected === true && health.bridgeUp;
}

/** How full a bridge is. */
export function Ports({ inUse, of }: { readonly inUse: number; readonly of: number | null }) {
  if (of === null) return <p>{`${counted(inUse, "port")} in use, without a limit`}</p>;
  const free = Math.max(0, of - inUse);
  return (
    <div>
      <meter
        aria-label="Ports in use"
        min={0}
        max={Math.max(of, 1)}
        low={of * 0.7}
        high={of * 0.9}
        optimum={0}
        value={inUse}
      />
      <p>{`${inUse} of ${of} ports in use, ${free} free`}</p>
    </div>
  );
}

function freePorts(bridges: readonly FoundBridge[]): number | string {
  const ports = bridges.flatMap(({ health }) => (hasPorts(health) ? health : []));
  if (ports.some((health) => health.ports === null)) return "no limit";
  return ports.reduce((sum, health) => sum + Math.max(0, (health.ports ?? 0) - health.portsInUse), 0);
}
