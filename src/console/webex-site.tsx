import { counted } from "../foundation/counted.ts";
import type { EpochMs } from "../foundation/ids.ts";
import type { ProvisioningResult, ProvisioningState } from "../rpc.ts";
import { Age, Mark, Notice, Time, Words } from "./parts.tsx";

interface SiteProps {
  /** `null`: its object does not answer. */
  readonly state: ProvisioningState | null;
  readonly now: EpochMs;
}

/** What the comparison of a domain's WebEx site with its settings has found. */
export function SiteSection({ state, now }: SiteProps) {
  return (
    <section class="part">
      <h2>WebEx site compared with these settings</h2>
      {state === null ? (
        <Notice is="bad">What was found cannot be shown now: load the page again.</Notice>
      ) : (
        <State state={state} now={now} />
      )}
    </section>
  );
}

function State({
  state: { last, running, failure, nextAt },
  now,
}: {
  readonly state: ProvisioningState;
  readonly now: EpochMs;
}) {
  return (
    <>
      {last === null ? <p class="dim">No comparison has come to its end yet.</p> : <Found last={last} now={now} />}
      {failure !== null && (
        <Notice is="bad">
          The latest one failed at <Time at={failure.at} now={now} />: <Words of={failure.says} />
        </Notice>
      )}
      {running !== null && (
        <p>
          One runs since <Age since={running.begunAt} now={now} />:{" "}
          {`${running.users}${running.of === null ? "" : ` of ${running.of}`} users so far.`}{" "}
          {running.waits !== null && <Words of={`It waits for the site: ${running.waits.says}`} />}
        </p>
      )}
      <p class="dim">
        {nextAt === null ? (
          "The settings want none each night (webexSite.nightlyCheck)."
        ) : (
          <>
            The next one begins at <Time at={nextAt} now={now} />.
          </>
        )}{" "}
        <Words of="`bridgehead provisioning --now` begins one now." />
      </p>
    </>
  );
}

function Found({ last, now }: { readonly last: ProvisioningResult; readonly now: EpochMs }) {
  const { differences, more, notCompared, users, endedAt } = last;
  const count = differences.length + more;
  const subjects = Object.entries(Object.groupBy(differences, ({ about }) => about));
  return (
    <>
      <p>
        <Mark is={count === 0 ? "good" : "warn"}>{count === 0 ? "no difference" : counted(count, "difference")}</Mark>{" "}
        {`at ${counted(users, "user")},`} <Age since={endedAt} now={now} /> ago
      </p>
      {subjects.map(([about, found = []]) => (
        <div class="card">
          <h3>{about}</h3>
          <ul class="part">
            {found.map(({ says }) => (
              <li>
                <Words of={says} />
              </li>
            ))}
          </ul>
        </div>
      ))}
      {more > 0 && <p class="dim">{`${more} more are only counted.`}</p>}
      {notCompared.length > 0 && <p class="dim">{`Not compared: ${notCompared.join("; ")}`}</p>}
    </>
  );
}
