import { type Child, useContext } from "hono/jsx";
import type { EpochMs } from "../../foundation/ids.ts";
import { instantText, shownTime } from "../../foundation/time/shown-time.ts";
import { minuteMs } from "../../foundation/time/timers.ts";
import {
  type ActivityMinute,
  type HostPosts,
  minuteOf,
  noPosts,
  noRequests,
  type Requests,
  together,
} from "../../records/activity.ts";
import { millisecondsText } from "../../views/view.ts";
import { Table, ZoneOfPage } from "../parts.tsx";

/** One minute, all TSP servers together. */
interface Minute extends Pick<HostPosts, "confirmed" | "failed" | "givenUp" | "tookMs"> {
  readonly at: EpochMs;
  readonly requests: Requests;
}

const minutesShown = 60;
const barWidth = 10;
const height = 100;
/** One post among hundreds is still seen. */
const leastHeight = 3;

/** The last hour minute by minute, the one that goes on now is the last. */
export function hourOf(minutes: readonly ActivityMinute[], now: EpochMs): readonly Minute[] {
  const known = new Map(minutes.map((minute) => [minute.at, minute]));
  return Array.from({ length: minutesShown }, (_, index) => {
    const at = minuteOf(now) - (minutesShown - 1 - index) * minuteMs;
    const { requests, hosts } = known.get(at) ?? { requests: noRequests, hosts: [] };
    const { confirmed, failed, givenUp, tookMs } = hosts.reduce(together, noPosts);
    return { at, requests, confirmed, failed, givenUp, tookMs };
  });
}

interface PlotProps {
  readonly title: string;
  readonly hour: readonly Minute[];
  readonly is: "good" | "bad";
  count(minute: Minute): number;
}

export function Plots({ hour }: Pick<PlotProps, "hour">) {
  return (
    <div class="plots">
      {plots.map((plot) => (
        <Plot {...plot} hour={hour} />
      ))}
    </div>
  );
}

const plots: readonly Omit<PlotProps, "hour">[] = [
  { title: "Requests confirmed", is: "good", count: ({ requests }) => requests.confirmed },
  { title: "Requests refused", is: "bad", count: ({ requests }) => requests.refused },
  { title: "Posts confirmed", is: "good", count: ({ confirmed }) => confirmed },
  { title: "Failed attempts", is: "bad", count: ({ failed }) => failed },
  { title: "Undelivered documents", is: "bad", count: ({ givenUp }) => givenUp },
];

/** One bar for each minute, and in figures the sum, the most and the last. */
function Plot({ title, hour, is, count }: PlotProps) {
  const zone = useContext(ZoneOfPage);
  const clockOf = (at: EpochMs) => shownTime(at, zone).minute;
  const counts = hour.map(count);
  const most = Math.max(...counts);
  const sum = counts.reduce((before, one) => before + one, 0);
  const mostAt = hour[counts.indexOf(most)]?.at ?? 0;
  const figures = `Total ${sum}${most > 0 ? `; peak ${most}/min at ${clockOf(mostAt)}; last full minute ${counts.at(-2) ?? 0}` : ""}`;
  return (
    <figure class="card plot">
      <figcaption>
        <h3>{title}</h3>
        <p class="small dim">{figures}</p>
      </figcaption>
      <svg
        class={is}
        role="img"
        aria-label={`${title}: ${figures}`}
        viewBox={`0 0 ${minutesShown * barWidth} ${height}`}
        preserveAspectRatio="none"
      >
        {counts.map((one, index) => {
          const tall = one === 0 ? 0 : Math.max(leastHeight, Math.round((one / most) * height));
          return tall === 0 ? null : (
            <rect x={index * barWidth + 1} y={height - tall} width={barWidth - 2} height={tall}>
              <title>{`${clockOf(hour[index]?.at ?? 0)}: ${one}`}</title>
            </rect>
          );
        })}
      </svg>
      <p class="line small dim" aria-hidden="true">
        <span>{clockOf(hour[0]?.at ?? 0)}</span>
        <span class="end">{clockOf(hour.at(-1)?.at ?? 0)}</span>
      </p>
    </figure>
  );
}

/** What plots show, in figures: the minutes in which there was something, the latest first. */
export function MinuteTable({ hour }: { readonly hour: readonly Minute[] }) {
  const isBusy = ({ requests, confirmed, failed, givenUp }: Minute) =>
    requests.confirmed + requests.refused + confirmed + failed + givenUp > 0;
  const busy = hour.filter(isBusy).reverse();
  if (busy.length === 0) return <p class="dim">Nothing came from WebEx, or was posted to it, in the last hour.</p>;
  return (
    <details id="minutes">
      <summary>Show as table</summary>
      <Table rows={busy} columns={columns} classes={classes} />
    </details>
  );
}

const figures: Readonly<Record<string, (minute: Minute) => Child>> = {
  "Requests confirmed": ({ requests }) => requests.confirmed,
  "Requests refused": ({ requests }) => requests.refused,
  "Posts confirmed": ({ confirmed }) => confirmed,
  "Mean time": ({ confirmed, tookMs }) => (confirmed > 0 ? millisecondsText(tookMs / confirmed) : ""),
  "Failed attempts": ({ failed }) => failed,
  "Undelivered documents": ({ givenUp }) => givenUp,
};
const classes = Object.fromEntries(Object.keys(figures).map((head) => [head, "number"]));
const columns = {
  Minute: ({ at }: Minute) => <Clock at={at} />,
  ...figures,
};

function Clock({ at }: Pick<Minute, "at">) {
  return <time datetime={instantText(at)}>{shownTime(at, useContext(ZoneOfPage)).minute}</time>;
}
