import type { Alert, AlertKind } from "../../operators/alert-kinds.ts";
import { actsAs, type PairView } from "../../operators/edge-pair.ts";
import { type Figure, type FigureName, figureText } from "../../operators/figures.ts";
import type { DomainActivity, ListedConference } from "../../rpc/directory.ts";
import { edges as edgesView } from "../../views/domain.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Age, Facts, List } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { Alerts } from "./alerts.tsx";
import { BridgeLoad, BridgeMark, type ShownBridge } from "./bridges.tsx";
import { LastHour } from "./plot.tsx";

/** `null`: not known. */
interface OverviewProps extends DomainFrame {
  readonly figures: readonly Pick<Figure, "name" | "word" | "value" | "missing">[];
  /** Its page has only affected conferences. */
  readonly running: { readonly conferences: readonly ListedConference[]; readonly next: string | null } | null;
  readonly bridges: readonly ShownBridge[] | null;
  readonly alerts: readonly Alert[];
  /** Kinds that may have more alerts. */
  readonly unknown: readonly AlertKind[];
  readonly activity: DomainActivity | null;
  readonly edges: PairView | null;
}

const shown: readonly FigureName[] = [
  "conferences",
  "callers",
  "portsInUse",
  "portsFree",
  "documentsPending",
  "documentsUndelivered",
];

/** A domain at a glance: how much there is, what is wrong, and how much room is left. */
export function OverviewPage(props: OverviewProps) {
  const { running, figures, bridges, alerts, unknown, activity, edges, ...frame } = props;
  const { domain, now, person } = frame;
  const facts = shown.flatMap((name) => figures.filter((figure) => figure.name === name));
  return (
    <Page {...frame} title="Overview">
      <Facts
        id="figures"
        kind="figures"
        of={Object.fromEntries(facts.map((figure) => [figure.word, figureText(figure)]))}
      />
      <section id="alerts" class="part">
        <h2>Alerts</h2>
        <Alerts {...{ running, alerts, unknown, domain, person, now }} />
      </section>
      <section id="bridges" class="part">
        <h2>Bridges</h2>
        <div class="cards">
          {bridges === null && <p class="dim">Not known: they did not respond.</p>}
          {bridges?.map((of) => (
            <article class="card" id={`bridge-${of.bridge}`}>
              <div class="line">
                <h3>
                  <a href={`${pathOf(domain, "bridges")}#bridge-${of.bridge}`}>{of.bridge}</a>
                </h3>
                <span class="end">
                  <BridgeMark of={of} />
                </span>
              </div>
              <BridgeLoad of={of} />
            </article>
          ))}
        </div>
      </section>
      <section id="posts" class="part">
        <div class="line">
          <h2>To and from WebEx in the last hour</h2>
          <a class="end" href={pathOf(domain, "servers")}>
            Posts by TSP server
          </a>
        </div>
        {activity ? (
          <LastHour minutes={activity.minutes} domain={domain} now={now} />
        ) : (
          <p class="dim">Not known: the directory did not respond.</p>
        )}
      </section>
      {edges?.edges.length !== 0 && <Edges of={edges} domain={domain} now={now} />}
    </Page>
  );
}

/** Of two edges over one state: which is active, since when and why, and whether the other one could be. */
function Edges({ of, domain, now }: Pick<OverviewProps, "domain" | "now"> & { readonly of: PairView | null }) {
  const acting = of?.acting ?? null;
  return (
    <section id="edges" class="part">
      <h2>Edges</h2>
      {acting !== null ? (
        <p>
          {`${acting.name} has been active for `}
          <Age since={acting.since} now={now} />
          {`: ${actsAs[acting.why]}.`}
        </p>
      ) : (
        <p class="dim">{of === null ? "Not known: their database did not respond." : "No edge is active."}</p>
      )}
      {of && <List view={edgesView} rows={of.edges} domain={domain} now={now} />}
    </section>
  );
}
