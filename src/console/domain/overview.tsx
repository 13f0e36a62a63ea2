import type { Answers } from "../../http/api/routes.ts";
import { type FigureName, figureText } from "../../operators/figures.ts";
import { Page } from "../page.tsx";
import { Facts, useFrame } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { Alerts } from "./alerts.tsx";
import { BridgeLoad, BridgeMark } from "./bridges.tsx";
import { LastHour } from "./plot.tsx";

type AlertsAnswer = Answers["GET /domains/{domain}/alerts"];

/** `null`: not known. */
interface OverviewProps extends Pick<AlertsAnswer, "alerts"> {
  readonly figures: Answers["GET /domains/{domain}/figures"] | null;
  /** Only affected conferences. */
  readonly running: Answers["POST /domains/{domain}/running-conferences"] | null;
  readonly bridges: Answers["GET /domains/{domain}/agents"] | null;
  readonly activity: Answers["GET /domains/{domain}/activity"] | null;
}

const shown: readonly FigureName[] = [
  "conferences",
  "callers",
  "portsInUse",
  "portsFree",
  "documentsPending",
  "documentsUndelivered",
];

/** A domain at a glance: stats, alerts, and free ports. */
export function OverviewPage({ running, figures, bridges, alerts, activity }: OverviewProps) {
  const { domain } = useFrame();
  const facts = shown.flatMap((name) => figures?.figures.filter((figure) => figure.name === name) ?? []);
  return (
    <Page title="Overview" here="overview">
      <Facts
        id="figures"
        kind="figures"
        of={Object.fromEntries(facts.map((figure) => [figure.word, figureText(figure)]))}
      />
      <section id="alerts" class="part">
        <h2>Alerts</h2>
        <Alerts {...{ running, alerts }} />
      </section>
      <section id="bridges" class="part">
        <h2>Bridges</h2>
        <div class="cards">
          {bridges === null && <p class="dim">Not known: they did not respond.</p>}
          {bridges?.bridges.map((of) => (
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
          <LastHour minutes={activity.minutes} />
        ) : (
          <p class="dim">Not known: the directory did not respond.</p>
        )}
      </section>
    </Page>
  );
}
